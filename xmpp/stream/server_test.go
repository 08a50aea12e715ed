package stream

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

const (
	open     = `<stream:stream to='grid.example' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`
	starttls = `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`
	auth     = `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>`
	bind     = `<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>IEC</resource></bind></iq>`
	enable   = `<enable xmlns='urn:xmpp:sm:3' resume='true'/>`
)

// talk is a server machine that a script talks to. A script is a list of what the client sends; "TLS" is the handshake.
type talk struct {
	m      *Machine
	events []string
	said   string // everything that the server has said
	err    error
	refuse string // SASL condition
	nobind string // stanza error condition
	mechs  []sasl.Factory
}

func newTalk(cfg ServerConfig) *talk {
	return &talk{m: NewServer(&cfg, t0), mechs: []sasl.Factory{sasl.External("grid.example", []jid.JID{der1})}}
}

func (k *talk) play(script ...string) *talk {
	for _, in := range script {
		if in == "TLS" {
			k.m.TLSDone(t0, k.mechs...)
			continue
		}
		k.m.Feed([]byte(in), t0)
		k.drain()
	}
	return k
}

func (k *talk) drain() {
	for {
		ev, err := k.m.Next()
		k.said += string(k.m.Output())
		if err != nil {
			k.err = err
			return
		}
		if ev.Kind == None {
			return
		}
		k.events = append(k.events, ev.Kind.String())
		switch ev.Kind {
		case AuthRequest:
			if k.refuse != "" {
				_ = k.m.Refuse(k.refuse, t0)
			} else {
				_ = k.m.Accept(t0)
			}
		case BindRequest:
			if k.nobind != "" {
				_ = k.m.RefuseBind(k.nobind, t0)
			} else {
				_ = k.m.Bind(full, t0)
			}
		case EnableRequest:
			_ = k.m.EnableSM("id", time.Minute, t0)
		case ResumeRequest:
			if ev.ID == "old" {
				_ = k.m.Resume(full, 5, t0)
			} else {
				h := uint32(3)
				_ = k.m.FailSM(stanza.ItemNotFound, &h, t0)
			}
		}
		k.said += string(k.m.Output())
	}
}

func TestServerNegotiation(t *testing.T) {
	k := newTalk(conf).play(open, starttls, "TLS", open, auth, open, bind, enable, `<message to='a@b'/>`, `<r xmlns='urn:xmpp:sm:3'/>`, "</stream:stream>")
	if got, want := strings.Join(k.events, " "), "StartTLS AuthRequest BindRequest EnableRequest StanzaIn AckRequest Closed"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	for _, want := range []string{
		"<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features><proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
		"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms></stream:features><success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'></success>",
		"<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features><iq type='result' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>der1@grid.example/IEC</jid></bind></iq><enabled xmlns='urn:xmpp:sm:3' id='id' resume='true' max='60'/>",
		"from='grid.example'",
	} {
		if !strings.Contains(k.said, want) {
			t.Errorf("the server does not say %s\n%s", want, k.said)
		}
	}
	if !errors.Is(k.err, ErrClosed) || !strings.HasSuffix(k.said, "</stream:stream>") || k.m.Handled() != 1 {
		t.Errorf("end: %v, %d handled", k.err, k.m.Handled())
	}
	ids := map[string]bool{}
	for i, part := range strings.Split(k.said, " id='") {
		if id, _, _ := strings.Cut(part, "'"); i > 0 && len(id) == 22 {
			ids[id] = true
		}
	}
	if len(ids) != 3 {
		t.Errorf("%d different stream ids of 128 bits", len(ids))
	}
}

// What a stranger may try, and what he is told.
func TestServerRefuses(t *testing.T) {
	tlsUp := []string{open, starttls, "TLS", open}
	in := append(append([]string{}, tlsUp...), auth, open)
	up := append(append([]string{}, in...), bind)
	with := func(s []string, more ...string) []string { return append(append([]string{}, s...), more...) }
	for _, c := range []struct {
		name   string
		script []string
		cond   string
		cause  error
	}{
		{"other domain", []string{strings.Replace(open, "grid.example", "other.example", 1)}, HostUnknown, nil},
		{"no to", []string{strings.Replace(open, "to='grid.example'", "", 1)}, HostUnknown, nil},
		{"to an account", []string{strings.Replace(open, "grid.example", "a@grid.example", 1)}, HostUnknown, nil},
		{"version 0.9", []string{strings.Replace(open, "1.0", "0.9", 1)}, UnsupportedVersion, nil},
		{"no version", []string{strings.Replace(open, "version='1.0'", "", 1)}, UnsupportedVersion, nil},
		{"stream namespace", []string{strings.Replace(open, "etherx", "ether", 1)}, InvalidNamespace, nil},
		{"content namespace", []string{strings.Replace(open, "jabber:client", "jabber:server", 1)}, InvalidNamespace, nil},
		{"not a stream", []string{"<html>"}, BadFormat, nil},
		{"TLS hello", []string{"\x16\x03\x01\x00"}, NotWellFormed, nil},
		{"HTTP", []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n"}, NotWellFormed, nil},
		{"DTD", []string{"<!DOCTYPE lolz [<!ENTITY lol 'lol'>]>" + open}, RestrictedXML, nil},
		{"comment", []string{open + "<!-- -->"}, RestrictedXML, nil},
		{"entity", with(up, "<message>&lol9;</message>"), RestrictedXML, nil},
		{"bomb of depth", with(up, strings.Repeat("<a>", 100)), PolicyViolation, nil},
		{"bomb of attributes", with(up, "<message"+strings.Repeat(" a='b'", 40)+"/>"), PolicyViolation, nil},
		{"10 MB stanza", with(up, "<message>"+strings.Repeat("x", 10<<20)+"</message>"), PolicyViolation, nil},
		{"20 kB before login", []string{open + "<auth>" + strings.Repeat("x", 20000)}, PolicyViolation, nil},
		{"white space", with(up, strings.Repeat(" ", 2000)), PolicyViolation, nil},
		{"auth before TLS", []string{open, auth}, NotAuthorized, ErrUnexpected},
		{"stanza before TLS", []string{open, "<message/>"}, NotAuthorized, ErrUnexpected},
		{"injection behind starttls", []string{open, starttls + "<auth/>"}, PolicyViolation, ErrInjection},
		{"white space behind starttls", []string{open, starttls + " "}, PolicyViolation, ErrInjection},
		{"starttls twice", with(tlsUp, starttls), NotAuthorized, ErrUnexpected},
		{"stanza before login", with(tlsUp, "<message/>"), NotAuthorized, ErrUnexpected},
		{"bind before login", with(tlsUp, bind), NotAuthorized, ErrUnexpected},
		{"response out of turn", with(tlsUp, "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"), NotAuthorized, ErrUnexpected},
		{"pipelined behind auth", with(tlsUp, auth+open), PolicyViolation, ErrPipelined},
		{"three bad mechanisms", with(tlsUp, strings.Repeat("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>", 3)), PolicyViolation, ErrAttempts},
		{"from of another", with(tlsUp, auth, strings.Replace(open, "to=", "from='ems@grid.example' to=", 1)), InvalidFrom, nil},
		{"domain changed", with(tlsUp, auth, strings.Replace(open, "grid.example", "other.example", 1)), HostUnknown, nil},
		{"stanza before bind", with(in, "<message/>"), NotAuthorized, ErrUnexpected},
		{"iq that is no bind", with(in, "<iq type='set' id='1'><x xmlns='y'/></iq>"), NotAuthorized, ErrUnexpected},
		{"bind for another", with(in, strings.Replace(bind, "id=", "to='ems@grid.example' id=", 1)), NotAuthorized, ErrUnexpected},
		{"enable before bind, often", with(in, strings.Repeat(enable, 3)), PolicyViolation, ErrAttempts},
		{"malformed resume", with(in, "<resume xmlns='urn:xmpp:sm:3' h='x' previd='y'/>"), BadFormat, nil},
		{"not a stanza", with(up, "<foo/>"), UnsupportedStanzaType, stanza.ErrUnsupported},
		{"from that is no address", with(up, "<message from='@'/>"), InvalidFrom, stanza.ErrFrom},
		{"enable twice", with(up, enable, enable), PolicyViolation, ErrUnexpected},
		{"resume when bound", with(up, "<resume xmlns='urn:xmpp:sm:3' h='1' previd='y'/>"), PolicyViolation, ErrUnexpected},
		{"unbound prefix", with(up, "<message><p:a/></message>"), BadNamespacePrefix, nil},
		{"text between stanzas", with(up, "hello"), BadFormat, nil},
	} {
		k := newTalk(conf).play(c.script...)
		var se *Error
		if !errors.As(k.err, &se) || se.Cond != c.cond || c.cause != nil && !errors.Is(k.err, c.cause) || se.Remote {
			t.Errorf("%s: %v, want %s", c.name, k.err, c.cond)
			continue
		}
		if !strings.Contains(k.said, "<stream:error><"+c.cond+" xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>") || !strings.HasSuffix(k.said, "</stream:error></stream:stream>") || !strings.Contains(k.said, "<stream:stream ") {
			t.Errorf("%s: the peer is told %s", c.name, k.said)
		}
		before := k.said
		k.play(open, "<message/>")
		if k.said != before {
			t.Errorf("%s: it goes on after the end", c.name)
		}
	}
}

func TestServerRules(t *testing.T) {
	k := newTalk(conf).play(open, starttls, "TLS", open, auth, open, bind, "<message>"+strings.Repeat("x", 300000))
	var se *Error
	if !errors.As(k.err, &se) || se.Rule != xmlscan.RuleStanzaSize || !strings.Contains(k.said, "<stanza-too-big xmlns='urn:xmpp:errors'/>") {
		t.Errorf("%v\n%s", k.err, k.said)
	}
}

// Three attempts to authenticate: the third failure ends the stream, a success before it is a success.
func TestServerAttempts(t *testing.T) {
	wrong := `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>ZW1zQGdyaWQuZXhhbXBsZQ==</auth>` // ems@grid.example
	k := newTalk(conf).play(open, starttls, "TLS", open, wrong, `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>!</auth>`, auth, open, bind)
	if k.err != nil || k.m.JID() != full || strings.Count(k.said, "<failure") != 2 || !strings.Contains(k.said, "<invalid-authzid/>") || !strings.Contains(k.said, "<incorrect-encoding/>") {
		t.Errorf("%v\n%s", k.err, k.said)
	}
	k = newTalk(conf)
	k.refuse = sasl.NotAuthorized
	k.play(open, starttls, "TLS", open, auth, auth, auth)
	k.drain()
	if !errors.Is(k.err, ErrAttempts) || strings.Count(k.said, "<not-authorized/>") != 3 || !errors.Is(k.err, &sasl.Failure{Cond: sasl.NotAuthorized}) {
		t.Errorf("%v\n%s", k.err, k.said)
	}
	k = newTalk(conf)
	k.mechs = nil
	k.play(open, starttls, "TLS", open, auth)
	if len(k.events) != 2 || k.events[1] != "AuthFailed" || !strings.Contains(k.said, "<invalid-mechanism/>") {
		t.Errorf("%v\n%s", k.events, k.said)
	}
	k = newTalk(conf).play(open, starttls, "TLS", open, `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'/>`, `<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`, open, bind)
	if k.err != nil || k.m.JID() != full || !strings.Contains(k.said, "<challenge") {
		t.Errorf("without initial response: %v\n%s", k.err, k.said)
	}
	k = newTalk(conf).play(open, starttls, "TLS", open, `<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`)
	if !strings.Contains(k.said, "<aborted/>") {
		t.Error(k.said)
	}
}

func TestServerBindRefused(t *testing.T) {
	k := newTalk(conf)
	k.nobind = stanza.Conflict
	k.play(open, starttls, "TLS", open, auth, open, bind, bind, bind)
	k.drain()
	if !errors.Is(k.err, ErrAttempts) || strings.Count(k.said, "<conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>") != 3 {
		t.Errorf("%v\n%s", k.err, k.said)
	}
}

func TestServerResume(t *testing.T) {
	k := newTalk(conf).play(open, starttls, "TLS", open, auth, open, "<resume xmlns='urn:xmpp:sm:3' h='2' previd='old'/>", "<message/>", "<r xmlns='urn:xmpp:sm:3'/>")
	if k.err != nil || k.m.JID() != full || k.m.Handled() != 6 || !strings.Contains(k.said, "<resumed xmlns='urn:xmpp:sm:3' previd='old' h='5'/>") {
		t.Errorf("%v, %d handled\n%s", k.err, k.m.Handled(), k.said)
	}
	k = newTalk(conf).play(open, starttls, "TLS", open, auth, open, "<resume xmlns='urn:xmpp:sm:3' h='2' previd='gone'/>", bind)
	if k.err != nil || k.m.JID() != full || !strings.Contains(k.said, "<failed xmlns='urn:xmpp:sm:3' h='3'><item-not-found") {
		t.Errorf("%v\n%s", k.err, k.said)
	}
}

// A peer that stops in the middle of something is not waited for.
func TestServerTimeouts(t *testing.T) {
	for _, c := range []struct {
		name   string
		script []string
		after  time.Duration // zero: no deadline at all
	}{
		{"silence", nil, AuthTimeout},
		{"header only", []string{open}, AuthTimeout},
		{"half a header", []string{"<stream"}, AuthTimeout},
		{"TLS hangs", []string{open, starttls}, AuthTimeout},
		{"no login", []string{open, starttls, "TLS", open}, AuthTimeout},
		{"no bind", []string{open, starttls, "TLS", open, auth, open}, BindTimeout},
		{"bound and idle", []string{open, starttls, "TLS", open, auth, open, bind}, 0},
		{"half a stanza", []string{open, starttls, "TLS", open, auth, open, bind, "<message><body>"}, StanzaTimeout},
		{"half a tag", []string{open, starttls, "TLS", open, auth, open, bind, "<"}, StanzaTimeout},
	} {
		k := newTalk(conf).play(c.script...)
		d := k.m.Deadline()
		if c.after == 0 {
			if !d.IsZero() {
				t.Errorf("%s: deadline %v", c.name, d.Sub(t0))
			}
			continue
		}
		if d.Sub(t0) != c.after {
			t.Errorf("%s: deadline after %v, want %v", c.name, d.Sub(t0), c.after)
		}
		if err := k.m.Tick(d.Add(-1)); err != nil {
			t.Errorf("%s: too early: %v", c.name, err)
		}
		if err := k.m.Tick(d); !errors.Is(err, ErrTimeout) || !errors.Is(err, &Error{Cond: ConnectionTimeout}) {
			t.Errorf("%s: %v", c.name, err)
		}
		if out := string(k.m.Output()); c.name != "TLS hangs" && !strings.Contains(out, "<connection-timeout") {
			t.Errorf("%s: says %s", c.name, out)
		}
	}
}

// Drops that come in time keep a stanza going only for as long as one stanza may take.
func TestSlowStanza(t *testing.T) {
	k := newTalk(conf).play(open, starttls, "TLS", open, auth, open, bind, "<message>")
	now := t0
	for range 29 {
		now = now.Add(time.Second)
		k.m.Feed([]byte("x"), now)
		k.drain()
	}
	if d := k.m.Deadline(); !d.Equal(t0.Add(StanzaTimeout)) {
		t.Errorf("deadline moved to %v", d.Sub(t0))
	}
	k.m.Feed([]byte("</message>"), now)
	k.drain()
	if d := k.m.Deadline(); !d.IsZero() || k.err != nil {
		t.Errorf("deadline %v, %v", d, k.err)
	}
}

// White space now and then is keep-alive, however long it goes on.
func TestWhitespaceKeepAlive(t *testing.T) {
	k := newTalk(conf).play(open, starttls, "TLS", open, auth, open, bind)
	now := t0
	for range 3000 {
		now = now.Add(30 * time.Second)
		k.m.Feed([]byte(" "), now)
		k.drain()
	}
	if k.err != nil {
		t.Error(k.err)
	}
}

// While a decision is pending nothing is read, and only a little is kept.
func TestServerWaits(t *testing.T) {
	m := NewServer(&conf, t0)
	step := func(in string, want EventKind) {
		t.Helper()
		m.Feed([]byte(in), t0)
		for {
			ev, err := m.Next()
			if err != nil {
				t.Fatal(err)
			}
			if ev.Kind == want || ev.Kind == None {
				if ev.Kind != want {
					t.Fatalf("%s: no %s", in, want)
				}
				return
			}
		}
	}
	step(open+starttls, StartTLS)
	if err := m.Accept(t0); err != nil || m.JID() != (jid.JID{}) {
		t.Errorf("accepted out of turn: %v", err)
	}
	m.TLSDone(t0, sasl.External("grid.example", []jid.JID{der1}))
	step(open+auth, AuthRequest)
	if err := m.Bind(full, t0); err != nil || !m.JID().IsZero() {
		t.Errorf("bound out of turn: %v", err)
	}
	step("", None)
	if err := m.Accept(t0); err != nil {
		t.Fatal(err)
	}
	step(open+bind+"<message id='early'/>", BindRequest)
	step("<message id='late'/>", None)
	if err := m.Bind(full, t0); err != nil {
		t.Fatal(err)
	}
	step("", StanzaIn)
	if m.st.ID != "early" {
		t.Errorf("first stanza %q", m.st.ID)
	}
	step("", StanzaIn)
	if m.st.ID != "late" {
		t.Errorf("second stanza %q", m.st.ID)
	}
	m = NewServer(&conf, t0)
	step(open+starttls, StartTLS)
	m.TLSDone(t0, sasl.External("grid.example", []jid.JID{der1}))
	step(open+auth, AuthRequest)
	for range 10 {
		m.Feed(make([]byte, 4096), t0)
		if _, err := m.Next(); err != nil {
			if !errors.Is(err, &Error{Cond: PolicyViolation}) {
				t.Error(err)
			}
			return
		}
	}
	t.Error("a waiting machine keeps what a stranger sends without end")
}
