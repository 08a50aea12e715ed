package xmpp

import (
	"context"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// A cut is survived: what was under way both ways arrives once, and what is sent meanwhile follows.
func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		c, rec := start(t, f, nil)
		synctest.Wait()
		f.received()
		for i := range 3 {
			if err := c.Send(msg(fmt.Sprint("before", i))); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		f.send(&stanza.Stanza{Kind: stanza.Message, From: ems, ID: "m1"})
		synctest.Wait()
		f.cut()
		synctest.Wait()
		wantStanzas(t, rec, "m1")
		wantEvents(t, rec, "up(false) down(true) retry(false)")
		if err := c.Send(msg("while down")); err != nil {
			t.Error(err)
		}
		f.mu.Lock()
		f.current.conn = nopConn{}
		f.mu.Unlock()
		f.send(&stanza.Stanza{Kind: stanza.Message, From: ems, ID: "m2"}) // queued by the server
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantEvents(t, rec, "up(true)")
		if err := c.Send(msg("after")); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		var bodies []string
		for _, g := range f.received() {
			if _, b, ok := strings.Cut(g, "<body>"); ok {
				bodies = append(bodies, strings.TrimSuffix(b, "</body></message>"))
			}
		}
		if want := []string{"before0", "before1", "before2", "while down", "after"}; !slices.Equal(bodies, want) {
			t.Errorf("server got %q, want %q", bodies, want)
		}
		if f.resumes != 1 || c.Stats().Resumes != 1 {
			t.Errorf("%d resumptions", f.resumes)
		}
	})
}

type nopConn struct{ net.Conn }

func (nopConn) Write(b []byte) (int, error) { return len(b), nil }

func wantStanzas(t *testing.T, rec *recorder, ids ...string) {
	t.Helper()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	var got []string
	for _, s := range rec.stanzas {
		got = append(got, s.ID)
	}
	rec.stanzas = nil
	if !slices.Equal(got, ids) {
		t.Errorf("client got %q, want %q", got, ids)
	}
}

// A request that waits longer than ten seconds for the link is answered by the client and never sent.
func TestHeldRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		var down atomic.Bool
		f.refuse = func(int) error {
			if down.Load() {
				return errRefused
			}
			return nil
		}
		c, rec := start(t, f, nil)
		synctest.Wait()
		down.Store(true)
		f.cut()
		synctest.Wait()
		f.received()
		rec.take()
		cut := time.Now()
		answers := make(chan error, 1)
		go func() {
			_, err := c.IQ(context.Background(), request("held"))
			if time.Since(cut) != 10*time.Second {
				err = fmt.Errorf("after %v: %w", time.Since(cut), err)
			}
			answers <- err
		}()
		synctest.Wait()
		if err := c.Send(msg("kept")); err != nil {
			t.Fatal(err)
		}
		if err := c.Send(request("held2")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(11 * time.Second)
		if err := <-answers; !errors.Is(err, stanza.NewError(stanza.RemoteServerTimeout, "")) || strings.Contains(err.Error(), "after") {
			t.Errorf("held request: %v", err)
		}
		wantStanzas(t, rec, "held2")
		down.Store(false)
		time.Sleep(40 * time.Second)
		synctest.Wait()
		got := strings.Join(f.received(), "")
		if !strings.Contains(got, "kept") || strings.Contains(got, "held") {
			t.Errorf("server got %s", got)
		}
		evs, _ := rec.take()
		if k := kinds(evs); !strings.HasSuffix(k, "up(true)") {
			t.Errorf("events %s", k)
		}
		if c.Stats().Expired != 2 {
			t.Errorf("%d expired", c.Stats().Expired)
		}
	})
}

// A request is not delivered late either when it is the dialling that takes long.
func TestHeldWhileDialling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		f.refuse = func(n int) error {
			if n > 0 {
				time.Sleep(12 * time.Second)
			}
			return nil
		}
		c, rec := start(t, f, nil)
		synctest.Wait()
		f.cut()
		synctest.Wait()
		if err := errors.Join(c.Send(request("held")), c.Send(msg("kept"))); err != nil {
			t.Fatal(err)
		}
		f.received()
		rec.take()
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if got := strings.Join(f.received(), ""); strings.Contains(got, "held") || !strings.Contains(got, "kept") {
			t.Errorf("server got %s", got)
		}
		wantStanzas(t, rec, "held")
		wantEvents(t, rec, "up(true)")
	})
}

// A session that the server has forgotten is lost, and so is one that has waited too long: a new one begins.
func TestResumeFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{forget: true}
		c, rec := start(t, f, nil)
		synctest.Wait()
		answer := make(chan error, 1)
		go func() {
			_, err := c.IQ(context.Background(), request("1"))
			answer <- err
		}()
		synctest.Wait()
		f.cut()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if err := <-answer; !errors.Is(err, ErrLost) {
			t.Errorf("request across a lost session: %v", err)
		}
		wantEvents(t, rec, "up(false) down(true) retry(false) lost up(false)")
	})
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		f.refuse = func(n int) error {
			if n > 0 {
				return errRefused
			}
			return nil
		}
		c, rec := start(t, f, nil)
		synctest.Wait()
		f.cut()
		cut := time.Now()
		synctest.Wait()
		if err := c.Send(msg("lost")); err != nil {
			t.Error(err)
		}
		time.Sleep(59 * time.Second)
		synctest.Wait()
		evs, _ := rec.take()
		if strings.Contains(kinds(evs), "lost") {
			t.Errorf("lost too early: %s", kinds(evs))
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		evs, _ = rec.take()
		if !strings.Contains(kinds(evs), "lost") {
			t.Errorf("not lost %v after the cut: %s", time.Since(cut), kinds(evs))
		}
		if err := c.Send(msg("x")); !errors.Is(err, ErrLinkDown) {
			t.Errorf("%v", err)
		}
	})
}

// A detached session takes a bounded number of stanzas.
func TestDetachedQueueFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		c, _ := start(t, f, nil)
		synctest.Wait()
		f.cut()
		synctest.Wait()
		n := 0
		for c.Send(msg("x")) == nil {
			n++
		}
		if n < 200 || n > 256 {
			t.Errorf("%d stanzas fit", n)
		}
		if err := c.Send(msg("x")); !errors.Is(err, ErrQueueFull) {
			t.Error(err)
		}
	})
}

// The pauses double from 1 s to 60 s, each times a factor between one half and three halves.
func TestBackoffSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{refuse: func(int) error { return errRefused }}
		_, rec := start(t, f, nil)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		evs, _ := rec.take()
		least := time.Second
		for i, ev := range evs {
			r := ev.(Retry)
			if r.After < least/2 || r.After >= least*3/2 || r.Refused {
				t.Errorf("pause %d: %v, want %v times 0.5 to 1.5", i, r.After, least)
			}
			if i+1 < len(f.dials) {
				if d := f.dials[i+1].Sub(f.dials[i]); d != r.After {
					t.Errorf("pause %d: announced %v, was %v", i, r.After, d)
				}
			}
			least = min(2*least, time.Minute)
		}
		if len(evs) < 10 || len(evs) > 30 {
			t.Errorf("%d attempts in ten minutes", len(evs))
		}
	})
}

func TestBackoffErrors(t *testing.T) {
	b := func() *backoff {
		return &backoff{least: time.Second, most: time.Minute, spread: 30 * time.Second, refused: 5 * time.Minute, rand: mrand.New(mrand.NewPCG(3, 4))}
	}
	for _, c := range []struct {
		err    error
		wasUp  bool
		spread bool
	}{
		{&stream.Error{Cond: stream.SystemShutdown, Remote: true}, true, true},
		{&stream.Error{Cond: stream.SystemShutdown, Remote: true}, false, false},
		{&stream.Error{Cond: stream.Reset, Remote: true}, true, false},
		{fmt.Errorf("read: %w", syscall.ECONNRESET), true, true},
		{fmt.Errorf("read: %w", syscall.ECONNRESET), false, false},
		{errStreamEnd, true, true},
		{ErrPing, true, false},
	} {
		most := time.Duration(0)
		for range 200 {
			d, refused := b().next(c.err, c.wasUp)
			if refused {
				t.Fatalf("%v: refused", c.err)
			}
			most = max(most, d)
			x := b()
			x.rand = mrand.New(mrand.NewPCG(mrand.Uint64(), 1))
			d, _ = x.next(c.err, c.wasUp)
			most = max(most, d)
			if d < time.Second/2 || d > 32*time.Second {
				t.Fatalf("%v: pause %v", c.err, d)
			}
		}
		if (most > 5*time.Second) != c.spread {
			t.Errorf("%v (was up: %t): longest pause %v", c.err, c.wasUp, most)
		}
	}
	x := b()
	for range 100 {
		x.next(errRefused, false)
	}
	if d, _ := x.next(errRefused, false); d < 30*time.Second || d >= 90*time.Second {
		t.Errorf("pause after 100 failures: %v", d)
	}
	x.reset()
	if d, _ := x.next(errRefused, false); d >= 1500*time.Millisecond {
		t.Errorf("pause after reset: %v", d)
	}
}

func TestRedirect(t *testing.T) {
	for _, allowed := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			f := &fakeServer{}
			n := 0
			f.onUp = func(s *fakeSession) {
				if n++; n == 1 {
					s.write([]byte("<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>other:5222</see-other-host></stream:error></stream:stream>"))
				}
			}
			start(t, f, func(c *Config) {
				if allowed {
					c.RedirectAllow = []string{"other:5222"}
				}
			})
			time.Sleep(time.Minute)
			synctest.Wait()
			f.mu.Lock()
			defer f.mu.Unlock()
			if len(f.addrs) < 2 || (f.addrs[1] == "other:5222") != allowed {
				t.Errorf("allowed %t: dialled %q", allowed, f.addrs)
			}
		})
	}
}

type fakeResolver map[string][]*net.SRV

func (f fakeResolver) LookupSRV(_ context.Context, service, _, _ string) (string, []*net.SRV, error) {
	r, ok := f[service]
	if !ok {
		return "", nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	return "", r, nil
}

func TestDiscover(t *testing.T) {
	rnd := mrand.New(mrand.NewPCG(5, 6))
	for _, c := range []struct {
		name string
		r    fakeResolver
		want string
	}{
		{"none", fakeResolver{}, "[grid.example:5222/starttls]"},
		{"not offered", fakeResolver{"xmpps-client": {{Target: "."}}, "xmpp-client": {{Target: "."}}}, "[]"},
		{"direct only", fakeResolver{"xmpps-client": {{Target: "a.example.", Port: 5223}}, "xmpp-client": {{Target: "."}}}, "[a.example:5223/direct]"},
		{"merged by priority", fakeResolver{
			"xmpps-client": {{Target: "c.", Port: 5223, Priority: 20}, {Target: "a.", Port: 443, Priority: 5}},
			"xmpp-client":  {{Target: "b.", Port: 5222, Priority: 10}, {Target: "d.", Port: 5222, Priority: 30}},
		}, "[a:443/direct b:5222/starttls c:5223/direct d:5222/starttls]"},
	} {
		if got := fmt.Sprint(discover(t.Context(), c.r, der1, rnd)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := fmt.Sprint(discover(t.Context(), fakeResolver{}, jid.MustParse("a@[::1]"), rnd)); got != "[[::1]:5222/starttls]" {
		t.Error(got)
	}
	first := map[string]int{}
	r := fakeResolver{"xmpp-client": {{Target: "heavy.", Port: 1, Weight: 90}, {Target: "light.", Port: 1, Weight: 10}, {Target: "none.", Port: 1}}}
	for range 2000 {
		hs := discover(t.Context(), r, der1, rnd)
		if len(hs) != 3 {
			t.Fatal(hs)
		}
		first[hs[0].addr]++
	}
	if h := first["heavy:1"]; h < 1700 || h > 1900 || first["light:1"] < 120 {
		t.Errorf("first choices %v", first)
	}
}

func TestConfig(t *testing.T) {
	ct, _ := testTLS()
	good := Config{JID: der1, TLS: ct, Handler: &recorder{}}
	if _, err := New(good); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Config){
		"full JID":   func(c *Config) { c.JID = der1Full },
		"no JID":     func(c *Config) { c.JID = jid.JID{} },
		"domain":     func(c *Config) { c.JID = jid.MustParse("grid.example") },
		"no TLS":     func(c *Config) { c.TLS = nil },
		"no handler": func(c *Config) { c.Handler = nil },
		"host":       func(c *Config) { c.Hosts = []string{"localhost:5222"} },
		"mode":       func(c *Config) { c.Hosts = []string{"localhost:5222/plain"} },
		"port":       func(c *Config) { c.Hosts = []string{"localhost/direct"} },
		"peer":       func(c *Config) { c.Peers = []jid.JID{ems} },
		"limit":      func(c *Config) { c.Limit = 100 },
		"resume":     func(c *Config) { c.ResumeMax = time.Hour },
		"resource":   func(c *Config) { c.Resource = "\x00" },
	} {
		c := good
		change(&c)
		if _, err := New(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
