package stream

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
)

const (
	sopen    = `<?xml version='1.0'?><stream:stream from='grid.example' id='x' version='1.0' xml:lang='en' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`
	fTLS     = `<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>`
	fAuth    = `<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism><mechanism>EXTERNAL</mechanism></mechanisms></stream:features>`
	fBind    = `<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>`
	proceed  = `<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`
	success  = `<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`
	boundFmt = `<iq type='result' id='ID'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>JID</jid></bind></iq>`
)

// ask plays a server's script to a client machine.
func ask(cfg ClientConfig, script ...string) (m *Machine, events, said string, err error) {
	cfg.JID, cfg.Resource = der1, "IEC"
	if cfg.Mechanisms == nil {
		cfg.Mechanisms = []sasl.Client{sasl.ExternalClient(jid.JID{})}
	}
	m = NewClient(cfg, t0)
	said = string(m.Output())
	for _, in := range script {
		if in == "TLS" {
			m.TLSDone(t0)
			said += "|TLS|" + string(m.Output())
			continue
		}
		in = strings.ReplaceAll(in, "ID", m.client.bindID)
		m.Feed([]byte(strings.ReplaceAll(in, "J"+m.client.bindID, "der1@grid.example/IEC")), t0)
		for {
			ev, e := m.Next()
			said += string(m.Output())
			if e != nil {
				return m, events, said, e
			}
			if ev.Kind == None {
				break
			}
			events += ev.Kind.String() + " "
		}
	}
	return m, events, said, nil
}

func TestClientNegotiation(t *testing.T) {
	m, events, said, err := ask(ClientConfig{SMMax: time.Minute}, sopen+fTLS, proceed, "TLS", sopen, fAuth, success, sopen+fBind, boundFmt, `<enabled xmlns='urn:xmpp:sm:3' id='s' resume='true' max='30'/>`, "<message><b>"+strings.Repeat("<a/>", 5000)+"</b></message>", "</stream:stream>")
	if !errors.Is(err, ErrClosed) || events != "StartTLS Ready Enabled StanzaIn Closed " || m.JID() != full || m.Handled() != 1 {
		t.Errorf("%v: %s", err, events)
	}
	before, after, _ := strings.Cut(said, "|TLS|")
	if strings.Contains(before, "der1") || strings.Contains(before, "from=") {
		t.Errorf("the account is named before TLS: %s", before)
	}
	for _, want := range []string{
		"<stream:stream from='der1@grid.example' to='grid.example' version='1.0' xml:lang='en' xmlns='jabber:client'",
		"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>",
		"<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>IEC</resource></bind></iq><enable xmlns='urn:xmpp:sm:3' resume='true' max='60'/></stream:stream>",
	} {
		if !strings.Contains(after, want) {
			t.Errorf("the client does not say %s\n%s", want, after)
		}
	}
}

func TestClientRefuses(t *testing.T) {
	tlsUp := []string{sopen + fTLS, proceed, "TLS", sopen}
	in := append(append([]string{}, tlsUp...), fAuth, success, sopen)
	with := func(s []string, more ...string) []string { return append(append([]string{}, s...), more...) }
	var bindErr *BindError
	for _, c := range []struct {
		name   string
		script []string
		is     error
	}{
		{"no STARTTLS (downgrade)", []string{sopen + fAuth}, ErrNoTLS},
		{"STARTTLS refused", []string{sopen + fTLS, `<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`}, ErrTLSRefused},
		{"injection behind proceed", []string{sopen + fTLS, proceed + "<success/>"}, ErrInjection},
		{"injection of a line end", []string{sopen + fTLS, proceed + "\n"}, ErrInjection},
		{"success before TLS", []string{sopen + success}, ErrUnexpected},
		{"no common mechanism", with(tlsUp, strings.ReplaceAll(fAuth, "EXTERNAL", "X-ODD")), ErrNoMechanism},
		{"no mechanisms", with(tlsUp, fBind), ErrNoMechanism},
		{"not authorized", with(tlsUp, fAuth, `<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/><text>no</text></failure>`), &sasl.Failure{Cond: sasl.NotAuthorized}},
		{"challenge with data", with(tlsUp, fAuth, `<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>eA==</challenge>`), &sasl.Failure{Cond: sasl.MalformedRequest}},
		{"challenge that is not base64", with(tlsUp, fAuth, `<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>*</challenge>`), &sasl.Failure{Cond: sasl.IncorrectEncoding}},
		{"pipelined behind success", with(tlsUp, fAuth, success+sopen), ErrPipelined},
		{"stanza before bind", with(in, "<message/>"), ErrUnexpected},
		{"no bind offered", with(in, "<stream:features/>"), ErrNoBind},
		{"other resource", with(in, fBind, strings.Replace(boundFmt, "JID", "der1@grid.example/other", 1)), ErrResource},
		{"other account", with(in, fBind, strings.Replace(boundFmt, "JID", "ems@grid.example/IEC", 1)), ErrResource},
		{"bare JID", with(in, fBind, strings.Replace(boundFmt, "JID", "der1@grid.example", 1)), ErrResource},
		{"no JID", with(in, fBind, `<iq type='result' id='ID'/>`), ErrResource},
		{"answer to something else", with(in, fBind, `<iq type='result' id='0'/>`), ErrUnexpected},
		{"other domain", []string{strings.Replace(sopen, "grid", "evil", 1)}, &Error{Cond: HostUnknown}},
		{"old version", []string{strings.Replace(sopen, "version='1.0' xml:", "xml:", 1)}, &Error{Cond: UnsupportedVersion}},
		{"entity", []string{sopen + "<stream:features>&x;</stream:features>"}, &Error{Cond: RestrictedXML}},
		{"20 kB before login", []string{sopen + "<stream:features>" + strings.Repeat("<a/>", 5000)}, &Error{Cond: PolicyViolation}},
		{"header twice", with(tlsUp, sopen), &Error{Cond: PolicyViolation}},
		{"stream error", []string{sopen + "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>who</text></stream:error>"}, &Error{Cond: HostUnknown}},
		{"odd stream error", []string{sopen + "<stream:error><something xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"}, &Error{Cond: UndefinedCondition}},
	} {
		m, _, _, err := ask(ClientConfig{}, c.script...)
		if !errors.Is(err, c.is) && c.name != "header twice" || err == nil {
			t.Errorf("%s: %v, want %v", c.name, err, c.is)
		}
		if !m.JID().IsZero() {
			t.Errorf("%s: bound", c.name)
		}
	}
	_, _, _, err := ask(ClientConfig{}, with(in, fBind, `<iq type='error' id='ID'><error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`)...)
	if !errors.As(err, &bindErr) || bindErr.Cond != "not-allowed" {
		t.Errorf("bind refused: %v", err)
	}
	_, _, _, err = ask(ClientConfig{}, sopen+"<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>[::1]:5222</see-other-host></stream:error>")
	var se *Error
	if !errors.As(err, &se) || !se.Remote || se.Host != "[::1]:5222" {
		t.Errorf("redirected: %v", err)
	}
}

func TestClientResume(t *testing.T) {
	cfg := ClientConfig{Resume: &Resume{ID: "s", H: 7}}
	in := []string{sopen + fTLS, proceed, "TLS", sopen, fAuth, success, sopen}
	m, events, said, err := ask(cfg, append(in, fBind, `<resumed xmlns='urn:xmpp:sm:3' previd='s' h='4'/>`, "<message/>")...)
	if err != nil || events != "StartTLS Ready StanzaIn " || m.JID() != full || m.Handled() != 8 || !strings.HasSuffix(said, `<resume xmlns='urn:xmpp:sm:3' previd='s' h='7'/>`) {
		t.Errorf("%v: %s\n%s", err, events, said)
	}
	m, events, _, err = ask(cfg, append(in, fBind, `<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`, boundFmt, `<failed xmlns='urn:xmpp:sm:3'/>`)...)
	if err != nil || events != "StartTLS ResumeFailed Ready EnableFailed " || m.JID() != full {
		t.Errorf("%v: %s", err, events)
	}
	_, events, _, err = ask(cfg, append(in, strings.Replace(fBind, "<sm xmlns='urn:xmpp:sm:3'/>", "", 1), boundFmt)...)
	if err != nil || events != "StartTLS ResumeFailed Ready " {
		t.Errorf("%v: %s", err, events)
	}
	if _, _, _, err = ask(cfg, append(in, fBind, `<resumed xmlns='urn:xmpp:sm:3' previd='other' h='4'/>`)...); !errors.Is(err, ErrUnexpected) {
		t.Errorf("another session resumed: %v", err)
	}
}

func TestEventNames(t *testing.T) {
	for k := None; k <= Closed; k++ {
		if k.String() == "" || k.String() == "unknown" {
			t.Errorf("event %d has no name", k)
		}
	}
	if EventKind(99).String() != "unknown" {
		t.Error("unknown event")
	}
}

// Whatever a server or a client says, the other end neither panics nor becomes bound to something else, and what it
// says itself is well-formed.
func FuzzMachine(f *testing.F) {
	f.Add(open+"|"+starttls+"|TLS|"+open+auth+"|"+open+bind+"|"+enable, 7)
	f.Add(sopen+fTLS+"|"+proceed+"|TLS|"+sopen+fAuth+"|"+success+"|"+sopen+fBind+"|"+boundFmt, 9)
	f.Add(open+"<stream:error><x/></stream:error></stream:stream>", 1)
	f.Fuzz(func(t *testing.T, in string, size int) {
		if len(in) > 1<<14 || size < 1 {
			return
		}
		for _, client := range []bool{true, false} {
			k := newTalk(conf)
			if client {
				k.m = NewClient(ClientConfig{JID: der1, Resource: "IEC", Mechanisms: []sasl.Client{sasl.ExternalClient(der1)}}, t0)
			}
			for _, part := range strings.Split(in, "|") {
				if part == "TLS" {
					k.play("TLS")
					continue
				}
				for len(part) > 0 {
					n := min(size, len(part))
					k.play(part[:n])
					part = part[n:]
				}
			}
			if j := k.m.JID(); !j.IsZero() && j != full {
				t.Fatalf("bound to %s", j)
			}
			_ = k.m.Tick(t0.Add(time.Hour))
		}
	})
}
