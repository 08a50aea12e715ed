"""A client of libiec61850 that does what JSON lines tell it, with as many associations as are wanted."""
import collections
import ctypes as c
import os
import sys
import time

from binding import Refused, b, callback, delete, fn, items, k, list_add, list_free, list_new, made, octets, say, serve, texts, value

cons = {}
controls = {}
FC = {n[len("IEC61850_FC_"):]: getattr(k, n) for n in dir(k) if n.startswith("IEC61850_FC_")}
CLASS = {n[len("ACSI_CLASS_"):]: getattr(k, n) for n in dir(k) if n.startswith("ACSI_CLASS_")}


def call(name, signature, con, *args):
    """Calls a function of the connection that gives its error by pointer."""
    err = c.c_int(0)
    got = fn(name, signature)(cons[con] if isinstance(con, str) else con, c.byref(err), *args)
    if err.value != 0:
        raise Refused(err.value)
    return got


def connect(con, host, port, password=None):
    p = fn("IedConnection_create", "p")()
    if password is not None:
        auth = fn("AcseAuthenticationParameter_create", "p")()
        fn("AcseAuthenticationParameter_setAuthMechanism", "vpi")(auth, k.ACSE_AUTH_PASSWORD)
        fn("AcseAuthenticationParameter_setPassword", "vps")(auth, b(password))
        mms = fn("IedConnection_getMmsConnection", "pp")(p)
        fn("IsoConnectionParameters_setAcseAuthenticationParameter", "vpp")(fn("MmsConnection_getIsoConnectionParameters", "pp")(mms), auth)
    try:
        call("IedConnection_connect", "vppsi", p, b(host), port)
    except Refused:
        fn("IedConnection_destroy", "vp")(p)
        raise
    cons[con] = p
    if not known(con):
        fn("IedConnection_destroy", "vp")(cons.pop(con))
        raise Refused(k.IED_ERROR_CONNECTION_LOST)


def known(con):
    """Waits until the library knows of the association: connect returns a moment before its own thread does, and until then
    requests end as if it were lost, without being sent. Now and then it never knows."""
    for _ in range(25):
        err, logical, physical = c.c_int(), c.c_int(), c.c_int()
        fn("MmsConnection_getServerStatus", "vppppb")(mms(con), c.byref(err), c.byref(logical), c.byref(physical), False)
        if err.value != k.MMS_ERROR_CONNECTION_LOST:
            return True
        time.sleep(0.02)
    return False


def release(con):
    call("IedConnection_release", "vpp", con)
    fn("IedConnection_destroy", "vp")(cons.pop(con))


def abort(con):
    call("IedConnection_abort", "vpp", con)
    fn("IedConnection_destroy", "vp")(cons.pop(con))


class Identity(c.Structure):
    _fields_ = [("vendor", c.c_char_p), ("model", c.c_char_p), ("revision", c.c_char_p)]


def mms(con):
    return fn("IedConnection_getMmsConnection", "pp")(cons[con])


def identify(con):
    i = Identity.from_address(call("MmsConnection_identify", "ppp", mms(con)))
    return [i.vendor.decode(), i.model.decode(), i.revision.decode()]


def status(con):
    logical, physical = c.c_int(), c.c_int()
    call("MmsConnection_getServerStatus", "vppppb", mms(con), c.byref(logical), c.byref(physical), True)
    return [logical.value, physical.value]


def domains(con):
    return texts(call("MmsConnection_getDomainNames", "ppp", mms(con)))


def variables(con, domain):
    return texts(call("MmsConnection_getDomainVariableNames", "ppps", mms(con), b(domain)))


def journals(con, domain):
    return texts(call("MmsConnection_getDomainJournals", "ppps", mms(con), b(domain)))


def datasets(con, domain):
    return texts(call("IedConnection_getLogicalDeviceDataSets", "ppps", con, b(domain)))


def nodes(con, domain):
    return texts(call("IedConnection_getLogicalDeviceDirectory", "ppps", con, b(domain)))


def directory(con, ln, kind):
    return texts(call("IedConnection_getLogicalNodeDirectory", "pppsi", con, b(ln), CLASS[kind]))


def data(con, ref):
    return texts(call("IedConnection_getDataDirectoryFC", "ppps", con, b(ref)))


def read(con, ref, fc):
    v = call("IedConnection_readObject", "pppsi", con, b(ref), FC[fc])
    got = value(v)
    delete(v)
    return got


def read_many(con, domain, names):
    names_list = list_new()
    texts_kept = [c.c_char_p(b(n)) for n in names]
    for t in texts_kept:
        list_add(names_list, c.cast(t, c.c_void_p))
    v = call("MmsConnection_readMultipleVariables", "pppsp", mms(con), b(domain), names_list)
    got = value(v)
    delete(v)
    list_free(names_list)
    return got


def element(con, domain, item, index, component):
    v = call("MmsConnection_readSingleArrayElementWithComponent", "pppssus", mms(con), b(domain), b(item), index, b(component))
    got = value(v)
    delete(v)
    return got


def write(con, ref, fc, value):
    v = made(value)
    call("IedConnection_writeObject", "vppsip", con, b(ref), FC[fc], v)
    delete(v)


def write_many(con, domain, names, values):
    names_list, values_list = list_new(), list_new()
    texts_kept = [c.c_char_p(b(n)) for n in names]
    for t, v in zip(texts_kept, values):
        list_add(names_list, c.cast(t, c.c_void_p))
        list_add(values_list, made(v))
    results = c.c_void_p()
    call("MmsConnection_writeMultipleVariables", "vppsppp", mms(con), b(domain), names_list, values_list, c.byref(results))
    return [value(p)["error"] for p in items(results.value)]


def define(con, ref, members):
    got = list_new()
    texts_kept = [c.c_char_p(b(m)) for m in members]
    for t in texts_kept:
        list_add(got, c.cast(t, c.c_void_p))
    call("IedConnection_createDataSet", "vppsp", con, b(ref), got)
    list_free(got)


def undefine(con, ref):
    return call("IedConnection_deleteDataSet", "bpps", con, b(ref))


def members(con, ref):
    deletable = c.c_bool()
    got = texts(call("IedConnection_getDataSetDirectory", "pppsp", con, b(ref), c.byref(deletable)))
    return {"members": got, "deletable": deletable.value}


def dataset(con, ref):
    ds = call("IedConnection_readDataSetValues", "pppsp", con, b(ref), None)
    got = value(fn("ClientDataSet_getValues", "pp")(ds))
    fn("ClientDataSet_destroy", "vp")(ds)
    return got


# Reports.
FIELDS = {  # of a report control block: letter of the type, bit of the mask
    "RptId": ("s", k.RCB_ELEMENT_RPT_ID), "RptEna": ("b", k.RCB_ELEMENT_RPT_ENA), "Resv": ("b", k.RCB_ELEMENT_RESV),
    "DataSetReference": ("s", k.RCB_ELEMENT_DATSET), "OptFlds": ("i", k.RCB_ELEMENT_OPT_FLDS), "BufTm": ("u", k.RCB_ELEMENT_BUF_TM),
    "TrgOps": ("i", k.RCB_ELEMENT_TRG_OPS), "IntgPd": ("u", k.RCB_ELEMENT_INTG_PD), "GI": ("b", k.RCB_ELEMENT_GI),
    "PurgeBuf": ("b", k.RCB_ELEMENT_PURGE_BUF), "ResvTms": ("i", k.RCB_ELEMENT_RESV_TMS), "EntryId": ("p", k.RCB_ELEMENT_ENTRY_ID),
}
READ_ONLY = {"ConfRev": "u", "SqNum": "h"}
blocks = {}


def rcb(con, ref):
    key = (con, ref)
    blocks[key] = call("IedConnection_getRCBValues", "pppsp", con, b(ref), blocks.get(key))
    got = {}
    for name, letter in [(n, f[0]) for n, f in FIELDS.items()] + list(READ_ONLY.items()):
        x = fn("ClientReportControlBlock_get" + name, letter + "p")(blocks[key])
        got[name] = (x or b"").decode() if letter == "s" else octets(x) if letter == "p" and x else x
    got["buffered"] = fn("ClientReportControlBlock_isBuffered", "bp")(blocks[key])
    return got


def set_rcb(con, ref, values, single=True):
    key = (con, ref)
    if key not in blocks:
        rcb(con, ref)
    mask = 0
    for name, x in values.items():
        letter, bit = FIELDS[name]
        if letter == "p":
            x = made({"octets": x})
        fn("ClientReportControlBlock_set" + name, "vp" + letter)(blocks[key], b(x) if letter == "s" else x)
        mask |= bit
    call("IedConnection_setRCBValues", "vpppub", con, blocks[key], mask, single)


def report(ref):
    def got(_, r):
        def opt(name, letter, has):
            if has is None or fn("ClientReport_has" + has, "bp")(r):
                x = fn("ClientReport_get" + name, letter + "p")(r)
                return (x or b"").decode() if letter == "s" else x
            return None
        values = fn("ClientReport_getDataSetValues", "pp")(r)
        entries = []
        for i, v in enumerate(value(values).get("array") or value(values).get("struct") or []):
            reason = fn("ClientReport_getReasonForInclusion", "ipi")(r, i)
            if reason:
                name = None
                if fn("ClientReport_hasDataReference", "bp")(r):
                    name = (fn("ClientReport_getDataReference", "spi")(r, i) or b"").decode()
                entries.append({"index": i, "reason": reason, "value": v, "ref": name})
        entry = fn("ClientReport_getEntryId", "pp")(r)
        say(event="report", rcb=ref, rptID=opt("RptId", "s", None), seq=opt("SeqNum", "h", "SeqNum"), confRev=opt("ConfRev", "u", "ConfRev"),
            dataSet=opt("DataSetName", "s", "DataSetName"), time=opt("Timestamp", "q", "Timestamp"), overflow=opt("BufOvfl", "b", "BufOvfl"),
            entryID=octets(entry) if entry else None, entries=entries)
    return got


def subscribe(con, ref, rptID):
    fn("IedConnection_installReportHandler", "vpsspp")(cons[con], b(ref), b(rptID), callback("vpp", report(ref)), None)


def gi(con, ref):
    call("IedConnection_triggerGIReport", "vpps", con, b(ref))


# Controls.
def control(con, ref):
    p = fn("ControlObjectClient_create", "psp")(b(ref), cons[con])
    if not p:
        raise LookupError("no control " + ref)
    key = "%s %s" % (con, ref)
    controls[key] = p

    def ended(_, ctl):
        e = fn("ControlObjectClient_getLastApplError", "Ap")(ctl)
        say(event="termination", ref=ref, code=e.error, addCause=e.addCause)
    fn("ControlObjectClient_setCommandTerminationHandler", "vppp")(p, callback("vpp", ended), None)
    fn("ControlObjectClient_setOrigin", "vpsi")(p, b("lib61850"), k.CONTROL_ORCAT_REMOTE_CONTROL)
    return {"control": key, "model": fn("ControlObjectClient_getControlModel", "ip")(p)}


def step(control, do, value=None, at=0, test=False, interlock=False, synchro=False):
    p = controls[control]
    fn("ControlObjectClient_setTestMode", "vpb")(p, test)
    fn("ControlObjectClient_setInterlockCheck", "vpb")(p, interlock)
    fn("ControlObjectClient_setSynchroCheck", "vpb")(p, synchro)
    v = made(value) if value else None
    if do == "select":
        ok = fn("ControlObjectClient_select", "bp")(p)
    elif do == "selectWithValue":
        ok = fn("ControlObjectClient_selectWithValue", "bpp")(p, v)
    elif do == "operate":
        ok = fn("ControlObjectClient_operate", "bppq")(p, v, at)
    else:
        ok = fn("ControlObjectClient_cancel", "bp")(p)
    if v:
        delete(v)
    e = fn("ControlObjectClient_getLastApplError", "Ap")(p)
    return {"ok": ok, "error": e.error, "addCause": e.addCause, "lastError": fn("ControlObjectClient_getLastError", "ip")(p)}


# Files.
def files(con, name):
    more, after, got = c.c_bool(True), None, []
    while more.value:
        more.value = False
        head = call("IedConnection_getFileDirectoryEx", "pppssp", con, b(name), b(after), c.byref(more))
        page = [[fn("FileDirectoryEntry_getFileName", "sp")(e).decode(), fn("FileDirectoryEntry_getFileSize", "up")(e),
                 fn("FileDirectoryEntry_getLastModified", "qp")(e)] for e in items(head)]
        got += page
        after = page[-1][0] if page else None
    return got


def get_file(con, name):
    parts = []

    def part(_, p, n):
        parts.append(c.string_at(p, n))
        return True
    size = call("IedConnection_getFile", "uppspp", con, b(name), callback("bppu", part), None)
    whole = b"".join(parts)
    return {"size": size, "octets": whole.hex()}


def set_file(con, folder, source, destination):
    fn("IedConnection_setFilestoreBasepath", "vps")(cons[con], b(folder + "/"))
    call("IedConnection_setFile", "vppss", con, b(source), b(destination))


def delete_file(con, name):
    call("IedConnection_deleteFile", "vpps", con, b(name))


def rename_file(con, name, new):
    call("MmsConnection_fileRename", "vppss", mms(con), b(name), b(new))


# Logs.
def log(con, ref, start=None, end=None, after=None, at=None):
    more = c.c_bool()
    if after is None:
        head = call("IedConnection_queryLogByTime", "pppsqqp", con, b(ref), start, end, c.byref(more))
    else:
        head = call("IedConnection_queryLogAfter", "pppspqp", con, b(ref), made({"octets": after}), at, c.byref(more))
    return {"more": more.value, "entries": [{
        "id": octets(fn("MmsJournalEntry_getEntryID", "pp")(e)),
        "time": value(fn("MmsJournalEntry_getOccurenceTime", "pp")(e))["entry"],
        "variables": [[fn("MmsJournalVariable_getTag", "sp")(v).decode(), value(fn("MmsJournalVariable_getValue", "pp")(v))]
                      for v in items(fn("MmsJournalEntry_getJournalVariables", "pp")(e))],
    } for e in items(head)]}


def gocb(con, ref):
    p = call("IedConnection_getGoCBValues", "pppsp", con, b(ref), None)
    text = lambda name: (fn("ClientGooseControlBlock_get" + name, "sp")(p) or b"").decode()
    return {"GoEna": fn("ClientGooseControlBlock_getGoEna", "bp")(p), "GoID": text("GoID"), "DatSet": text("DatSet"),
            "ConfRev": fn("ClientGooseControlBlock_getConfRev", "up")(p), "NdsComm": fn("ClientGooseControlBlock_getNdsComm", "bp")(p)}


def walk(con):
    """Goes through everything that the server has: what each logical device has, and a read of every functional constraint of
    every logical node."""
    got = {}
    for ld in texts(call("IedConnection_getLogicalDeviceList", "ppp", con)):
        names = variables(con, ld)
        fcs = [n for n in names if n.count("$") == 1]
        errors, kinds = [], collections.Counter()

        def count(v):
            (kind, x), = v.items()
            if kind in ("struct", "array"):
                for m in x:
                    count(m)
            else:
                kinds[kind] += 1
        for i in range(0, len(fcs), 20):
            part = fcs[i:i + 20]
            try:
                vs = read_many(con, ld, part)
                vs = vs.get("array") or vs.get("struct")
            except Refused:  # too large for one answer
                vs = []
                for n in part:
                    try:
                        v = call("MmsConnection_readVariable", "pppss", mms(con), b(ld), b(n))
                        vs.append(value(v))
                        delete(v)
                    except Refused as e:
                        vs.append(None)
                        errors.append("%s: %s" % (n, e))
            for n, v in zip(part, vs):
                if v is None:
                    continue
                if "error" in v:
                    errors.append("%s: %d" % (n, v["error"]))
                else:
                    count(v)
        got[ld] = {"nodes": len(nodes(con, ld)), "variables": len(names), "unique": len(set(names)), "reads": len(fcs), "errors": errors,
                   "leaves": sum(kinds.values()), "dataSets": sorted(datasets(con, ld)),
                   "specs": sum(1 for n in names if "$" not in n and call("MmsConnection_getVariableAccessAttributes", "pppss", mms(con), b(ld), b(n)))}
    return got


serve({f.__name__: f for f in (
    connect, release, abort, identify, status, domains, variables, journals, datasets, nodes, directory, data, read, read_many, element, write,
    write_many, define, undefine, members, dataset, rcb, set_rcb, subscribe, gi, control, step, files, get_file, set_file, delete_file, rename_file, log,
    gocb, walk)})
sys.stdout.flush()
os._exit(0)  # the library's threads are not waited for
