"""A server of libiec61850 with the model that a JSON line describes."""
import ctypes as c
import os
import sys

from binding import b, callback, fn, k, made, say, serve, value

BASIC = {  # SCL's bType
    "BOOLEAN": k.IEC61850_BOOLEAN, "INT8": k.IEC61850_INT8, "INT16": k.IEC61850_INT16, "INT32": k.IEC61850_INT32, "INT64": k.IEC61850_INT64,
    "INT8U": k.IEC61850_INT8U, "INT16U": k.IEC61850_INT16U, "INT32U": k.IEC61850_INT32U, "FLOAT32": k.IEC61850_FLOAT32,
    "FLOAT64": k.IEC61850_FLOAT64, "Enum": k.IEC61850_ENUMERATED, "Octet64": k.IEC61850_OCTET_STRING_64, "VisString64": k.IEC61850_VISIBLE_STRING_64,
    "VisString129": k.IEC61850_VISIBLE_STRING_129, "VisString255": k.IEC61850_VISIBLE_STRING_255, "ObjRef": k.IEC61850_VISIBLE_STRING_129,
    "Unicode255": k.IEC61850_UNICODE_STRING_255, "Timestamp": k.IEC61850_TIMESTAMP, "Quality": k.IEC61850_QUALITY, "Check": k.IEC61850_CHECK,
    "Dbpos": k.IEC61850_CODEDENUM, "Struct": k.IEC61850_CONSTRUCTED,
}
FC = {n[len("IEC61850_FC_"):]: getattr(k, n) for n in dir(k) if n.startswith("IEC61850_FC_")}
s = {"controls": {}, "groups": {}, "nodes": {}}


def find(ref):
    p = fn("IedModel_getModelNodeByObjectReference", "pps")(s["model"], b(ref))
    if not p:
        raise LookupError(ref)
    return p


def attributes(parent, fields, fc=None, trg=0):
    for f in fields:
        if f.get("do"):
            attributes(fn("DataObject_create", "pspi")(b(f["name"]), parent, f.get("count", 0)), f["fields"])
            continue
        a = fn("DataAttribute_create", "pspiioiu")(b(f["name"]), parent, BASIC[f["basic"]], FC[f.get("fc") or fc], f.get("trg", trg), f.get("count", 0), 0)
        if f.get("fields"):
            attributes(a, f["fields"], f.get("fc") or fc, f.get("trg", trg))
        elif f.get("value"):
            fn("DataAttribute_setValue", "vpp")(a, made(f["value"]))


def start(port, model, folder, password=None):
    m = s["model"] = fn("IedModel_create", "ps")(b(model["ied"]))
    lns = []
    for d in model["devices"]:
        ld = fn("LogicalDevice_create", "psp")(b(d["inst"]), m)
        for n in d["nodes"]:
            ln = fn("LogicalNode_create", "psp")(b(n["name"]), ld)
            lns.append((d, n, ln))
            for o in n["objects"]:
                attributes(fn("DataObject_create", "pspi")(b(o["name"]), ln, 0), o["fields"])
    for d, n, ln in lns:
        for ds in n.get("dataSets", []):
            p = fn("DataSet_create", "psp")(b(ds["name"]), ln)
            for entry in ds["members"]:
                fn("DataSetEntry_create", "ppsis")(p, b(entry), -1, None)
        for r in n.get("reports", []):
            fn("ReportControlBlock_create", "pspsbsuoouu")(b(r["name"]), ln, b(r["rptID"]), r["buffered"], b(r["dataSet"]), r["confRev"], r["trgOps"],
                                                          r["optFlds"], r["bufTm"], r["intgPd"])
        if n.get("groups"):
            s["sgcb"] = fn("SettingGroupControlBlock_create", "ppoo")(ln, 1, n["groups"])
    config = fn("IedServerConfig_create", "p")()
    fn("IedServerConfig_setEdition", "vpo")(config, k.IEC_61850_EDITION_2)
    fn("IedServerConfig_enableFileService", "vpb")(config, True)
    fn("IedServerConfig_setFileServiceBasePath", "vps")(config, b(folder + "/"))
    fn("IedServerConfig_enableDynamicDataSetService", "vpb")(config, True)
    fn("IedServerConfig_enableEditSG", "vpb")(config, True)
    fn("IedServerConfig_enableResvTmsForSGCB", "vpb")(config, True)
    fn("IedServerConfig_enableResvTmsForBRCB", "vpb")(config, True)
    fn("IedServerConfig_enableOwnerForRCB", "vpb")(config, True)
    fn("IedServerConfig_setReportBufferSize", "vpi")(config, 200000)
    p = s["server"] = fn("IedServer_createWithConfig", "pppp")(m, None, config)
    fn("IedServer_setServerIdentity", "vpsss")(p, b("libiec61850"), b("peer"), b("1"))
    for fc in ("SP", "SV", "CF", "DC", "SE"):
        fn("IedServer_setWriteAccessPolicy", "vpii")(p, FC[fc], k.ACCESS_POLICY_ALLOW)
    if password is not None:
        def known(_, auth, *rest):
            got = fn("AcseAuthenticationParameter_getPassword", "pp")(auth) if auth else None
            return bool(got) and c.string_at(got, fn("AcseAuthenticationParameter_getPasswordLength", "ip")(auth)) == password.encode()
        fn("IedServer_setAuthenticator", "vppp")(p, callback("bpppp", known), None)
    for d, n, _ in lns:
        for o in n["objects"]:
            if any(f["name"] == "Oper" for f in o["fields"]):
                handle("%s%s/%s.%s" % (model["ied"], d["inst"], n["name"], o["name"]))
    if "sgcb" in s:
        groups(p, model)
    fn("IedServer_start", "vpi")(p, port)
    if not fn("IedServer_isRunning", "bp")(p):
        raise RuntimeError("the server does not run")


def handle(ref):
    """Lets the commands of ref do what the test has said, or succeed and show in stVal."""
    do = find(ref)
    status = next((n for n in ("stVal", "mxVal.f") if fn("IedModel_getModelNodeByObjectReference", "pps")(s["model"], b(ref + "." + n))), None)

    def check(action, _, v, test, interlock):
        how = s["controls"].get(ref, {})
        if how.get("refuse"):
            fn("ControlAction_setAddCause", "vpi")(action, how["refuse"])
            return k.CONTROL_OBJECT_ACCESS_DENIED
        return k.CONTROL_ACCEPTED

    def operate(action, _, v, test):
        how = s["controls"].get(ref, {})
        say(event="command", ref=ref, value=value(v), test=test, ctlNum=fn("ControlAction_getCtlNum", "ip")(action),
            orCat=fn("ControlAction_getOrCat", "ip")(action))
        if how.get("fail"):
            fn("ControlAction_setAddCause", "vpi")(action, how["fail"])
            return k.CONTROL_RESULT_FAILED
        if status == "stVal":
            fn("IedServer_updateBooleanAttributeValue", "vppb")(s["server"], find(ref + ".stVal"), value(v)["bool"])
        return k.CONTROL_RESULT_OK
    fn("IedServer_setControlHandler", "vpppp")(s["server"], do, callback("ipppb", operate), None)
    fn("IedServer_setPerformCheckHandler", "vpppp")(s["server"], do, callback("ipppbb", check), None)


def groups(p, model):
    """Serves setting groups: the library leaves their values to the application."""
    leaves = ["%s%s/%s" % (model["ied"], d["inst"], x) for d in model["devices"] for x in d.get("settings") or []]
    bank = s["groups"]

    def node(ref, fc):
        # the library has one node a functional constraint under the same reference
        return fn("ModelNode_getChildWithFc", "ppsi")(find(ref.split(".")[0]), b(ref.split(".", 1)[1]), FC[fc])

    def get(ref, fc):
        return value(fn("IedServer_getAttributeValue", "ppp")(p, node(ref, fc)))

    def put(ref, fc, v):
        fn("IedServer_updateAttributeValue", "vppp")(p, node(ref, fc), made(v))
    start_values = {x: get(x, "SG") for x in leaves}
    for g in (1, 2, 3):
        bank[g] = dict(start_values)

    def act(_, sgcb, group, con):
        for x in leaves:
            put(x, "SG", bank[group][x])
        return True

    def edit(_, sgcb, group, con):
        if group:
            for x in leaves:
                put(x, "SE", bank[group][x])
        return True

    def confirm(_, sgcb, group):
        bank[group] = {x: get(x, "SE") for x in leaves}
        if fn("IedServer_getActiveSettingGroup", "opp")(p, s["sgcb"]) == group:
            for x in leaves:
                put(x, "SG", bank[group][x])
    fn("IedServer_setActiveSettingGroupChangedHandler", "vpppp")(p, s["sgcb"], callback("bppop", act), None)
    fn("IedServer_setEditSettingGroupChangedHandler", "vpppp")(p, s["sgcb"], callback("bppop", edit), None)
    fn("IedServer_setEditSettingGroupConfirmationHandler", "vpppp")(p, s["sgcb"], callback("vppo", confirm), None)


def stop():
    fn("IedServer_stop", "vp")(s["server"])
    fn("IedServer_destroy", "vp")(s["server"])


def update(ref, value):
    fn("IedServer_lockDataModel", "vp")(s["server"])
    fn("IedServer_updateAttributeValue", "vppp")(s["server"], find(ref), made(value))
    fn("IedServer_unlockDataModel", "vp")(s["server"])


def control(ref, refuse=0, fail=0, obey=0):
    s["controls"][ref] = {"refuse": refuse, "fail": fail}


serve({f.__name__: f for f in (start, stop, update, control)})
sys.stdout.flush()
os._exit(0)  # the library's threads are not waited for
