package stream

import (
	"encoding/base64"

	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/xmlscan"
)

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
		m.scan.SetLimit(orLimit(m.client.cfg.Limit, xmlscan.LimitDefault) + stampRoom)
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
