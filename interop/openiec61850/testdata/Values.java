import com.beanit.openiec61850.*;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;

/** Values of the library as JSON: an object with the name of the type. */
final class Values {
  private Values() {}

  static Map<String, Object> json(ModelNode n) {
    if (n instanceof BdaBoolean) {
      return Lines.object("bool", ((BdaBoolean) n).getValue());
    } else if (n instanceof BdaInt8) {
      return Lines.object("int", ((BdaInt8) n).getValue());
    } else if (n instanceof BdaInt16) {
      return Lines.object("int", ((BdaInt16) n).getValue());
    } else if (n instanceof BdaInt32) {
      return Lines.object("int", ((BdaInt32) n).getValue());
    } else if (n instanceof BdaInt64) {
      return Lines.object("int", ((BdaInt64) n).getValue());
    } else if (n instanceof BdaInt8U) {
      return Lines.object("uint", ((BdaInt8U) n).getValue());
    } else if (n instanceof BdaInt16U) {
      return Lines.object("uint", ((BdaInt16U) n).getValue());
    } else if (n instanceof BdaInt32U) {
      return Lines.object("uint", ((BdaInt32U) n).getValue());
    } else if (n instanceof BdaFloat32) {
      return Lines.object("float", ((BdaFloat32) n).getFloat());
    } else if (n instanceof BdaFloat64) {
      return Lines.object("float", ((BdaFloat64) n).getDouble());
    } else if (n instanceof BdaBitString) {
      return Lines.object("bits", bits(((BdaBitString) n).getValue(), ((BdaBitString) n).getMaxNumBits()));
    } else if (n instanceof BdaOctetString) {
      return Lines.object("octets", hex(((BdaOctetString) n).getValue()));
    } else if (n instanceof BdaVisibleString) {
      return Lines.object("string", ((BdaVisibleString) n).getStringValue());
    } else if (n instanceof BdaUnicodeString) {
      return Lines.object("unicode", new String(((BdaUnicodeString) n).getValue(), StandardCharsets.UTF_8));
    } else if (n instanceof BdaTimestamp) {
      return Lines.object("time", ((BdaTimestamp) n).getDate().getTime());
    } else if (n instanceof BdaEntryTime) {
      return Lines.object("entry", ((BdaEntryTime) n).getTimestampValue());
    }
    List<Object> members = new ArrayList<>();
    for (ModelNode c : n.getChildren()) {
      members.add(json(c));
    }
    return Lines.object(n instanceof Array ? "array" : "struct", members);
  }

  /** Puts a value into an attribute, or those of its members into a structure. */
  static void set(ModelNode n, Args value) {
    Map.Entry<String, Object> e = value.only();
    Object v = e.getValue();
    if (n instanceof BdaBoolean) {
      ((BdaBoolean) n).setValue((Boolean) v);
    } else if (n instanceof BdaInt8) {
      ((BdaInt8) n).setValue(((Double) v).byteValue());
    } else if (n instanceof BdaInt16) {
      ((BdaInt16) n).setValue(((Double) v).shortValue());
    } else if (n instanceof BdaInt32) {
      ((BdaInt32) n).setValue(((Double) v).intValue());
    } else if (n instanceof BdaInt64) {
      ((BdaInt64) n).setValue(((Double) v).longValue());
    } else if (n instanceof BdaInt8U) {
      ((BdaInt8U) n).setValue(((Double) v).shortValue());
    } else if (n instanceof BdaInt16U) {
      ((BdaInt16U) n).setValue(((Double) v).intValue());
    } else if (n instanceof BdaInt32U) {
      ((BdaInt32U) n).setValue(((Double) v).longValue());
    } else if (n instanceof BdaFloat32) {
      ((BdaFloat32) n).setFloat(((Double) v).floatValue());
    } else if (n instanceof BdaFloat64) {
      ((BdaFloat64) n).setDouble((Double) v);
    } else if (n instanceof BdaBitString) {
      ((BdaBitString) n).setValue(packed((String) v));
    } else if (n instanceof BdaOctetString) {
      ((BdaOctetString) n).setValue(octets((String) v));
    } else if (n instanceof BdaVisibleString) {
      ((BdaVisibleString) n).setValue((String) v);
    } else if (n instanceof BdaUnicodeString) {
      ((BdaUnicodeString) n).setValue(((String) v).getBytes(StandardCharsets.UTF_8));
    } else if (n instanceof BdaTimestamp) {
      ((BdaTimestamp) n).setDate(new Date(((Double) v).longValue()));
    } else {
      int i = 0;
      for (ModelNode c : n.getChildren()) {
        set(c, new Args(((List<?>) v).get(i++)));
      }
    }
  }

  private static String bits(byte[] packed, int n) {
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < n; i++) {
      s.append(packed[i / 8] >> (7 - i % 8) & 1);
    }
    return s.toString();
  }

  private static byte[] packed(String bits) {
    byte[] b = new byte[(bits.length() + 7) / 8];
    for (int i = 0; i < bits.length(); i++) {
      b[i / 8] |= (bits.charAt(i) - '0') << (7 - i % 8);
    }
    return b;
  }

  static String hex(byte[] b) {
    StringBuilder s = new StringBuilder();
    for (byte x : b) {
      s.append(String.format("%02x", x));
    }
    return s.toString();
  }

  static byte[] octets(String hex) {
    byte[] b = new byte[hex.length() / 2];
    for (int i = 0; i < b.length; i++) {
      b[i] = (byte) Integer.parseInt(hex.substring(2 * i, 2 * i + 2), 16);
    }
    return b;
  }

  /** The node of a reference with its functional constraint: LD/LN.DO.DA[FC]. */
  static FcModelNode find(ServerModel m, String ref) {
    int i = ref.indexOf('[');
    ModelNode n = m.findModelNode(ref.substring(0, i), Fc.fromString(ref.substring(i + 1, i + 3)));
    if (n == null) {
      throw new IllegalArgumentException("the library's model has no " + ref);
    }
    return (FcModelNode) n;
  }

  static String ref(FcModelNode n) {
    return n.getReference() + "[" + n.getFc() + "]";
  }
}
