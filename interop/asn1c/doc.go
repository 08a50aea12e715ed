// Package asn1c proves the codecs of MMS against a converter that asn1c, an ASN.1 compiler, makes of mms.asn. The
// converter runs as a separate process; nothing of it is part of Gridward.
package asn1c
