"""A client of libiec61850: associates, walks the whole server and reads, and prints what it found as JSON.

client.py HOST PORT [PASSWORD]
"""
import json
import sys

import pyiec61850.pyiec61850 as lib

host, port = sys.argv[1], int(sys.argv[2])
out = {"devices": {}}


def texts(pair):
    """Gives the strings of a linked list that came with an error code."""
    head, err = pair
    if err != 0:
        raise SystemExit("error %d" % err)
    got, e = [], lib.LinkedList_getNext(head)
    while e:
        got.append(lib.toCharP(e.data))
        e = lib.LinkedList_getNext(e)
    return got


con = lib.IedConnection_create()
if len(sys.argv) > 3:
    auth = lib.AcseAuthenticationParameter_create()
    lib.AcseAuthenticationParameter_setAuthMechanism(auth, lib.ACSE_AUTH_PASSWORD)
    lib.AcseAuthenticationParameter_setPassword(auth, sys.argv[3])
    mms = lib.IedConnection_getMmsConnection(con)
    lib.IsoConnectionParameters_setAcseAuthenticationParameter(
        lib.MmsConnection_getIsoConnectionParameters(mms), auth)
_, err = lib.IedConnection_connect(con, host, port)
out["connect"] = err
if err == 0:
    for ld in texts(lib.IedConnection_getLogicalDeviceList(con)):
        nodes = out["devices"][ld] = {}
        for ln in texts(lib.IedConnection_getLogicalDeviceDirectory(con, ld)):
            nodes[ln] = texts(lib.IedConnection_getLogicalNodeDirectory(con, ld + "/" + ln, lib.ACSI_CLASS_DATA_OBJECT))
        for ln, objects in nodes.items():
            for do in objects:
                for fc in ("ST", "MX", "CF", "DC", "SP"):
                    value, err = lib.IedConnection_readObject(con, "%s/%s.%s" % (ld, ln, do), getattr(lib, "IEC61850_FC_" + fc))
                    if err == 0 and value is not None and lib.MmsValue_getType(value) != lib.MMS_DATA_ACCESS_ERROR:
                        out["reads"] = out.get("reads", 0) + 1
                        lib.MmsValue_delete(value)
    out["beh"] = lib.IedConnection_readInt32Value(con, "TLD0/LLN0.Beh.stVal", lib.IEC61850_FC_ST)
    lib.IedConnection_release(con)
    out["state"] = lib.IedConnection_getState(con)
lib.IedConnection_destroy(con)
json.dump(out, sys.stdout)
