// Package presentation reads and writes the PPDUs of X.226 (ISO 8823-1) in normal mode: CP, CPA, CPR, user data, ARU and
// ARP. Contexts are found by their abstract syntax, whatever their numbers and order. Context management after set-up is
// not there.
package presentation
