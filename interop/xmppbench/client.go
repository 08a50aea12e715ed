package xmppbench

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/stream"
)

// A client is a session of which, once bound, only the octets matter: it costs as little as possible, so that the server
// is what is measured.
type client struct {
	*tls.Conn
	full jid.JID
}

const loginTime = 30 * time.Second

// login connects by direct TLS and binds.
func login(addr string, tc *tls.Config, name string) (*client, error) {
	raw, err := net.DialTimeout("tcp", addr, loginTime)
	if err != nil {
		return nil, err
	}
	c := &client{Conn: tls.Client(raw, tc)}
	if err := c.negotiate(name); err != nil {
		return nil, errors.Join(fmt.Errorf("login of %s: %w", name, err), raw.Close())
	}
	return c, nil
}

func (c *client) negotiate(name string) error {
	if err := c.SetDeadline(time.Now().Add(loginTime)); err != nil {
		return err
	}
	if err := c.Handshake(); err != nil {
		return err
	}
	j, err := jid.Parse(name)
	if err != nil {
		return err
	}
	m := stream.NewClient(stream.ClientConfig{
		JID: j, Resource: "IEC", DirectTLS: true, NoSM: true, Mechanisms: []sasl.Client{sasl.ExternalClient(jid.JID{})},
	}, time.Now())
	m.TLSDone(time.Now())
	for buf := make([]byte, 4096); ; {
		if out := m.Output(); len(out) > 0 {
			if _, err := c.Write(out); err != nil {
				return err
			}
		}
		if m.JID() != (jid.JID{}) {
			c.full = m.JID()
			return c.SetDeadline(time.Time{})
		}
		n, err := c.Read(buf)
		if err != nil {
			return err
		}
		m.Feed(buf[:n], time.Now())
		for {
			ev, err := m.Next()
			if err != nil {
				return err
			}
			if ev.Kind == stream.None {
				break
			}
		}
	}
}

// presence makes the session one that peers may send to.
func (c *client) presence() error {
	_, err := c.Write([]byte("<presence/>"))
	return err
}

var (
	endIQ = []byte("</iq>")
	idIs  = []byte(" id=")
)

// splitter cuts what is read at the ends of iq elements. All that comes is iq, once presence is over.
type splitter struct{ rest []byte }

// feed calls each with every complete piece that ends with an iq.
func (s *splitter) feed(p []byte, each func(iq []byte) error) error {
	if len(s.rest) > 0 {
		s.rest = append(s.rest, p...)
		p = s.rest
	}
	for {
		i := bytes.Index(p, endIQ)
		if i < 0 {
			break
		}
		if err := each(p[:i+len(endIQ)]); err != nil {
			return err
		}
		p = p[i+len(endIQ):]
	}
	s.rest = append(s.rest[:0], p...)
	return nil
}

// idOf finds the id of an iq, whatever quotes the server writes.
func idOf(iq []byte) ([]byte, error) {
	if at := bytes.LastIndex(iq, []byte("<iq")); at >= 0 {
		iq = iq[at:]
	}
	i := bytes.Index(iq, idIs)
	if i < 0 || i+6 > len(iq) {
		return nil, fmt.Errorf("no id in %q", iq)
	}
	quote, v := iq[i+4], iq[i+5:]
	j := bytes.IndexByte(v, quote)
	if j < 0 {
		return nil, fmt.Errorf("no id in %q", iq)
	}
	return v[:j], nil
}
