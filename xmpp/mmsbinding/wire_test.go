package mmsbinding

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmpptest"
)

var (
	derJID    = jid.MustParse("der1@grid.example/IEC")
	centreJID = jid.MustParse("ems@dno.example/IEC")
)

// A wire is a router with the endpoints at it, a log of what they sent, and a hook that decides what becomes of it.
type wire struct {
	*xmpptest.Router
	ends  map[jid.JID]*Endpoint
	ports map[jid.JID]*xmpptest.Peer

	mu   sync.Mutex
	log  []*stanza.Stanza
	hook func(s *stanza.Stanza) []*stanza.Stanza
}

func newWire(t testing.TB) *wire {
	t.Helper()
	w := &wire{Router: xmpptest.NewRouter(), ends: make(map[jid.JID]*Endpoint), ports: make(map[jid.JID]*xmpptest.Peer)}
	w.Tamper(w.tamper)
	t.Cleanup(func() {
		for _, e := range w.ends {
			e.Close()
		}
		w.Close()
	})
	return w
}

func (w *wire) tamper(s *stanza.Stanza) []xmpptest.Delivery {
	if s.Kind == stanza.Presence {
		return []xmpptest.Delivery{{Stanza: s}}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, s.Clone())
	out := []*stanza.Stanza{s}
	if w.hook != nil {
		out = w.hook(s)
	}
	var ds []xmpptest.Delivery
	for _, s := range out {
		ds = append(ds, xmpptest.Delivery{Stanza: s})
	}
	return ds
}

// Hook sets what becomes of stanzas other than presence; nil: they pass.
func (w *wire) Hook(h func(s *stanza.Stanza) []*stanza.Stanza) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hook = h
}

// Log gives what was sent so far but presence, before the hook.
func (w *wire) Log() []*stanza.Stanza {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.log)
}

// attach makes an endpoint that is online.
func (w *wire) attach(self jid.JID, cfg Config) *Endpoint {
	e := New(cfg)
	p := w.Peer(self)
	e.Bind(p)
	w.ends[self], w.ports[self] = e, p
	p.Start(e)
	return e
}

// inject puts a stanza on the wire as if from had sent it.
func (w *wire) inject(from, to jid.JID, kind stanza.Kind, typ, id string, payload []byte) {
	w.Inject(&stanza.Stanza{Kind: kind, Type: typ, ID: id, From: from, To: to, Payload: payload})
}

// couple joins a centre and a device and associates them. far is the device's end.
func couple(t testing.TB, centre, der Config) (w *wire, near, far mms.Association) {
	t.Helper()
	w = newWire(t)
	fars := make(chan mms.Association, 16)
	centre.InsecureClear61850, der.InsecureClear61850 = true, true
	if der.Accept == nil {
		der.Accept = func(a mms.Association) { fars <- a }
	}
	there := make(chan struct{}, 1)
	if told := centre.Events; told == nil {
		centre.Events = notify(there, func(Event) {})
	} else {
		centre.Events = notify(there, told)
	}
	w.attach(derJID, der)
	c := w.attach(centreJID, centre)
	<-there
	near, err := c.Associate(t.Context(), derJID)
	if err != nil {
		t.Fatal(err)
	}
	return w, near, <-fars
}

// notify tells when the first peer is available.
func notify(there chan<- struct{}, next func(Event)) func(Event) {
	return func(e Event) {
		if _, ok := e.(PeerAvailable); ok {
			select {
			case there <- struct{}{}:
			default:
			}
		}
		next(e)
	}
}

func request(id uint32, s mms.Service) *mms.ConfirmedRequest {
	return &mms.ConfirmedRequest{InvokeID: id, Service: s}
}

func response(id uint32, s mms.Service) *mms.ConfirmedResponse {
	return &mms.ConfirmedResponse{InvokeID: id, Service: s}
}

func send(t testing.TB, a mms.Association, p mms.PDU) {
	t.Helper()
	if err := a.Send(p); err != nil {
		t.Fatalf("send %T: %v", p, err)
	}
}

func recv[P mms.PDU](t testing.TB, a mms.Association) P {
	t.Helper()
	p, err := a.Recv(context.Background())
	if err != nil {
		t.Fatalf("receive: %v", err)
	}
	got, ok := p.(P)
	if !ok {
		t.Fatalf("received %T %+v", p, p)
	}
	return got
}
