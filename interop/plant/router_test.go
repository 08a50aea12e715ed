package plant_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gridward/gridward/interop/peers"
)

const domain = "grid.example"

// A site is a directory with keys, and the address of the router.
type site struct {
	dir    string
	router string // host:port of direct TLS
	http   string
	files  bool // DERs may fetch files from the centre

	metrics  bool              // router and DERs listen for Prometheus
	stats    string            // where the router does
	derStats map[string]string // where the DERs do
}

// newSite issues keys with gridward pki for a router, a centre, two DERs and a stranger who is nobody's account.
func newSite(t *testing.T) *site {
	t.Helper()
	addrs, err := peers.FreeAddrs(2)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{dir: t.TempDir(), router: addrs[0], http: addrs[1]}
	tls := s.path("tls")
	run(t, "pki", "init", "--dir", tls)
	run(t, "pki", "issue", "--dir", tls, "--kind", "server", "--domain", domain, "--file", "router")
	run(t, "pki", "issue", "--dir", tls, "--kind", "center", "--jid", "center@"+domain, "--file", "center")
	for _, d := range []string{"pv1", "bat1"} {
		run(t, "pki", "issue", "--dir", tls, "--kind", "der", "--jid", d+"@"+domain, "--file", d)
	}
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s.path(name)
}

func (s *site) startRouter(t *testing.T) *process {
	t.Helper()
	metrics := ""
	if s.metrics {
		s.stats = freeAddr(t)
		metrics = fmt.Sprintf("metrics: %q\n", s.stats)
	}
	toCenter := "message, presence"
	if s.files {
		toCenter += ", iq"
	}
	return start(t, "router", "xmpp", "serve", "--config", s.write(t, "router.yaml", fmt.Sprintf(`
domain: %[1]s
listen: [{address: "%[2]s", mode: direct}]
tls: {cert: tls/router.crt, key: tls/router.key, ca: tls/ca.crt}
limits: {stanza_rate: 1000, stanza_burst: 2000} # a flood is refused here, not waited for
accounts:
  - {jid: center@%[1]s, groups: [center], weight: 10}
  - {jid: "*@%[1]s", groups: [der]}
rules:
  - {from: "@center", to: "@der", allow: [iq, message, presence]}
  - {from: "@der", to: "@center", allow: [%[4]s]}
  - {from: "*", to: self, allow: [iq]}
%[3]s`, domain, s.router, metrics, toCenter)))
}

func freeAddr(t *testing.T) string {
	t.Helper()
	addrs, err := peers.FreeAddrs(1)
	if err != nil {
		t.Fatal(err)
	}
	return addrs[0]
}

func (s *site) startDER(t *testing.T, name, device string) *process {
	t.Helper()
	metrics := ""
	if s.metrics {
		if s.derStats == nil {
			s.derStats = map[string]string{}
		}
		s.derStats[name] = freeAddr(t)
		metrics = fmt.Sprintf("metrics: %q\n", s.derStats[name])
	}
	return start(t, name, "der", "--config", s.write(t, name+".yaml", fmt.Sprintf(`
ied: %[1]s
xmpp:
  jid: %[1]s@%[2]s
  hosts: [%[3]s/direct]
  tls: {cert: tls/%[1]s.crt, key: tls/%[1]s.key, ca: tls/ca.crt}
  spread: 100ms
  peers: [center@%[2]s]
InsecureClear61850: true
tick: 100ms
start: 2026-06-21T10:00:00Z
device: {%[4]s, ramp_time: 1s, latitude: 48, longitude: 11}
%[5]s`, name, domain, s.router, device, metrics)))
}

func (s *site) startCenter(t *testing.T) (*process, api) {
	t.Helper()
	p := start(t, "center", "center", "--config", s.write(t, "center.yaml", fmt.Sprintf(`
xmpp:
  jid: center@%[1]s
  hosts: [%[2]s/direct]
  tls: {cert: tls/center.crt, key: tls/center.key, ca: tls/ca.crt}
  spread: 100ms
InsecureClear61850: true
ders: [{jid: pv1@%[1]s, name: Roof}, {jid: bat1@%[1]s}]
integrity: 1s
http: {listen: "%[3]s"}
`, domain, s.router, s.http)))
	return p, api{"http://" + s.http}
}

// TestPlant runs two DERs and a centre over our router, and over Prosody and ejabberd from Debian.
func TestPlant(t *testing.T) {
	for _, router := range []struct {
		name  string
		start func(*testing.T, *site)
	}{
		{"gridward", func(t *testing.T, s *site) { s.startRouter(t) }},
		{"prosody", foreign(peers.StartProsody)},
		{"ejabberd", foreign(peers.StartEjabberd)},
	} {
		t.Run(router.name, func(t *testing.T) {
			s := newSite(t)
			router.start(t, s)
			pv := s.startDER(t, "pv1", "kind: pv, rated: 10000")
			bat := s.startDER(t, "bat1", "kind: battery, rated: 5000, battery: {soc: 0.5}")
			center, a := s.startCenter(t)
			checkPlant(t, a, pv)
			bat.stop(t)
			center.stop(t)
		})
	}
}

func checkPlant(t *testing.T, a api, pv *process) {
	t.Helper()
	const pvID, batID = "pv1@" + domain, "bat1@" + domain
	a.awaitState(t, pvID, "online", 30*time.Second)
	a.awaitState(t, batID, "online", 30*time.Second)
	a.awaitPower(t, pvID, func(w float64) bool { return w > 1500 }, 20*time.Second)

	// A limit is obeyed, and lifted again.
	if status, answer := a.setpoint(t, pvID, `{"limit": 1000}`); status != 200 || answer["state"] != "terminated" {
		t.Fatalf("the limit was answered with %d %v", status, answer)
	}
	a.awaitPower(t, pvID, func(w float64) bool { return w > 900 && w <= 1001 }, 10*time.Second)
	if status, answer := a.setpoint(t, pvID, `{"limit": 10000}`); status != 200 || answer["state"] != "terminated" {
		t.Fatalf("lifting the limit was answered with %d %v", status, answer)
	}
	a.awaitPower(t, pvID, func(w float64) bool { return w > 1500 }, 10*time.Second)

	// A battery is charged at 2 kW; one that only tests changes nothing.
	if status, answer := a.setpoint(t, batID, `{"activePower": -2000}`); status != 200 || answer["state"] != "terminated" {
		t.Fatalf("the set-point was answered with %d %v", status, answer)
	}
	a.awaitPower(t, batID, func(w float64) bool { return w > -2020 && w < -1980 }, 10*time.Second)
	if status, answer := a.setpoint(t, batID, `{"activePower": 5001}`); status != 422 {
		t.Errorf("a set-point beyond the rating was answered with %d %v, want 422", status, answer)
	}

	// A DER that goes is seen to go.
	pv.stop(t)
	a.awaitState(t, pvID, "offline", 15*time.Second)
	if status, answer := a.setpoint(t, pvID, `{"limit": 1000}`); status != 409 && status != 503 {
		t.Errorf("a limit for an offline DER was answered with %d %v", status, answer)
	}
}

// foreign makes a router of another XMPP server.
func foreign(serve func(context.Context, string, peers.Site) (*peers.Server, error)) func(*testing.T, *site) {
	return func(t *testing.T, s *site) {
		t.Helper()
		srv, err := serve(t.Context(), "", peers.Site{
			Domain: domain, CA: s.path("tls/ca.crt"), Cert: s.path("tls/router.crt"), Key: s.path("tls/router.key"),
			Centres: []string{"center@" + domain}, Devices: []string{"pv1@" + domain, "bat1@" + domain},
		})
		if errors.Is(err, peers.ErrMissing) {
			t.Skip("missing peer: ", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if t.Failed() {
				log := srv.Log()
				t.Logf("%s said:\n%s", srv.Name, log[max(0, len(log)-3000):])
			}
			if err := srv.Stop(); err != nil {
				t.Error(err)
			}
		})
		s.router = srv.Direct
	}
}

// TestRouterRestart takes the router away and brings it back: DERs and centre return by themselves, values flow again,
// and the buffered reports of the time between arrive without a gap.
func TestRouterRestart(t *testing.T) {
	s := newSite(t)
	router := s.startRouter(t)
	s.startDER(t, "pv1", "kind: pv, rated: 10000")
	s.startDER(t, "bat1", "kind: battery, rated: 5000")
	_, a := s.startCenter(t)
	const pvID, batID = "pv1@" + domain, "bat1@" + domain
	a.awaitState(t, pvID, "online", 30*time.Second)
	a.awaitState(t, batID, "online", 30*time.Second)
	if status, answer := a.setpoint(t, batID, `{"activePower": 1500}`); status != 200 {
		t.Fatalf("the set-point was answered with %d %v", status, answer)
	}
	router.kill()
	s.startRouter(t)
	for _, id := range []string{pvID, batID} {
		await(t, id+" associated again", 60*time.Second, func() (bool, string) {
			d, n := counters(t, a, id)
			return d.State == "online" && n["associations"] >= 2, fmt.Sprint(d, n)
		})
	}
	a.awaitPower(t, batID, func(w float64) bool { return w > 1480 && w < 1520 }, 10*time.Second)
	for _, id := range []string{pvID, batID} {
		_, n := counters(t, a, id)
		t.Logf("%s: %v", id, n)
		for _, name := range []string{"gaps", "bufferOverflows", "badMembers"} {
			if n[name] != 0 {
				t.Errorf("%s: counter %s is %v, want 0", id, name, n[name])
			}
		}
		if n["reports"] < 3 {
			t.Errorf("%s: only %v reports", id, n["reports"])
		}
	}
}

func counters(t *testing.T, a api, id string) (der, map[string]float64) {
	t.Helper()
	var d struct {
		der
		Counters map[string]float64 `json:"counters"`
	}
	if err := a.get("/api/v1/ders/"+id, &d); err != nil {
		t.Fatal(err)
	}
	return d.der, d.Counters
}
