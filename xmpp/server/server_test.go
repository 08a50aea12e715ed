package server_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

const online = "<presence/>"

func request(to, id string) *stanza.Stanza {
	return &stanza.Stanza{Kind: stanza.IQ, Type: stanza.Get, ID: id, To: full(to), Payload: []byte("<read xmlns='urn:x'/>")}
}

func TestRoundTrip(t *testing.T) {
	r := start(t, nil)
	ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
	ems.send(request("der1", "1"))
	got := der.next()
	if got.From != ems.jid || got.ID != "1" || got.Type != stanza.Get || !bytes.Equal(got.Payload, []byte("<read xmlns='urn:x'/>")) {
		t.Fatalf("got %s", got.Append(nil))
	}
	der.send(got.Reply([]byte("<value xmlns='urn:x'>7</value>")))
	if res := ems.next(); res.Type != stanza.Result || res.From != der.jid || res.ID != "1" {
		t.Fatalf("got %s", res.Append(nil))
	}
	st := r.Stats()
	if st.Attached != 2 || st.Logins["ok"] != 2 || st.Stanzas[stanza.IQ][server.Delivered] != 2 || st.Route.Count == 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestPresenceWithoutRoster(t *testing.T) {
	r := start(t, nil)
	ems, d1, d2 := r.must("ems", loginOptions{}), r.must("der1", loginOptions{}), r.must("der2", loginOptions{})
	d1.sendf(online)
	d1.roundTrip()
	ems.sendf("<presence><priority>0</priority></presence>")
	if st := ems.next(); st.Kind != stanza.Presence || st.From != d1.jid || st.Type != "" {
		t.Errorf("the centre got %s", st.Append(nil))
	}
	if st := d1.next(); st.From != ems.jid || string(st.Payload) != "<priority>0</priority>" {
		t.Errorf("der1 got %s", st.Append(nil))
	}
	d2.sendf(online)
	if st := d2.next(); st.From != ems.jid {
		t.Errorf("der2 got %s", st.Append(nil))
	}
	if st := ems.next(); st.From != d2.jid {
		t.Errorf("the centre got %s", st.Append(nil))
	}
	d1.nothing() // a device does not see another
	_ = d2.raw.Close()
	d1.sendf("</stream:stream>")
	if st := ems.next(); st.From != d1.jid || st.Type != stanza.Unavailable {
		t.Errorf("the centre got %s", st.Append(nil))
	}
	if err := d1.end(); !errors.Is(err, stream.ErrClosed) && err == nil {
		t.Error(err)
	}
}

func TestServerAnswers(t *testing.T) {
	r := start(t, nil)
	p := r.must("der1", loginOptions{})
	tests := []struct{ name, to, payload, want string }{
		{"ping", domain, "<ping xmlns='urn:xmpp:ping'/>", ""},
		{"ping without to", "", "<ping xmlns='urn:xmpp:ping'/>", ""},
		{"disco", domain, "<query xmlns='http://jabber.org/protocol/disco#info'/>", ""},
		{"disco items", domain, "<query xmlns='http://jabber.org/protocol/disco#items'/>", ""},
		{"own account", "der1@" + domain, "<query xmlns='http://jabber.org/protocol/disco#info'/>", ""},
		{"roster", "", "<query xmlns='jabber:iq:roster'/>", stanza.ServiceUnavailable},
		{"registration", "", "<query xmlns='jabber:iq:register'/>", stanza.ServiceUnavailable},
		{"carbons", "", "<enable xmlns='urn:xmpp:carbons:2'/>", stanza.ServiceUnavailable},
		{"other domain", "a@other.example/IEC", "<ping xmlns='urn:xmpp:ping'/>", stanza.RemoteServerNotFound},
		{"other bare JID", "ems@" + domain, "<ping xmlns='urn:xmpp:ping'/>", stanza.NotAllowed},
	}
	for _, tt := range tests {
		to := ""
		if tt.to != "" {
			to = " to='" + tt.to + "'"
		}
		p.sendf("<iq type='get' id='" + tt.name + "'" + to + ">" + tt.payload + "</iq>")
		st := p.next()
		if tt.want == "" && st.Type != stanza.Result || tt.want != "" && (st.Err == nil || st.Err.Cond != tt.want) || st.ID != tt.name {
			t.Errorf("%s: got %s", tt.name, st.Append(nil))
		}
	}
}

func TestShutdownSaysSo(t *testing.T) {
	r := start(t, nil)
	p := r.must("der1", loginOptions{})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := r.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	if err := p.end(); !errors.Is(err, &stream.Error{Cond: stream.SystemShutdown}) {
		t.Errorf("got %v", err)
	}
	if st := r.Stats(); st.Attached+st.Detached+st.Negotiating != 0 {
		t.Errorf("left over: %+v", st)
	}
}

func TestReloadEndsWhoIsNoLongerAllowed(t *testing.T) {
	r := start(t, nil)
	ems, d1, d2 := r.must("ems", loginOptions{}), r.must("der1", loginOptions{}), r.must("der2", loginOptions{})
	p := policyOf()
	p.Deny.JIDs = []string{"der2@" + domain}
	p.Rules = p.Rules[1:] // the centre may no longer ask
	if err := r.Reload(p); err != nil {
		t.Fatal(err)
	}
	if err := d2.end(); !errors.Is(err, &stream.Error{Cond: stream.PolicyViolation}) {
		t.Errorf("der2: %v", err)
	}
	ems.send(request("der1", "1"))
	if st := ems.next(); st.Err == nil || st.Err.Cond != stanza.NotAllowed {
		t.Errorf("got %s", st.Append(nil))
	}
	d1.nothing()
	if _, err := r.login("der2", loginOptions{}); err == nil {
		t.Error("der2 got in again")
	}
	p.Rules = append(p.Rules, server.Rule{From: "x"})
	p.Accounts = append(p.Accounts, server.Account{JID: "bad jid@"})
	if err := r.Reload(p); !errors.Is(err, server.ErrPolicy) {
		t.Errorf("got %v", err)
	}
	d1.roundTrip()
}

// A new certificate of the server is shown to those who come after; those who are in stay in.
func TestNewCertificate(t *testing.T) {
	r := start(t, nil)
	old := r.must("der1", loginOptions{})
	next := config(nil).TLS.Clone()
	next.Certificates = []tls.Certificate{site().ca.issue(x509.ExtKeyUsageServerAuth, domain)}
	if err := r.SetTLS(&tls.Config{MinVersion: tls.VersionTLS13}); !errors.Is(err, server.ErrConfig) {
		t.Errorf("without client certificates: %v", err)
	}
	if err := r.SetTLS(next); err != nil {
		t.Fatal(err)
	}
	p := r.must("der2", loginOptions{})
	if got := p.tls.ConnectionState().PeerCertificates[0]; !got.Equal(next.Certificates[0].Leaf) {
		t.Error("the old certificate was shown")
	}
	old.roundTrip()
}

// Rules may be replaced at any time: traffic that both the old and the new let pass goes on, sessions that come meanwhile
// have the standing of the new, and presence finds its way.
func TestReloadUnderLoad(t *testing.T) {
	r := start(t, fast)
	stop := traffic(t, r)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			if err := r.Reload(policyOf()); err != nil {
				t.Error(err)
			}
		}
	}()
	for i := range 10 {
		p := r.must(fmt.Sprint("der", 10+i), loginOptions{})
		p.sendf(online)
		p.roundTrip()
	}
	<-done
	if n := stop(); n < 10 {
		t.Errorf("only %d rounds", n)
	}
	center := r.must("ems", loginOptions{resource: "IEC"})
	center.sendf(online)
	seen := map[string]bool{}
	for len(seen) < 10 {
		if st := center.next(); st.Kind == stanza.Presence && st.Type == "" {
			seen[st.From.String()] = true
		}
	}
}
