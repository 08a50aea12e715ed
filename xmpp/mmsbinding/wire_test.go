package mmsbinding

import (
	"context"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding/bindtest"
	"github.com/gridward/gridward/xmpp/stanza"
)

var (
	derJID    = jid.MustParse("der1@grid.example/IEC")
	centreJID = jid.MustParse("ems@dno.example/IEC")
)

// A wire is a router with the endpoints at it.
type wire struct {
	*bindtest.Router
	ends  map[jid.JID]*Endpoint
	ports map[jid.JID]*bindtest.Port
}

func newWire(t testing.TB) *wire {
	t.Helper()
	w := &wire{Router: bindtest.New(), ends: make(map[jid.JID]*Endpoint), ports: make(map[jid.JID]*bindtest.Port)}
	t.Cleanup(func() {
		for _, e := range w.ends {
			e.Close()
		}
		w.Close()
	})
	return w
}

// attach makes an endpoint that is online.
func (w *wire) attach(self jid.JID, cfg Config) *Endpoint {
	e := New(cfg)
	p := w.Attach(self, e)
	e.Bind(p)
	w.ends[self], w.ports[self] = e, p
	p.Online()
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
