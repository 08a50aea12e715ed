package server_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stanza"
)

func TestRules(t *testing.T) {
	r := start(t, fast)
	ems, d1, d2 := r.must("ems", loginOptions{}), r.must("der1", loginOptions{}), r.must("der2", loginOptions{})
	peers := map[string]*peer{"ems": ems, "der1": d1, "der2": d2}
	for _, p := range peers {
		p.sendf(online)
		p.roundTrip()
	}
	for _, p := range peers { // the presences of each other
		p.roundTrip()
	}
	tests := []struct {
		from, to, kind string
		ok             bool
	}{
		{"ems", "der1", "iq", true},
		{"ems", "der1", "message", true},
		{"ems", "der1", "presence", true},
		{"der1", "ems", "iq", false},
		{"der1", "ems", "message", true},
		{"der1", "ems", "presence", true},
		{"der1", "der2", "iq", false},
		{"der1", "der2", "message", false},
		{"der1", "der2", "presence", false},
	}
	for _, tt := range tests {
		t.Run(tt.from+" "+tt.kind+" "+tt.to, func(t *testing.T) {
			st := request(tt.to, "x")
			switch tt.kind {
			case "message":
				st = message(tt.to, "x")
			case "presence":
				st = &stanza.Stanza{Kind: stanza.Presence, ID: "x", To: full(tt.to)}
			}
			from, to := peers[tt.from], peers[tt.to]
			from.send(st)
			switch {
			case tt.ok:
				got := to.next()
				if got.ID != "x" || got.From != from.jid {
					t.Errorf("got %s", got.Append(nil))
				}
				if tt.kind == "iq" {
					to.send(got.Reply(nil))
					from.next()
				}
			case tt.kind == "presence":
				from.nothing()
			default:
				if got := from.next(); got.Err == nil || got.Err.Cond != stanza.NotAllowed {
					t.Errorf("got %s", got.Append(nil))
				}
			}
			to.nothing()
		})
	}
	if n := r.Stats().Denied; n["iq"] != 2 || n["message"] != 1 || n["presence"] != 1 {
		t.Errorf("counted %v", n)
	}
}

func TestAddresses(t *testing.T) {
	r := start(t, fast)
	ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
	tests := []struct{ name, xml, want string }{
		{"request to an absent device", "<iq type='get' id='1' to='der9@grid.example/IEC'><a xmlns='u'/></iq>", stanza.ServiceUnavailable},
		{"message to an absent device", "<message id='1' to='der9@grid.example/IEC'/>", stanza.RecipientUnavailable},
		{"message to a bare JID", "<message id='1' to='der1@grid.example'/>", stanza.ServiceUnavailable},
		{"request to a bare JID", "<iq type='set' id='1' to='der1@grid.example'><a xmlns='u'/></iq>", stanza.ServiceUnavailable},
		{"another domain", "<message id='1' to='a@b.example/IEC'/>", stanza.RemoteServerNotFound},
		{"malformed address", "<message id='1' to='@'/>", stanza.JIDMalformed},
		{"request without child", "<iq type='get' id='1' to='der1@grid.example/IEC'/>", stanza.BadRequest},
		{"message to the server", "<message id='1' to='grid.example'/>", stanza.NotAllowed},
		{"error to an absent device", "<message type='error' id='1' to='der9@grid.example/IEC'/>", ""},
		{"result to an absent device", "<iq type='result' id='1' to='der9@grid.example/IEC'/>", ""},
		{"result that nobody asked for", "<iq type='result' id='1' to='der1@grid.example/IEC'/>", ""},
	}
	for _, tt := range tests {
		ems.sendf(tt.xml)
		if tt.want == "" {
			ems.nothing()
			continue
		}
		if st := ems.next(); st.ID != "1" || st.Err == nil || st.Err.Cond != tt.want {
			t.Errorf("%s: got %s", tt.name, st.Append(nil))
		}
	}
	der.nothing()
}

// An answer passes only from who was asked, once, with the id of the request.
func TestForgedAnswers(t *testing.T) {
	r := start(t, fast)
	ems, d1, d2 := r.must("ems", loginOptions{}), r.must("der1", loginOptions{}), r.must("der2", loginOptions{})
	ems.send(request("der1", "q"))
	req := d1.next()
	forged := &stanza.Stanza{Kind: stanza.IQ, Type: stanza.Result, ID: "q", To: ems.jid}
	d2.send(forged)
	d2.roundTrip()
	other := *forged
	other.ID = "other"
	d1.send(&other)
	d1.send(req.Reply([]byte("<v xmlns='u'/>")))
	d1.send(req.Reply([]byte("<again xmlns='u'/>")))
	d1.roundTrip()
	if st := ems.next(); st.ID != "q" || st.From != d1.jid || string(st.Payload) != "<v xmlns='u'/>" {
		t.Errorf("got %s", st.Append(nil))
	}
	ems.nothing()
	if n := r.Stats().Events[server.Unsolicited]; n != 3 {
		t.Errorf("%d counted", n)
	}
}

func TestTooManyRequests(t *testing.T) {
	r := start(t, func(c *server.Config) { fast(c); c.Limits.PendingIQ = 8 })
	ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
	for i := range 9 {
		ems.send(request("der1", fmt.Sprint(i)))
	}
	if st := ems.next(); st.ID != "8" || st.Err == nil || st.Err.Cond != stanza.ResourceConstraint || st.Err.Type != "wait" {
		t.Errorf("got %s", st.Append(nil))
	}
	st := der.next()
	der.send(st.Reply(nil))
	ems.next()
	ems.send(request("der1", "1"))
	if st := ems.next(); st.ID != "1" || st.Err == nil || st.Err.Cond != stanza.Conflict {
		t.Errorf("the same id twice: got %s", st.Append(nil))
	}
	ems.send(request("der1", "9"))
	ems.nothing()
}

// Between two addresses the order of all kinds of stanzas is kept, whatever sixteen others do at the same time.
func TestOrder(t *testing.T) {
	const senders, each = 16, 300
	r := start(t, func(c *server.Config) { fast(c); c.Limits.QueueStanzas = 10000 })
	ems := r.must("ems", loginOptions{})
	ems.sendf(online)
	var wg sync.WaitGroup
	for s := range senders {
		p := r.must(fmt.Sprint("der", s), loginOptions{})
		wg.Go(func() {
			for i := range each {
				id := fmt.Sprint(i)
				if i%2 == 0 {
					p.send(message("ems", id))
				} else {
					p.send(&stanza.Stanza{Kind: stanza.Presence, ID: id, To: ems.jid})
				}
			}
		})
	}
	next := map[jid.JID]int{}
	for range senders * each {
		st := ems.next()
		if st.ID != fmt.Sprint(next[st.From]) {
			t.Fatalf("%v: got %s, want %d", st.From, st.ID, next[st.From])
		}
		next[st.From]++
	}
	wg.Wait()
}
