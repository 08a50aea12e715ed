package server_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stream"
)

// One certificate, one JID: all combinations of names in the certificate and the identity that is asked for.
func TestExternalIdentity(t *testing.T) {
	r := start(t, fast)
	one, two := site().client("der2@"+domain), site().client("der2@"+domain, "der3@"+domain)
	none, other := site().client(), site().client("der2@other.example")
	two1 := site().client("der2@"+domain, "der2@other.example")
	device := site().client("nobody/IEC@" + domain)
	tests := []struct {
		name    string
		cert    tls.Certificate
		authzid string
		ok      bool
	}{
		{"one name, none asked", one, "", true},
		{"one name, the same asked", one, "der2@" + domain, true},
		{"one name, another asked", one, "der3@" + domain, false},
		{"one name, the centre asked", one, "ems@" + domain, false},
		{"two names, none asked", two, "", false},
		{"two names, the first asked", two, "der2@" + domain, true},
		{"two names, a third asked", two, "der4@" + domain, false},
		{"no name", none, "", false},
		{"no name, one asked", none, "der2@" + domain, false},
		{"name of another domain", other, "", false},
		{"own and other domain", two1, "", true},
		{"malformed name", device, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := r.login("der2", loginOptions{cert: &tt.cert, authzid: tt.authzid})
			if tt.ok {
				if err != nil {
					t.Fatal(err)
				}
				p.sendf("</stream:stream>")
				_ = p.end()
				r.awaitSessions(0)
				return
			}
			var f *sasl.Failure
			if !errors.As(err, &f) || f.Cond != sasl.NotAuthorized && f.Cond != sasl.InvalidAuthzid {
				t.Errorf("got %v", err)
			}
		})
	}
}

// awaitSessions waits until so many sessions are attached.
func (r *router) awaitSessions(n int) {
	r.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		change := r.change
		r.mu.Unlock()
		if r.Stats().Attached == n {
			return
		}
		select {
		case <-change:
		case <-limit:
			r.t.Fatalf("%d sessions, want %d", r.Stats().Attached, n)
		}
	}
}

func readAll(t *testing.T, c net.Conn) []byte {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	said, err := io.ReadAll(c)
	var ne net.Error
	if errors.As(err, &ne) && ne.Timeout() {
		t.Errorf("the connection was not closed after %s", said)
	}
	return said
}

// In the clear nothing but <starttls/> is understood, and nothing sent before TLS is read as if it came after.
func TestStartTLS(t *testing.T) {
	r := start(t, fast)
	starttls := "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
	tests := []struct{ name, xml, cond string }{
		{"login in the clear", header + "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>", stream.NotAuthorized},
		{"stanza in the clear", header + "<iq type='get' id='1'/>", stream.NotAuthorized},
		{"command injected behind starttls", header + starttls + "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>", stream.PolicyViolation},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := net.Dial("tcp", r.clr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if _, err := c.Write([]byte(tt.xml)); err != nil {
				t.Fatal(err)
			}
			said := readAll(t, c)
			if !bytes.Contains(said, []byte("<required/>")) || !bytes.Contains(said, []byte("<"+tt.cond+" ")) || bytes.Contains(said, []byte("EXTERNAL")) {
				t.Errorf("got %s", said)
			}
		})
	}
	r.await(server.LoginFailed, "starttls-injection")

	c, err := net.Dial("tcp", r.clr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.Write([]byte(header + starttls)); err != nil {
		t.Fatal(err)
	}
	var said []byte
	for buf := make([]byte, 1024); !bytes.Contains(said, []byte("<proceed")); {
		n, err := c.Read(buf)
		if err != nil {
			t.Fatalf("%v after %s", err, said)
		}
		said = append(said, buf[:n]...)
	}
	tc := tls.Client(c, clientTLS(site().client("der2@"+domain)))
	if _, err := tc.Write([]byte(header)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := tc.Read(buf)
	for err == nil && !bytes.Contains(buf[:n], []byte("</stream:features>")) {
		var more int
		more, err = tc.Read(buf[n:])
		n += more
	}
	if err != nil || !bytes.Contains(buf[:n], []byte("<mechanism>EXTERNAL</mechanism>")) {
		t.Errorf("%v after %s", err, buf[:n])
	}
}
