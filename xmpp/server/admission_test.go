package server_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/server"
)

// Peers that never finish their handshake do not keep honest ones out.
func TestStalledHandshakesMakeWay(t *testing.T) {
	r := start(t, func(c *server.Config) {
		fast(c)
		c.Limits.Handshakes = 2
	})
	for range 2 {
		c, err := net.Dial("tcp", r.dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
	}
	limit := time.Now().Add(20 * time.Second)
	for r.Stats().Handshaking < 2 && time.Now().Before(limit) {
		runtime.Gosched()
	}
	for { // as a client that comes back
		if _, err := r.login("der1", loginOptions{}); err == nil {
			break
		} else if time.Now().After(limit) {
			t.Fatal(err)
		}
	}
	r.await(server.Rejected, "handshakes")
	r.await(server.LoginFailed, "slow-handshake")
	r.must("der2", loginOptions{})
}

func TestDeniedAndPinnedCertificates(t *testing.T) {
	good, lost, other := site().client("der1@"+domain), site().client("der2@"+domain), site().ca.issue(x509.ExtKeyUsageClientAuth, "der3@"+domain)
	pinned := site().client("der3@" + domain)
	hash := func(c tls.Certificate) string { h := sha256.Sum256(c.Leaf.Raw); return hex.EncodeToString(h[:]) }
	issuer := sha256.Sum256(lost.Leaf.RawIssuer)
	serial := lost.Leaf.SerialNumber.Text(16)
	serial = strings.Repeat("0", len(serial)%2) + serial
	for name, deny := range map[string]server.Deny{
		"certificate":       {Certs: []string{hash(lost)}},
		"serial":            {Serials: []string{serial}},
		"issuer and serial": {Serials: []string{hex.EncodeToString(issuer[:]) + ":" + strings.ToUpper(serial)}},
		"JID":               {JIDs: []string{"der2@" + domain}},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, func(c *server.Config) {
				c.Policy.Deny = deny
				c.Policy.Accounts = append(c.Policy.Accounts, server.Account{JID: "der3@" + domain, Certs: []string{hash(pinned)}})
			})
			r.must("der1", loginOptions{cert: &good})
			r.must("der3", loginOptions{cert: &pinned})
			for who, cert := range map[string]tls.Certificate{"der2": lost, "der3": other} {
				var f *sasl.Failure
				if _, err := r.login(who, loginOptions{cert: &cert}); !errors.As(err, &f) || f.Cond != sasl.NotAuthorized {
					t.Errorf("%s: got %v", who, err)
				}
			}
			st := r.Stats().Logins
			if st[server.ReasonOtherPinned] != 1 || st[server.ReasonDeniedCert]+st[server.ReasonDeniedJID] != 1 {
				t.Errorf("counted %v", st)
			}
		})
	}
}
