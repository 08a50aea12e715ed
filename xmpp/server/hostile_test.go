package server_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// What one peer may send must be what every other takes: the address that the router writes makes a stanza longer, what it
// unfolds makes it longer still.
func TestNobodyIsCutOffByWhatAnotherSends(t *testing.T) {
	r := start(t, nil)
	ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
	head := "<message id='m' to='" + full("der1").String() + "'"
	fill := func(n int) string { return strings.Repeat("x", n) }
	const body, end = "<body>", "</body></message>"
	tests := []struct {
		name, xml string
		pass      bool
	}{
		{"as long as may be", head + ">" + body + fill(xmlscan.LimitDefault-len(head)-1-len(body)-len(end)) + end, true},
		{"end of CDATA", head + ">" + body + "<![CDATA[]]]]>>" + end, true},
		{"CDATA that unfolds", head + ">" + body + "<![CDATA[" + strings.Repeat("&", 200_000) + "]]>" + end, false},
		{"quotes", head + " type=\"" + strings.Repeat("'", 4000) + "\"/>", false},
		{"condition of XML", "<message type='error' to='" + full("der1").String() + "'><error type='wait'><xml:a/></error></message>", true},
	}
	for _, tt := range tests {
		ems.sendf(tt.xml)
		if tt.pass {
			der.next()
		} else if st := ems.next(); st.Type != "error" || st.ID != "m" {
			t.Errorf("%s: answered by %.200s", tt.name, st.Append(nil))
		}
		der.roundTrip()
		ems.roundTrip()
	}
}

// Nothing is left of connections that end, however far they got.
func TestNothingIsLeftOfConnections(t *testing.T) {
	r := start(t, func(c *server.Config) {
		c.Limits.LoginFailures, c.Limits.UnauthPerIP, c.Conflict = 1<<20, 1<<20, server.Replace
	})
	fds := func() int {
		d, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(d)
	}
	cert := site().client("der1@" + domain)
	steps := []func(i int){
		func(int) { // TCP alone
			c, err := r.connect()
			if err == nil {
				_ = c.Close()
			}
		},
		func(int) { // TLS alone
			if c, err := r.dial(cert); err == nil {
				_ = c.NetConn().Close()
			}
		},
		func(int) { // half a handshake
			if c, err := r.connect(); err == nil {
				_, _ = c.Write([]byte{22, 3, 1, 0, 200, 1})
				_ = c.Close()
			}
		},
		func(int) { // half a header
			if c, err := r.dial(cert); err == nil {
				_, _ = c.Write([]byte(header[:len(header)/2]))
				_ = c.NetConn().Close()
			}
		},
		func(int) { // no certificate
			raw, err := r.connect()
			if err == nil {
				cfg := clientTLS(cert)
				cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tls.Certificate{}, nil }
				_ = tls.Client(raw, cfg).Handshake()
				_ = raw.Close()
			}
		},
		func(i int) { // a session that ends in order
			if p, err := r.login(fmt.Sprint("der", i), loginOptions{}); err == nil {
				p.sendf("</stream:stream>")
				_ = p.end()
				_ = p.raw.Close()
			}
		},
		func(i int) { // a session that is cut off
			if p, err := r.login(fmt.Sprint("der", i), loginOptions{noSM: i%2 == 0}); err == nil {
				_ = p.raw.Close()
			}
		},
	}
	for i := range 20 { // certificates are made once
		_ = site().client(fmt.Sprintf("der%d@%s", i, domain))
	}
	round := func(n int) {
		var wg sync.WaitGroup
		for w := range 8 {
			wg.Go(func() {
				for i := range n / 8 {
					steps[(i+w)%len(steps)](w*2 + i%2)
				}
			})
		}
		wg.Wait()
	}
	settled := func() (int, int) {
		g, f := runtime.NumGoroutine(), fds()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for begin := time.Now(); time.Since(begin) < 500*time.Millisecond; <-tick.C {
			if n := runtime.NumGoroutine(); n < g {
				g, begin = n, time.Now()
			}
			if n := fds(); n < f {
				f, begin = n, time.Now()
			}
		}
		return g, f
	}
	const cycles = 280
	round(56)
	g0, f0 := settled()
	round(cycles)
	g, f := settled()
	if g > g0+10 || f > f0+10 {
		t.Errorf("after %d connections %d goroutines and %d descriptors, before %d and %d", cycles, g, f, g0, f0)
	}
	if st := r.Stats(); st.Negotiating != 0 || st.Attached != 0 || st.Handshaking != 0 {
		t.Errorf("left over: %+v", st)
	}
}

// A certificate that is denied between login and resumption resumes nothing, also when the session was another's.
func TestResumeWithACertificateDeniedMeanwhile(t *testing.T) {
	r := start(t, nil)
	der := r.must("der1", loginOptions{})
	id := der.smID
	der.cut()
	r.await(server.SessionDetached, "")
	stolen := site().ca.issue(x509.ExtKeyUsageClientAuth, "der1@"+domain)
	c, err := r.dial(stolen)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.NetConn().Close() }()
	var got []byte
	say := func(xml, until string) {
		t.Helper()
		got = got[:0]
		if _, err := c.Write([]byte(xml)); err != nil {
			t.Fatal(err)
		}
		for buf := make([]byte, 4096); !bytes.Contains(got, []byte(until)); {
			n, err := c.Read(buf)
			if got = append(got, buf[:n]...); err != nil {
				t.Fatalf("%v after %q", err, got)
			}
		}
	}
	say(header, "</stream:features>")
	say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>", "<success")
	say(header, "</stream:features>")
	p := policyOf()
	sum := sha256.Sum256(stolen.Certificate[0])
	p.Deny.Certs = []string{hex.EncodeToString(sum[:])}
	if err := r.Reload(p); err != nil {
		t.Fatal(err)
	}
	say("<resume xmlns='urn:xmpp:sm:3' previd='"+id+"' h='0'/>", "/>")
	if !bytes.HasPrefix(got, []byte("<failed")) {
		t.Errorf("got %s", got)
	}
}

// An answer that does not fit into the queue of who asked is not the end of the request: who asked is told in time.
func TestAnswerToAFullQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, func(c *server.Config) {
			c.Limits.QueueStanzas = 4
			c.Policy.Accounts[1].Weight = 1
		})
		ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
		ems.send(request("der1", "read"))
		st := der.next()
		ems.cut()
		r.await(server.SessionDetached, "")
		for i := range 4 {
			der.send(message("ems", fmt.Sprint(i)))
		}
		der.send(st.Reply(nil))
		der.roundTrip()
		begin := time.Now()
		back, err := r.login("ems", loginOptions{resume: ems.state()})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			if st := back.next(); st.ID != fmt.Sprint(i) {
				t.Fatalf("got %s", st.Append(nil))
			}
		}
		st = back.next()
		if st.ID != "read" || st.Err == nil || st.Err.Cond != stanza.RemoteServerTimeout || st.From != full("der1") {
			t.Errorf("got %s", st.Append(nil))
		}
		if d := time.Since(begin); d > 61*time.Second {
			t.Errorf("after %v", d)
		}
		back.nothing()
	})
}

// Presence goes to many: it is short.
func TestLongPresenceIsNotSpread(t *testing.T) {
	r := start(t, nil)
	ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
	ems.sendf(online)
	ems.roundTrip()
	der.sendf(online)
	if st := ems.next(); st.Kind != stanza.Presence || st.From != full("der1") {
		t.Fatalf("got %s", st.Append(nil))
	}
	der.next()
	ems.sendf("<presence id='p'><a xmlns='" + strings.Repeat("x", 3000) + "'/></presence>")
	if st := ems.next(); st.ID != "p" || st.Err == nil || st.Err.Cond != stanza.NotAcceptable {
		t.Errorf("got %s", st.Append(nil))
	}
	der.nothing()
}

// A peer that reads and never acknowledges is remembered 4,096 stanzas, not more.
func TestPeerThatNeverAcknowledges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, fast)
		ems, der := r.must("ems", loginOptions{mute: true}), r.must("der1", loginOptions{})
		const fit, more = 4096, 100
		go func() {
			for {
				select {
				case <-ems.in:
				case <-ems.ended:
					return
				}
			}
		}()
		for range fit + more {
			der.send(message("ems", "m"))
		}
		for range more {
			if st := der.next(); st.Err == nil || st.Err.Cond != stanza.ResourceConstraint {
				t.Fatalf("got %s", st.Append(nil))
			}
		}
		der.nothing()
		if st := r.Stats().Stanzas[stanza.Message]; st[server.Delivered] != fit || st[server.Refused] != more {
			t.Errorf("%v", st)
		}
	})
}
