package xmpptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

var (
	der  = jid.MustParse("der1@grid.example/IEC")
	ems  = jid.MustParse("ems@grid.example/IEC")
	evil = jid.MustParse("evil@grid.example/IEC")
)

// log is a Handler that writes everything down.
type log struct {
	mu    sync.Mutex
	lines []string
	on    func(*stanza.Stanza)
}

func (l *log) HandleEvent(ev xmpp.Event) {
	l.add(strings.ToLower(strings.TrimPrefix(fmt.Sprintf("%T", ev), "xmpp.")))
}

func (l *log) HandleStanza(s *stanza.Stanza) {
	l.add(fmt.Sprintf("%s:%s:%s:%s:%s", s.Kind, s.Type, s.ID, s.From.Local(), s.Payload))
	if l.on != nil {
		l.on(s)
	}
}

func (l *log) add(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, s)
}

func (l *log) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.lines
	l.lines = nil
	return s
}

func message(id string, to jid.JID) *stanza.Stanza {
	return &stanza.Stanza{Kind: stanza.Message, ID: id, To: to, Payload: []byte("<p xmlns='" + id + "'/>")}
}

func want(t *testing.T, l *log, lines ...string) {
	t.Helper()
	synctest.Wait()
	if got := l.take(); !slices.Equal(got, lines) {
		t.Errorf("%q, want %q", got, lines)
	}
}

func TestRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &log{}, &log{}
		r, pa, pb := Pair(der, ems, a, b)
		defer r.Close()
		want(t, a, "up", "presence:::ems:")
		want(t, b, "up", "presence:::der1:")
		forged := message("1", ems)
		forged.From = evil
		if err := pa.Send(forged); err != nil {
			t.Fatal(err)
		}
		want(t, b, "message::1:der1:<p xmlns='1'/>")
		b.on = func(s *stanza.Stanza) {
			if s.IsRequest() {
				if err := pb.Send(s.Reply([]byte("<r xmlns='x'/>"))); err != nil {
					t.Error(err)
				}
			}
		}
		ans, err := pa.IQ(t.Context(), &stanza.Stanza{Type: stanza.Get, To: ems, Payload: []byte("<q xmlns='x'/>")})
		if err != nil || string(ans.Payload) != "<r xmlns='x'/>" || ans.From != ems {
			t.Errorf("%+v, %v", ans, err)
		}
		if _, err := pa.IQ(t.Context(), &stanza.Stanza{Type: stanza.Get, To: evil, Payload: []byte("<q xmlns='x'/>")}); !errors.Is(err, stanza.NewError(stanza.ServiceUnavailable, "")) {
			t.Errorf("absent peer: %v", err)
		}
		if err := pa.Send(message("2", evil)); err != nil {
			t.Fatal(err)
		}
		want(t, a, "message:error:2:evil:")
		if err := pa.Send(&stanza.Stanza{Kind: stanza.Message, Payload: []byte("<open>")}); !errors.Is(err, ErrMalformed) {
			t.Errorf("malformed: %v", err)
		}
		if err := pa.Send(&stanza.Stanza{}); !errors.Is(err, xmpp.ErrStanza) {
			t.Errorf("empty: %v", err)
		}
		pa.Stop(errors.New("gone"))
		want(t, a, "down", "lost")
		b.mu.Lock()
		if last := b.lines[len(b.lines)-1]; last != "presence:unavailable::der1:" {
			t.Errorf("last %s", last)
		}
		b.mu.Unlock()
		if err := pa.Send(message("3", ems)); !errors.Is(err, xmpp.ErrLinkDown) {
			t.Errorf("stopped: %v", err)
		}
	})
}

func TestCutAndResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &log{}, &log{}
		r, pa, pb := Pair(der, ems, a, b)
		defer r.Close()
		synctest.Wait()
		a.take()
		b.take()
		pa.Cut(errors.New("cut"))
		want(t, a, "down")
		if err := errors.Join(pb.Send(message("1", der)), pa.Send(message("2", ems))); err != nil {
			t.Fatal(err)
		}
		want(t, a)
		want(t, b)
		pa.Resume()
		want(t, a, "up", "message::1:ems:<p xmlns='1'/>")
		want(t, b, "message::2:der1:<p xmlns='2'/>")
		done := make(chan error)
		go func() {
			_, err := pa.IQ(context.Background(), &stanza.Stanza{Type: stanza.Set, To: ems, Payload: []byte("<q xmlns='x'/>")})
			done <- err
		}()
		synctest.Wait()
		pa.Cut(nil)
		pa.Stop(errors.New("lost"))
		if err := <-done; !errors.Is(err, xmpp.ErrLost) {
			t.Error(err)
		}
	})
}

func TestTampers(t *testing.T) {
	for _, c := range []struct {
		name  string
		t     Tamper
		want  string // ids in the order of arrival
		later string // and after another minute
	}{
		{"none", Drop(Kind(stanza.Presence)), "1 2 3 4", ""},
		{"drop", Drop(Nth(2, Any)), "1 3 4", ""},
		{"delay", Delay(Nth(1, Any), time.Second), "2 3 4", "1"},
		{"duplicate", Duplicate(Nth(3, Any), 3), "1 2 3 3 3 4", ""},
		{"replay", Replay(Nth(1, Any), time.Second), "1 2 3 4", "1"},
		{"reorder", Reorder(Kind(stanza.Message, ""), 4), "4 3 2 1", ""},
		{"misroute", Misroute(All(Between(ems, der), Nth(1, Payload("2"))), ems), "1 3 4", ""},
		{"rewrite", Rewrite(Payload("2"), func(s *stanza.Stanza) { s.Payload = []byte("<p xmlns='9'/>") }), "1 9 3 4", ""},
		{"swap", Swap(Any), "2 1 4 3", ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			a, b := &log{}, &log{}
			r, _, pb := Pair(der, ems, a, b)
			defer r.Close()
			synctest.Wait()
			a.take()
			r.Tamper(c.t)
			for i := range 4 {
				if err := pb.Send(message(fmt.Sprint(i+1), der)); err != nil {
					t.Fatal(err)
				}
			}
			ids := func() string {
				synctest.Wait()
				var got []string
				for _, l := range a.take() {
					_, p, _ := strings.Cut(l, "xmlns='")
					got = append(got, strings.TrimSuffix(p, "'/>"))
				}
				return strings.Join(got, " ")
			}
			if got := ids(); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
			time.Sleep(time.Minute)
			if got := ids(); got != c.later {
				t.Errorf("%s: later %s, want %s", c.name, got, c.later)
			}
		})
	}
}

func TestForgery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := &log{}, &log{}
		r, _, pb := Pair(der, ems, a, b)
		defer r.Close()
		synctest.Wait()
		a.take()
		r.Tamper(MisStamp(Any, evil))
		if err := pb.Send(message("1", der)); err != nil {
			t.Fatal(err)
		}
		want(t, a, "message::1:evil:<p xmlns='1'/>")
		s := message("2", der)
		s.From = ems
		r.Inject(s)
		want(t, a, "message::2:ems:<p xmlns='2'/>")
		if r.Seen() != 3 {
			t.Errorf("%d stanzas seen", r.Seen())
		}
	})
}
