package stream

import (
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

// A ClientConfig describes the initiating end of one stream.
type ClientConfig struct {
	JID        jid.JID       // the account; its bare form is used
	Resource   string        // always asked for, and nothing else is accepted (ErrResource); required
	DirectTLS  bool          // TLS is running before the first byte: call TLSDone before Feed
	Mechanisms []sasl.Client // in order of preference
	NoSM       bool          // do not ask for stream management
	SMMax      time.Duration // longest pause to ask for; 0 = leave it to the server
	Resume     *Resume       // try to resume this session first
	Limit      int           // octets of one stanza as its sender wrote it, after authentication; 0 = xmlscan.LimitDefault
	Lang       string        // xml:lang of the stream; "" = "en"

	AuthTimeout, BindTimeout, StanzaTimeout time.Duration // 0 = the package's defaults
}

// Resume names a session to resume (XEP-0198 clause 5).
type Resume struct {
	ID string // of the enabled event
	H  uint32 // Handled of the old machine
}

// clientStep is what the client waits for.
type clientStep uint8

const (
	waitHeader clientStep = iota
	waitFeatures
	waitProceed
	waitChallenge
	waitResumed
	waitBound
	waitEnabled
	waitNothing
)

type clientSide struct {
	cfg    ClientConfig
	mech   sasl.Client
	bindID string
	sm     bool // the server offers stream management
}

// NewClient returns the initiating end of a stream. Without DirectTLS, Output has its header at once.
func NewClient(cfg ClientConfig, now time.Time) *Machine {
	m := &Machine{client: &clientSide{cfg: cfg}, now: now, last: now}
	m.scan = *xmlscan.NewScanner(xmlscan.NSClient, xmlscan.LimitPreAuth)
	m.timeout = timeouts{pick(cfg.AuthTimeout, AuthTimeout), pick(cfg.BindTimeout, BindTimeout), pick(cfg.StanzaTimeout, StanzaTimeout)}
	m.until(m.timeout.auth)
	if cfg.DirectTLS {
		m.phase = phTLS
		return m
	}
	m.open()
	return m
}

// stampRoom is what the server may add to a stanza as long as its sender may make it: the sender's address, and other
// spellings of what the start tag says.
const stampRoom = 16 << 10

func orLimit(v, def int) int {
	if v == 0 {
		return def
	}
	return min(max(v, xmlscan.LimitLeast), xmlscan.LimitMost)
}

// until sets the deadline of the phase.
func (m *Machine) until(d time.Duration) {
	m.limit = time.Time{}
	if d > 0 {
		m.limit = m.now.Add(d)
	}
}

// openClient writes the client's header. Who we are is said only inside TLS.
func (m *Machine) openClient() {
	c := &m.client.cfg
	b := append(m.out, "<?xml version='1.0'?><stream:stream"...)
	if m.phase != phStart {
		b = xmlscan.AppendAttr(b, "from", c.JID.Bare().String())
	}
	b = xmlscan.AppendAttr(b, "to", c.JID.Domain())
	b = append(b, " version='1.0'"...)
	lang := c.Lang
	if lang == "" {
		lang = "en"
	}
	b = xmlscan.AppendAttr(b, "xml:lang", lang)
	m.out = append(b, " xmlns='jabber:client' xmlns:stream='"+xmlscan.NSStream+"'>"...)
	m.step = waitHeader
}

// clientHeader checks the server's header.
func (m *Machine) clientHeader(h *xmlscan.Header) error {
	if m.step != waitHeader {
		return m.fail(PolicyViolation, "", ErrUnexpected)
	}
	if h.Attrs["version"] != "1.0" {
		return m.fail(UnsupportedVersion, "", nil)
	}
	if from := h.Attrs["from"]; from != "" {
		if j, err := jid.Parse(from); err != nil || j != m.client.cfg.JID.DomainJID() {
			return m.fail(HostUnknown, "", nil)
		}
	}
	m.step = waitFeatures
	return nil
}

// clientElement handles what the server sends before the stream is bound.
func (m *Machine) clientElement(e *xmlscan.Element) (Event, error) {
	n := e.Name
	switch {
	case m.step == waitFeatures && n == xmlscan.Name{Space: xmlscan.NSStream, Local: "features"}:
		return m.features(e)
	case m.step == waitProceed && n == xmlscan.Name{Space: NSTLS, Local: "proceed"}:
		return m.proceed()
	case m.step == waitProceed && n == xmlscan.Name{Space: NSTLS, Local: "failure"}:
		return Event{}, m.fail(Reset, "", ErrTLSRefused)
	case m.step == waitChallenge && n.Space == NSSASL:
		return Event{}, m.saslClient(e)
	case m.step == waitResumed && n.Space == sm.NS:
		return m.resumed(e)
	case m.step == waitBound && n.Space == xmlscan.NSClient:
		return m.boundClient(e)
	case m.step == waitBound && n.Space == NSSASL: // nothing to say after success
		return Event{}, nil
	}
	return Event{}, m.fail(PolicyViolation, "", ErrUnexpected)
}

// features chooses the next step of the negotiation.
func (m *Machine) features(e *xmlscan.Element) (Event, error) {
	offered := map[xmlscan.Name]int{}
	for i := range e.Len() {
		offered[e.Child(i)] = i + 1
	}
	switch m.phase {
	case phStart:
		if offered[xmlscan.Name{Space: NSTLS, Local: "starttls"}] == 0 {
			return Event{}, m.fail(PolicyViolation, "", ErrNoTLS)
		}
		m.out = append(m.out, "<starttls xmlns='"+NSTLS+"'/>"...)
		m.step = waitProceed
	case phAuth:
		i := offered[xmlscan.Name{Space: NSSASL, Local: "mechanisms"}]
		if i == 0 {
			return Event{}, m.fail(PolicyViolation, "", ErrNoMechanism)
		}
		return Event{}, m.authenticate(mechanisms(e.AppendChild(nil, i-1)))
	case phBind:
		if offered[xmlscan.Name{Space: NSBind, Local: "bind"}] == 0 {
			return Event{}, m.fail(PolicyViolation, "", ErrNoBind)
		}
		m.client.sm = offered[xmlscan.Name{Space: sm.NS, Local: "sm"}] != 0 && !m.client.cfg.NoSM
		if r := m.client.cfg.Resume; r != nil && r.ID != "" && m.client.sm {
			m.out = sm.Element{Kind: sm.Resume, ID: r.ID, H: r.H, HasH: true}.Append(m.out)
			m.step = waitResumed
			return Event{}, nil
		}
		m.bind()
		if m.client.cfg.Resume != nil {
			return Event{Kind: ResumeFailed}, nil
		}
	}
	return Event{}, nil
}

// proceed hands over to TLS. A byte behind <proceed/> may have been injected and would be read as if it had been
// protected: the stream ends.
func (m *Machine) proceed() (Event, error) {
	if m.scan.Behind() > 0 {
		return Event{}, m.fail(PolicyViolation, "", ErrInjection)
	}
	m.scan.Restart()
	m.phase, m.opened = phTLS, false
	return Event{Kind: StartTLS}, nil
}

// stop ends the stream in order, because of something that is no fault of the protocol.
func (m *Machine) stop(err error) error {
	m.Close()
	m.err = err
	m.limit = time.Time{}
	return err
}
