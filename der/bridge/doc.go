// Package bridge presents an existing device of IEC 61850-8-1 to clients of IEC 61850-8-2: the way a device without 8-2
// joins a virtual power plant. It works on MMS PDUs, not on values: every association of a client has an association of
// its own with the device, so that model, data sets, reports, reservations, selects, setting groups, logs and files are the
// device's own and stay apart for each client.
//
// What the device cannot do is done here: rights and audit by the client's principal, since the device sees only the
// bridge, and the age of a command, since a stream of 8-2 may deliver it late. Services that the bridge does not know
// are refused. What the device reports crosses unchanged.
package bridge
