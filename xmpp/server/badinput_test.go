package server_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

const header = "<?xml version='1.0'?><stream:stream to='" + domain + "' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"

// traffic keeps a centre asking a device until stop is called, which reports how many answers came and fails the test if
// one was wrong, missing or slow.
func traffic(t *testing.T, r *router) (stop func() int) {
	t.Helper()
	ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
	quit := make(chan struct{})
	var wg sync.WaitGroup
	wg.Add(1)
	rounds := 0
	go func() {
		for {
			select {
			case <-der.ended:
				return
			case st := <-der.in:
				der.send(st.Reply(st.Payload))
			}
		}
	}()
	go func() {
		defer wg.Done()
		for ; ; rounds++ {
			select {
			case <-quit:
				if rounds >= 10 {
					return
				}
			default:
			}
			id := fmt.Sprint("t", rounds)
			begin := time.Now()
			ems.send(request("der1", id))
			select {
			case st := <-ems.in:
				if st.ID != id || st.Type != stanza.Result || st.From != full("der1") {
					t.Errorf("disturbed: round %d got %s", rounds, st.Append(nil))
				}
				if d := time.Since(begin); d > 5*time.Second {
					t.Errorf("disturbed: round %d took %v", rounds, d)
				}
			case <-ems.ended:
				t.Errorf("disturbed: the stream ended after %d rounds: %v", rounds, ems.err)
				return
			}
		}
	}()
	return func() int {
		close(quit)
		wg.Wait()
		_ = der.raw.Close()
		ems.sendf("</stream:stream>")
		_ = ems.end()
		return rounds
	}
}

func fast(c *server.Config) {
	c.Limits.StanzaRate, c.Limits.StanzaBurst = 1e6, 1e6
	c.Limits.ByteRate, c.Limits.ByteBurst = 1e9, 1e9
	c.Limits.LoginFailures = 1000
}

// Everything that a stranger can do is refused by name and counted, and disturbs nobody.
func TestStrangersAreRefusedByName(t *testing.T) {
	r := start(t, fast)
	stop := traffic(t, r)
	foreign := newAuthority()
	wrongUse := site().ca.issue(x509.ExtKeyUsageServerAuth, "der2@"+domain)
	otherCA := foreign.issue(x509.ExtKeyUsageClientAuth, "der2@"+domain)
	tests := []struct {
		name   string
		cert   tls.Certificate
		reason string
	}{
		{"no certificate", tls.Certificate{}, "no-certificate"},
		{"certificate of another CA", otherCA, "other-ca"},
		{"server certificate as client", wrongUse, "certificate-usage"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := r.dial(tt.cert)
			if err == nil { // TLS 1.3 tells the client with the first read
				_, err = c.Read(make([]byte, 1))
				_ = c.Close()
			}
			if err == nil || tlsprofile.Refusal(err, time.Now()) == nil {
				t.Errorf("the peer was told %v", err)
			}
			e := r.await(server.LoginFailed, tt.reason)
			if e.Remote.String() != "127.0.0.1" || tlsprofile.Refusal(e.Err, time.Now()) == nil {
				t.Errorf("event %+v", e)
			}
			if n := r.Stats().Logins[tt.reason]; n != 1 {
				t.Errorf("counted %d times", n)
			}
		})
	}
	if n := stop(); n < 10 {
		t.Errorf("only %d rounds", n)
	}
}

// What an authenticated peer may not write ends its stream with the condition of the standard.
func TestBadStreamsAreEndedByName(t *testing.T) {
	big := strings.Repeat("x", 10<<20)
	deep := strings.Repeat("<a>", 200)
	bomb := "<!DOCTYPE b [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>]><message>&b;</message>"
	tests := []struct{ name, xml, cond, rule string }{
		{"DTD with an entity bomb", bomb, stream.RestrictedXML, "dtd"},
		{"entity", "<message to='ems@grid.example'><body>&lol;</body></message>", stream.RestrictedXML, "entity"},
		{"comment", "<message><!-- a --></message>", stream.RestrictedXML, "comment"},
		{"processing instruction", "<?php ?>", stream.RestrictedXML, "processing-instruction"},
		{"stanza of 10 MB", "<message><body>" + big + "</body></message>", stream.PolicyViolation, "stanza-too-big"},
		{"attribute of 10 MB", "<message id='" + big + "'/>", stream.PolicyViolation, "stanza-too-big"},
		{"attribute of 10 kB", "<message id='" + big[:10_000] + "'/>", stream.PolicyViolation, "value-size"},
		{"nested 200 deep", "<message>" + deep, stream.PolicyViolation, "depth"},
		{"not well-formed", "<message></presence>", stream.NotWellFormed, "syntax"},
		{"not UTF-8", "<message><body>\xff\xfe</body></message>", stream.NotWellFormed, "encoding"},
		{"unbound prefix", "<message><x:y/></message>", stream.BadNamespacePrefix, "prefix"},
		{"attribute twice", "<message to='a' to='b'/>", stream.NotWellFormed, "duplicate-attribute"},
		{"text between stanzas", "hello", stream.BadFormat, "text"},
		{"unknown element", "<query xmlns='urn:x'/>", stream.UnsupportedStanzaType, ""},
		{"forged from, another device", "<message from='der3@grid.example/IEC' to='ems@grid.example/IEC'/>", stream.InvalidFrom, ""},
		{"forged from, the server", "<iq type='result' id='1' from='grid.example' to='ems@grid.example/IEC'/>", stream.InvalidFrom, ""},
		{"forged from, another resource", "<presence from='der2@grid.example/other'/>", stream.InvalidFrom, ""},
		{"from is no address", "<presence from='@'/>", stream.InvalidFrom, ""},
	}
	r := start(t, fast)
	stop := traffic(t, r)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := r.Stats()
			p := r.must("der2", loginOptions{})
			p.sendf(tt.xml)
			var se *stream.Error
			if err := p.end(); !errors.As(err, &se) || !se.Remote || se.Cond != tt.cond {
				t.Fatalf("got %v, want %s", err, tt.cond)
			}
			after := r.Stats()
			if after.StreamErrors[tt.cond] != before.StreamErrors[tt.cond]+1 {
				t.Errorf("condition not counted: %v", after.StreamErrors)
			}
			if tt.rule != "" && after.XMLRules[tt.rule] != before.XMLRules[tt.rule]+1 {
				t.Errorf("rule not counted: %v", after.XMLRules)
			}
			if tt.cond == stream.InvalidFrom && strings.HasPrefix(tt.name, "forged") {
				if after.Events[server.Spoofed] != before.Events[server.Spoofed]+1 {
					t.Error("not reported as spoofed")
				}
			}
			r.awaitSessions(2)
		})
	}
	if n := stop(); n < 10 {
		t.Errorf("only %d rounds", n)
	}
}

// Before it has logged in, a peer can send little, slowly, and only what belongs there.
func TestUnauthenticatedStreams(t *testing.T) {
	tests := []struct{ name, xml, cond string }{
		{"stanza before login", header + "<message to='ems@grid.example/IEC'><body>x</body></message>", stream.NotAuthorized},
		{"17 kB before login", header + "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>" + strings.Repeat("A", 17000), stream.PolicyViolation},
		{"stream to another host", strings.Replace(header, domain, "other.example", 1), stream.HostUnknown},
		{"version 0.9", strings.Replace(header, "version='1.0' xmlns", "version='0.9' xmlns", 1), stream.UnsupportedVersion},
		{"server namespace", strings.Replace(header, "jabber:client", "jabber:server", 1), stream.InvalidNamespace},
		{"HTTP", "GET / HTTP/1.1\r\n\r\n", stream.NotWellFormed},
		{"PLAIN three times", header + strings.Repeat("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>", 3), stream.PolicyViolation},
	}
	r := start(t, fast)
	stop := traffic(t, r)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := r.dial(site().client("der2@" + domain))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if _, err := c.Write([]byte(tt.xml)); err != nil {
				t.Fatal(err)
			}
			said := readAll(t, c)
			if !bytes.Contains(said, []byte("<"+tt.cond+" xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>")) {
				t.Errorf("got %s", said)
			}
		})
	}
	if n := stop(); n < 10 {
		t.Errorf("only %d rounds", n)
	}
}

// Half-open connections take no place for long, and few places of one address.
func TestHalfOpenConnections(t *testing.T) {
	r := start(t, func(c *server.Config) {
		fast(c)
		c.Limits.UnauthPerIP = 4
		c.Limits.AuthTimeout = time.Second
		c.Limits.BindTimeout = time.Second
	})
	stop := traffic(t, r)
	var open []net.Conn
	for range 4 {
		c, err := net.Dial("tcp", r.dir)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		open = append(open, c)
	}
	c, err := net.Dial("tcp", r.dir)
	if err != nil {
		t.Fatal(err)
	}
	if said := readAll(t, c); len(said) > 0 {
		t.Errorf("the fifth got %s", said)
	}
	_ = c.Close()
	r.await(server.Rejected, "unauthenticated-per-address")
	for _, c := range open {
		readAll(t, c) // each is closed by the server
	}
	r.await(server.LoginFailed, "timeout")
	// A slow login: TLS is up, then nothing; and one that is authenticated and never binds.
	slow, err := r.dial(site().client("der2@" + domain))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := slow.Write([]byte(header[:40])); err != nil {
		t.Fatal(err)
	}
	if said := readAll(t, slow); !bytes.Contains(said, []byte("connection-timeout")) {
		t.Errorf("got %s", said)
	}
	_ = slow.Close()
	unbound, err := r.dial(site().client("der2@" + domain))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unbound.Write([]byte(header + "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>")); err != nil {
		t.Fatal(err)
	}
	if said := readAll(t, unbound); !bytes.Contains(said, []byte("<success")) || !bytes.Contains(said, []byte("connection-timeout")) {
		t.Errorf("got %s", said)
	}
	_ = unbound.Close()
	if n := stop(); n < 10 {
		t.Errorf("only %d rounds", n)
	}
	if n := r.Stats().Rejected["unauthenticated-per-address"]; n != 1 {
		t.Errorf("counted %d times", n)
	}
}

func TestFailedLoginsBlockTheAddress(t *testing.T) {
	r := start(t, func(c *server.Config) { c.Limits.LoginFailures = 3 })
	p := r.must("der1", loginOptions{})
	bad := newAuthority().issue(x509.ExtKeyUsageClientAuth, "der2@"+domain)
	for range 4 {
		if c, err := r.dial(bad); err == nil {
			_, _ = c.Read(make([]byte, 1))
			_ = c.Close()
		}
	}
	r.await(server.AddressBlocked, "")
	if _, err := r.login("der2", loginOptions{}); err == nil {
		t.Error("a login from a blocked address succeeded")
	}
	r.await(server.Rejected, "blocked")
	p.roundTrip() // who is in stays in
}
