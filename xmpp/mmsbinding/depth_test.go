package mmsbinding

import (
	"errors"
	"testing"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// TestDeepestPDUFitsTheStream: what the XER writer writes, a stream carries with stanza and association around it. A deeper
// value is an error of ours and not the end of the stream.
func TestDeepestPDUFitsTheStream(t *testing.T) {
	v, n := model.Visible("\x1b"), 0 // <esc/> is one more element inside the deepest
	for {
		pdu, err := mms.AppendXER(nil, &mms.ConfirmedResponse{Service: &mms.ReadResponse{Results: []mms.AccessResult{{Value: v}}}}, mms.GW1)
		if errors.Is(err, asn1.ErrTooDeep) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		s := "<a><iq><assoc>" + string(pdu) + "</assoc></iq></a>" // a stands for the stream
		if !xmlscan.Valid([]byte(s)) {
			t.Fatalf("nested %d deep the stream refuses %s", n, s)
		}
		if n++; n > 100 {
			t.Fatal("nothing is too deep")
		}
		v = model.Struct(v)
	}
	if n < 20 {
		t.Errorf("nested %d deep is too deep", n)
	}
}
