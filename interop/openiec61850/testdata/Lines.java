import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A program that answers requests, one JSON object a line on its standard input, and tells events in between. */
abstract class Lines {
  private final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);

  /** Does what is asked; the result goes into the answer. */
  abstract Object answer(String what, Args a) throws Exception;

  /** Serves until the input ends. */
  void serve() throws Exception {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      Args request = new Args(new Json(line).value());
      Object id = request.get("id");
      try {
        say("id", id, "result", answer(request.text("do"), request.args("args")));
      } catch (Exception e) {
        say("id", id, "error", e.toString());
      }
    }
  }

  /** Writes one line of names and values. */
  synchronized void say(Object... members) {
    StringBuilder line = new StringBuilder();
    Json.write(line, object(members));
    out.append(line).append('\n').flush();
  }

  static Map<String, Object> object(Object... members) {
    Map<String, Object> m = new LinkedHashMap<>();
    for (int i = 0; i < members.length; i += 2) {
      m.put((String) members[i], members[i + 1]);
    }
    return m;
  }
}

/** The members of a request. */
final class Args {
  private final Map<String, Object> members;

  @SuppressWarnings("unchecked")
  Args(Object members) {
    this.members = (Map<String, Object>) members;
  }

  Object get(String name) {
    return members.get(name);
  }

  boolean has(String name) {
    return members.get(name) != null;
  }

  String text(String name) {
    return (String) members.get(name);
  }

  int number(String name) {
    return members.get(name) == null ? 0 : ((Double) members.get(name)).intValue();
  }

  boolean flag(String name) {
    return Boolean.TRUE.equals(members.get(name));
  }

  Args args(String name) {
    return new Args(members.get(name));
  }

  @SuppressWarnings("unchecked")
  List<Object> list(String name) {
    return (List<Object>) members.get(name);
  }

  /** The only member: the type of a value, and what it is. */
  Map.Entry<String, Object> only() {
    return members.entrySet().iterator().next();
  }
}

/** JSON as the tests write it. Numbers become Doubles. */
final class Json {
  private final String text;
  private int at;

  Json(String text) {
    this.text = text;
  }

  Object value() {
    switch (next()) {
      case '{':
        Map<String, Object> m = new LinkedHashMap<>();
        for (at++; next() != '}'; comma()) {
          String name = string();
          next();
          at++; // :
          m.put(name, value());
        }
        at++;
        return m;
      case '[':
        List<Object> l = new ArrayList<>();
        for (at++; next() != ']'; comma()) {
          l.add(value());
        }
        at++;
        return l;
      case '"':
        return string();
      default:
        int start = at;
        while (at < text.length() && ",]} ".indexOf(text.charAt(at)) < 0) {
          at++;
        }
        String word = text.substring(start, at);
        switch (word) {
          case "true":
            return true;
          case "false":
            return false;
          case "null":
            return null;
          default:
            return Double.valueOf(word);
        }
    }
  }

  private char next() {
    while (text.charAt(at) == ' ') {
      at++;
    }
    return text.charAt(at);
  }

  private void comma() {
    if (next() == ',') {
      at++;
    }
  }

  private String string() {
    next();
    StringBuilder s = new StringBuilder();
    for (at++; text.charAt(at) != '"'; at++) {
      char c = text.charAt(at);
      if (c == '\\') {
        c = text.charAt(++at);
        int i = "nrtbf".indexOf(c);
        if (i >= 0) {
          c = "\n\r\t\b\f".charAt(i);
        } else if (c == 'u') {
          c = (char) Integer.parseInt(text.substring(at + 1, at + 5), 16);
          at += 4;
        }
      }
      s.append(c);
    }
    at++;
    return s.toString();
  }

  static void write(StringBuilder to, Object v) {
    if (v instanceof Map) {
      char before = '{';
      for (Map.Entry<?, ?> e : ((Map<?, ?>) v).entrySet()) {
        to.append(before);
        write(to, e.getKey());
        to.append(':');
        write(to, e.getValue());
        before = ',';
      }
      to.append(before == '{' ? "{}" : "}");
    } else if (v instanceof Iterable) {
      char before = '[';
      for (Object x : (Iterable<?>) v) {
        to.append(before);
        write(to, x);
        before = ',';
      }
      to.append(before == '[' ? "[]" : "]");
    } else if (v instanceof Double && (Double) v == Math.rint((Double) v)) {
      to.append(((Double) v).longValue()); // 1, not 1.0
    } else if (v == null || v instanceof Number || v instanceof Boolean) {
      to.append(v);
    } else {
      to.append('"');
      for (char c : v.toString().toCharArray()) {
        if (c == '"' || c == '\\') {
          to.append('\\').append(c);
        } else if (c < ' ' || c > '~') {
          to.append(String.format("\\u%04x", (int) c));
        } else {
          to.append(c);
        }
      }
      to.append('"');
    }
  }
}
