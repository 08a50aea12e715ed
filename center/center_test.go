package center_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/center"
	"github.com/gridward/gridward/center/api"
	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/jid"
)

// call sends a request to the centre's HTTP interface and reads the answer into v.
func call(t *testing.T, c *center.Center, method, path, body string, v any) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://localhost/api/v1"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	c.Handler(nil).ServeHTTP(w, r)
	if err := json.NewDecoder(bytes.NewReader(w.Body.Bytes())).Decode(v); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, w.Body)
	}
	return w.Code
}

// until asks for the DER until ok is pleased.
func until(t *testing.T, c *center.Center, what string, ok func(fleet.Detail) bool) fleet.Detail {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for {
		var d fleet.Detail
		code := call(t, c, "GET", "/ders/"+derJID, "", &d)
		if code == http.StatusOK && ok(d) {
			return d
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("no %s in 20 s: %d %+v", what, code, d)
		}
	}
}

func online(d fleet.Detail) bool { return d.State == fleet.Online && d.ActivePower.Known() }

func near(n fleet.Number, w float64) bool { return n.Known() && float64(n)-w < 1 && w-float64(n) < 1 }

// TestOverXMPP runs a centre, a router and a DER over TCP and mutual TLS: the DER is found by its presence, its values
// come, it obeys a set-point and refuses another.
func TestOverXMPP(t *testing.T) {
	s := newSite(t)
	b := s.battery()
	b.connect()
	c, _ := s.center()
	d := until(t, c, "value", online)
	if d.Kind != fleet.KindBattery || d.Name != "bat1" || !near(d.ActivePower, 1000) || d.Rating != 5000 || d.Quality != "good" {
		t.Errorf("summary %+v", d.Summary)
	}
	if d.Setpoints == nil || d.Setpoints.Min != -5000 || d.Setpoints.Max != 5000 {
		t.Errorf("bounds %+v", d.Setpoints)
	}
	if len(d.Blocks) != 2 || d.Blocks[0].Ref != "BAT1LD0/LLN0.brcbEV01[BR]" || d.Blocks[1].Ref != "BAT1LD0/LLN0.urcbMX01[RP]" || d.Counters.BadMembers != 0 {
		t.Errorf("report control blocks %+v, counters %+v", d.Blocks, d.Counters)
	}
	var cmd struct{ State, AddCause string }
	if code := call(t, c, "POST", "/ders/"+derJID+"/setpoint", `{"activePower": -3000}`, &cmd); code != 200 || cmd.State != "terminated" {
		t.Errorf("set-point: %d %+v", code, cmd)
	}
	until(t, c, "obedience", func(d fleet.Detail) bool { return near(d.ActivePower, -3000) && near(d.Setpoint, -3000) })
	if code := call(t, c, "POST", "/ders/"+derJID+"/setpoint", `{"limit": 1500}`, &cmd); code != 200 {
		t.Errorf("limit: %d %+v", code, cmd)
	}
	until(t, c, "limit", func(d fleet.Detail) bool { return near(d.Limit, 1500) })

	b.mu.Lock()
	b.refuse = model.AddCauseBlockedByProcess
	b.mu.Unlock()
	var p api.Problem
	code := call(t, c, "POST", "/ders/"+derJID+"/setpoint", `{"activePower": 1}`, &p)
	if code != http.StatusConflict || p.Command == nil || p.Command.AddCause != "blocked-by-process" || p.Command.Step != "operate" {
		t.Errorf("refused set-point: %d %+v %+v", code, p, p.Command)
	}
	if code := call(t, c, "POST", "/ders/"+derJID+"/setpoint", `{"activePower": 5001}`, &p); code != http.StatusUnprocessableEntity {
		t.Errorf("set-point beyond the rating: %d %+v", code, p)
	}
	var tree fleet.Model
	if code := call(t, c, "GET", "/ders/"+derJID+"/model", "", &tree); code != 200 || len(tree.Devices) != 1 || tree.Devices[0].Name != "BAT1LD0" {
		t.Errorf("model: %d %+v", code, tree)
	}
}

// TestRouterGoesAwayAndComesBack: the DER's buffered reports of the time in between come, all of them.
func TestRouterGoesAwayAndComesBack(t *testing.T) {
	s := newSite(t)
	b := s.battery()
	b.connect()
	c, _ := s.center()
	until(t, c, "value", online)
	s.stop()
	until(t, c, "loss", func(d fleet.Detail) bool { return d.State != fleet.Online && d.Stale })
	for w := range 8 { // more than the dead-band each
		b.power(float32(2000 + 100*w))
	}
	s.start()
	d := until(t, c, "return", func(d fleet.Detail) bool { return online(d) && near(d.ActivePower, 2700) && len(d.Blocks) == 2 })
	if !d.Blocks[0].Resynced || d.Counters.BufferOverflow != 0 || d.Counters.Gaps != 0 {
		t.Errorf("blocks %+v counters %+v", d.Blocks, d.Counters)
	}
	// Each of the eight changes of the power made an entry of its own.
	d = until(t, c, "reports", func(d fleet.Detail) bool { return d.Blocks[0].Reports >= 8 })
	if d.Counters.LateValues != 0 {
		t.Errorf("counters %+v", d.Counters)
	}
}

// TestHoldReleasesTheAssociation: the DER is left in order, and found again.
func TestHoldReleasesTheAssociation(t *testing.T) {
	s := newSite(t)
	s.battery().connect()
	c, _ := s.center()
	until(t, c, "value", online)
	var held fleet.Summary
	if code := call(t, c, "POST", "/ders/"+derJID+"/hold", `{"held": true}`, &held); code != 200 {
		t.Fatalf("hold: %d", code)
	}
	until(t, c, "hold", func(d fleet.Detail) bool { return d.State == fleet.Held })
	call(t, c, "POST", "/ders/"+derJID+"/hold", `{"held": false}`, &held)
	d := until(t, c, "return", online)
	if d.Counters.Associations != 2 || d.Counters.Failures != 0 {
		t.Errorf("counters %+v", d.Counters)
	}
}

func TestConfig(t *testing.T) {
	good := func() center.Config {
		return center.Config{
			JID: jid.MustParse(centerJID), TLS: &tls.Config{MinVersion: tls.VersionTLS13}, Hosts: []string{"127.0.0.1:1/direct"},
			InsecureClear61850: true, Fleet: fleet.Config{DERs: []fleet.Entry{{JID: "*@grid.example"}}},
		}
	}
	if _, err := center.New(good()); err != nil {
		t.Errorf("a good configuration: %v", err)
	}
	for want, change := range map[string]func(*center.Config){
		"not a bare account":     func(c *center.Config) { c.JID = jid.MustParse("center@grid.example/IEC") },
		"no TLS":                 func(c *center.Config) { c.TLS = nil },
		"no DER":                 func(c *center.Config) { c.Fleet.DERs = nil },
		"set InsecureClear61850": func(c *center.Config) { c.InsecureClear61850 = false },
		"associations":           func(c *center.Config) { c.MaxAssociations = -1 },
		"want a bare JID":        func(c *center.Config) { c.Fleet.DERs = []fleet.Entry{{JID: "nonsense"}} },
		"integrity":              func(c *center.Config) { c.Fleet.Integrity = 1 },
	} {
		c := good()
		change(&c)
		_, err := center.New(c)
		if err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, center.ErrConfig) && !errors.Is(err, fleet.ErrConfig) {
			t.Errorf("want an error that says %q: %v", want, err)
		}
	}
}
