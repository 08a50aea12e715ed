// Package fleettest has simulated DERs behind [fleet.Dialer] and [fleet.Session]: a twin of the real association without
// encoding and network, for the tests of the control centre and its dashboard. They misbehave on request.
package fleettest
