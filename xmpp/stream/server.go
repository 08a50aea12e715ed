package stream

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/stanza"
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

// saslServer handles auth, response and abort.
func (m *Machine) saslServer(e *xmlscan.Element) (Event, error) {
	s := m.server
	data, ok := saslData(e)
	switch {
	case e.Name.Local == "abort":
		return m.saslFailed(&sasl.Failure{Cond: sasl.Aborted, Reason: "by the client"})
	case e.Name.Local == "auth":
		name, _ := e.Attr("mechanism")
		i := slices.IndexFunc(s.mechs, func(f sasl.Factory) bool { return f.Name == string(name) })
		if i < 0 {
			return m.saslFailed(&sasl.Failure{Cond: sasl.InvalidMechanism})
		}
		s.run, s.mech = s.mechs[i].New(), s.mechs[i].Name
	case e.Name.Local == "response" && s.run != nil:
		if data == nil {
			data = []byte{}
		}
	default:
		return Event{}, m.fail(NotAuthorized, "", ErrUnexpected)
	}
	if !ok {
		return m.saslFailed(&sasl.Failure{Cond: sasl.IncorrectEncoding})
	}
	step, err := s.run.Next(data)
	if err != nil {
		return m.saslFailed(err)
	}
	if !step.Done {
		b := append(m.out, "<challenge xmlns='"+NSSASL+"'>"...)
		if len(step.Challenge) > 0 {
			b = base64.StdEncoding.AppendEncode(b, step.Challenge)
		}
		m.out = append(b, "</challenge>"...)
		return Event{}, nil
	}
	if m.scan.Behind() > 0 && !m.scan.BlankBehind() {
		return Event{}, m.fail(PolicyViolation, "", ErrPipelined)
	}
	m.identity, s.data = step.Identity, step.Data
	m.waiting = AuthRequest
	return Event{Kind: AuthRequest, JID: step.Identity.JID, Mechanism: s.mech}, nil
}

// saslFailed answers a failed authentication; after too many the stream ends.
func (m *Machine) saslFailed(err error) (Event, error) {
	var f *sasl.Failure
	if !errors.As(err, &f) {
		f = &sasl.Failure{Cond: sasl.TemporaryAuthFailure, Reason: err.Error()}
	}
	s := m.server
	s.run, m.identity = nil, sasl.Identity{}
	m.out = append(m.out, "<failure xmlns='"+NSSASL+"'><"...)
	m.out = append(m.out, f.Cond...)
	m.out = append(m.out, "/></failure>"...)
	if s.attempts++; s.attempts >= or(s.cfg.MaxAttempts, MaxAttempts) {
		return Event{}, m.end(&Error{Cond: PolicyViolation, Err: &attemptsError{f}})
	}
	return Event{Kind: AuthFailed, Mechanism: s.mech, Err: f}, nil
}

// attemptsError is ErrAttempts together with the last failure.
type attemptsError struct{ last error }

func (e *attemptsError) Error() string   { return ErrAttempts.Error() + ": " + e.last.Error() }
func (e *attemptsError) Unwrap() []error { return []error{ErrAttempts, e.last} }

func or(v, def int) int {
	if v > 0 {
		return v
	}
	return def
}

// Accept lets the peer of an AuthRequest in.
func (m *Machine) Accept(now time.Time) error {
	if !m.decide(AuthRequest, now) {
		return m.err
	}
	m.out = append(m.out, "<success xmlns='"+NSSASL+"'>"...)
	if m.server.data != nil {
		m.out = appendSASL(m.out, m.server.data)
	}
	m.out = append(m.out, "</success>"...)
	m.server.run, m.server.data, m.server.mechs = nil, nil, nil
	m.phase = phBind
	m.until(m.timeout.bind)
	if !m.restart() {
		return m.fail(PolicyViolation, "", ErrPipelined)
	}
	m.scan.SetLimit(orLimit(m.server.cfg.Limit, xmlscan.LimitDefault))
	return nil
}

// Refuse turns the peer of an AuthRequest away with a SASL condition.
func (m *Machine) Refuse(cond string, now time.Time) error {
	if !m.decide(AuthRequest, now) {
		return m.err
	}
	_, err := m.saslFailed(&sasl.Failure{Cond: cond, Reason: "refused by access control"})
	return err
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

// bindServer handles a request to bind.
func (m *Machine) bindServer(e *xmlscan.Element) (Event, error) {
	var st stanza.Stanza
	err := m.parser.Parse(e, &st)
	name, _ := st.Child()
	if err != nil || st.Type != stanza.Set || name != (xmlscan.Name{Space: NSBind, Local: "bind"}) || !st.To.IsZero() && st.To != m.identity.JID && st.To != m.identity.JID.DomainJID() {
		return Event{}, m.fail(NotAuthorized, "", ErrUnexpected)
	}
	m.server.bindID = st.ID
	m.waiting = BindRequest
	return Event{Kind: BindRequest, JID: m.identity.JID, Resource: childText(st.Payload, "resource")}, nil
}

// Bind answers a BindRequest: the stream is bound to the full JID, stanzas follow.
func (m *Machine) Bind(full jid.JID, now time.Time) error {
	if !m.decide(BindRequest, now) {
		return m.err
	}
	b := append(m.out, "<iq type='result'"...)
	b = xmlscan.AppendAttr(b, "id", m.server.bindID)
	b = append(b, "><bind xmlns='"+NSBind+"'><jid>"...)
	b = xmlscan.AppendText(b, full.String())
	m.out = append(b, "</jid></bind></iq>"...)
	m.becomeReady(full)
	return nil
}

// RefuseBind answers a BindRequest with a stanza error condition, such as stanza.NotAllowed or stanza.Conflict. After
// too many the stream ends.
func (m *Machine) RefuseBind(cond string, now time.Time) error {
	if !m.decide(BindRequest, now) {
		return m.err
	}
	st := stanza.Stanza{Kind: stanza.IQ, Type: stanza.TypeError, ID: m.server.bindID, Err: stanza.NewError(cond, "")}
	m.out = st.Append(m.out)
	if m.server.binds++; m.server.binds >= or(m.server.cfg.MaxAttempts, MaxAttempts) {
		return m.fail(PolicyViolation, "", ErrAttempts)
	}
	return nil
}

// resumeServer handles resume, and refuses everything else of stream management before bind.
func (m *Machine) resumeServer(e *xmlscan.Element) (Event, error) {
	el, err := sm.Parse(e)
	if err != nil {
		return Event{}, m.fail(BadFormat, "", err)
	}
	if el.Kind != sm.Resume || m.server.cfg.NoSM {
		m.out = sm.Element{Kind: sm.Failed, Cond: stanza.UnexpectedRequest}.Append(m.out)
		if m.server.binds++; m.server.binds >= or(m.server.cfg.MaxAttempts, MaxAttempts) {
			return Event{}, m.fail(PolicyViolation, "", ErrAttempts)
		}
		return Event{}, nil
	}
	m.server.previd = el.ID
	m.waiting = ResumeRequest
	return Event{Kind: ResumeRequest, JID: m.identity.JID, ID: el.ID, H: el.H}, nil
}

// Resume answers a ResumeRequest: the stream goes on as full, of whose stanzas handled were handled by us. What the
// queue (sm.Out.Resume) says must be written behind Output.
func (m *Machine) Resume(full jid.JID, handled uint32, now time.Time) error {
	if !m.decide(ResumeRequest, now) {
		return m.err
	}
	m.out = sm.Element{Kind: sm.Resumed, ID: m.server.previd, H: handled, HasH: true}.Append(m.out)
	m.becomeReady(full)
	m.counting, m.h = true, handled
	return nil
}

// EnableSM answers an EnableRequest. id names the session for resumption, "" when it cannot be resumed.
func (m *Machine) EnableSM(id string, maxPause time.Duration, now time.Time) error {
	if !m.decide(EnableRequest, now) {
		return m.err
	}
	el := sm.Element{Kind: sm.Enabled, ID: id, Resume: id != ""}
	if id != "" {
		el.Max = maxPause
	}
	m.out = el.Append(m.out)
	m.counting, m.h = true, 0
	return nil
}

// FailSM answers an EnableRequest or ResumeRequest with a stanza error condition, such as stanza.ItemNotFound. handled
// is what we had handled of the session that cannot be resumed, nil when that is not known.
func (m *Machine) FailSM(cond string, handled *uint32, now time.Time) error {
	if !m.decide(EnableRequest, now) && !m.decide(ResumeRequest, now) {
		return m.err
	}
	el := sm.Element{Kind: sm.Failed, Cond: cond}
	if handled != nil {
		el.H, el.HasH = *handled, true
	}
	m.out = el.Append(m.out)
	return nil
}
