package ca_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/pki/ca"
	"github.com/gridward/gridward/security/tlsprofile"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func newCA(t *testing.T) *ca.Authority {
	t.Helper()
	a, err := ca.New("Test CA", now, 365*day)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func issue(t *testing.T, a *ca.Authority, req ca.Request) *x509.Certificate {
	t.Helper()
	key, err := ca.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	c, err := a.Issue(req, key.Public(), now)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestIssue(t *testing.T) {
	a := newCA(t)
	client, server := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	tests := []struct {
		req    ca.Request
		cn     string
		usages []x509.ExtKeyUsage
	}{
		{ca.Request{Kind: ca.DER, JIDs: []string{"der1@grid.example"}}, "der1@grid.example", client},
		{ca.Request{Kind: ca.Center, JIDs: []string{"ems@dno.example", "ems2@dno.example"}, CommonName: "Control, \"centre\" + <1>"}, "Control, \"centre\" + <1>", client},
		{ca.Request{Kind: ca.DER, JIDs: []string{`d\20er@xn--bcher-kva.example`}}, `d\20er@xn--bcher-kva.example`, client},
		{ca.Request{
			Kind: ca.Server, JIDs: []string{"grid.example"}, DNS: []string{"grid.example", "*.grid.example"},
			SRV: []string{"_xmpp-client.grid.example"}, IPs: []netip.Addr{netip.MustParseAddr("127.0.0.1")},
		}, "grid.example", server},
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.Cert)
	for _, tt := range tests {
		tt.req.Life = 90 * day
		c := issue(t, a, tt.req)
		if c.Subject.CommonName != tt.cn || !slices.Equal(c.ExtKeyUsage, tt.usages) {
			t.Errorf("subject %q, usages %v", c.Subject, c.ExtKeyUsage)
		}
		jids, err := tlsprofile.XMPPAddrs(c)
		if d := cmp.Diff(tt.req.JIDs, jids); d != "" || err != nil {
			t.Error(d, err)
		}
		srv, err := tlsprofile.SRVNames(c)
		if d := cmp.Diff(tt.req.SRV, srv); d != "" || err != nil {
			t.Error(d, err)
		}
		if d := cmp.Diff(tt.req.DNS, c.DNSNames); d != "" {
			t.Error(d)
		}
		if len(c.IPAddresses) != len(tt.req.IPs) {
			t.Errorf("addresses %v", c.IPAddresses)
		}
		if _, err := c.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: now, KeyUsages: tt.usages[:1]}); err != nil {
			t.Error(err)
		}
		if !c.NotBefore.Equal(now.Add(-ca.Skew)) || !c.NotAfter.Equal(now.Add(90*day)) {
			t.Errorf("valid %v to %v", c.NotBefore, c.NotAfter)
		}
		if !slices.Equal(c.AuthorityKeyId, a.Cert.SubjectKeyId) || len(c.SubjectKeyId) != 20 {
			t.Errorf("key identifiers %x %x", c.AuthorityKeyId, c.SubjectKeyId)
		}
	}
}

func TestExtensionsThatMustBeUnderstood(t *testing.T) {
	a := newCA(t)
	leaf := issue(t, a, ca.Request{Kind: ca.DER, JIDs: []string{"der1@grid.example"}, Life: day})
	basic, usage := asn1.ObjectIdentifier{2, 5, 29, 19}, asn1.ObjectIdentifier{2, 5, 29, 15}
	for name, c := range map[string]*x509.Certificate{"authority": a.Cert, "leaf": leaf} {
		got := map[string]bool{}
		for _, e := range c.Extensions {
			got[e.Id.String()] = e.Critical
		}
		if !got[basic.String()] || !got[usage.String()] {
			t.Errorf("%s: critical extensions %v", name, got)
		}
	}
	if leaf.IsCA || !a.Cert.IsCA || a.Cert.MaxPathLen != 0 || !a.Cert.MaxPathLenZero {
		t.Error("wrong basic constraints")
	}
	if leaf.KeyUsage != x509.KeyUsageDigitalSignature || a.Cert.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign {
		t.Error("wrong key usage")
	}
}

func TestSerialsAreLongAndDiffer(t *testing.T) {
	a := newCA(t)
	seen := map[string]bool{}
	for range 20 {
		s := issue(t, a, ca.Request{Kind: ca.DER, JIDs: []string{"der1@grid.example"}, Life: day}).SerialNumber
		if s.Sign() <= 0 || s.BitLen() != 127 || seen[s.String()] {
			t.Fatalf("serial %x", s)
		}
		seen[s.String()] = true
	}
}

func TestIssueRefuses(t *testing.T) {
	a := newCA(t)
	der := func(jids ...string) ca.Request { return ca.Request{Kind: ca.DER, JIDs: jids, Life: day} }
	tests := []struct {
		name string
		req  ca.Request
		want error
	}{
		{"no kind", ca.Request{JIDs: []string{"a@b"}, Life: day}, ca.ErrRequest},
		{"no JID", der(), ca.ErrRequest},
		{"resource", der("der1@grid.example/IEC"), ca.ErrRequest},
		{"domain for a DER", der("grid.example"), ca.ErrRequest},
		{"empty local part", der("@grid.example"), ca.ErrRequest},
		{"empty domain", der("der1@"), ca.ErrRequest},
		{"upper-case domain", der("der1@Grid.example"), ca.ErrRequest},
		{"blank", der("der 1@grid.example"), ca.ErrRequest},
		{"control character", der("der\x001@grid.example"), ca.ErrRequest},
		{"two @", der("a@b@c"), ca.ErrRequest},
		{"not UTF-8", der("\xff@grid.example"), ca.ErrRequest},
		{"long local part", der(strings.Repeat("a", 1024) + "@b"), ca.ErrRequest},
		{"no life", ca.Request{Kind: ca.DER, JIDs: []string{"a@b"}}, ca.ErrRequest},
		{"server without name", ca.Request{Kind: ca.Server, Life: day}, ca.ErrRequest},
		{"bad DNS", ca.Request{Kind: ca.Server, DNS: []string{"a..b"}, Life: day}, ca.ErrRequest},
		{"underscore", ca.Request{Kind: ca.Server, DNS: []string{"a_b.example"}, Life: day}, ca.ErrRequest},
		{"bad SRV", ca.Request{Kind: ca.Server, DNS: []string{"a"}, SRV: []string{"xmpp.a"}, Life: day}, ca.ErrRequest},
		{"long common name", ca.Request{Kind: ca.DER, JIDs: []string{"a@b"}, CommonName: strings.Repeat("x", 65), Life: day}, ca.ErrRequest},
		{"longer than the CA", ca.Request{Kind: ca.DER, JIDs: []string{"a@b"}, Life: 366 * day}, ca.ErrValidity},
	}
	key, err := ca.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		if _, err := a.Issue(tt.req, key.Public(), now); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	weak, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Issue(der("a@b"), weak.Public(), now); !errors.Is(err, tlsprofile.ErrWeakKey) {
		t.Errorf("P-224: %v", err)
	}
}

func TestFromRefusesWhatCannotSign(t *testing.T) {
	a, b := newCA(t), newCA(t)
	key, err := ca.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := a.Issue(ca.Request{Kind: ca.DER, JIDs: []string{"a@b"}, Life: day}, key.Public(), now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ca.From(leaf, key); !errors.Is(err, ca.ErrNotCA) {
		t.Errorf("leaf: %v", err)
	}
	if _, err := ca.From(a.Cert, b.Key); !errors.Is(err, ca.ErrNotCA) {
		t.Errorf("other key: %v", err)
	}
	if _, err := ca.From(a.Cert, a.Key); err != nil {
		t.Error(err)
	}
}
