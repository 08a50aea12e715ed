package stream

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// A ServerConfig describes the receiving end of streams. One value may serve all of them; it is not changed.
type ServerConfig struct {
	Domains      []string // served, prepared; at least one
	DirectTLS    bool     // TLS is running before the first byte: call TLSDone before Feed
	NoSM         bool     // do not offer stream management
	LimitPreAuth int      // octets of one stanza before authentication; 0 = xmlscan.LimitPreAuth
	Limit        int      // octets of one stanza afterwards; 0 = xmlscan.LimitDefault
	MaxAttempts  int      // of authentication, and of bind; 0 = MaxAttempts

	AuthTimeout, BindTimeout, StanzaTimeout time.Duration // 0 = the package's defaults
}

type serverSide struct {
	cfg      *ServerConfig
	domain   string
	mechs    []sasl.Factory
	run      sasl.Server // authentication in progress
	mech     string
	data     []byte // additional data with success
	attempts int
	binds    int
	bindID   string
	previd   string
}

// NewServer returns the receiving end of a stream.
func NewServer(cfg *ServerConfig, now time.Time) *Machine {
	m := &Machine{server: &serverSide{cfg: cfg}, now: now, last: now}
	limit := cfg.LimitPreAuth
	if limit == 0 {
		limit = xmlscan.LimitPreAuth
	}
	m.scan = *xmlscan.NewScanner(xmlscan.NSClient, limit)
	m.timeout = timeouts{pick(cfg.AuthTimeout, AuthTimeout), pick(cfg.BindTimeout, BindTimeout), pick(cfg.StanzaTimeout, StanzaTimeout)}
	m.until(m.timeout.auth)
	if cfg.DirectTLS {
		m.phase = phTLS
	}
	return m
}

// TLSDone tells the machine that TLS is up. A server's machine is given the mechanisms that it may offer on this
// connection, for example sasl.External with the names in the client's certificate.
func (m *Machine) TLSDone(now time.Time, mechs ...sasl.Factory) {
	m.now, m.last = now, now
	if m.phase != phTLS || m.err != nil {
		return
	}
	m.phase = phAuth
	if m.client != nil {
		m.open()
		return
	}
	m.server.mechs = mechs
}

// open writes our header.
func (m *Machine) open() {
	m.opened = true
	if m.client != nil {
		m.openClient()
		return
	}
	s := m.server
	b := append(m.out, "<?xml version='1.0'?><stream:stream"...)
	domain := s.domain
	if domain == "" {
		domain = s.cfg.Domains[0]
	}
	b = xmlscan.AppendAttr(b, "from", domain)
	b = xmlscan.AppendAttr(b, "id", streamID())
	m.out = append(b, " version='1.0' xml:lang='en' xmlns='jabber:client' xmlns:stream='"+xmlscan.NSStream+"'>"...)
}

// streamID returns 128 random bits.
func streamID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// header handles the peer's header.
func (m *Machine) header() (Event, error) {
	h := &m.scan.Header
	switch {
	case h.Name != xmlscan.Name{Space: xmlscan.NSStream, Local: "stream"}:
		if h.Name.Local != "stream" {
			return Event{}, m.fail(BadFormat, "", nil)
		}
		return Event{}, m.fail(InvalidNamespace, "", nil)
	case h.Default != xmlscan.NSClient:
		return Event{}, m.fail(InvalidNamespace, "", nil)
	}
	if m.client != nil {
		return Event{}, m.clientHeader(h)
	}
	return Event{}, m.serverHeader(h)
}

func (m *Machine) serverHeader(h *xmlscan.Header) error {
	s := m.server
	to, err := jid.Parse(h.Attrs["to"])
	if err != nil || to.String() != to.Domain() || !slices.Contains(s.cfg.Domains, to.Domain()) || s.domain != "" && s.domain != to.Domain() {
		return m.fail(HostUnknown, "", nil)
	}
	s.domain = to.Domain()
	if h.Attrs["version"] != "1.0" {
		return m.fail(UnsupportedVersion, "", nil)
	}
	if from := h.Attrs["from"]; from != "" && m.phase == phBind {
		if j, err := jid.Parse(from); err != nil || j.Bare() != m.identity.JID {
			return m.fail(InvalidFrom, "", nil)
		}
	}
	m.open()
	m.out = append(m.out, "<stream:features>"...)
	switch m.phase {
	case phStart:
		m.out = append(m.out, "<starttls xmlns='"+NSTLS+"'><required/></starttls>"...)
	case phAuth:
		m.out = append(m.out, "<mechanisms xmlns='"+NSSASL+"'>"...)
		for _, f := range s.mechs {
			m.out = append(m.out, "<mechanism>"...)
			m.out = xmlscan.AppendText(m.out, f.Name)
			m.out = append(m.out, "</mechanism>"...)
		}
		m.out = append(m.out, "</mechanisms>"...)
	case phBind:
		m.out = append(m.out, "<bind xmlns='"+NSBind+"'/>"...)
		if !s.cfg.NoSM {
			m.out = append(m.out, "<sm xmlns='"+sm.NS+"'/>"...)
		}
	}
	m.out = append(m.out, "</stream:features>"...)
	return nil
}

// serverElement handles what the client sends before it is bound.
func (m *Machine) serverElement(e *xmlscan.Element) (Event, error) {
	switch {
	case m.phase == phStart && e.Name == xmlscan.Name{Space: NSTLS, Local: "starttls"}:
		if m.scan.Behind() > 0 {
			return Event{}, m.fail(PolicyViolation, "", ErrInjection)
		}
		m.out = append(m.out, "<proceed xmlns='"+NSTLS+"'/>"...)
		m.scan.Restart()
		m.phase, m.opened = phTLS, false
		return Event{Kind: StartTLS}, nil
	case m.phase == phAuth && e.Name.Space == NSSASL:
		return m.saslServer(e)
	case m.phase == phBind && e.Name.Space == xmlscan.NSClient && e.Name.Local == "iq":
		return m.bindServer(e)
	case m.phase == phBind && e.Name.Space == sm.NS:
		return m.resumeServer(e)
	}
	return Event{}, m.fail(NotAuthorized, "", ErrUnexpected)
}

func or(v, def int) int {
	if v > 0 {
		return v
	}
	return def
}

// decide ends the wait for a decision of the given kind.
func (m *Machine) decide(kind EventKind, now time.Time) bool {
	m.now = now
	if m.err != nil || m.waiting != kind {
		return false
	}
	m.waiting = None
	return true
}
