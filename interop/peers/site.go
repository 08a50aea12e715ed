package peers

import (
	"crypto/tls"
	"errors"
	"time"

	"github.com/gridward/gridward/pki/ca"
	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/security/tlsprofile"
)

// MakeSite fills dir with an authority, a server certificate for domain and a certificate for each centre and device, all
// valid for a day. Files are named as 'gridward pki issue' names them: JID.crt, JID.key.
func MakeSite(dir, domain string, centres, devices []string) (Site, error) {
	now := time.Now()
	d := keystore.Dir(dir)
	a, err := ca.New("Interop CA", now, 48*time.Hour)
	if err != nil {
		return Site{}, err
	}
	root, _ := d.CA()
	if err := errors.Join(d.Create(), keystore.WriteCertificates(root, false, a.Cert)); err != nil {
		return Site{}, err
	}
	s := Site{Domain: domain, CA: root, Centres: centres, Devices: devices}
	s.Cert, s.Key, err = issueTo(d, a, "server", now, ca.Request{
		Kind: ca.Server, JIDs: []string{domain}, DNS: []string{domain}, SRV: []string{"_xmpp-client." + domain},
	})
	if err != nil {
		return Site{}, err
	}
	for _, list := range [][]string{centres, devices} {
		for _, j := range list {
			if _, _, err := issueTo(d, a, j, now, ca.Request{Kind: ca.DER, JIDs: []string{j}}); err != nil {
				return Site{}, err
			}
		}
	}
	s.dir = d
	return s, nil
}

func issueTo(d keystore.Dir, a *ca.Authority, name string, now time.Time, req ca.Request) (crt, keyFile string, err error) {
	req.Life = 24 * time.Hour
	key, err := ca.NewKey()
	if err != nil {
		return "", "", err
	}
	c, err := a.Issue(req, key.Public(), now)
	if err != nil {
		return "", "", err
	}
	crt, keyFile = d.Paths(name)
	return crt, keyFile, errors.Join(keystore.WriteKey(keyFile, key, false), keystore.WriteCertificates(crt, false, c))
}

// Client returns the TLS configuration of a client of a site that MakeSite has made.
func (s Site) Client(jid string) (*tls.Config, error) {
	crt, key := s.dir.Paths(jid)
	b, err := keystore.Load(crt, key, s.CA)
	if err != nil {
		return nil, err
	}
	return tlsprofile.Client{Certificate: b.Certificate, RootCAs: b.Pool, Domain: s.Domain, ALPN: []string{tlsprofile.ALPNClient}}.Config()
}

// Files returns the certificate and key files of a client.
func (s Site) Files(jid string) (crt, key string) { return s.dir.Paths(jid) }
