package ca

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gridward/gridward/security/tlsprofile"
)

// Kind says what a certificate is for; it chooses the extended key usages.
type Kind string

// Kinds of certificate.
const (
	DER    Kind = "der"    // an agent: clientAuth
	Center Kind = "center" // a control centre: clientAuth
	Server Kind = "server" // an XMPP server: serverAuth, and clientAuth for federation
)

// A Request says what to put into a certificate.
type Request struct {
	Kind       Kind
	CommonName string        // for people only, nothing is decided by it; empty: the first JID or DNS name
	JIDs       []string      // id-on-xmppAddr: bare JIDs of clients, the domain of a server
	DNS        []string      // dNSName
	SRV        []string      // id-on-dnsSRV, such as "_xmpp-client.grid.example"
	IPs        []netip.Addr  // iPAddress
	Life       time.Duration // from now
}

// Validate reports the first thing wrong with r, as an ErrRequest.
func (r Request) Validate() error {
	switch r.Kind {
	case DER, Center:
		if len(r.JIDs) == 0 {
			return fmt.Errorf("%w: a %s certificate needs a JID", ErrRequest, r.Kind)
		}
	case Server:
		if len(r.DNS)+len(r.JIDs)+len(r.SRV) == 0 {
			return fmt.Errorf("%w: a server certificate needs its domain", ErrRequest)
		}
	default:
		return fmt.Errorf("%w: kind %q is none of der, center, server", ErrRequest, r.Kind)
	}
	if r.Life <= 0 {
		return fmt.Errorf("%w: life of %v", ErrRequest, r.Life)
	}
	for _, j := range r.JIDs {
		if err := checkJID(j, r.Kind == Server); err != nil {
			return err
		}
	}
	for _, d := range r.DNS {
		if err := checkDNS(d); err != nil {
			return err
		}
	}
	for _, s := range r.SRV {
		service, domain, ok := strings.Cut(s, ".")
		if !ok || len(service) < 2 || service[0] != '_' {
			return fmt.Errorf("%w: SRV name %q is not _service.domain", ErrRequest, s)
		}
		if strings.Contains(domain, "*") {
			return fmt.Errorf("%w: SRV name %q: a wildcard is for DNS names alone", ErrRequest, s)
		}
		if err := checkDNS(domain); err != nil {
			return err
		}
	}
	if r.CommonName != "" {
		return checkText("common name", r.CommonName, 64)
	}
	return nil
}

func (r Request) template(pub crypto.PublicKey, now time.Time) (*x509.Certificate, error) {
	if err := tlsprofile.CheckKey(pub); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	skid, err := keyID(pub)
	if err != nil {
		return nil, err
	}
	san, err := r.subjectAltName()
	if err != nil {
		return nil, err
	}
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if r.Kind == Server {
		usages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	return &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: r.commonName()},
		NotBefore:             now.Add(-Skew).UTC().Truncate(time.Second),
		NotAfter:              now.Add(r.Life).UTC().Truncate(time.Second),
		KeyUsage:              x509.KeyUsageDigitalSignature, // critical
		ExtKeyUsage:           usages,
		BasicConstraintsValid: true, // critical, not a CA
		SubjectKeyId:          skid,
		ExtraExtensions:       []pkix.Extension{san},
	}, nil
}

// commonName keeps to the 64 characters of ub-common-name; a longer JID is cut, its full form is in the SAN.
func (r Request) commonName() string {
	cn := r.CommonName
	if cn == "" {
		for _, names := range [][]string{r.JIDs, r.DNS, r.SRV} {
			if len(names) > 0 {
				cn = names[0]
				break
			}
		}
	}
	if runes := []rune(cn); len(runes) > 64 {
		cn = string(runes[:64])
	}
	return cn
}

// checkJID accepts user@domain, and for servers also a domain. It refuses a resource. Preparation by PRECIS is the
// business of whoever compares JIDs; here only what no preparation would let pass is refused.
func checkJID(j string, domainOnly bool) error {
	bad := func(why string) error { return fmt.Errorf("%w: JID %q: %s", ErrRequest, j, why) }
	if strings.Contains(j, "/") {
		return bad("a certificate names a bare JID, without resource")
	}
	if strings.Contains(j, "*") {
		return bad("a wildcard is for DNS names alone")
	}
	local, domain, ok := strings.Cut(j, "@")
	if !ok {
		if !domainOnly {
			return bad("want user@domain")
		}
		return checkDNS(j)
	}
	if local == "" || len(local) > 1023 || !utf8.ValidString(local) {
		return bad("the part before @ must be 1 to 1023 octets of UTF-8")
	}
	if i := strings.IndexFunc(local, func(r rune) bool { return !unicode.IsGraphic(r) || strings.ContainsRune("\"&'/:<>@ ", r) }); i >= 0 {
		return bad("character not allowed before @ (escape it as of XEP-0106, a blank is \\20)")
	}
	return checkDNS(domain)
}

// checkDNS accepts host names in ASCII of lower-case letters, digits and hyphens, with an optional leading "*." label.
func checkDNS(d string) error {
	bad := func(why string) error { return fmt.Errorf("%w: DNS name %q: %s", ErrRequest, d, why) }
	if len(d) == 0 || len(d) > 253 {
		return bad("length")
	}
	for i, label := range strings.Split(d, ".") {
		if label == "*" && i == 0 && strings.Contains(d, ".") {
			continue
		}
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return bad("empty, long or hyphenated label")
		}
		if strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return bad("want lower-case letters, digits and hyphens (use the xn-- form)")
		}
	}
	return nil
}

func checkText(what, s string, limit int) error {
	if s == "" || utf8.RuneCountInString(s) > limit || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return fmt.Errorf("%w: %s %q: want 1 to %d printable characters", ErrRequest, what, s, limit)
	}
	return nil
}
