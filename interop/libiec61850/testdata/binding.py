"""What client.py and server.py share: calls of libiec61850 by ctypes, since callbacks need C functions, and JSON lines on
standard input and output. Values are JSON objects with the name of their type: {"bool": true}, {"struct": [...]}.
"""
import ctypes as c
import glob
import json
import os
import sys
import threading

import pyiec61850
import pyiec61850.pyiec61850 as k  # the constants

_so = c.CDLL(glob.glob(os.path.join(os.path.dirname(pyiec61850.__file__), "..", "pyiec61850_ng.libs", "libiec61850-*"))[0])
_types = {"v": None, "p": c.c_void_p, "s": c.c_char_p, "i": c.c_int, "u": c.c_uint32, "q": c.c_uint64, "b": c.c_bool,
          "d": c.c_double, "f": c.c_float, "o": c.c_uint8, "l": c.c_int64, "h": c.c_uint16}


class ApplError(c.Structure):
    """LastApplError of a control."""
    _fields_ = [("ctlNum", c.c_int), ("error", c.c_int), ("addCause", c.c_int)]


_types["A"] = ApplError


def fn(name, signature):
    """Gives a function of the library; the first letter of the signature is the result."""
    f = getattr(_so, name)
    f.restype, f.argtypes = _types[signature[0]], [_types[x] for x in signature[1:]]
    return f


def b(text):
    """Gives the octets of a text, None of None."""
    return None if text is None else text.encode()


keep = []  # callbacks live as long as the process


def callback(signature, f):
    """Makes a C function of f."""
    f = c.CFUNCTYPE(_types[signature[0]], *[_types[x] for x in signature[1:]])(f)
    keep.append(f)
    return f


_out = threading.Lock()


def say(**line):
    """Writes one line."""
    with _out:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


class Refused(Exception):
    """An error code of the library."""

    def __init__(self, code):
        super().__init__(NAMES.get(code, str(code)))


NAMES = {getattr(k, n): n[len("IED_ERROR_"):] for n in dir(k) if n.startswith("IED_ERROR_")}


def serve(methods):
    """Answers requests until the input ends."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            say(id=request["id"], result=methods[request["do"]](**request.get("args", {})))
        except Exception as e:  # the other end decides what that means
            say(id=request["id"], error="%s: %s" % (type(e).__name__, e))


# Values.
_type = fn("MmsValue_getType", "ip")
_size = fn("MmsValue_getArraySize", "up")
_element = fn("MmsValue_getElement", "ppi")
_bool = fn("MmsValue_getBoolean", "bp")
_int = fn("MmsValue_toInt64", "lp")
_double = fn("MmsValue_toDouble", "dp")
_string = fn("MmsValue_toString", "sp")
_bits = fn("MmsValue_getBitStringSize", "ip")
_bit = fn("MmsValue_getBitStringBit", "bpi")
_octets = fn("MmsValue_getOctetStringBuffer", "pp")
_octet_count = fn("MmsValue_getOctetStringSize", "hp")
_utc = fn("MmsValue_getUtcTimeInMs", "qp")
_entry = fn("MmsValue_getBinaryTimeAsUtcMs", "qp")
_access = fn("MmsValue_getDataAccessError", "ip")
delete = fn("MmsValue_delete", "vp")


def octets(v):
    """Gives an octet string as hex."""
    return c.string_at(_octets(v), _octet_count(v)).hex()


def value(v):
    """Gives a value as JSON."""
    if not v:
        return None
    kind = _type(v)
    if kind in (k.MMS_STRUCTURE, k.MMS_ARRAY):
        members = [value(_element(v, i)) for i in range(_size(v))]
        return {"struct": members} if kind == k.MMS_STRUCTURE else {"array": members}
    if kind == k.MMS_BOOLEAN:
        return {"bool": _bool(v)}
    if kind == k.MMS_INTEGER:
        return {"int": _int(v)}
    if kind == k.MMS_UNSIGNED:
        return {"uint": _int(v)}
    if kind == k.MMS_FLOAT:
        return {"float": _double(v)}
    if kind == k.MMS_BIT_STRING:
        return {"bits": "".join("01"[_bit(v, i)] for i in range(_bits(v)))}
    if kind == k.MMS_OCTET_STRING:
        return {"octets": octets(v)}
    if kind == k.MMS_VISIBLE_STRING:
        return {"string": _string(v).decode()}
    if kind == k.MMS_STRING:
        return {"unicode": _string(v).decode()}
    if kind == k.MMS_UTC_TIME:
        return {"time": _utc(v)}
    if kind == k.MMS_BINARY_TIME:
        return {"entry": _entry(v)}
    if kind == k.MMS_DATA_ACCESS_ERROR:
        return {"error": _access(v)}
    return {"kind": kind}


_new_struct = fn("MmsValue_createEmptyStructure", "pi")
_set = fn("MmsValue_setElement", "vpip")
_new_bool = fn("MmsValue_newBoolean", "pb")
_new_int = fn("MmsValue_newIntegerFromInt64", "pl")
_new_uint = fn("MmsValue_newUnsignedFromUint32", "pu")
_new_float = fn("MmsValue_newFloat", "pf")
_new_double = fn("MmsValue_newDouble", "pd")
_new_string = fn("MmsValue_newVisibleString", "ps")
_new_unicode = fn("MmsValue_newMmsString", "ps")
_new_bits = fn("MmsValue_newBitString", "pi")
_set_bit = fn("MmsValue_setBitStringBit", "vpib")
_new_utc = fn("MmsValue_newUtcTimeByMsTime", "pq")
_new_octets = fn("MmsValue_newOctetString", "pii")
_set_octets = fn("MmsValue_setOctetString", "vpsi")


def made(v):
    """Makes a value of JSON."""
    (kind, x), = v.items()
    if kind == "struct":
        s = _new_struct(len(x))
        for i, m in enumerate(x):
            _set(s, i, made(m))
        return s
    if kind == "bits":
        s = _new_bits(len(x))
        for i, bit in enumerate(x):
            _set_bit(s, i, bit == "1")
        return s
    if kind == "octets":
        x = bytes.fromhex(x)
        s = _new_octets(len(x), 64)
        _set_octets(s, x, len(x))
        return s
    if kind in ("string", "unicode"):
        return (_new_string if kind == "string" else _new_unicode)(x.encode())
    return {"bool": _new_bool, "int": _new_int, "uint": _new_uint, "float": _new_float, "double": _new_double, "time": _new_utc}[kind](x)


# Linked lists.
list_new = fn("LinkedList_create", "p")
list_add = fn("LinkedList_add", "vpp")
_next = fn("LinkedList_getNext", "pp")
_data = fn("LinkedList_getData", "pp")
list_free = fn("LinkedList_destroyStatic", "vp")


def items(head):
    """Gives the pointers of a list."""
    e = _next(head) if head else None
    while e:
        yield _data(e)
        e = _next(e)


def texts(head):
    """Gives the strings of a list."""
    return [c.string_at(p).decode() for p in items(head)]
