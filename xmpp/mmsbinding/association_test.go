package mmsbinding

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

func TestAssociate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{Limits: Limits{MaxPDU: 180000, Outstanding: 16}}, Config{})
		for name, a := range map[string]mms.Association{"calling": near, "called": far} {
			p := a.Params()
			if p.MaxPDU != 65536 || p.OutstandingIn != 5 || p.OutstandingOut != 5 || p.Nesting != 10 || !p.Freshness || p.Size == nil {
				t.Errorf("%s: %+v", name, p)
			}
		}
		if p := far.Peer(); p.Address != centreJID.String() || p.Reach != model.Hop {
			t.Errorf("peer %+v", p)
		}
		s := w.Log()
		if len(s) != 2 || s[0].Kind != stanza.IQ || s[0].Type != stanza.Set || s[1].Type != stanza.Result || s[1].ID != s[0].ID || len(s[0].ID) != 16 {
			t.Fatalf("handshake: %+v", s)
		}
		one, _, err1 := clearFrame{}.unwrap(s[0].Payload)
		two, _, err2 := clearFrame{}.unwrap(s[1].Payload)
		if err1 != nil || err2 != nil || one.called != 0 || two.called == 0 || one.calling != two.calling {
			t.Errorf("identifiers %s, %s", one, two)
		}
		if !bytes.Contains(s[0].Payload, []byte("<initiate-RequestPDU xmlns=")) || !bytes.Contains(s[1].Payload, []byte("<initiate-ResponsePDU xmlns=")) {
			t.Errorf("initiate travels as %s and %s", s[0].Payload, s[1].Payload)
		}
	})
}

func TestAssociateRefusals(t *testing.T) {
	accept := func(mms.Association) {}
	for name, tc := range map[string]struct {
		centre, der Config
		want        []error
	}{
		"secured caller":    {Config{}, Config{InsecureClear61850: true, Accept: accept}, []error{ErrInsecureClear}},
		"secured called":    {Config{InsecureClear61850: true}, Config{Accept: accept}, []error{ErrInsecureClear, mms.ErrRefused}},
		"no server":         {Config{InsecureClear61850: true}, Config{InsecureClear61850: true}, []error{mms.ErrPeerOffline}},
		"not on our list":   {Config{InsecureClear61850: true, Allow: func(jid.JID) bool { return false }}, Config{InsecureClear61850: true, Accept: accept}, []error{ErrNotAllowed}},
		"not on their list": {Config{InsecureClear61850: true}, Config{InsecureClear61850: true, Accept: accept, Allow: func(jid.JID) bool { return false }}, []error{mms.ErrPolicy}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWire(t)
				w.attach(derJID, tc.der)
				c := w.attach(centreJID, tc.centre)
				synctest.Wait()
				a, err := c.Associate(t.Context(), derJID)
				if a != nil {
					t.Error("there is an association")
				}
				for _, want := range tc.want {
					if !errors.Is(err, want) {
						t.Errorf("error %v, want %v", err, want)
					}
				}
			})
		})
	}
}

func TestAssociateNeedsPresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		c := w.attach(centreJID, Config{InsecureClear61850: true})
		synctest.Wait()
		_, err := c.Associate(t.Context(), derJID)
		if !errors.Is(err, mms.ErrPeerOffline) {
			t.Errorf("nobody there: %v", err)
		}
		if n := len(w.Log()); n != 0 {
			t.Errorf("%d stanzas went out", n)
		}
	})
}

func TestAssociateTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.Hook(func(*stanza.Stanza) []*stanza.Stanza { return nil })
		w.attach(derJID, Config{InsecureClear61850: true, Accept: func(mms.Association) {}})
		c := w.attach(centreJID, Config{InsecureClear61850: true})
		synctest.Wait()
		start := time.Now()
		_, err := c.Associate(t.Context(), derJID)
		if !errors.Is(err, mms.ErrTimeout) || time.Since(start) != 10*time.Second {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err = c.Associate(ctx, derJID); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("context: %v", err)
		}
		if n := c.core.Associations(); n != 0 {
			t.Errorf("%d associations are left", n)
		}
	})
}

func TestAssociationLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		der := w.attach(derJID, Config{InsecureClear61850: true, Accept: func(mms.Association) {}, Limits: Limits{PerPeer: 3, Associations: 4}})
		c := w.attach(centreJID, Config{InsecureClear61850: true})
		synctest.Wait()
		ids := make(map[string]bool)
		for range 3 {
			a, err := c.Associate(t.Context(), derJID)
			if err != nil {
				t.Fatal(err)
			}
			ids[a.(*conn).a.ID()] = true
		}
		if len(ids) != 3 {
			t.Errorf("identifiers %v", ids)
		}
		if _, err := c.Associate(t.Context(), derJID); !errors.Is(err, mms.ErrRefused) {
			t.Errorf("fourth of three with one peer: %v", err)
		}
		c2 := w.attach(jid.MustParse("other@dno.example/IEC"), Config{InsecureClear61850: true})
		synctest.Wait()
		if _, err := c2.Associate(t.Context(), derJID); err != nil {
			t.Error(err)
		}
		if _, err := c2.Associate(t.Context(), derJID); !errors.Is(err, mms.ErrRefused) {
			t.Errorf("fifth of four: %v", err)
		}
		if n := der.Counters().Refused; n != 2 {
			t.Errorf("%d refused", n)
		}
	})
}

// TestIdentifiersRest: an identifier is not used again for ten minutes.
func TestIdentifiersRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		zero := func() uint32 { return 0 }
		w.attach(derJID, Config{InsecureClear61850: true, Accept: func(mms.Association) {}, Rand: zero})
		c := w.attach(centreJID, Config{InsecureClear61850: true, Rand: zero})
		synctest.Wait()
		var got []string
		for i := range 4 {
			if i == 3 {
				time.Sleep(10 * time.Minute)
			}
			a, err := c.Associate(t.Context(), derJID)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, a.(*conn).a.ID())
			if err := a.Release(t.Context()); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if s := strings.Join(got, " "); s != "2:1 4:3 6:5 2:1" {
			t.Errorf("identifiers %s", s)
		}
	})
}

// TestBothCall: associations that the two ends ask for at once have different names.
func TestBothCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		zero := func() uint32 { return 0 }
		accepted := make(chan mms.Association, 2)
		accept := func(a mms.Association) { accepted <- a }
		d := w.attach(derJID, Config{InsecureClear61850: true, Accept: accept, Rand: zero})
		c := w.attach(centreJID, Config{InsecureClear61850: true, Accept: accept, Rand: zero})
		synctest.Wait()
		errs := make(chan error, 2)
		ids := make(chan string, 2)
		for e, to := range map[*Endpoint]jid.JID{d: centreJID, c: derJID} {
			go func() {
				a, err := e.Associate(t.Context(), to)
				errs <- err
				if err == nil {
					ids <- a.(*conn).a.ID()
				}
			}()
		}
		for range 2 {
			if err := <-errs; err != nil {
				t.Fatal(err)
			}
		}
		if a, b := <-ids, <-ids; a == b {
			t.Errorf("both are %s", a)
		}
	})
}

func TestRelease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := couple(t, Config{}, Config{})
		send(t, near, request(1, &mms.Identify{}))
		recv[*mms.ConfirmedRequest](t, far)
		released := make(chan error, 1)
		go func() { released <- near.Release(t.Context()) }()
		synctest.Wait()
		select {
		case <-near.Done():
			t.Fatal("concluded with a request outstanding")
		default:
		}
		if err := near.Send(request(2, &mms.Identify{})); !errors.Is(err, mms.ErrReleased) {
			t.Errorf("request while releasing: %v", err)
		}
		send(t, far, response(1, &mms.IdentifyResponse{}))
		if err := <-released; err != nil {
			t.Error(err)
		}
		recv[*mms.ConfirmedResponse](t, near)
		for _, a := range []mms.Association{near, far} {
			if _, err := a.Recv(t.Context()); !errors.Is(err, mms.ErrReleased) || !errors.Is(a.Err(), mms.ErrReleased) {
				t.Errorf("after the release: %v", err)
			}
		}
	})
}

func TestReleaseUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, _ := couple(t, Config{}, Config{})
		w.Hook(func(*stanza.Stanza) []*stanza.Stanza { return nil })
		start := time.Now()
		if err := near.Release(t.Context()); err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("closed after %v: %v", time.Since(start), err)
		}
	})
}

func TestAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := couple(t, Config{}, Config{})
		cause := errors.New("operator said so")
		near.Abort(cause)
		near.Abort(errors.New("again"))
		<-far.Done()
		if !errors.Is(near.Err(), cause) || !errors.Is(far.Err(), mms.ErrAborted) {
			t.Errorf("%v, %v", near.Err(), far.Err())
		}
		if err := near.Send(request(1, &mms.Identify{})); !errors.Is(err, cause) {
			t.Errorf("send afterwards: %v", err)
		}
	})
}

func TestPresenceLossAborts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var events []Event
		w, near, far := couple(t, Config{Events: func(e Event) { events = append(events, e) }}, Config{})
		w.ports[derJID].Stop(nil)
		<-near.Done()
		<-far.Done()
		if !errors.Is(near.Err(), mms.ErrPeerOffline) || !errors.Is(far.Err(), mms.ErrLinkLost) {
			t.Errorf("%v, %v", near.Err(), far.Err())
		}
		synctest.Wait()
		last := len(events) - 1
		if _, ok := events[last].(PeerUnavailable); !ok {
			t.Errorf("last event %#v", events[last])
		}
		if d, ok := events[last-1].(AssociationDown); !ok || d.Peer != derJID {
			t.Errorf("event before it %#v", events[last-1])
		}
	})
}

// TestLinkDownWaits: what is sent while the stream waits for resumption arrives after it.
func TestLinkDownWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{}, Config{})
		send(t, near, request(1, &mms.Identify{}))
		recv[*mms.ConfirmedRequest](t, far)
		w.ports[derJID].Cut(nil)
		synctest.Wait()
		send(t, far, response(1, &mms.IdentifyResponse{Vendor: "kept"}))
		synctest.Wait()
		before := len(w.Log())
		w.ports[derJID].Resume()
		if r := recv[*mms.ConfirmedResponse](t, near); r.Service.(*mms.IdentifyResponse).Vendor != "kept" {
			t.Errorf("got %+v", r)
		}
		if len(w.Log()) != before+1 {
			t.Error("it was sent before the link was up, or not at all")
		}
		w.ports[derJID].Cut(nil)
		w.ports[derJID].Stop(nil)
		<-far.Done()
		if !errors.Is(far.Err(), mms.ErrLinkLost) {
			t.Errorf("new session: %v", far.Err())
		}
	})
}

func TestSlowLinkIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, _, far := couple(t, Config{}, Config{Limits: Limits{Unsent: 10000}})
		w.ports[derJID].Cut(nil)
		synctest.Wait()
		var err error
		n := 0
		for ; err == nil && n < 100; n++ {
			err = far.Send(report("r", string(make([]byte, 10))))
		}
		if !errors.Is(err, mms.ErrTransport) || n < 10 {
			t.Errorf("after %d reports: %v", n, err)
		}
	})
}

func report(id, text string) *mms.Unconfirmed {
	return &mms.Unconfirmed{Service: &mms.InformationReport{
		Access:  mms.VariableAccess{NamedList: true, ListName: mms.ObjectName{Scope: mms.VMDSpecific, Item: "RPT"}},
		Results: []mms.AccessResult{{Value: model.Visible(id)}, {Value: model.Octets(text)}},
	}}
}

func TestSlowReaderIsAborted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := couple(t, Config{Limits: Limits{Queue: 20}}, Config{})
		for range 21 {
			send(t, far, report("r", ""))
		}
		<-near.Done()
		if !errors.Is(near.Err(), mms.ErrTransport) {
			t.Errorf("got %v", near.Err())
		}
		<-far.Done()
	})
}

func TestReportsKeepOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := couple(t, Config{}, Config{})
		const n = 500
		for i := range n {
			send(t, far, report("r", string([]byte{byte(i >> 8), byte(i)})))
		}
		for i := range n {
			u := recv[*mms.Unconfirmed](t, near)
			s, _ := u.Service.(*mms.InformationReport).Results[1].Value.AsText()
			if s != string([]byte{byte(i >> 8), byte(i)}) {
				t.Fatalf("report %d is % x", i, s)
			}
		}
	})
}

// TestLargestPDU carries a PDU of nearly 180,000 octets and refuses a longer one by name.
func TestLargestPDU(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := couple(t, Config{Limits: Limits{MaxPDU: 180000}}, Config{Limits: Limits{MaxPDU: 180000}})
		big := strings.Repeat("x", 89500)
		send(t, far, report("r", big))
		u := recv[*mms.Unconfirmed](t, near)
		if s, _ := u.Service.(*mms.InformationReport).Results[1].Value.AsText(); s != big {
			t.Errorf("%d octets arrived", len(s))
		}
		if n := far.Params().Size(report("r", big)); n < 179000 || n > 180000 {
			t.Errorf("size %d", n)
		}
		if err := far.Send(report("r", big+big)); !errors.Is(err, ErrPDUSize) {
			t.Errorf("twice as long: %v", err)
		}
		if far.Err() != nil {
			t.Error("the association ended over it")
		}
	})
}

func TestConfigValidate(t *testing.T) {
	if err := (&Config{}).Validate(); err != nil {
		t.Error(err)
	}
	for _, l := range []Limits{{MaxPDU: 8191}, {MaxPDU: 180001}, {Outstanding: 17}, {Nesting: 4}, {PerPeer: -1}, {Associations: 1 << 30}} {
		if err := (&Config{Limits: l}).Validate(); err == nil {
			t.Errorf("%+v accepted", l)
		}
	}
}

// A deadSender fails every stanza.
type deadSender struct{ err error }

func (d deadSender) Send(*stanza.Stanza) error { return d.err }

// TestSendErrors: what the client does not take ends its association, whose sequence would be broken.
func TestSendErrors(t *testing.T) {
	for _, tc := range []struct{ err, want error }{
		{xmpp.ErrQueueFull, mms.ErrTransport}, {xmpp.ErrLinkDown, mms.ErrLinkLost}, {xmpp.ErrLost, mms.ErrLinkLost},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, near, far := couple(t, Config{}, Config{})
			near.(*conn).e.Bind(deadSender{tc.err})
			send(t, near, request(1, &mms.Identify{}))
			<-near.Done()
			if err := near.Err(); !errors.Is(err, tc.want) || !errors.Is(err, tc.err) {
				t.Errorf("%v: ended with %v", tc.err, err)
			}
			quiet(t, "the other end", far)
		})
	}
}

// TestReleaseHeedsContext: who does not want to wait aborts.
func TestReleaseHeedsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := couple(t, Config{}, Config{})
		send(t, near, request(1, &mms.Identify{}))
		recv[*mms.ConfirmedRequest](t, far)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := near.Release(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("release: %v", err)
		}
		<-far.Done()
		if !errors.Is(far.Err(), mms.ErrAborted) {
			t.Errorf("the other end: %v", far.Err())
		}
	})
}

func TestRolesReachThePrincipal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := couple(t, Config{}, Config{Roles: func(j jid.JID) []string { return []string{"OPERATOR", j.Local()} }})
		if p := far.Peer(); len(p.Roles) != 2 || p.Roles[1] != "ems" || p.Name != centreJID.String() {
			t.Errorf("principal %+v", p)
		}
		if p := near.Peer(); len(p.Roles) != 0 {
			t.Errorf("principal %+v", p)
		}
	})
}

func TestClosedEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{}, Config{})
		e := near.(*conn).e
		e.Close()
		e.Close()
		if !errors.Is(near.Err(), ErrClosed) {
			t.Errorf("ended with %v", near.Err())
		}
		if _, err := e.Associate(t.Context(), derJID.Bare()); !errors.Is(err, ErrClosed) {
			t.Errorf("associate: %v", err)
		}
		<-far.Done()
		der := w.ends[derJID]
		if a, err := der.Associate(t.Context(), centreJID); err == nil {
			t.Errorf("a closed endpoint accepted %v", a)
		}
	})
}

// TestLimitsAreCapped: what is configured beyond the bounds of the binding is not proposed.
func TestLimitsAreCapped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		large := Limits{MaxPDU: 1 << 20, Outstanding: 100, Nesting: 1000}
		_, near, _ := couple(t, Config{Limits: large}, Config{Limits: large})
		if p := near.Params(); p.MaxPDU != 180000 || p.OutstandingOut != 16 || p.OutstandingIn != 16 || p.Nesting != 127 {
			t.Errorf("%+v", p)
		}
	})
}

// A fullSender takes nothing until it is opened.
type fullSender struct {
	Sender
	open atomic.Bool
}

func (f *fullSender) Send(s *stanza.Stanza) error {
	if !f.open.Load() {
		return xmpp.ErrQueueFull
	}
	return f.Sender.Send(s)
}

// TestFullClientIsWaitedFor: a client that takes no more for a while delays, and loses and reorders nothing.
func TestFullClientIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{}, Config{Limits: Limits{Unsent: 5000}})
		full := &fullSender{Sender: w.ports[derJID]}
		w.ends[derJID].Bind(full)
		const n = 60
		done := make(chan error, 1)
		go func() {
			for i := range n {
				if err := far.Send(report("r", string([]byte{byte(i)}))); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
		time.Sleep(8 * time.Second)
		synctest.Wait()
		if len(done) != 0 {
			t.Error("the sender did not wait")
		}
		full.open.Store(true)
		for i := range n {
			u := recv[*mms.Unconfirmed](t, near)
			if s, _ := u.Service.(*mms.InformationReport).Results[1].Value.AsText(); s != string([]byte{byte(i)}) {
				t.Fatalf("report %d is % x", i, s)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
