package server_test

import (
	"testing"
	"time"

	"github.com/gridward/gridward/xmpp/stanza"
)

// Whatever an authenticated peer writes, the server goes on, nobody else is disturbed, and nothing reaches another
// session that the rules do not let through or that does not name its sender.
func FuzzAuthenticatedPeer(f *testing.F) {
	for _, s := range []string{
		"<message to='ems@grid.example/IEC'><body>x</body></message>",
		"<iq type='set' id='1' to='ems@grid.example/IEC'><operate xmlns='urn:x'/></iq>",
		"<iq type='get' id='1' to='grid.example'><ping xmlns='urn:xmpp:ping'/></iq>",
		"<presence from='der2@grid.example/IEC' to='ems@grid.example/IEC'/>",
		"<message from='ems@grid.example/IEC' to='ems@grid.example/IEC'/>",
		"<r xmlns='urn:xmpp:sm:3'/><a xmlns='urn:xmpp:sm:3' h='0'/><enable xmlns='urn:xmpp:sm:3'/>",
		"<!DOCTYPE a [<!ENTITY b 'c'>]>", "<message>&b;</message>", "<!-- -->", "</stream:stream>", "<a xmlns='b'><![CDATA[x]]></a>",
		"<iq type='result' id='1' to='ems@grid.example/IEC'/>", "<presence type='unavailable'/><presence/>",
	} {
		f.Add([]byte(s))
	}
	r := start(f, fast)
	ems := r.must("ems", loginOptions{})
	ems.sendf(online)
	ems.roundTrip()
	f.Fuzz(func(t *testing.T, data []byte) {
		r.t, ems.t = t, t // one after the other
		p, err := r.login("der2", loginOptions{noSM: true})
		if err != nil {
			t.Fatal(err)
		}
		p.write(data)
		p.write([]byte("</stream:stream>")) // or what it is taken for
		_ = p.tls.CloseWrite()
		_ = p.raw.SetReadDeadline(time.Now().Add(10 * time.Second))
		<-p.ended
		if p.err == nil {
			t.Error("the stream did not end")
		}
		_ = p.raw.Close()
		r.awaitSessions(1)
		ems.sendf("<iq type='get' id='after'><ping xmlns='urn:xmpp:ping'/></iq>")
		for {
			st := ems.next()
			if st.ID == "after" && st.From.String() != full("der2").String() {
				return
			}
			if st.From != full("der2") || st.Kind == stanza.IQ && st.Type != stanza.TypeError {
				t.Errorf("the centre got %s", st.Append(nil))
			}
		}
	})
}
