import com.beanit.openiec61850.*;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Clients of OpenIEC61850. */
final class TheirClient extends Lines {
  private final Map<String, Client> clients = new HashMap<>();
  private ServerModel retrieved; // what was retrieved last

  public static void main(String[] args) throws Exception {
    new TheirClient().serve();
    System.exit(0); // the library's threads are not waited for
  }

  @Override
  Object answer(String what, Args a) throws Exception {
    String name = a.text("con");
    if (what.equals("connect")) {
      clients.put(name, new Client(name, a));
      return null;
    }
    return clients.get(name).answer(what, a);
  }

  private final class Client implements ClientEventListener {
    final String name;
    final ClientAssociation a;
    final Map<String, DataSet> own = new HashMap<>(); // data sets of the association
    ServerModel model;

    Client(String name, Args args) throws Exception {
      this.name = name;
      ClientSap sap = new ClientSap();
      sap.setResponseTimeout(15000);
      a = sap.associate(InetAddress.getByName(args.text("host")), args.number("port"), args.text("password"), this);
    }

    @Override
    public void newReport(Report r) {
      List<Object> entries = new ArrayList<>();
      int i = 0;
      for (FcModelNode n : r.getValues()) {
        entries.add(object("ref", Values.ref(n), "value", Values.json(n), "reason", reason(r, i++)));
      }
      say("event", "report", "con", name, "rptID", r.getRptId(), "sqNum", r.getSqNum(), "dataSet", r.getDataSetRef(),
          "confRev", r.getConfRev(), "bufOvfl", r.getBufOvfl(),
          "entryID", r.getEntryId() == null ? null : Values.hex(r.getEntryId().getValue()),
          "time", r.getTimeOfEntry() == null ? null : r.getTimeOfEntry().getTimestampValue(), "entries", entries);
    }

    private Object reason(Report r, int i) {
      return r.getReasonCodes() == null ? null : Values.json(r.getReasonCodes().get(i)).get("bits");
    }

    @Override
    public void associationClosed(IOException e) {
      say("event", "closed", "con", name, "why", String.valueOf(e.getMessage()));
    }

    Object answer(String what, Args x) throws Exception {
      switch (what) {
        case "disconnect":
          a.disconnect();
          return null;
        case "retrieveModel":
          model = a.retrieveModel();
          retrieved = model.copy();
          return tree();
        case "setModel":
          model = retrieved.copy();
          a.setServerModel(model);
          return tree();
        case "getAllDataValues":
          a.getAllDataValues();
          return model.getBasicDataAttributes().size();
        case "kept": // of the last read
          return Values.json(Values.find(model, x.text("ref")));
        case "getDataValues":
          FcModelNode n = Values.find(model, x.text("ref"));
          a.getDataValues(n);
          return Values.json(n);
        case "setDataValues":
          n = Values.find(model, x.text("ref"));
          Values.set(n, x.args("value"));
          a.setDataValues(n);
          return null;
        case "files":
          List<Object> all = new ArrayList<>();
          for (FileInformation f : a.getFileDirectory(x.text("name"))) {
            all.add(List.of(f.getFilename(), f.getFileSize(), f.getLastModified().getTimeInMillis()));
          }
          return all;
        case "getFile":
          ByteArrayOutputStream octets = new ByteArrayOutputStream();
          a.getFile(x.text("name"), (part, more) -> {
            octets.write(part, 0, part.length);
            return true;
          });
          return Values.hex(octets.toByteArray());
        case "deleteFile":
          a.deleteFile(x.text("name"));
          return null;
        default:
          return x.has("rcb") ? report(what, x) : x.has("object") ? control(what, x) : dataSet(what, x);
      }
    }

    /** What the library has made of the server: basic attributes, control blocks, data sets. */
    private Object tree() {
      Map<String, Object> leaves = new TreeMap<>();
      for (BasicDataAttribute b : model.getBasicDataAttributes()) {
        leaves.put(Values.ref(b), b.getBasicType().toString());
      }
      List<String> urcbs = new ArrayList<>();
      for (Urcb u : model.getUrcbs()) {
        urcbs.add(u.getReference().toString());
      }
      List<String> brcbs = new ArrayList<>();
      for (Brcb u : model.getBrcbs()) {
        brcbs.add(u.getReference().toString());
      }
      return object("leaves", leaves, "urcbs", urcbs, "brcbs", brcbs, "dataSets", sets());
    }

    private Map<String, Object> sets() {
      Map<String, Object> sets = new TreeMap<>();
      for (DataSet d : model.getDataSets()) {
        List<String> members = new ArrayList<>();
        for (FcModelNode m : d) {
          members.add(Values.ref(m));
        }
        sets.put(d.getReferenceStr(), object("members", members, "deletable", d.isDeletable()));
      }
      return sets;
    }

    private Object dataSet(String what, Args x) throws Exception {
      String ref = x.text("ref");
      DataSet d = own.containsKey(ref) ? own.get(ref) : ref == null ? null : model.getDataSet(ref);
      switch (what) {
        case "updateDataSets":
          a.updateDataSets();
          return sets();
        case "createDataSet":
          List<FcModelNode> members = new ArrayList<>();
          for (Object m : x.list("members")) {
            members.add(Values.find(model, (String) m));
          }
          d = new DataSet(ref, members);
          a.createDataSet(d);
          own.put(ref, d);
          return null;
        case "deleteDataSet":
          a.deleteDataSet(d);
          own.remove(ref);
          return null;
        case "getDataSetValues":
          return results(a.getDataSetValues(d), d);
        case "setDataSetValues":
          int i = 0;
          for (FcModelNode m : d) {
            Values.set(m, new Args(x.list("values").get(i++)));
          }
          return results(a.setDataSetValues(d), d);
        default:
          throw new IllegalArgumentException(what);
      }
    }

    private List<Object> results(List<ServiceError> errors, DataSet d) {
      List<Object> all = new ArrayList<>();
      for (int i = 0; i < errors.size(); i++) {
        all.add(errors.get(i) == null ? Values.json(d.getMember(i)) : object("error", errors.get(i).getErrorCode()));
      }
      return all;
    }

    private Object report(String what, Args x) throws Exception {
      String ref = x.text("rcb");
      Rcb r = model.getUrcb(ref) != null ? model.getUrcb(ref) : model.getBrcb(ref);
      switch (what) {
        case "getRcbValues":
          a.getRcbValues(r);
          Map<String, Object> values = new TreeMap<>();
          for (ModelNode c : r.getChildren()) {
            values.put(c.getName(), Values.json(c).values().iterator().next());
          }
          return values;
        case "reserve":
          if (r instanceof Urcb) {
            a.reserveUrcb((Urcb) r);
          } else {
            a.reserveBrcb((Brcb) r, (short) x.number("seconds"));
          }
          return null;
        case "cancelReservation":
          a.cancelUrcbReservation((Urcb) r);
          return null;
        case "setRcbValues":
          Predicate<String> set = child -> {
            if (!x.has(child)) {
              return false;
            }
            Values.set(r.getChild(child), x.args(child));
            return true;
          };
          List<ServiceError> errors = a.setRcbValues(r, set.test("RptID"), set.test("DatSet"), set.test("OptFlds"), set.test("BufTm"),
              set.test("TrgOps"), set.test("IntgPd"), set.test("PurgeBuf"), set.test("EntryID"));
          List<Integer> codes = new ArrayList<>();
          for (ServiceError e : errors) {
            codes.add(e == null ? 0 : e.getErrorCode());
          }
          return codes;
        case "enable":
          a.enableReporting(r);
          return null;
        case "disable":
          a.disableReporting(r);
          return null;
        case "gi":
          a.startGi(r);
          return null;
        default:
          throw new IllegalArgumentException(what);
      }
    }

    private Object control(String what, Args x) throws Exception {
      FcModelNode o = Values.find(model, x.text("object") + "[CO]");
      switch (what) {
        case "select":
          return a.select(o);
        case "operate":
          fill(o.getChild("Oper"), x);
          a.operate(o);
          return null;
        case "selectWithValue": // the library has no function for these two
          fill(o.getChild("SBOw"), x);
          a.setDataValues((FcModelNode) o.getChild("SBOw"));
          return null;
        case "cancel":
          fill(o.getChild("Cancel"), x);
          a.setDataValues((FcModelNode) o.getChild("Cancel"));
          return null;
        default:
          throw new IllegalArgumentException(what);
      }
    }

    private void fill(ModelNode command, Args x) {
      Values.set(command.getChild("ctlVal"), x.args("value"));
      ((BdaInt8) command.getChild("origin").getChild("orCat")).setValue((byte) 3);
      ((BdaOctetString) command.getChild("origin").getChild("orIdent")).setValue("openiec61850".getBytes());
      ((BdaInt8U) command.getChild("ctlNum")).setValue((short) 1); // as operate does
      ((BdaTimestamp) command.getChild("T")).setDate(new Date());
      ((BdaBoolean) command.getChild("Test")).setValue(x.flag("test"));
      if (command.getChild("operTm") != null) {
        BdaTimestamp at = (BdaTimestamp) command.getChild("operTm");
        if (x.has("at")) {
          at.setDate(new Date(((Double) x.get("at")).longValue()));
        } else {
          at.setValue(new byte[8]); // at once
        }
      }
      if (command.getChild("Check") != null) {
        ((BdaCheck) command.getChild("Check")).setInterlockCheck(x.flag("interlock"));
        ((BdaCheck) command.getChild("Check")).setSynchrocheck(x.flag("synchro"));
      }
    }
  }
}
