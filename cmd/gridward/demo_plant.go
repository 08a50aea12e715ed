package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/pki/ca"
	"github.com/gridward/gridward/pki/keystore"
)

const demoDomain = "grid.example"

// demoOnlineTime is how long the whole plant may take until every DER is online.
const demoOnlineTime = 60 * time.Second

// A demoPlant is a router, a centre and DERs: their keys and configurations in one directory.
type demoPlant struct {
	dir    string
	router string // address
	http   string // address
	speed  float64
	ders   []demoDER
}

type demoDER struct {
	name   string // of the IED
	kind   string
	device string // the section device of its configuration
	limit  float64
}

func (d demoDER) id() string { return strings.ToLower(d.name) }

// demoKinds are the kinds of DER in turn. %d is a seed.
var demoKinds = []struct {
	prefix, kind string
	rated        []float64 // W, in turn
	more         string
}{
	{"PV", "pv", []float64{10e3, 25e3, 100e3}, "  pv: {tilt: 30, azimuth: 180, cloudy: 0.3}\n"},
	{"BAT", "battery", []float64{5e3, 50e3, 20e3}, "  battery: {soc: 0.5}\n"},
	{"LOAD", "load", []float64{50e3, 12e3, 30e3}, ""},
	{"EVSE", "chargepoint", []float64{22e3, 11e3, 22e3}, "  chargepoint: {sessions: 12}\n"},
}

// newDemoPlant makes keys and configurations in opt.dir.
func newDemoPlant(opt demoOptions, now time.Time) (*demoPlant, error) {
	p := &demoPlant{dir: opt.dir, http: opt.listen, speed: opt.speed}
	for i := range opt.ders {
		k, n := demoKinds[i%len(demoKinds)], i/len(demoKinds)
		rated := k.rated[n%len(k.rated)]
		p.ders = append(p.ders, demoDER{
			name: fmt.Sprintf("%s%d", k.prefix, n+1), kind: k.kind, limit: rated / 2,
			device: fmt.Sprintf("  kind: %s\n  rated: %g # W\n  ramp_time: %s # about 4 s at this speed\n  latitude: 48.14\n  longitude: 11.58\n  seed: %d\n%s",
				k.kind, rated, time.Duration(4*opt.speed*float64(time.Second)).Round(time.Second), i+1, k.more),
		})
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p.router = l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(p.dir, "log"), 0o700); err != nil {
		return nil, err
	}
	return p, errors.Join(p.writeKeys(now), p.writeConfigs(now))
}

// writeKeys makes a certification authority and a certificate for each process.
func (p *demoPlant) writeKeys(now time.Time) error {
	const life = 30 * 24 * time.Hour
	dir := keystore.Dir(filepath.Join(p.dir, "tls"))
	if err := dir.Create(); err != nil {
		return err
	}
	authority, err := ca.New("Gridward demo", now, life)
	if err != nil {
		return err
	}
	crt, key := dir.CA()
	if err := errors.Join(keystore.WriteCertificates(crt, false, authority.Cert), keystore.WriteKey(key, authority.Key, false)); err != nil {
		return err
	}
	requests := map[string]ca.Request{
		"router": {Kind: ca.Server, JIDs: []string{demoDomain}, DNS: []string{demoDomain}, Life: life},
		"center": {Kind: ca.Center, JIDs: []string{"center@" + demoDomain}, Life: life},
	}
	for _, d := range p.ders {
		requests[d.id()] = ca.Request{Kind: ca.DER, JIDs: []string{d.id() + "@" + demoDomain}, Life: life}
	}
	for name, req := range requests {
		key, err := ca.NewKey()
		if err != nil {
			return err
		}
		cert, err := authority.Issue(req, key.Public(), now)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		crtFile, keyFile := dir.Paths(name)
		if err := errors.Join(keystore.WriteCertificates(crtFile, false, cert), keystore.WriteKey(keyFile, key, false)); err != nil {
			return err
		}
	}
	return nil
}

func (p *demoPlant) writeConfigs(now time.Time) error {
	files := map[string]string{"router": p.routerYAML(), "center": p.centerYAML()}
	for _, d := range p.ders {
		files[d.id()] = p.derYAML(d, now)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(p.dir, name+".yaml"), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

func demoTLS(name, indent string) string {
	return fmt.Sprintf("%[2]stls: {cert: tls/%[1]s.crt, key: tls/%[1]s.key, ca: tls/ca.crt}\n", name, indent)
}

func (p *demoPlant) routerYAML() string {
	return fmt.Sprintf(`# gridward xmpp serve --config router.yaml
domain: %[1]s
listen: [{address: "%[2]s", mode: direct}]
%[3]saccounts:
  - {jid: center@%[1]s, groups: [centre], weight: 50} # it talks to all of them
  - {jid: "*@%[1]s", groups: [der]}
rules:
  - {from: "@centre", to: "@der", allow: [iq, message, presence]}
  - {from: "@der", to: "@centre", allow: [message, presence]}
  - {from: "*", to: self, allow: [iq]}
limits: {unauthenticated_per_ip: 512} # all come from this machine
`, demoDomain, p.router, demoTLS("router", ""))
}

func (p *demoPlant) centerYAML() string {
	return fmt.Sprintf(`# gridward center --config center.yaml
xmpp:
  jid: center@%[1]s
  hosts: [%[2]s/direct]
  spread: 1s
%[3]sInsecureClear61850: true # no end-to-end protection: the router can read and change what is sent
ders: [{jid: "*@%[1]s"}]
integrity: 2s
http: {listen: "%[4]s"}
`, demoDomain, p.router, demoTLS("center", "  "), p.http)
}

func (p *demoPlant) derYAML(d demoDER, now time.Time) string {
	// Midsummer, mid-morning: there is sun whenever the demo is run.
	start := time.Date(now.Year(), time.June, 21, 7, 30, 0, 0, time.UTC)
	return fmt.Sprintf(`# gridward der --config %[1]s.yaml
ied: %[2]s
xmpp:
  jid: %[1]s@%[3]s
  hosts: [%[4]s/direct]
  spread: 2s
%[5]s  peers: [center@%[3]s]
InsecureClear61850: true # no end-to-end protection: the router can read and change what is sent
speed: %[6]g
start: %[7]s
device:
%[8]sfail_safe: {after: 2m, limit: %[9]g}
`, d.id(), d.name, demoDomain, p.router, demoTLS(d.id(), "  "), p.speed, start.Format(time.RFC3339), d.device, d.limit)
}

// waitOnline waits until the centre reports every DER online, with a count on a terminal.
func (p *demoPlant) waitOnline(ctx context.Context, procs *demoProcs, talk io.Writer) error {
	deadline := time.After(demoOnlineTime)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	progress := cli.IsTerminal(talk)
	client := &http.Client{Timeout: 2 * time.Second}
	for online := -1; ; {
		n := p.online(ctx, client)
		if progress && n != online {
			fmt.Fprintf(talk, "\r%d of %d online ", n, len(p.ders))
		}
		if online = n; n == len(p.ders) {
			if progress {
				fmt.Fprint(talk, "\r\033[K")
			}
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		case err := <-procs.fatal:
			return err
		case <-deadline:
			return fmt.Errorf("only %d of %d DERs are online after %v", max(n, 0), len(p.ders), demoOnlineTime)
		}
	}
}

// online asks the centre how many DERs are online; 0 while it does not answer.
func (p *demoPlant) online(ctx context.Context, client *http.Client) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.http+"/api/v1/ders", nil)
	if err != nil {
		return 0
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	var fleet struct {
		DERs []struct {
			State string `json:"state"`
		} `json:"ders"`
	}
	if resp.StatusCode != http.StatusOK || json.NewDecoder(io.LimitReader(resp.Body, 16<<20)).Decode(&fleet) != nil {
		return 0
	}
	n := 0
	for _, d := range fleet.DERs {
		if d.State == "online" {
			n++
		}
	}
	return n
}
