"""A client of hat-drivers that does what JSON lines tell it. Types are told at the start, as this client wants them."""
import asyncio
import datetime

from hat.drivers import iec61850 as lib
from hat.drivers import net
from lines import say, serve

state = {}
T, A = lib.BasicValueType, lib.AcsiValueType
REFS = {
    "AnIn1": (lib.DataRef("GWLD0", "GGIO1", "MX", ("AnIn1",)),
              lib.StructValueType([("mag", lib.StructValueType([("f", T.FLOAT)])), ("q", A.QUALITY), ("t", A.TIMESTAMP)])),
    "AnIn2": (lib.DataRef("GWLD0", "GGIO1", "MX", ("AnIn2", "mag", "f")), T.FLOAT),
    "Ind1": (lib.DataRef("GWLD0", "GGIO1", "ST", ("Ind1",)), lib.StructValueType([("stVal", T.BOOLEAN), ("q", A.QUALITY), ("t", A.TIMESTAMP)])),
    "Other": (lib.DataRef("GWLD1", "GGIO9", "ST", ("Ind1", "stVal")), T.BOOLEAN),
    "Set1": (lib.DataRef("GWLD0", "GGIO1", "SP", ("Set1", "setMag", "f")), T.FLOAT),
    "Ind1.stVal": (lib.DataRef("GWLD0", "GGIO1", "ST", ("Ind1", "stVal")), T.BOOLEAN),
}
COMMANDS = {n: lib.CommandRef("GWLD0", "GGIO2", n) for n in ("SPCSO1", "SPCSO2", "SPCSO3", "SPCSO4")}
MEMBERS = [REFS[n][0] for n in ("AnIn1", "AnIn2", "Ind1", "Other")]


async def connect(addr):
    host, port = addr.split(":")
    state["con"] = await lib.connect(
        net.TcpAddress(host, int(port)), data_value_types=dict(REFS.values()), cmd_value_types={r: T.BOOLEAN for r in COMMANDS.values()},
        report_data_refs={"GWLD0/LLN0$RP$urcb01": MEMBERS, "buf": MEMBERS}, report_cb=lambda r: say(event="report", report=r),
        termination_cb=lambda t: say(event="termination", ref=t.ref.name, failed=t.error is not None, cause=cause(t.error)))


async def disconnect():
    await state["con"].async_close()


def dataset(name):
    return lib.PersistedDatasetRef("GWLD0", "LLN0", name)


def checked(got):
    if isinstance(got, lib.ServiceError):
        raise RuntimeError(got.name)
    return got


async def datasets():
    return [r.name for r in checked(await state["con"].get_persisted_dataset_refs("GWLD0"))]


async def members(name):
    return [[r.logical_device, r.logical_node, r.fc, ".".join(r.names)] for r in checked(await state["con"].get_dataset_data_refs(dataset(name)))]


async def define(name, refs):
    checked(await state["con"].create_dataset(dataset(name), [REFS[r][0] for r in refs]))


async def undefine(name):
    checked(await state["con"].delete_dataset(dataset(name)))


def rcb(name):
    kind = lib.RcbType.BUFFERED if name.startswith("b") else lib.RcbType.UNBUFFERED
    return lib.RcbRef("GWLD0", "LLN0", kind, name)


async def get_rcb(name):
    kinds = [k for k in lib.RcbAttrType if k.name in ("REPORT_ID", "REPORT_ENABLE", "DATASET", "CONF_REVISION", "BUFFER_TIME")]
    got = await state["con"].get_rcb_attrs(rcb(name), kinds)
    return {k.name: checked(v) for k, v in got.items()}


async def set_rcb(name, values):
    attrs = []
    for k, v in values.items():
        if k == "TRIGGER_OPTIONS":
            v = {lib.TriggerCondition[x] for x in v}
        if k == "OPTIONAL_FIELDS":
            v = set(lib.OptionalField)
        attrs.append((lib.RcbAttrType[k], v))
    for k, got in (await state["con"].set_rcb_attrs(rcb(name), attrs)).items():
        checked(got)


async def write(name, value):
    checked(await state["con"].write_data(REFS[name][0], value))


def cause(error):
    return error.additional_cause.name if error and error.additional_cause else None


async def step(name, do, value, number):
    now = lib.Timestamp(datetime.datetime.now(datetime.timezone.utc), False, False, False, None)
    cmd = lib.Command(value=value, operate_time=None, origin=lib.Origin(lib.OriginCategory.REMOTE_CONTROL, b"hat"), control_number=number, t=now,
                      test=False, checks=set())
    if do == "select":
        cmd = None
        do = "select"
    elif do == "select_with_value":
        do = "select"
    error = await getattr(state["con"], do)(COMMANDS[name], cmd)
    return {"success": error is None, "cause": cause(error)}


asyncio.run(serve({f.__name__: f for f in (
    connect, disconnect, datasets, members, define, undefine, get_rcb, set_rcb, write, step)}))
