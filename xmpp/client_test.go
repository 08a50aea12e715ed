package xmpp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
	"github.com/gridward/gridward/xmpp/xmpptest/pipe"
)

// kinds writes events down in short.
func kinds(evs []Event) string {
	var out []string
	for _, ev := range evs {
		switch e := ev.(type) {
		case Up:
			out = append(out, fmt.Sprintf("up(%t)", e.Resumed))
		case Down:
			out = append(out, fmt.Sprintf("down(%t)", e.Resumable))
		case Lost:
			out = append(out, "lost")
		case Retry:
			out = append(out, fmt.Sprintf("retry(%t)", e.Refused))
		}
	}
	return strings.Join(out, " ")
}

func wantEvents(t *testing.T, rec *recorder, want string) []Event {
	t.Helper()
	evs, _ := rec.take()
	if got := kinds(evs); got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	return evs
}

func msg(body string) *stanza.Stanza {
	return &stanza.Stanza{Kind: stanza.Message, To: ems, Payload: []byte("<body>" + body + "</body>")}
}

func request(id string) *stanza.Stanza {
	return &stanza.Stanza{Kind: stanza.IQ, Type: stanza.Get, ID: id, To: ems, Payload: []byte("<q xmlns='urn:test'/>")}
}

func TestConnect(t *testing.T) {
	for _, h := range []string{"plain:5222/starttls", "direct:5223/direct"} {
		synctest.Test(t, func(t *testing.T) {
			f := &fakeServer{}
			c, rec := start(t, f, func(c *Config) { c.Hosts = []string{h} })
			synctest.Wait()
			evs := wantEvents(t, rec, "up(false)")
			if up := evs[0].(Up); up.JID != der1Full || up.Host != h || c.JID() != der1Full {
				t.Errorf("%+v", up)
			}
			if got := f.received(); !slices.Equal(got, []string{"<presence/>"}) {
				t.Errorf("server got %q", got)
			}
			if err := c.Send(msg("hello")); err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if got := f.received(); len(got) != 1 || !strings.Contains(got[0], "hello") {
				t.Errorf("server got %q", got)
			}
			f.send(&stanza.Stanza{Kind: stanza.Message, From: ems, Payload: []byte("<a xmlns='x'/>")})
			synctest.Wait()
			_, sts := rec.take()
			if len(sts) != 1 || sts[0].From != ems || string(sts[0].Payload) != "<a xmlns='x'/>" {
				t.Errorf("client got %v", sts)
			}
			if s := c.Stats(); s.In != 1 || s.Out != 2 || s.Connects != 1 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// At the end the stream is closed in order.
func TestCloseInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{t: t}
		ct, _ := testTLS()
		rec := &recorder{}
		c, err := New(Config{JID: der1, TLS: ct, Hosts: []string{"plain:5222/starttls"}, Handler: rec, Dialer: f})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Send(msg("x")); !errors.Is(err, ErrLinkDown) {
			t.Errorf("before Run: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run: %v", err)
		}
		f.sessions.Wait()
		if f.closed != 1 {
			t.Errorf("%d streams ended in order", f.closed)
		}
		wantEvents(t, rec, "up(false) down(false) lost")
		if err := c.Run(ctx); !errors.Is(err, ErrRunning) {
			t.Errorf("second Run: %v", err)
		}
		if err := c.Send(msg("x")); !errors.Is(err, ErrLinkDown) {
			t.Errorf("after Run: %v", err)
		}
	})
}

func TestBuiltin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		_, rec := start(t, f, func(c *Config) { c.Namespaces = []string{"urn:gridward:61850-8-2:1"} })
		synctest.Wait()
		f.received()
		own := der1.Bare()
		for _, c := range []struct {
			from    jid.JID
			typ     string
			payload string
			want    string // in the answer
		}{
			{ems, "get", "<ping xmlns='urn:xmpp:ping'/>", "type='result' id='7' to='ems@grid.example/IEC'/>"},
			{jid.JID{}, "get", "<ping xmlns='urn:xmpp:ping'/>", "type='result' id='7'/>"},
			{ems, "get", "<query xmlns='http://jabber.org/protocol/disco#info'/>", "<feature var='urn:gridward:61850-8-2:1'/><feature var='urn:xmpp:ping'/></query>"},
			{ems, "get", "<query xmlns='http://jabber.org/protocol/disco#info' node='x'/>", "item-not-found"},
			{own, "set", "<query xmlns='jabber:iq:roster'/>", "type='result'"},
			{jid.JID{}, "set", "<query xmlns='jabber:iq:roster'/>", "type='result'"},
			{ems, "set", "<query xmlns='jabber:iq:roster'/>", "service-unavailable"},
			{ems, "set", "<unknown xmlns='urn:unknown'/>", "service-unavailable"},
			{ems, "set", "<q xmlns='urn:gridward:61850-8-2:1'/>", ""},
		} {
			f.send(&stanza.Stanza{Kind: stanza.IQ, Type: c.typ, ID: "7", From: c.from, Payload: []byte(c.payload)})
			synctest.Wait()
			got := strings.Join(f.received(), "")
			_, sts := rec.take()
			if !strings.Contains(got, c.want) || (c.want == "") != (len(sts) == 1) || c.want == "" && got != "" {
				t.Errorf("%s from %s: answer %s, want %s; %d to the handler", c.payload, c.from, got, c.want, len(sts))
			}
		}
		f.current.write([]byte("<iq type='get' id='8' from='ems@grid.example/IEC'/>")) // no child
		synctest.Wait()
		if got := strings.Join(f.received(), ""); !strings.Contains(got, "bad-request") {
			t.Errorf("malformed request: %s", got)
		}
	})
}

func TestSubscriptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		_, rec := start(t, f, func(c *Config) { c.Peers = []jid.JID{ems.Bare()} })
		synctest.Wait()
		if got, want := f.received(), []string{"<presence/>", "<presence type='subscribe' to='ems@grid.example'/>", "<presence to='ems@grid.example/IEC'><ask xmlns='urn:gridward:presence:1'/></presence>"}; !slices.Equal(got, want) {
			t.Errorf("server got %q, want %q", got, want)
		}
		for _, from := range []string{"ems@grid.example", "stranger@grid.example", "ems@other.example"} {
			f.send(&stanza.Stanza{Kind: stanza.Presence, Type: stanza.Subscribe, From: jid.MustParse(from)})
		}
		synctest.Wait()
		want := []string{"<presence type='subscribed' to='ems@grid.example'/>", "<presence type='unsubscribed' to='stranger@grid.example'/>", "<presence type='unsubscribed' to='ems@other.example'/>"}
		if got := f.received(); !slices.Equal(got, want) {
			t.Errorf("server got %q, want %q", got, want)
		}
		if _, sts := rec.take(); len(sts) != 3 {
			t.Errorf("%d presences to the handler", len(sts))
		}
		for _, c := range []struct{ from, payload, want string }{
			{"ems@grid.example/IEC", "<ask xmlns='urn:gridward:presence:1'/>", "<presence to='ems@grid.example/IEC'/>"},
			{"ems@grid.example/IEC", "", ""},
			{"stranger@grid.example/IEC", "<ask xmlns='urn:gridward:presence:1'/>", ""},
			{"der1@grid.example/IEC", "<ask xmlns='urn:gridward:presence:1'/>", ""},
		} {
			f.send(&stanza.Stanza{Kind: stanza.Presence, From: jid.MustParse(c.from), Payload: []byte(c.payload)})
			synctest.Wait()
			if got := strings.Join(f.received(), ""); got != c.want {
				t.Errorf("presence of %s with %q: answered %q, want %q", c.from, c.payload, got, c.want)
			}
		}
	})
}

// Only the peer that was asked can answer.
func TestIQ(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		f.onSt = func(s *fakeSession, q *stanza.Stanza) {
			if !q.IsRequest() {
				return
			}
			for _, from := range []string{"evil@grid.example/IEC", "ems@grid.example", "grid.example", "ems@grid.example/IEC"} {
				r := q.Reply([]byte("<r xmlns='" + from + "'/>"))
				r.From = jid.MustParse(from)
				if q.ID == "fail" {
					r = q.ErrorReply(stanza.NewError(stanza.Forbidden, ""))
					r.From = q.To
				}
				s.send(r)
			}
		}
		c, rec := start(t, f, nil)
		synctest.Wait()
		r, err := c.IQ(t.Context(), &stanza.Stanza{Type: stanza.Get, To: ems, Payload: []byte("<q xmlns='x'/>")})
		if err != nil || string(r.Payload) != "<r xmlns='ems@grid.example/IEC'/>" {
			t.Errorf("%v, %v", r, err)
		}
		synctest.Wait()
		if _, sts := rec.take(); len(sts) != 3 {
			t.Errorf("%d answers to the handler", len(sts))
		}
		if r, err := c.IQ(t.Context(), request("fail")); !errors.Is(err, stanza.NewError(stanza.Forbidden, "")) || r == nil {
			t.Errorf("%v, %v", r, err)
		}
		f.onSt = nil
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := c.IQ(ctx, request("late")); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("no answer: %v", err)
		}
		if _, err := c.IQ(ctx, msg("x")); !errors.Is(err, ErrStanza) {
			t.Errorf("not a request: %v", err)
		}
		if len(c.pending) != 0 {
			t.Errorf("%d calls left", len(c.pending))
		}
	})
}

func TestSendRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{noSM: true}
		c, _ := start(t, f, nil)
		synctest.Wait()
		for _, s := range []struct {
			s    *stanza.Stanza
			want error
		}{
			{&stanza.Stanza{}, ErrStanza},
			{&stanza.Stanza{Kind: stanza.IQ, Type: stanza.Get}, ErrStanza},
			{msg(strings.Repeat("x", 262144)), ErrTooBig},
		} {
			if err := c.Send(s.s); !errors.Is(err, s.want) {
				t.Errorf("%v, want %v", err, s.want)
			}
		}
		c.mu.Lock()
		c.out = append(c.out, make([]byte, outMost)...)
		err := c.send(msg("x"), time.Now())
		c.out = nil
		c.mu.Unlock()
		if !errors.Is(err, ErrQueueFull) {
			t.Errorf("%v", err)
		}
	})
}

// A silent server is pinged after 30 s; one that does not answer in 10 s is left and the session resumed.
func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		_, rec := start(t, f, nil)
		synctest.Wait()
		f.received()
		time.Sleep(29 * time.Second) // virtual
		if got := f.received(); len(got) != 0 {
			t.Errorf("too early: %q", got)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := f.received(); len(got) < 15 || !strings.Contains(got[0], "urn:xmpp:ping") {
			t.Errorf("%d pings in ten minutes", len(got))
		}
		wantEvents(t, rec, "up(false)")
		f.mu.Lock()
		f.mute = true
		f.mu.Unlock()
		time.Sleep(40 * time.Second)
		f.mu.Lock()
		f.mute = false
		f.mu.Unlock()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		evs := wantEvents(t, rec, "down(true) retry(false) up(true)")
		if !errors.Is(evs[0].(Down).Err, ErrPing) {
			t.Errorf("%v", evs[0])
		}
	})
}

func TestRefused(t *testing.T) {
	other := jid.MustParse("der1@grid.example/other")
	for _, c := range []struct {
		name string
		f    *fakeServer
		is   func(error) bool
	}{
		{"other resource", &fakeServer{onBind: func(stream.Event) jid.JID { return other }}, func(err error) bool { return errors.Is(err, stream.ErrResource) }},
		{"bind conflict", &fakeServer{bindEr: stanza.Conflict}, func(err error) bool { var e *stream.BindError; return errors.As(err, &e) && e.Cond == stanza.Conflict }},
		{"bind not allowed", &fakeServer{bindEr: stanza.NotAllowed}, func(err error) bool { var e *stream.BindError; return errors.As(err, &e) }},
		{"not authorized", &fakeServer{onAuth: sasl.NotAuthorized}, func(err error) bool { return errors.Is(err, &sasl.Failure{Cond: sasl.NotAuthorized}) }},
		{"injection", &fakeServer{inject: "<iq/>"}, func(err error) bool { return errors.Is(err, stream.ErrInjection) }},
		{"conflict", &fakeServer{onUp: func(s *fakeSession) { _ = s.m.Fail(stream.Conflict, ""); s.write(s.m.Output()); _ = s.conn.Close() }}, func(err error) bool { return errors.Is(err, &stream.Error{Cond: stream.Conflict}) }},
	} {
		synctest.Test(t, func(t *testing.T) {
			_, rec := start(t, c.f, nil)
			time.Sleep(time.Hour) // virtual
			synctest.Wait()
			evs, _ := rec.take()
			n := 0
			for _, ev := range evs {
				if r, ok := ev.(Retry); ok {
					n++
					if !r.Refused || !c.is(r.Err) || r.After < 5*time.Minute || r.After >= 10*time.Minute {
						t.Errorf("%s: %+v", c.name, r)
					}
				}
			}
			if n < 6 || n > 12 || len(c.f.dials) > 13 {
				t.Errorf("%s: %d attempts in an hour", c.name, len(c.f.dials))
			}
		})
	}
}

// A certificate of another CA is refused by us, ours by the server.
func TestForeignCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		_, rec := start(t, f, func(c *Config) {
			c.TLS = c.TLS.Clone()
			c.TLS.RootCAs = nil
			c.TLS.ServerName = "elsewhere.example"
		})
		time.Sleep(time.Second)
		synctest.Wait()
		wantEvents(t, rec, "retry(true)")
	})
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		_, rec := start(t, f, func(c *Config) {
			c.TLS = c.TLS.Clone()
			c.TLS.Certificates = nil
		})
		time.Sleep(time.Second)
		synctest.Wait()
		wantEvents(t, rec, "retry(true)")
	})
}

// dialer answers for one address with silence, and leaves the others to the fake server.
type dialer struct {
	*fakeServer
	silent string
	open   []net.Conn
}

func (d *dialer) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	if addr != d.silent {
		return d.fakeServer.DialContext(ctx, network, addr)
	}
	a, b := pipe.New()
	d.open = append(d.open, b)
	return a, nil
}

// A host that takes connections and does nothing with them is not the only one that is ever tried.
func TestSilentHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		d := &dialer{fakeServer: f, silent: "frozen:5222"}
		_, rec := start(t, f, func(c *Config) {
			c.Hosts, c.Dialer = []string{"frozen:5222/starttls", "plain:5222/starttls"}, d
		})
		time.Sleep(time.Minute)
		synctest.Wait()
		evs := wantEvents(t, rec, "retry(false) up(false)")
		if up, ok := evs[len(evs)-1].(Up); !ok || up.Host != "plain:5222/starttls" {
			t.Errorf("got %+v", evs)
		}
		// Once more: the host that worked comes first.
		f.cut()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		wantEvents(t, rec, "down(true) retry(false) up(true)")
		for _, c := range d.open {
			_ = c.Close()
		}
	})
}

// A server that asks without end and takes no answers is cut off before what waits for it fills the memory.
func TestServerThatDoesNotRead(t *testing.T) {
	ct, _ := testTLS()
	c, err := New(Config{JID: der1, TLS: ct, Handler: &recorder{}})
	if err != nil {
		t.Fatal(err)
	}
	ack := sm.Element{Kind: sm.Ack}.Append(nil)
	for range 8 * outMost / len(ack) {
		if err = c.write(ack); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrQueueFull) || len(c.out) > 2*outMost {
		t.Errorf("%d octets wait, %v", len(c.out), err)
	}
}
