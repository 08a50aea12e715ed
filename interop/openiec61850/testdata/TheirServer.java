import com.beanit.openiec61850.*;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ServerSocketFactory;

/** Servers of OpenIEC61850, each with the model of an SCL file. */
final class TheirServer extends Lines {
  private final Map<String, Running> servers = new HashMap<>();

  public static void main(String[] args) throws Exception {
    new TheirServer().serve();
    System.exit(0); // the library's threads are not waited for
  }

  @Override
  Object answer(String what, Args a) throws Exception {
    Running s = servers.get(a.text("server"));
    switch (what) {
      case "start":
        s = new Running(SclParser.parse(a.text("scl")).get(0));
        servers.put(a.text("server"), s);
        return s.port();
      case "stop":
        servers.remove(a.text("server"));
        s.sap.stop();
        return null;
      case "update":
        FcModelNode n = Values.find(s.sap.getModelCopy(), a.text("ref"));
        Values.set(n, a.args("value"));
        s.sap.setValues(n.getBasicDataAttributes());
        return null;
      case "control":
        synchronized (s.refused) {
          s.refused.put(a.text("ref"), a.flag("refuse"));
        }
        return null;
      default:
        throw new IllegalArgumentException(what);
    }
  }

  /** A server whose commands show in stVal, unless they are to be refused. */
  private static final class Running implements ServerEventListener {
    final ServerSap sap;
    final Map<String, Boolean> refused = new HashMap<>();
    private ServerSocket socket;

    Running(ServerModel model) throws IOException {
      sap = new ServerSap(102, 10, InetAddress.getLoopbackAddress(), model, new Sockets());
      sap.startListening(this);
    }

    int port() {
      return socket.getLocalPort();
    }

    @Override
    public List<ServiceError> write(List<BasicDataAttribute> all) {
      List<ServiceError> errors = new ArrayList<>();
      boolean bad = false;
      for (BasicDataAttribute a : all) {
        ServiceError error = null;
        String ref = a.getReference().toString();
        if (ref.endsWith(".Oper.ctlVal")) {
          ref = ref.substring(0, ref.length() - ".Oper.ctlVal".length());
          error = command(ref, a);
        }
        errors.add(error);
        bad = bad || error != null;
      }
      return bad ? errors : null; // the library cannot answer a list without errors
    }

    private ServiceError command(String ref, BasicDataAttribute ctlVal) {
      synchronized (refused) {
        if (refused.getOrDefault(ref, false)) {
          return new ServiceError(ServiceError.ACCESS_VIOLATION);
        }
      }
      BasicDataAttribute stVal = (BasicDataAttribute) Values.find(sap.getModelCopy(), ref + ".stVal[ST]");
      stVal.setValueFrom(ctlVal);
      sap.setValues(List.of(stVal));
      return null;
    }

    @Override
    public void serverStoppedListening(ServerSap sap) {}

    /** Lets the system choose the port, and tells which. */
    private final class Sockets extends ServerSocketFactory {
      @Override
      public ServerSocket createServerSocket(int port) throws IOException {
        return createServerSocket(port, 0, null);
      }

      @Override
      public ServerSocket createServerSocket(int port, int backlog) throws IOException {
        return createServerSocket(port, backlog, null);
      }

      @Override
      public ServerSocket createServerSocket(int port, int backlog, InetAddress at) throws IOException {
        return socket = new ServerSocket(0, backlog, at);
      }
    }
  }
}
