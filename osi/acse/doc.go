// Package acse is the association control service of X.227 (ISO 8650-1): AARQ, AARE, RLRQ, RLRE and ABRT, with the
// authentication functional unit. Mechanism and authentication value are arbitrary in both directions; what they mean is
// an Authenticator's affair.
package acse
