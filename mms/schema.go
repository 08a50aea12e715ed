package mms

import _ "embed" // for gw1.xsd

// GW1Schema is the XML schema of what AppendXER writes in the dialect GW1. It is Gridward's own, not that of IEC
// 61850-8-2.
//
//go:embed gw1.xsd
var GW1Schema string
