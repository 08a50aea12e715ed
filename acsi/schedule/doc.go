// Package schedule runs the schedules of IEC 61850-90-10, which IEC 61850-7-4 Ed. 2.1 has taken over (annex K): logical nodes
// FSCH, each a row of values with an interval and start times, and FSCC, which lets the running schedule of the highest
// priority decide about one controlled entity.
//
// A Machine is one schedule and does no I/O: it takes the time and tells when it wants it again. A Manager joins the
// machines to the nodes of a server's model: enabling and disabling by the controls EnaReq and DsaReq, states and values in
// SchdSt, SchdEntr, SchdEnaErr and ValMV, and the effect on the controlled entity through Config.Apply.
//
// The names of data objects and the numbers of states and errors are those of public models. What the standard says about
// the states beyond that is from memory: a schedule without a start time waits in "start time required"; SchdReuse makes it
// ready again at its end, where it is not ready otherwise; the higher SchdPrio wins. Its parameters cannot be written while
// it is ready or running. A reference in InSyn to a boolean starts a schedule with EvTrg on its rising edge.
//
// Most users want NewManager, and call Step whenever it said.
package schedule
