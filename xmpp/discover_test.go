package xmpp

import (
	"context"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
)

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

// A server that sends the client round in circles does not make it dial without a pause.
func TestRedirectLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeServer{}
		f.onUp = func(s *fakeSession) {
			s.write([]byte("<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>other:5222</see-other-host></stream:error></stream:stream>"))
		}
		f.refuse = func(n int) error {
			if n < 200 {
				return nil
			}
			return errRefused
		}
		start(t, f, func(c *Config) { c.RedirectAllow = []string{"other:5222"} })
		time.Sleep(time.Minute)
		synctest.Wait()
		f.mu.Lock()
		defer f.mu.Unlock()
		if n := len(f.dials); n < 4 || n > 20 {
			t.Errorf("%d dials in a minute", n)
		}
		if f.addrs[1] != "other:5222" || f.addrs[2] == "other:5222" {
			t.Errorf("dialled %q", f.addrs[:4])
		}
	})
}

type fakeResolver map[string][]*net.SRV

func (f fakeResolver) LookupSRV(_ context.Context, service, _, _ string) (string, []*net.SRV, error) {
	r, ok := f[service]
	if !ok {
		return "", nil, &net.DNSError{Err: "no such host", IsNotFound: true}
	}
	return "", r, nil
}

// askedResolver remembers the domain that was asked for, by service.
type askedResolver map[string]string

func (a askedResolver) LookupSRV(_ context.Context, service, _, domain string) (string, []*net.SRV, error) {
	a[service] = domain
	return "", nil, &net.DNSError{Err: "no such host", IsNotFound: true}
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
	asked := askedResolver{}
	if got := fmt.Sprint(discover(t.Context(), asked, jid.MustParse("a@bücher.example"), rnd)); got != "[xn--bcher-kva.example:5222/starttls]" {
		t.Error(got)
	}
	if len(asked) != 2 || asked["xmpp-client"] != "xn--bcher-kva.example" || asked["xmpps-client"] != "xn--bcher-kva.example" {
		t.Errorf("asked for %v", asked)
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
