package stream

import (
	"encoding/base64"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/sm"
	"github.com/gridward/gridward/xmpp/stanza"
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
	Limit      int           // octets of one stanza; 0 = xmlscan.LimitDefault
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
	m.scan = *xmlscan.NewScanner(xmlscan.NSClient, orLimit(cfg.Limit, xmlscan.LimitDefault))
	m.timeout = timeouts{pick(cfg.AuthTimeout, AuthTimeout), pick(cfg.BindTimeout, BindTimeout), pick(cfg.StanzaTimeout, StanzaTimeout)}
	m.until(m.timeout.auth)
	if cfg.DirectTLS {
		m.phase = phTLS
		return m
	}
	m.open()
	return m
}

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

// mechanisms returns the names in a <mechanisms/> element.
func mechanisms(raw []byte) (names []string) {
	r := xmlscan.NewReader(raw)
	in := false
	for {
		tok, err := r.Next()
		if err != nil {
			return names
		}
		switch {
		case tok.Kind == xmlscan.Start && tok.Depth == 1:
			if in = tok.Name == (xmlscan.Name{Space: NSSASL, Local: "mechanism"}); in {
				names = append(names, "")
			}
		case tok.Kind == xmlscan.End:
			in = false
		case tok.Kind == xmlscan.Text && in:
			names[len(names)-1] += string(tok.Text)
		}
	}
}

// bind asks for our resource.
func (m *Machine) bind() {
	m.client.bindID = stanza.NewID()
	b := append(m.out, "<iq type='set'"...)
	b = xmlscan.AppendAttr(b, "id", m.client.bindID)
	b = append(b, "><bind xmlns='"+NSBind+"'><resource>"...)
	b = xmlscan.AppendText(b, m.client.cfg.Resource)
	m.out = append(b, "</resource></bind></iq>"...)
	m.step = waitBound
}

// boundClient handles the answer to bind.
func (m *Machine) boundClient(e *xmlscan.Element) (Event, error) {
	if err := m.parser.Parse(e, &m.st); err != nil || !m.st.IsResponse() || m.st.ID != m.client.bindID {
		return Event{}, m.fail(PolicyViolation, "", ErrUnexpected)
	}
	if m.st.Type == stanza.TypeError {
		return Event{}, m.stop(&BindError{Cond: m.st.Err.Cond, Text: m.st.Err.Text})
	}
	j, err := jid.Parse(childText(m.st.Payload, "jid"))
	want, err2 := m.client.cfg.JID.WithResource(m.client.cfg.Resource)
	if err != nil || err2 != nil || j != want || !j.IsFull() {
		return Event{}, m.stop(ErrResource)
	}
	m.becomeReady(j)
	m.step = waitNothing
	if m.client.sm {
		m.out = sm.Element{Kind: sm.Enable, Resume: true, Max: m.client.cfg.SMMax}.Append(m.out)
		m.step = waitEnabled
	}
	return Event{Kind: Ready, JID: j, Managed: m.client.sm}, nil
}

// becomeReady forgets what only the negotiation needs.
func (m *Machine) becomeReady(j jid.JID) {
	m.phase, m.bound = phReady, j
	m.limit = time.Time{}
	m.scan.Header = xmlscan.Header{}
}

// resumed handles the answer to resume.
func (m *Machine) resumed(e *xmlscan.Element) (Event, error) {
	el, err := sm.Parse(e)
	r := m.client.cfg.Resume
	switch {
	case err != nil:
		return Event{}, m.fail(BadFormat, "", err)
	case el.Kind == sm.Resumed && el.ID == r.ID:
		j, err := m.client.cfg.JID.WithResource(m.client.cfg.Resource)
		if err != nil {
			return Event{}, m.stop(ErrResource)
		}
		m.becomeReady(j)
		m.step = waitNothing
		m.counting, m.h = true, r.H
		return Event{Kind: Ready, JID: j, Resumed: true, Managed: true, H: el.H}, nil
	case el.Kind == sm.Failed:
		m.bind()
		return Event{Kind: ResumeFailed, H: el.H, HasH: el.HasH}, nil
	}
	return Event{}, m.fail(PolicyViolation, "", ErrUnexpected)
}

// stop ends the stream in order, because of something that is no fault of the protocol.
func (m *Machine) stop(err error) error {
	m.Close()
	m.err = err
	m.limit = time.Time{}
	return err
}

// childText returns the text of the element called local, two levels down.
func childText(raw []byte, local string) (text string) {
	r := xmlscan.NewReader(raw)
	in := false
	for {
		tok, err := r.Next()
		if err != nil {
			return text
		}
		switch tok.Kind {
		case xmlscan.Start:
			in = tok.Depth == 1 && tok.Name == xmlscan.Name{Space: NSBind, Local: local}
		case xmlscan.End:
			in = false
		case xmlscan.Text:
			if in {
				text += string(tok.Text)
			}
		}
	}
}

// authenticate starts the first of our mechanisms that the server offers.
func (m *Machine) authenticate(offered []string) error {
	for _, c := range m.client.cfg.Mechanisms {
		for _, name := range offered {
			if name != c.Name() {
				continue
			}
			initial, err := c.Start()
			if err != nil {
				return m.stop(err)
			}
			m.client.mech = c
			b := append(m.out, "<auth xmlns='"+NSSASL+"'"...)
			b = xmlscan.AppendAttr(b, "mechanism", name)
			b = append(b, '>')
			if initial != nil {
				b = appendSASL(b, initial)
			}
			m.out = append(b, "</auth>"...)
			m.step = waitChallenge
			return nil
		}
	}
	return m.fail(PolicyViolation, "", ErrNoMechanism)
}

// saslClient handles challenge, success and failure.
func (m *Machine) saslClient(e *xmlscan.Element) error {
	mech := m.client.mech
	switch e.Name.Local {
	case "challenge":
		data, ok := saslData(e)
		if !ok {
			return m.fail(BadFormat, "", &sasl.Failure{Cond: sasl.IncorrectEncoding})
		}
		answer, err := mech.Next(data)
		if err != nil {
			return m.stop(err)
		}
		m.out = appendSASL(append(m.out, "<response xmlns='"+NSSASL+"'>"...), answer)
		m.out = append(m.out, "</response>"...)
		return nil
	case "success":
		data, ok := saslData(e)
		if !ok {
			return m.fail(BadFormat, "", &sasl.Failure{Cond: sasl.IncorrectEncoding})
		}
		if err := mech.Success(data); err != nil {
			return m.stop(err)
		}
		if !m.restart() {
			return m.fail(PolicyViolation, "", ErrPipelined)
		}
		m.phase = phBind
		m.identity = sasl.Identity{JID: m.client.cfg.JID.Bare(), Mechanism: mech.Name()}
		m.until(m.timeout.bind)
		m.open()
		return nil
	case "failure":
		f := &sasl.Failure{Cond: sasl.NotAuthorized, Reason: "server refuses"}
		for i := range e.Len() {
			if n := e.Child(i); n.Space == NSSASL && n.Local != "text" {
				f.Cond = n.Local
			}
		}
		return m.stop(f)
	}
	return m.fail(PolicyViolation, "", ErrUnexpected)
}

// appendSASL writes SASL data: base64, "=" for none of it.
func appendSASL(b, data []byte) []byte {
	if len(data) == 0 {
		return append(b, '=')
	}
	return base64.StdEncoding.AppendEncode(b, data)
}

// saslData reads the data of a SASL element: nil when there is none, empty for "=".
func saslData(e *xmlscan.Element) (data []byte, ok bool) {
	t := e.Text(nil)
	switch {
	case len(t) == 0:
		return nil, true
	case len(t) == 1 && t[0] == '=':
		return []byte{}, true
	}
	data, err := base64.StdEncoding.Strict().AppendDecode(nil, t)
	return data, err == nil && len(data) > 0
}
