"""A server of libiec61850 with one logical device. It prints a line when it listens, and ends with its standard input.

server.py PORT
"""
import sys

import pyiec61850.pyiec61850 as lib

model = lib.IedModel_create("FOREIGN")
device = lib.LogicalDevice_create("LD0", model)
lln0 = lib.LogicalNode_create("LLN0", device)
for name in ("Mod", "Beh", "Health"):
    lib.CDC_ENS_create(name, lib.toModelNode(lln0), 0)
ggio = lib.LogicalNode_create("GGIO1", device)
measured = lib.CDC_MV_create("AnIn1", lib.toModelNode(ggio), 0, False)
lib.CDC_SPS_create("Ind1", lib.toModelNode(ggio), 0)

server = lib.IedServer_create(model)
lib.IedServer_start(server, int(sys.argv[1]))
if not lib.IedServer_isRunning(server):
    raise SystemExit("the server does not run")
print("listening", flush=True)
sys.stdin.read()
lib.IedServer_stop(server)
lib.IedServer_destroy(server)
