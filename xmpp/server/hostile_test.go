package server_test

import (
	"strings"
	"testing"

	"github.com/gridward/gridward/xmpp/xmlscan"
)

// What one peer may send must be what every other takes: the address that the router writes makes a stanza longer, what it
// unfolds makes it longer still.
func TestNobodyIsCutOffByWhatAnotherSends(t *testing.T) {
	r := start(t, nil)
	ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
	head := "<message id='m' to='" + full("der1").String() + "'"
	fill := func(n int) string { return strings.Repeat("x", n) }
	const body, end = "<body>", "</body></message>"
	tests := []struct {
		name, xml string
		pass      bool
	}{
		{"as long as may be", head + ">" + body + fill(xmlscan.LimitDefault-len(head)-1-len(body)-len(end)) + end, true},
		{"end of CDATA", head + ">" + body + "<![CDATA[]]]]>>" + end, true},
		{"CDATA that unfolds", head + ">" + body + "<![CDATA[" + strings.Repeat("&", 200_000) + "]]>" + end, false},
		{"quotes", head + " type=\"" + strings.Repeat("'", 4000) + "\"/>", false},
		{"condition of XML", "<message type='error' to='" + full("der1").String() + "'><error type='wait'><xml:a/></error></message>", true},
	}
	for _, tt := range tests {
		ems.sendf(tt.xml)
		if tt.pass {
			der.next()
		} else if st := ems.next(); st.Type != "error" || st.ID != "m" {
			t.Errorf("%s: answered by %.200s", tt.name, st.Append(nil))
		}
		der.roundTrip()
		ems.roundTrip()
	}
}
