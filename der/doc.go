// Package der is the agent of a distributed energy resource: an IEC 61850 server for one photovoltaic plant, battery,
// load or charge point, with the logical nodes of IEC 61850-7-420 and -7-4, reached over XMPP (IEC 61850-8-2). It dials
// out only and listens nowhere.
//
// [New] and [Agent.Run] are all that most users need. An Agent steps its device (the models of package der/device, or an
// adapter of your own), shows its points in the server with quality and time, obeys limits and set-points that come as
// controls, and falls back to a configured limit when nobody has been associated for a while.
//
// The files under scl are templates (ICD, edition 2.1) with the IED name TEMPLATE; [Instantiate] makes the CID of one
// device of them. Another SCL file serves as well: [Config.Map] says which point is which data object.
package der
