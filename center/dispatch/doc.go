// Package dispatch gives set-points and limits to DERs through the control services of IEC 61850-7-2 clause 20, one
// after the other for each DER, and remembers how each command ended.
//
// A command is checked against what the DER can do before it is sent. It is never repeated: after a timeout or a lost
// association its outcome is unknown, which the record says, and only the reported values tell what the DER does.
package dispatch
