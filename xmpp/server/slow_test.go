package server_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stanza"
)

// A peer that does not read is disconnected, and holds up nobody meanwhile.
func TestSlowReaderIsDisconnected(t *testing.T) {
	r := start(t, func(c *server.Config) {
		fast(c)
		c.Limits.OutBuffer = 300_000
	})
	ems := r.must("ems", loginOptions{})
	c, err := r.dial(site().client("der2@" + domain))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	bind := "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>"
	for _, s := range []string{header + "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>", header + bind} {
		if _, err := c.Write([]byte(s)); err != nil {
			t.Fatal(err)
		}
		if s == header+bind {
			break
		}
		var said []byte
		for buf := make([]byte, 1024); !bytes.Contains(said, []byte("<success")); {
			n, err := c.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			said = append(said, buf[:n]...)
		}
	}
	r.awaitSessions(2)
	body := []byte("<body>" + strings.Repeat("x", 60_000) + "</body>")
	for i := range 400 { // far more than the sockets hold
		ems.send(&stanza.Stanza{Kind: stanza.Message, To: full("der2"), Payload: body})
		if i%10 == 0 && r.Stats().Events[server.Overflow] > 0 {
			break
		}
	}
	r.await(server.Overflow, "")
	r.awaitSessions(1)
	for { // the rest was answered
		if st := ems.next(); st.Err != nil && st.Err.Cond == stanza.RecipientUnavailable {
			break
		}
		ems.send(&stanza.Stanza{Kind: stanza.Message, To: full("der2"), Payload: body[:13]})
	}
}

// Who stands for many may send as much as they.
func TestWeight(t *testing.T) {
	r := start(t, func(c *server.Config) {
		c.Limits.StanzaRate, c.Limits.StanzaBurst, c.Limits.PendingIQ = 1, 2, 2
		c.Policy.Accounts[1].Weight = 100
	})
	ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
	begin := time.Now()
	for i := range 150 {
		ems.send(request("der1", fmt.Sprint(i)))
	}
	for i := range 150 {
		if st := der.next(); st.ID != fmt.Sprint(i) {
			t.Fatalf("got %s", st.Append(nil))
		}
	}
	if d := time.Since(begin); d > 30*time.Second { // 148 s at the rate of one
		t.Errorf("took %v", d)
	}
}

// Reading is slowed down to the rate that is allowed; nothing is lost.
func TestFastSenderIsSlowedDown(t *testing.T) {
	r := start(t, func(c *server.Config) { c.Limits.StanzaRate, c.Limits.StanzaBurst = 100, 10 })
	p := r.must("der1", loginOptions{})
	begin := time.Now()
	const n = 60
	for i := range n {
		p.sendf(fmt.Sprintf("<iq type='get' id='%d'><ping xmlns='urn:xmpp:ping'/></iq>", i))
	}
	for i := range n {
		if st := p.next(); st.ID != fmt.Sprint(i) {
			t.Fatalf("got %s", st.Append(nil))
		}
	}
	p.roundTrip() // is read only when the debt is paid
	if d := time.Since(begin); d < 300*time.Millisecond {
		t.Errorf("%d stanzas took %v", n, d)
	}
}
