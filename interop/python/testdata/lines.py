"""JSON lines on standard input and output, for programs with an event loop."""
import asyncio
import collections
import enum
import json
import sys


def plain(x):
    """Gives a value as JSON."""
    if isinstance(x, (bytes, bytearray)):
        return {"octets": bytes(x).hex()}
    if isinstance(x, enum.Enum):
        return x.name
    if isinstance(x, dict):
        return {str(k): plain(v) for k, v in x.items()}
    if isinstance(x, (list, tuple, set, frozenset, collections.deque)) and not hasattr(x, "_fields"):
        return [plain(v) for v in x]
    if hasattr(x, "_fields"):  # a named tuple
        return {k: plain(getattr(x, k)) for k in x._fields}
    if hasattr(x, "__dataclass_fields__"):
        return {k: plain(getattr(x, k)) for k in x.__dataclass_fields__}
    if x is None or isinstance(x, (bool, int, float, str)):
        return x
    return str(x)


def say(**line):
    """Writes one line."""
    sys.stdout.write(json.dumps(plain(line)) + "\n")
    sys.stdout.flush()


async def serve(methods):
    """Answers requests until the input ends."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        request = json.loads(line)
        try:
            got = methods[request["do"]](**request.get("args", {}))
            if asyncio.iscoroutine(got):
                got = await got
            say(id=request["id"], result=got)
        except Exception as e:  # the other end decides what that means
            say(id=request["id"], error="%s: %s" % (type(e).__name__, e))
