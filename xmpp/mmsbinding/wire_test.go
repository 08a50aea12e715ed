package mmsbinding

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// A wire is a router in memory: it stamps senders, keeps order and may be told to misbehave.
type wire struct {
	mu    sync.Mutex
	ends  map[jid.JID]*Endpoint
	queue []*stanza.Stanza
	ready chan struct{}
	log   []*stanza.Stanza
	// hook gives what becomes of a stanza; nil: it passes.
	hook func(s *stanza.Stanza) []*stanza.Stanza
}

// port is what one address sends by.
type port struct {
	w    *wire
	self jid.JID
}

func newWire(t *testing.T) *wire {
	t.Helper()
	w := &wire{ends: make(map[jid.JID]*Endpoint), ready: make(chan struct{}, 1)}
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.run(stop)
	}()
	t.Cleanup(func() {
		for _, e := range w.ends {
			e.Close()
		}
		close(stop)
		<-done
	})
	return w
}

func (p port) Send(s *stanza.Stanza) error {
	s = s.Clone()
	s.From = p.self
	p.w.put(s)
	return nil
}

func (w *wire) put(s *stanza.Stanza) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.log = append(w.log, s.Clone())
	out := []*stanza.Stanza{s}
	if w.hook != nil {
		out = w.hook(s)
	}
	w.queue = append(w.queue, out...)
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

func (w *wire) run(stop chan struct{}) {
	for {
		select {
		case <-w.ready:
		case <-stop:
			return
		}
		for {
			w.mu.Lock()
			if len(w.queue) == 0 {
				w.mu.Unlock()
				break
			}
			s := w.queue[0]
			w.queue = w.queue[1:]
			to := w.ends[s.To]
			from := w.ends[s.From]
			w.mu.Unlock()
			switch {
			case to != nil:
				to.HandleStanza(s)
			case from != nil && s.Type != stanza.TypeError && s.Type != stanza.Result:
				from.HandleStanza(s.ErrorReply(stanza.NewError(stanza.ServiceUnavailable, "")))
			}
		}
	}
}

func (w *wire) setHook(h func(s *stanza.Stanza) []*stanza.Stanza) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hook = h
}

// sent gives what was sent so far.
func (w *wire) sent() []*stanza.Stanza {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.log)
}

var (
	derJID    = jid.MustParse("der1@grid.example/IEC")
	centreJID = jid.MustParse("ems@dno.example/IEC")
)

// attach makes an endpoint and tells everybody that it is there.
func (w *wire) attach(self jid.JID, cfg Config) *Endpoint {
	e := New(cfg)
	e.Bind(port{w, self})
	w.mu.Lock()
	w.ends[self] = e
	w.mu.Unlock()
	e.Up(self, false)
	w.mu.Lock()
	ends := make(map[jid.JID]*Endpoint, len(w.ends))
	for j, o := range w.ends {
		ends[j] = o
	}
	w.mu.Unlock()
	for j, o := range ends {
		if j != self {
			o.HandleStanza(&stanza.Stanza{Kind: stanza.Presence, From: self, To: j})
			e.HandleStanza(&stanza.Stanza{Kind: stanza.Presence, From: j, To: self})
		}
	}
	return e
}

// detach ends an endpoint's link; the others get its absence.
func (w *wire) detach(self jid.JID) {
	w.mu.Lock()
	gone := w.ends[self]
	delete(w.ends, self)
	ends := make([]*Endpoint, 0, len(w.ends))
	for _, o := range w.ends {
		ends = append(ends, o)
	}
	w.mu.Unlock()
	gone.Lost(nil)
	for _, o := range ends {
		o.HandleStanza(&stanza.Stanza{Kind: stanza.Presence, Type: stanza.Unavailable, From: self})
	}
}

// couple joins a centre and a device and associates them. far is the device's end.
func couple(t *testing.T, centre, der Config) (w *wire, near, far mms.Association) {
	t.Helper()
	w = newWire(t)
	fars := make(chan mms.Association, 16)
	centre.InsecureClear61850, der.InsecureClear61850 = true, true
	if der.Accept == nil {
		der.Accept = func(a mms.Association) { fars <- a }
	}
	w.attach(derJID, der)
	c := w.attach(centreJID, centre)
	near, err := c.Associate(t.Context(), derJID)
	if err != nil {
		t.Fatal(err)
	}
	return w, near, <-fars
}

func request(id uint32, s mms.Service) *mms.ConfirmedRequest {
	return &mms.ConfirmedRequest{InvokeID: id, Service: s}
}

func response(id uint32, s mms.Service) *mms.ConfirmedResponse {
	return &mms.ConfirmedResponse{InvokeID: id, Service: s}
}

func send(t *testing.T, a mms.Association, p mms.PDU) {
	t.Helper()
	if err := a.Send(p); err != nil {
		t.Fatalf("send %T: %v", p, err)
	}
}

func recv[P mms.PDU](t *testing.T, a mms.Association) P {
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
