"""A server of iec61850 with the SCL file that it is told, whose commands succeed, or do what the test has said."""
import asyncio

import iec61850 as lib
from lines import say, serve

state = {"controls": {}}


def inst(ref):
    """The library's own references begin with the instance of the logical device, those on the wire with the name of the IED."""
    return ref.removeprefix("GW")


MODELS = ("direct-normal", "sbo-normal", "direct-enhanced", "sbo-enhanced")


class Refusal(Exception):
    def __init__(self, cause):
        super().__init__(str(cause))
        self.add_cause = cause


def handle(path, model):
    def step(name):
        def f(_, value, action):
            how = state["controls"].get(path, {})
            if how.get(name):
                raise Refusal(how[name])
            if name == "fail":
                state["server"].update_bool(path + ".stVal", value)
                say(event="command", ref=path, value=value)
        return f
    state["server"].on_control(path, ctl_model=model, check=step("refuse"), operate=step("fail"))


async def start(scl):
    s = state["server"] = lib.IedServer.from_scl(scl, ied_name="GW")
    s.bind("127.0.0.1:0")
    s.vendor, s.model_name, s.revision = "iec61850", "peer", "1"
    for i, model in enumerate(MODELS):
        handle("LD0/GGIO2.SPCSO%d" % (i + 1), model)
    await s.start()
    return s.bound_addr


async def stop():
    await state["server"].stop()


def update(ref, value):
    (kind, x), = value.items()
    {"bool": state["server"].update_bool, "float": state["server"].update_float32, "int": state["server"].update_int32}[kind](inst(ref), x)


def control(ref, refuse=0, fail=0, obey=0):
    state["controls"][inst(ref)] = {"refuse": refuse, "fail": fail}


asyncio.run(serve({f.__name__: f for f in (start, stop, update, control)}))
