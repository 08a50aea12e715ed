"""A client of iec61850 that does what JSON lines tell it."""
import asyncio

import iec61850 as lib
from lines import plain, say, serve

state = {"controls": {}}


async def connect(addr):
    state["con"] = await lib.IedConnection.connect(addr, timeout_ms=5000, request_timeout_ms=5000)
    state["reports"] = state["con"].spawn_report_dispatcher(interval_ms=20)


async def disconnect():
    await state["reports"].aclose()
    await state["con"].disconnect()


async def call(name, args):
    """Calls a method of the connection; FC.x and AcsiClass.x stand for members of those."""
    def arg(x):
        if isinstance(x, list):
            return [arg(v) for v in x]
        if isinstance(x, str) and x.startswith("FC."):
            return lib.FC[x[3:]]
        if isinstance(x, str) and x.startswith("AcsiClass."):
            return lib.AcsiClass[x[10:]]
        if isinstance(x, dict) and "members" in x:
            return [lib.DataSetMember(m[0], lib.FC[m[1]]) for m in x["members"]]
        if isinstance(x, dict) and "octets" in x:
            return bytes.fromhex(x["octets"])
        return x
    return plain(await getattr(state["con"], name)(*[arg(x) for x in args]))


FIELDS = ("rpt_id", "rpt_ena", "resv", "dataset", "buf_time_ms", "integrity_period_ms", "gi", "purge_buf", "resv_tms", "conf_rev", "sq_num", "is_buffered")
MASKS = {"buf_time_ms": "buf_time", "integrity_period_ms": "integrity_period"}


async def rcb(ref):
    r = await state["con"].get_rcb_values(ref)
    return {n: getattr(r, n) for n in FIELDS}


async def set_rcb(ref, values):
    r = await state["con"].get_rcb_values(ref)
    for n, x in values.items():
        if n == "trigger_options":
            x = lib.TriggerOptions(**{t: True for t in x})
        elif n == "entry_id":
            x = bytes.fromhex(x)
        setattr(r, n, x)
    await state["con"].set_rcb_values(r, lib.RcbWriteMask.fields(*[MASKS.get(n, n) for n in values]))


async def subscribe(ref, rptID=None):
    await state["con"].install_report_handler(ref, lambda r: say(event="report", report=r), rpt_id=rptID)


async def gi(ref):
    await state["con"].trigger_gi(ref)


def control(ref, model):
    c = state["controls"][ref] = state["con"].create_control_object(ref, lib.ControlModel[model])
    c.set_origin(lib.OriginValue(or_cat=3, or_ident=b"rust"))


async def step(ref, do, value=None):
    c = state["controls"][ref]
    if do == "select":
        return {"success": await c.select(), "cause": None}
    got = await getattr(c, do)(value)
    return {"success": got.success, "cause": None if got.add_cause is None else got.add_cause.value}


asyncio.run(serve({f.__name__: f for f in (connect, disconnect, call, rcb, set_rcb, subscribe, gi, control, step)}))
