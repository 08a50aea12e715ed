// Package check tries the services of an IEC 61850 server (IEC 61850-7-2, as 8-1 and 8-2 map them) one by one and says
// of each whether the server does what the standards say: PASS, FAIL with what was expected and what came, or SKIP with
// the reason. It sees the server as any client does, through acsi/client.
//
// Without further leave it only reads. With AllowWrites it also writes back what it read, makes and deletes data sets of
// its own, enables report control blocks that nobody has and selects controls; entries that wait in such a buffered
// block may be purged by that. Objects are operated only if they are listed. Whatever it changes it changes back, also
// when a check fails or ctx ends in the middle.
package check
