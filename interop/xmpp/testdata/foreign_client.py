"""A foreign client (slixmpp) at our router. Prints one JSON object a line: what it did and what came of it.

usage: foreign_client.py MODE HOST PORT JID CERT KEY CA
"""
import asyncio
import json
import logging
import sys

import slixmpp
from slixmpp.exceptions import IqError, IqTimeout


def say(step, **what):
    print(json.dumps({"step": step, **what}), flush=True)


async def ask(step, coroutine):
    try:
        res = await coroutine
        say(step, ok=True, type=res["type"])
        return res
    except IqError as e:
        say(step, ok=False, condition=e.iq["error"]["condition"])
    except IqTimeout:
        say(step, ok=False, condition="timeout")


class Client(slixmpp.ClientXMPP):
    def __init__(self, jid, mode, cert, key, ca):
        super().__init__(jid, "", sasl_mech="EXTERNAL")
        self.certfile, self.keyfile, self.ca_certs = cert, key, ca
        self.enable_direct_tls, self.enable_starttls = mode == "direct", mode == "starttls"
        for plugin in ("xep_0030", "xep_0199", "xep_0198"):
            self.register_plugin(plugin)
        self.add_event_handler("session_start", self.started)
        self.add_event_handler("message", lambda m: say("message", sender=str(m["from"]), type=m["type"]))
        self.add_event_handler("message_error", lambda m: say("message error", sender=str(m["from"]), condition=m["error"]["condition"]))
        self.add_event_handler("presence_available", lambda p: say("presence", sender=str(p["from"])))
        self.add_event_handler("failed_all_auth", lambda e: self.over("refused"))
        self.add_event_handler("stream_error", lambda e: say("stream error", condition=e["condition"]))
        self.add_event_handler("session_bind_error", lambda e: self.over("bind refused"))
        self.add_event_handler("disconnected", lambda e: self.over("disconnected"))
        self.done = asyncio.get_event_loop().create_future()

    def over(self, why):
        if not self.done.done():
            say(why)
            self.done.set_result(why)

    async def started(self, _):
        say("bound", jid=str(self.boundjid))
        self.send_presence()
        await ask("ping", self.plugin["xep_0199"].send_ping(self.boundjid.domain))
        await ask("disco", self.plugin["xep_0030"].get_info(jid=self.boundjid.domain))
        await ask("roster", self.get_roster())
        for name in ("ems", "der2"):
            await ask("ask " + name, self.plugin["xep_0199"].send_ping(name + "@" + self.boundjid.domain + "/IEC"))
            self.send_message(mto=name + "@" + self.boundjid.domain + "/IEC", mbody="report")
        say("managed", sm=bool(self.plugin["xep_0198"].enabled_in))

    def forge(self):
        m = self.make_message(mto="ems@" + self.boundjid.domain + "/IEC", mbody="forged")
        m["from"] = "der2@" + self.boundjid.domain + "/IEC"
        m.send()


async def main():
    mode, host, port, jid, cert, key, ca = sys.argv[1:]
    c = Client(jid, mode, cert, key, ca)
    c.connect(host, int(port))

    async def commands():
        loop = asyncio.get_event_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            if line.strip() == "forge":
                c.forge()
            else:
                c.disconnect()

    asyncio.ensure_future(commands())
    await asyncio.wait_for(c.done, 60)


logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
sys.stdout.flush()
import os

os._exit(0)  # the thread that waits for standard input is not waited for
