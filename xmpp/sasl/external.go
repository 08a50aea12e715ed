package sasl

import (
	"slices"

	"github.com/gridward/gridward/xmpp/jid"
)

// ExternalName is the name of the mechanism that relies on the TLS client certificate.
const ExternalName = "EXTERNAL"

// An Identity is who a peer has proved to be.
type Identity struct {
	JID       jid.JID // bare
	Mechanism string
}

type externalClient struct{ authzid jid.JID }

// ExternalClient returns the initiating end of EXTERNAL (XEP-0178 clause 2). authzid is the bare JID to act as; the
// zero JID sends none, which is enough when the certificate names one JID only.
func ExternalClient(authzid jid.JID) Client { return &externalClient{authzid.Bare()} }

func (c *externalClient) Name() string { return ExternalName }

func (c *externalClient) Start() ([]byte, error) { return []byte(c.authzid.String()), nil }

// Next answers the empty challenge of servers that do not take initial responses.
func (c *externalClient) Next(challenge []byte) ([]byte, error) {
	if len(challenge) > 0 {
		return nil, &Failure{MalformedRequest, "EXTERNAL has no challenges"}
	}
	return c.Start()
}

func (c *externalClient) Success([]byte) error { return nil }

type externalServer struct {
	addrs []jid.JID
	asked bool
}

// External returns the receiving end of EXTERNAL for one connection. addrs are the id-on-xmppAddr names of the verified
// client certificate. Only bare JIDs with a local part and of the served domain count:
//
//   - none: refused with not-authorized. There is no fall-back to common names, mail addresses or DNS names.
//   - one: the authorization identity may be absent, or must be equal to it.
//   - more: the authorization identity is required and must be one of them.
func External(domain string, addrs []jid.JID) Factory {
	var own []jid.JID
	for _, a := range addrs {
		if a.IsBare() && a.Local() != "" && a.Domain() == domain && !slices.Contains(own, a) {
			own = append(own, a)
		}
	}
	return Factory{ExternalName, func() Server { return &externalServer{addrs: own} }}
}

// Next takes the authorization identity.
func (s *externalServer) Next(response []byte) (Step, error) {
	if response == nil && !s.asked {
		s.asked = true
		return Step{Challenge: []byte{}}, nil
	}
	if len(s.addrs) == 0 {
		return Step{}, &Failure{NotAuthorized, "certificate names no JID of the domain"}
	}
	if len(response) == 0 {
		if len(s.addrs) > 1 {
			return Step{}, &Failure{InvalidAuthzid, "certificate names several JIDs and none was asked for"}
		}
		return s.done(s.addrs[0]), nil
	}
	j, err := jid.ParseBytes(response)
	if err != nil || !j.IsBare() {
		return Step{}, &Failure{InvalidAuthzid, "not a bare JID"}
	}
	if !slices.Contains(s.addrs, j) {
		return Step{}, &Failure{InvalidAuthzid, "certificate does not name " + j.String()}
	}
	return s.done(j), nil
}

func (s *externalServer) done(j jid.JID) Step {
	return Step{Done: true, Identity: Identity{JID: j, Mechanism: ExternalName}}
}
