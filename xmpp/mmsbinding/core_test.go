package mmsbinding

import (
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/stanza"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// serving gives a core with one association that a peer asked for, and the caller's core.
func serving(t testing.TB) (caller, served *Core, a *Assoc) {
	t.Helper()
	cfg := Config{InsecureClear61850: true, Accept: func(mms.Association) {}}
	caller, served = NewCore(cfg), NewCore(cfg)
	caller.Up(centreJID, false, noon)
	served.Up(derJID, false, noon)
	caller.Receive(&stanza.Stanza{Kind: stanza.Presence, From: derJID}, noon)
	if _, err := caller.Associate(derJID, noon); err != nil {
		t.Fatal(err)
	}
	var out Output
	caller.Take(&out)
	ask := out.Stanzas[0].Stanza.Clone()
	ask.From = centreJID
	served.Receive(ask, noon)
	served.Take(&out)
	if len(out.Opened) != 1 {
		t.Fatalf("not accepted: %+v", out)
	}
	answer := out.Stanzas[0].Stanza.Clone()
	answer.From = derJID
	a = out.Opened[0]
	caller.Receive(answer, noon)
	if caller.Associations() != 1 || served.Associations() != 1 {
		t.Fatal("no association")
	}
	return caller, served, a
}

// TestCoreTime: the deadline is a request's, and after it nothing is due.
func TestCoreTime(t *testing.T) {
	_, served, a := serving(t)
	if !served.Deadline().IsZero() {
		t.Errorf("idle, and %v is due", served.Deadline())
	}
	p := &mms.ConfirmedRequest{InvokeID: 1, Service: &mms.Identify{}}
	payload, err := served.Encode(a, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := served.Send(a, p, payload, noon); err != nil {
		t.Fatal(err)
	}
	if d := served.Deadline(); !d.Equal(noon.Add(10 * time.Second)) {
		t.Errorf("deadline %v", d)
	}
	served.Tick(noon.Add(9 * time.Second))
	if n := served.Counters().Timeouts; n != 0 {
		t.Error("too early")
	}
	served.Tick(noon.Add(10 * time.Second))
	if n := served.Counters().Timeouts; n != 1 || !served.Deadline().IsZero() || len(served.pending) != 0 {
		t.Errorf("%d timeouts, next deadline %v, %d pending", n, served.Deadline(), len(served.pending))
	}
}

// TestPeersAreBounded: presence and initiates of ever new addresses do not fill the memory.
func TestPeersAreBounded(t *testing.T) {
	cfg := Config{InsecureClear61850: true, Accept: func(mms.Association) {}, Limits: Limits{Peers: 100}}
	c := NewCore(cfg)
	c.Up(derJID, false, noon)
	for i := range 1000 {
		j, err := centreJID.WithResource(string(rune('a'+i%26)) + time.Duration(i).String())
		if err != nil {
			t.Fatal(err)
		}
		c.Receive(&stanza.Stanza{Kind: stanza.Presence, From: j}, noon)
		c.Receive(&stanza.Stanza{Kind: stanza.IQ, Type: stanza.Set, ID: "x", From: j, Payload: []byte("<assoc xmlns='" + NS + "' id='1'>x</assoc>")}, noon)
	}
	if len(c.peers) > 100 {
		t.Errorf("%d peers", len(c.peers))
	}
	c.Lost(mms.ErrLinkLost, noon)
	c.sweep(noon)
	if len(c.peers) != 0 {
		t.Errorf("%d peers after the end", len(c.peers))
	}
}

// FuzzReceive throws payloads at an association. Nothing panics, what is delivered fits its carrier, and the tables stay
// small.
func FuzzReceive(f *testing.F) {
	_, served, a := serving(f)
	for _, p := range []mms.PDU{
		&mms.ConfirmedRequest{InvokeID: 1, Service: &mms.Identify{}}, &mms.ConcludeRequest{}, &mms.CancelRequest{InvokeID: 1}, &mms.InitiateRequest{},
		&mms.Reject{HasInvokeID: true, InvokeID: 1, Reason: mms.RejectReason{Class: mms.RejectConfirmedRequest}}, &mms.ConfirmedResponse{InvokeID: 1, Service: &mms.IdentifyResponse{}}, report("r", "x"),
	} {
		payload, err := served.Encode(a, p)
		if err != nil {
			f.Fatal(err)
		}
		for carrier := range uint8(5) {
			f.Add(payload, carrier, carrier%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte, kind uint8, known bool) {
		_, c, a := serving(t)
		s := &stanza.Stanza{Kind: stanza.IQ, Type: stanza.Get, ID: "fuzz", From: a.Peer, Payload: payload}
		switch kind % 5 {
		case 1:
			s.Type = stanza.Set
		case 2:
			s.Type = stanza.Result
		case 3:
			s.Kind, s.Type = stanza.Message, ""
		case 4:
			s.Type, s.Err = stanza.TypeError, stanza.NewError(stanza.Gone, "")
		}
		if !known {
			s.From = derJID
		}
		for range 3 {
			c.Receive(s, noon)
		}
		c.Tick(noon.Add(time.Hour))
		var out Output
		c.Take(&out)
		for _, r := range out.Received {
			if !known {
				t.Fatalf("%T of a stranger was delivered", r.PDU)
			}
			if !carrierOf(s).fits(r.PDU) {
				t.Fatalf("%T was delivered from %s %s", r.PDU, s.Kind, s.Type)
			}
		}
		for _, o := range out.Stanzas {
			if o.Stanza.IsRequest() {
				t.Fatalf("answered with a request: %+v", o.Stanza)
			}
			if s.Type == stanza.TypeError && o.Stanza.Type == stanza.TypeError {
				t.Fatal("an error was answered with an error")
			}
		}
		if len(c.peers) > 2 || len(c.pending) > 0 || c.Associations() > 2 {
			t.Fatalf("%d peers, %d pending, %d associations", len(c.peers), len(c.pending), c.Associations())
		}
	})
}

// BenchmarkRequest sends a request through one core into another and the answer back, XML included.
func BenchmarkRequest(b *testing.B) {
	caller, served, far := serving(b)
	var out Output
	caller.Take(&out)
	near := out.Opened[0]
	b.ReportAllocs()
	id := uint32(0)
	step := func(from, to *Core, a *Assoc, p mms.PDU) mms.PDU {
		payload, err := from.Encode(a, p)
		if err == nil {
			err = from.Send(a, p, payload, noon)
		}
		if err != nil {
			b.Fatal(err)
		}
		from.Take(&out)
		s := out.Stanzas[0].Stanza
		s.From = from.self
		to.Receive(s, noon)
		to.Take(&out)
		return out.Received[0].PDU
	}
	for b.Loop() {
		id++
		step(caller, served, near, &mms.ConfirmedRequest{InvokeID: id, Service: &mms.Identify{}})
		step(served, caller, far, &mms.ConfirmedResponse{InvokeID: id, Service: &mms.IdentifyResponse{Vendor: "v", Model: "m", Revision: "r"}})
	}
}
