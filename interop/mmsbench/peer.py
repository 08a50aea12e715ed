"""libiec61850 as a worker of the benchmark: one order a line on standard input, one result a line on standard output.

What is timed runs in the library: its functions are called by ctypes, which costs less than a microsecond a call.
"""
import ctypes
import json
import sys
import time

import pyiec61850._pyiec61850 as ext
import pyiec61850.pyiec61850 as lib

c = ctypes.CDLL(ext.__file__)
ptr, err_p = ctypes.c_void_p, ctypes.POINTER(ctypes.c_int)
for name, res, args in (
    ("IedConnection_create", ptr, []),
    ("IedConnection_connect", None, [ptr, err_p, ctypes.c_char_p, ctypes.c_int]),
    ("IedConnection_release", None, [ptr, err_p]),
    ("IedConnection_close", None, [ptr]),
    ("IedConnection_destroy", None, [ptr]),
    ("IedConnection_readFloatValue", ctypes.c_float, [ptr, err_p, ctypes.c_char_p, ctypes.c_int]),
    ("IedConnection_readDataSetValues", ptr, [ptr, err_p, ctypes.c_char_p, ptr]),
    ("IedServer_start", None, [ptr, ctypes.c_int]),
    ("IedServer_isRunning", ctypes.c_bool, [ptr]),
    ("IedServer_stop", None, [ptr]),
    ("IedServer_updateInt64AttributeValue", None, [ptr, ptr, ctypes.c_int64]),
):
    f = getattr(c, name)
    f.restype, f.argtypes = res, args
err = ctypes.c_int()
ref_err = ctypes.byref(err)
state = {}


def serve(o):
    model = lib.IedModel_create("BENCH")
    device = lib.LogicalDevice_create("LD0", model)
    lln0 = lib.LogicalNode_create("LLN0", device)
    lib.CDC_ENS_create("Beh", lib.toModelNode(lln0), 0)
    ggio = lib.LogicalNode_create("GGIO1", device)
    values = lib.DataSet_create("values", lln0)
    for i in range(o["members"]):
        lib.CDC_MV_create("AnIn%d" % (i + 1), lib.toModelNode(ggio), 0, False)
        lib.DataSetEntry_create(values, "GGIO1$MX$AnIn%d$mag$f" % (i + 1), -1, None)
    count = lib.DataObject_create("CntVal1", lib.toModelNode(ggio), 0)
    actual = lib.DataAttribute_create("actVal", lib.toModelNode(count), lib.IEC61850_INT64, lib.IEC61850_FC_ST, lib.TRG_OPT_DATA_CHANGED, 0, 0)
    events = lib.DataSet_create("events", lln0)
    lib.DataSetEntry_create(events, "GGIO1$ST$CntVal1$actVal", -1, None)
    for i in range(o["blocks"]):
        name = "urcb%s%02d" % (chr(65 + i // 99), i % 99 + 1)
        lib.ReportControlBlock_create(name, lln0, "BENCH/" + name, False, "events", 1,
                                      lib.TRG_OPT_DATA_CHANGED | lib.TRG_OPT_GI, lib.RPT_OPT_SEQ_NUM | lib.RPT_OPT_REASON_FOR_INCLUSION, 0, 0)
    server = int(lib.IedServer_create(model))
    c.IedServer_start(server, o["port"])
    if not c.IedServer_isRunning(server):
        raise RuntimeError("the server does not run")
    state.update(server=server, actual=int(actual.this), model=model)
    return {"clear": "127.0.0.1:%d" % o["port"]}


def update():
    c.IedServer_updateInt64AttributeValue(state["server"], state["actual"], time.time_ns())


def flood(o):
    n, began = 0, time.perf_counter()
    while time.perf_counter() - began < o["ms"] / 1000:
        for _ in range(10):
            update()
        n += 10
        if o.get("pace"):
            time.sleep(10 / o["pace"])
    return {"count": n, "seconds": time.perf_counter() - began}


def pulse(o):
    for _ in range(o["n"]):
        update()
        time.sleep(o["every"] / 1000)
    return {"count": o["n"]}


def connect(o):
    host, port = o["addr"].split(":")
    con = c.IedConnection_create()
    for _ in range(20):  # now and then it closes right after it has associated
        c.IedConnection_connect(con, ref_err, host.encode(), int(port))
        if err.value == 0:
            return con
    raise RuntimeError("connect: error %d" % err.value)


def timed(o, f):
    """Calls f until the time is up."""
    for _ in range(50):
        f()
        if err.value != 0:
            raise RuntimeError("error %d" % err.value)
    n, began = 0, time.perf_counter()
    until = began + o["ms"] / 1000
    while time.perf_counter() < until:
        for _ in range(20):
            f()
        if err.value != 0:
            raise RuntimeError("error %d" % err.value)
        n += 20
    return {"count": n, "seconds": time.perf_counter() - began}


def done(con):
    c.IedConnection_close(con)
    c.IedConnection_destroy(con)


def reads(o):
    con, ref, fc, read = connect(o), o["ref"].encode(), lib.IEC61850_FC_MX, c.IedConnection_readFloatValue
    try:
        return timed(o, lambda: read(con, ref_err, ref, fc))
    finally:
        done(con)


def dataset(o):
    con, ref, read = connect(o), o["ref"].encode(), c.IedConnection_readDataSetValues
    held = read(con, ref_err, ref, None)
    try:
        return timed(o, lambda: read(con, ref_err, ref, held))
    finally:
        done(con)


def associations(o):
    n, began = 0, time.perf_counter()
    while time.perf_counter() - began < o["ms"] / 1000:
        con = connect(o)
        c.IedConnection_release(con, ref_err)
        c.IedConnection_destroy(con)
        n += 1
    return {"count": n, "seconds": time.perf_counter() - began}


def rss(_):
    with open("/proc/self/status") as f:
        return {"rss": int(next(line for line in f if line.startswith("VmRSS:")).split()[1])}


for line in sys.stdin:
    order = json.loads(line)
    for _ in range(10):  # a connection ends now and then for no reason
        try:
            answer = globals()[order["op"]](order)
            break
        except Exception as e:
            answer = {"error": str(e) or repr(e)}
    print(json.dumps(answer), flush=True)
if "server" in state:
    c.IedServer_stop(state["server"])
