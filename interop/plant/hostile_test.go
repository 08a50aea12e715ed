package plant_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
	"github.com/gridward/gridward/xmpp/stanza"
)

// An intruder is a program of somebody with a good certificate: an XMPP client that says what it likes.
type intruder struct {
	*xmpp.Client
	endpoint *mmsbinding.Endpoint
	up       chan xmpp.Up
	peers    chan jid.JID // presence that came
	end      func()

	mu   sync.Mutex
	errs []string // conditions of stanza errors, and how links ended
}

func (s *site) intrude(t *testing.T, name string) *intruder {
	t.Helper()
	b, err := keystore.Load(s.path("tls/"+name+".crt"), s.path("tls/"+name+".key"), s.path("tls/ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	conf, err := tlsprofile.Client{Certificate: b.Certificate, RootCAs: b.Pool, Domain: domain, ALPN: []string{tlsprofile.ALPNClient}}.Config()
	if err != nil {
		t.Fatal(err)
	}
	i := &intruder{up: make(chan xmpp.Up, 100), peers: make(chan jid.JID, 100)}
	i.endpoint = mmsbinding.New(mmsbinding.Config{
		InsecureClear61850: true, Limits: mmsbinding.Limits{Associations: 1000, PerPeer: 1000},
		Events: func(e mmsbinding.Event) {
			if e, ok := e.(mmsbinding.PeerAvailable); ok {
				i.peers <- e.JID
			}
		},
	})
	i.Client, err = xmpp.New(xmpp.Config{
		JID: jid.MustParse(name + "@" + domain), TLS: conf, Hosts: []string{s.router + "/direct"}, Spread: -1, BackoffMin: 10 * time.Millisecond,
		Limit: 1 << 20, Handler: i,
	})
	if err != nil {
		t.Fatal(err)
	}
	i.endpoint.Bind(i.Client)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = i.Run(ctx) // how it ends is the router's affair
	}()
	i.end = sync.OnceFunc(func() {
		i.endpoint.Close()
		cancel()
		<-done
	})
	t.Cleanup(i.end)
	i.awaitUp(t)
	return i
}

func (i *intruder) awaitUp(t *testing.T) {
	t.Helper()
	select {
	case <-i.up:
	case <-time.After(20 * time.Second):
		t.Fatalf("the intruder did not get in: %v", i.seen())
	}
}

func (i *intruder) note(s string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.errs = append(i.errs, s)
}

func (i *intruder) seen() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]string(nil), i.errs...)
}

func (i *intruder) HandleStanza(s *stanza.Stanza) {
	if s.Err != nil {
		i.note(s.Err.Cond)
	}
	i.endpoint.HandleStanza(s)
}

func (i *intruder) HandleEvent(ev xmpp.Event) {
	switch ev := ev.(type) {
	case xmpp.Up:
		i.endpoint.Up(ev.JID, ev.Resumed)
		i.up <- ev
	case xmpp.Down:
		i.note(ev.Err.Error())
		i.endpoint.Down()
	case xmpp.Lost:
		i.endpoint.Lost(ev.Err)
	case xmpp.Retry:
		i.note(ev.Err.Error())
	}
}

// metric reads one value of a Prometheus listener: the name with its labels, or without them the sum; 0 when it is not there
// yet.
func metric(t *testing.T, addr, series string) float64 {
	t.Helper()
	resp, err := (&http.Client{Timeout: 5 * time.Second}).Get("http://" + addr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for line := range strings.Lines(string(body)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		if !ok || strings.HasPrefix(line, "#") || name != series && !strings.HasPrefix(name, series+"{") {
			continue
		}
		f, err := strconv.ParseFloat(value, 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		sum += f
	}
	return sum
}

// undisturbed checks that the plant works as if nothing had happened: the DER obeys, and no report was lost.
func undisturbed(t *testing.T, a api, limit float64) {
	t.Helper()
	undisturbedBut(t, a, limit, 0)
}

// undisturbedBut is undisturbed, with so many attempts to associate that may have failed.
func undisturbedBut(t *testing.T, a api, limit, failures float64) {
	t.Helper()
	const pvID = "pv1@" + domain
	status, answer := a.setpoint(t, pvID, fmt.Sprintf(`{"limit": %g}`, limit))
	if status != 200 || answer["state"] != "terminated" {
		t.Errorf("a limit was answered with %d %v", status, answer)
	}
	a.awaitPower(t, pvID, func(w float64) bool { return w > 0.9*limit && w <= limit+1 }, 10*time.Second)
	_, n := counters(t, a, pvID)
	for _, name := range []string{"gaps", "bufferOverflows", "badMembers"} {
		if n[name] != 0 {
			t.Errorf("counter %s is %v, want 0", name, n[name])
		}
	}
	if n["failures"] > failures {
		t.Errorf("%v attempts failed, want %v at most", n["failures"], failures)
	}
	if n["associations"] != 1 {
		t.Errorf("%v associations, want 1", n["associations"])
	}
}

// TestHostileNeighbour: a DER with a good certificate attacks another DER, the centre and the router. Each attempt is
// refused by name and counted, and disturbs nobody.
func TestHostileNeighbour(t *testing.T) {
	s := newSite(t)
	s.metrics = true
	s.startRouter(t)
	s.startDER(t, "pv1", "kind: pv, rated: 10000")
	_, a := s.startCenter(t)
	a.awaitState(t, "pv1@"+domain, "online", 30*time.Second)
	rogue := s.intrude(t, "bat1")
	victim, centre := jid.MustParse("pv1@"+domain+"/IEC"), jid.MustParse("center@"+domain+"/IEC")
	frame := []byte(`<assoc xmlns='urn:gridward:61850-8-2:1' id='1:1'/>`)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()

	t.Run("requests", func(t *testing.T) {
		before := metric(t, s.stats, "gridward_xmpp_policy_denied_total")
		for _, to := range []jid.JID{victim, centre} {
			for _, kind := range []string{stanza.Get, stanza.Set} {
				answer, err := rogue.IQ(ctx, &stanza.Stanza{Kind: stanza.IQ, Type: kind, To: to, Payload: frame})
				if err == nil && answer.Err == nil {
					t.Errorf("iq %s to %s was answered: %s", kind, to, answer.Payload)
				}
				t.Logf("iq %s to %s: %v", kind, to, errors.Join(err, condition(answer)))
			}
		}
		if n := metric(t, s.stats, "gridward_xmpp_policy_denied_total") - before; n != 4 {
			t.Errorf("%g refusals are counted, want 4", n)
		}
	})
	t.Run("messages to another DER", func(t *testing.T) {
		before, ignored := metric(t, s.stats, "gridward_xmpp_policy_denied_total"), metric(t, s.derStats["pv1"], "gridward_der_stanzas_ignored_total")
		for range 10 {
			if err := rogue.Send(&stanza.Stanza{Kind: stanza.Message, To: victim, ID: stanza.NewID(), Payload: frame}); err != nil {
				t.Fatal(err)
			}
		}
		await(t, "ten refusals", 10*time.Second, func() (bool, string) {
			n := metric(t, s.stats, "gridward_xmpp_policy_denied_total") - before
			return n >= 10, fmt.Sprint(n)
		})
		if n := metric(t, s.derStats["pv1"], "gridward_der_stanzas_ignored_total") - ignored; n != 0 {
			t.Errorf("%g stanzas reached the DER", n)
		}
	})
	t.Run("reports into an association that is not its own", func(t *testing.T) {
		for i := range 1000 {
			payload := fmt.Appendf(nil, `<assoc xmlns='urn:gridward:61850-8-2:1' id='%d:%d'><a><b/></a></assoc>`, 1+i%999, 1+i/2)
			if err := rogue.Send(&stanza.Stanza{Kind: stanza.Message, To: centre, ID: stanza.NewID(), Payload: payload}); err != nil {
				t.Fatal(err)
			}
		}
		undisturbed(t, a, 1500)
		await(t, "1000 ignored stanzas in the centre's count", 20*time.Second, func() (bool, string) {
			n := metric(t, strings.TrimPrefix(a.base, "http://"), "gridward_center_stanzas_ignored_total")
			return n >= 1000, fmt.Sprint(n)
		})
	})
	t.Run("forged sender", func(t *testing.T) {
		before := metric(t, s.stats, `gridward_xmpp_stream_errors_total{condition="invalid-from"}`)
		if err := rogue.Send(&stanza.Stanza{Kind: stanza.Message, From: centre, To: victim, ID: stanza.NewID(), Payload: frame}); err != nil {
			t.Fatal(err)
		}
		await(t, "the stream is ended with invalid-from", 10*time.Second, func() (bool, string) {
			return strings.Contains(strings.Join(rogue.seen(), " "), "invalid-from"), fmt.Sprint(rogue.seen())
		})
		if n := metric(t, s.stats, `gridward_xmpp_stream_errors_total{condition="invalid-from"}`) - before; n != 1 {
			t.Errorf("%g streams ended with invalid-from are counted, want 1", n)
		}
		rogue.awaitUp(t)
	})
	t.Run("huge stanzas", func(t *testing.T) {
		for _, size := range []int{260_000, 270_000} {
			payload := fmt.Appendf(nil, "<x xmlns='urn:x'>%s</x>", strings.Repeat("y", size))
			await(t, "room for a stanza", 10*time.Second, func() (bool, string) {
				err := rogue.Send(&stanza.Stanza{Kind: stanza.Message, To: centre, ID: stanza.NewID(), Payload: payload})
				return err == nil, fmt.Sprint(err)
			})
			if size > 262_144 {
				rogue.awaitUp(t)
			}
		}
		if n := metric(t, s.stats, `gridward_xmpp_stream_errors_total{condition="policy-violation"}`); n != 1 {
			t.Errorf("%g streams ended with policy-violation are counted, want 1", n)
		}
		undisturbed(t, a, 2000)
	})
	t.Run("flood", func(t *testing.T) {
		flood, stop := context.WithCancel(ctx)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				payload := fmt.Appendf(nil, "<x xmlns='urn:x'>%s</x>", strings.Repeat("y", 2000))
				for flood.Err() == nil {
					if err := rogue.Send(&stanza.Stanza{Kind: stanza.Message, To: centre, ID: stanza.NewID(), Payload: payload}); err != nil {
						select {
						case <-time.After(time.Millisecond):
						case <-flood.Done():
						}
					}
				}
			})
		}
		undisturbed(t, a, 1000)
		undisturbed(t, a, 3000)
		stop()
		wg.Wait()
	})
}

func condition(s *stanza.Stanza) error {
	if s == nil || s.Err == nil {
		return nil
	}
	return s.Err
}
