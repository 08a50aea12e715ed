package ied

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/pki/ca"
	"github.com/gridward/gridward/security/tlsprofile"
)

var hz = "FEEDER1MEAS/MMXU1.Hz.mag.f[MX]"

// TestPasswords: who knows a password is whom it belongs to, with the roles of that client; anybody else is refused.
func TestPasswords(t *testing.T) {
	s := serve(t, Config{Model: feeder(t), Clients: []Client{
		{Name: "hmi", InsecurePassword: "open sesame", Roles: []string{"OPERATOR"}},
		{Name: "viewer", InsecurePassword: "look", Roles: []string{"VIEWER"}},
		{Name: "nobody", InsecurePassword: "none"},
		{Name: "certified", Roles: []string{"ALL"}}, // has to prove its name by a certificate: no password is that of it
	}, Listen: "127.0.0.1:0"})
	for _, x := range []struct {
		auth acse.Authenticator
		diag int
	}{
		{nil, acse.DiagAuthenticationNeeded},
		{&acse.InsecurePassword{Password: "wrong"}, acse.DiagAuthenticationFailed},
		{&acse.InsecurePassword{Password: "open"}, acse.DiagAuthenticationFailed},
		{&acse.InsecurePassword{Password: ""}, acse.DiagAuthenticationFailed},
	} {
		_, err := mmstcp.Dial(t.Context(), s.addr, mmstcp.Config{OSI: osi.Config{Authenticator: x.auth}})
		var re *osi.RefusedError
		if !errors.Is(err, mms.ErrRefused) || !errors.As(err, &re) || re.Diagnostic == nil || re.Diagnostic.Code != x.diag {
			t.Errorf("%+v: %v, want diagnostic %d", x.auth, err, x.diag)
		}
	}
	operator := s.dial(&acse.InsecurePassword{Password: "open sesame"})
	if _, err := operator.ReadOne(t.Context(), ref(t, hz)); err != nil {
		t.Error(err)
	}
	if err := s.operate(operator, "FEEDER1CTRL/XCBR1.Pos", model.Bool(false), client.OperateOptions{}); err != nil {
		t.Error(err)
	}
	if err := operator.Write(t.Context(), ref(t, "FEEDER1SCHD/FSCH1.SchdPrio.setVal[SP]"), model.Int(3)); !errors.Is(err, mms.ObjectAccessDenied) {
		t.Errorf("an operator configures: %v", err)
	}
	viewer := s.dial(&acse.InsecurePassword{Password: "look"})
	if lds, err := viewer.Devices(t.Context()); err != nil || len(lds) != 4 {
		t.Errorf("a viewer sees %v, %v", lds, err)
	}
	if _, err := viewer.ReadOne(t.Context(), ref(t, hz)); !errors.Is(err, mms.ObjectAccessDenied) {
		t.Errorf("a viewer reads: %v", err)
	}
	if lds, err := s.dial(&acse.InsecurePassword{Password: "none"}).Devices(t.Context()); err == nil && len(lds) != 0 {
		t.Errorf("a client without roles sees %v", lds)
	}
	e := await(t, s.events, func(e Served) bool { _, ok := e.Event.(server.Denied); return ok })
	if d := e.Event.(server.Denied); d.Principal.Name == "" {
		t.Errorf("%+v", d)
	}
}

// TestAnonymousRoles: an entry named anonymous limits those who prove nothing.
func TestAnonymousRoles(t *testing.T) {
	s := serve(t, Config{Model: feeder(t), InsecureAnonymous: true, Clients: []Client{{Name: Anonymous, Roles: []string{"VIEWER", "OPERATOR"}}}})
	c := s.dial(nil)
	if _, err := c.ReadOne(t.Context(), ref(t, hz)); err != nil {
		t.Error(err)
	}
	if err := c.Write(t.Context(), ref(t, "FEEDER1SCHD/FSCH1.SchdPrio.setVal[SP]"), model.Int(3)); !errors.Is(err, mms.ObjectAccessDenied) {
		t.Errorf("%v", err)
	}
}

// TestRoles holds the table to the shape of the rights.
func TestRoles(t *testing.T) {
	if len(Roles()) != len(roleRights) {
		t.Error("a role is missing from the list")
	}
	for name, rights := range roleRights {
		if len(rights) != int(server.NumRight) || strings.Trim(rights, "x.") != "" || !slices.Contains(Roles(), name) {
			t.Errorf("%s: %q", name, rights)
		}
	}
	a := &authority{clients: []Client{{Name: "ems@grid.example", Roles: []string{"ENGINEER"}}, {Name: Anonymous, Roles: []string{"VIEWER"}}}}
	for _, x := range []struct {
		p    *model.Principal
		r    server.Right
		want bool
	}{
		{&model.Principal{Name: "ems@grid.example/IEC", Proof: model.ProofX509}, server.RightConfig, true},
		{&model.Principal{Name: "ems@grid.example", Proof: model.ProofX509}, server.RightControl, false},
		{&model.Principal{Name: "anonymous", Proof: model.ProofX509}, server.RightView, false},
		{&model.Principal{Name: "ems@grid.example"}, server.RightConfig, false}, // it says so, and proves nothing
		{nil, server.RightView, true},
	} {
		if err := a.Allow(x.p, x.r, model.Ref{}); (err == nil) != x.want {
			t.Errorf("%+v %v: %v", x.p, x.r, err)
		}
	}
}

func TestConfigErrors(t *testing.T) {
	m := feeder(t)
	for want, cfg := range map[string]Config{
		"no model":                 {},
		"nowhere to listen":        {Model: m},
		"nobody could associate":   {Model: m, Listen: ":0", Clients: []Client{{Name: "a"}}},
		"TLS without":              {Model: m, TLSListen: ":0"},
		"InsecureClear61850":       {Model: m, XMPP: &XMPP{}},
		"no peers":                 {Model: m, XMPP: &XMPP{InsecureClear61850: true}},
		"operate time":             {Model: m, Listen: ":0", InsecureAnonymous: true, Controls: Controls{OperateTime: -1}},
		"no such role":             {Model: m, Listen: ":0", InsecureAnonymous: true, Clients: []Client{{Name: "a", Roles: []string{"KING"}}}},
		"has no name":              {Model: m, Listen: ":0", InsecureAnonymous: true, Clients: []Client{{}}},
		"there twice":              {Model: m, Listen: ":0", InsecureAnonymous: true, Clients: []Client{{Name: "a"}, {Name: "a"}}},
		"that of another":          {Model: m, Listen: ":0", Clients: []Client{{Name: "a", InsecurePassword: "x"}, {Name: "b", InsecurePassword: "x"}}},
		"cannot have a password":   {Model: m, Listen: ":0", Clients: []Client{{Name: Anonymous, InsecurePassword: "x"}}},
		"longer than 12288 octets": {Model: m, Listen: ":0", Clients: []Client{{Name: "a", InsecurePassword: strings.Repeat("x", 12289)}}},
	} {
		if _, err := New(cfg); !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", want, err)
		}
	}
}

// TestSelectors: who calls other selectors than those of the SCL file is refused.
func TestSelectors(t *testing.T) {
	s := serve(t, Config{Model: feeder(t), InsecureAnonymous: true, Address: acse.Address{TSEL: []byte{0, 1}, SSEL: []byte{0, 1}, PSEL: []byte{0, 0, 0, 1}}})
	s.dial(nil)
	for _, remote := range []acse.Address{{TSEL: []byte{0, 2}}, {SSEL: []byte{7}}, {PSEL: []byte{9}}} {
		if _, err := mmstcp.Dial(t.Context(), s.addr, mmstcp.Config{OSI: osi.Config{Remote: remote}}); !errors.Is(err, mms.ErrRefused) {
			t.Errorf("%+v: %v", remote, err)
		}
	}
	await(t, s.events, func(e AssociationRefused) bool { return e.Why != nil })
}

// TestPortInUse: when one of two listeners cannot be had, Run fails and nothing is left open.
func TestPortInUse(t *testing.T) {
	s := serve(t, Config{Model: feeder(t)})
	d, _ := still(t, Config{})
	d.cfg.Listen, d.cfg.TLSListen = "127.0.0.1:0", s.addr
	if err := d.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("%v", err)
	}
}

// TestSimulate: measured values move within bounds, the same way for the same seed, and leave alone what a scenario moves.
func TestSimulate(t *testing.T) {
	m := feeder(t)
	course := func(seed uint64) (out []string) {
		d, _ := still(t, Config{Model: m, Simulate: &Simulation{Seed: seed}, Scenario: scenario(t, "steps: [{at: 0s, set: {MEAS/MMXU1.TotPF: 0.5}}]")})
		sim := d.tasks[len(d.tasks)-1].(*simulator)
		now := time.Now()
		for range 100 {
			next, err := sim.step(now)
			if err != nil || !next.After(now) {
				t.Fatalf("%v %v", next, err)
			}
			now = next
			out = append(out, text(t, d, "MEAS/MMXU1.Hz"), text(t, d, "MEAS/MMXU1.PhV.phsB"), text(t, d, "CTRL/GGIO1.Ind1"), text(t, d, "MEAS/MMTR1.SupWh"))
			if got := text(t, d, "MEAS/MMXU1.TotPF"); got != "{f=0}" { // the player does not run here
				t.Fatalf("TotPF is %s", got)
			}
			v, err := d.srv.Get(ref(t, hz))
			if f, _ := v.AsFloat(); err != nil || f < 49.8 || f > 50.2 {
				t.Fatalf("%v Hz, %v", f, err)
			}
		}
		return out
	}
	one := course(1)
	if !slices.Equal(one, course(1)) {
		t.Error("the same seed gives another course")
	}
	if slices.Equal(one, course(2)) {
		t.Error("another seed gives the same course")
	}
	if one[0] == one[4] || one[3] == one[7] {
		t.Errorf("nothing moves: %v", one[:8])
	}
}

// TestMetrics: the collector is sound and counts.
func TestMetrics(t *testing.T) {
	s := serve(t, Config{Model: feeder(t)})
	c := s.dial(nil)
	if _, err := c.ReadOne(t.Context(), ref(t, hz)); err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewPedanticRegistry()
	if err := reg.Register(s.d); err != nil {
		t.Fatal(err)
	}
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, f := range all {
		for _, m := range f.GetMetric() {
			found[f.GetName()] += m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	if found["gridward_ied_associations"] != 1 || found["gridward_ied_associations_total"] != 1 || found["gridward_ied_requests_total"] < 1 {
		t.Errorf("%v", found)
	}
}

// TestSchedules: the schedule of the feeder moves its set-point.
func TestSchedules(t *testing.T) {
	d, log := still(t, Config{})
	now := time.Date(2026, 6, 21, 11, 59, 0, 0, time.UTC)
	d.cfg.Now = func() time.Time { return now }
	if err := d.Schedules().Enable(ref(t, "FEEDER1SCHD/FSCH1"), now); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		for _, x := range d.tasks {
			if _, err := x.step(now); err != nil {
				t.Fatal(err)
			}
		}
		now = now.Add(5 * time.Second)
		if now.Equal(time.Date(2026, 6, 21, 12, 0, 30, 0, time.UTC)) {
			if got := text(t, d, "CTRL/GGIO1.AnOut1"); got != "{f=60}" {
				t.Errorf("the set-point is %s", got)
			}
		}
	}
	e := await(t, log, func(e Scheduled) bool { return e.State == "running" })
	if e.Schedule.LN != "FSCH1" || e.Err != nil {
		t.Errorf("%+v", e)
	}
	if err := d.Schedules().Enable(ref(t, "FEEDER1SCHD/FSCH1"), now); err != nil {
		t.Fatal(err)
	}
	if e := await(t, log, func(e Scheduled) bool { return e.Err != nil }); e.State != "running" {
		t.Errorf("enabled twice: %+v", e)
	}
}

// TestTLS: a client with a certificate is whom it names, with those roles; one without is refused.
func TestTLS(t *testing.T) {
	pki := newPKI(t)
	s := serve(t, Config{
		Model: feeder(t), TLSListen: "127.0.0.1:0", TLS: pki.server(t), Clients: []Client{{Name: "hmi@grid.example", Roles: []string{"OPERATOR"}}},
	})
	a, err := mmstcp.Dial(t.Context(), s.addr, mmstcp.Config{Secure: mmstcp.TLSClient(pki.client(t, true))})
	if err != nil {
		t.Fatal(err)
	}
	c := client.New(a, client.Options{})
	defer c.Close()
	if _, err := c.ReadOne(t.Context(), ref(t, hz)); err != nil {
		t.Error(err)
	}
	e := await(t, s.events, func(e Served) bool { _, ok := e.Event.(server.Associated); return ok })
	if p := e.Event.(server.Associated).Principal; p.Name != "hmi@grid.example" || p.Proof != model.ProofX509 || p.Address != "127.0.0.1" {
		t.Errorf("%+v", p)
	}
	if a, err := mmstcp.Dial(t.Context(), s.addr, mmstcp.Config{Secure: mmstcp.TLSClient(pki.client(t, false))}); err == nil {
		t.Errorf("without a certificate: %+v", a.Peer())
	}
	if a, err := mmstcp.Dial(t.Context(), s.addr, mmstcp.Config{}); err == nil {
		t.Errorf("without TLS: %+v", a.Peer())
	}
}

// A testPKI issues certificates for a server and its clients.
type testPKI struct{ a *ca.Authority }

func newPKI(t testing.TB) *testPKI {
	t.Helper()
	a, err := ca.New("test", time.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return &testPKI{a}
}

func (p *testPKI) issue(t testing.TB, req ca.Request) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ca.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	req.Life = 30 * time.Minute
	cert, err := p.a.Issue(req, key.Public(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(p.a.Cert)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, pool
}

func (p *testPKI) server(t testing.TB) *tls.Config {
	t.Helper()
	cert, pool := p.issue(t, ca.Request{Kind: ca.Server, JIDs: []string{"ied.example"}, DNS: []string{"ied.example"}})
	conf, err := tlsprofile.Server{Certificate: cert, ClientCAs: pool}.Config()
	if err != nil {
		t.Fatal(err)
	}
	return conf
}

func (p *testPKI) client(t testing.TB, certified bool) *tls.Config {
	t.Helper()
	cert, pool := p.issue(t, ca.Request{Kind: ca.Center, JIDs: []string{"hmi@grid.example"}})
	conf := &tls.Config{RootCAs: pool, ServerName: "ied.example", MinVersion: tls.VersionTLS12}
	if certified {
		conf.Certificates = []tls.Certificate{cert}
	}
	return conf
}
