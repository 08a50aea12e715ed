package tlsprofile

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Object identifiers of the names in a certificate's SubjectAltName.
var (
	OIDXMPPAddr       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 8, 5} // id-on-xmppAddr, RFC 6120 13.7.1.4
	OIDDNSSRV         = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 8, 7} // id-on-dnsSRV, RFC 4985
	OIDSubjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
)

const (
	maxNames   = 64   // otherNames read from one certificate
	maxNameLen = 3071 // octets of a JID: three parts of 1023 and two separators
)

var errName = errors.New("bad subjectAltName")

// XMPPAddrs returns the id-on-xmppAddr names of cert in their order, exactly as written, without preparation as a
// JID. There is no fall-back to the common name, to an e-mail address or to a DNS name. A SubjectAltName that is not
// well-formed is a *CertificateError with ErrMalformed.
func XMPPAddrs(cert *x509.Certificate) ([]string, error) {
	return otherNames(cert, OIDXMPPAddr, asn1.TagUTF8String)
}

// SRVNames returns the id-on-dnsSRV names of cert, such as "_xmpp-client.grid.example".
func SRVNames(cert *x509.Certificate) ([]string, error) {
	return otherNames(cert, OIDDNSSRV, asn1.TagIA5String)
}

func otherNames(cert *x509.Certificate, oid asn1.ObjectIdentifier, tag int) ([]string, error) {
	for _, ext := range cert.Extensions {
		if !ext.Id.Equal(OIDSubjectAltName) {
			continue
		}
		names, err := parseOtherNames(ext.Value, oid, tag)
		if err != nil {
			return nil, &CertificateError{Reason: ErrMalformed, Cert: cert, Details: err.Error(), Err: err}
		}
		return names, nil
	}
	return nil, nil
}

// parseOtherNames reads
//
//	SubjectAltName ::= SEQUENCE OF GeneralName
//	GeneralName    ::= CHOICE { otherName [0] IMPLICIT SEQUENCE { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }, … }
//
// of RFC 5280 4.2.1.6 and returns the values of the given type. Offsets in errors count from the start of der.
func parseOtherNames(der []byte, oid asn1.ObjectIdentifier, tag int) ([]string, error) {
	var seq asn1.RawValue
	rest, err := asn1.Unmarshal(der, &seq)
	if err != nil || len(rest) != 0 || seq.Class != asn1.ClassUniversal || seq.Tag != asn1.TagSequence || !seq.IsCompound {
		return nil, fmt.Errorf("%w: not one SEQUENCE", errName)
	}
	var names []string
	for in := seq.Bytes; len(in) > 0; {
		at := len(der) - len(in)
		var gn asn1.RawValue
		if in, err = asn1.Unmarshal(in, &gn); err != nil {
			return nil, fmt.Errorf("%w: offset %d: %w", errName, at, err)
		}
		if gn.Class != asn1.ClassContextSpecific || gn.Tag != 0 {
			continue
		}
		name, ok, err := parseOtherName(gn, oid, tag)
		if err != nil {
			return nil, fmt.Errorf("%w: offset %d: %w", errName, at, err)
		}
		if !ok {
			continue
		}
		if len(names) == maxNames {
			return nil, fmt.Errorf("%w: more than %d names", errName, maxNames)
		}
		names = append(names, name)
	}
	return names, nil
}

func parseOtherName(gn asn1.RawValue, oid asn1.ObjectIdentifier, tag int) (string, bool, error) {
	var id asn1.ObjectIdentifier
	rest, err := asn1.Unmarshal(gn.Bytes, &id)
	if err != nil {
		return "", false, err
	}
	if !id.Equal(oid) {
		return "", false, nil
	}
	var explicit, value asn1.RawValue
	if rest, err = asn1.Unmarshal(rest, &explicit); err != nil {
		return "", false, err
	}
	if len(rest) != 0 || explicit.Class != asn1.ClassContextSpecific || explicit.Tag != 0 || !explicit.IsCompound {
		return "", false, errors.New("value is not [0] EXPLICIT")
	}
	if rest, err = asn1.Unmarshal(explicit.Bytes, &value); err != nil {
		return "", false, err
	}
	if len(rest) != 0 || value.Class != asn1.ClassUniversal || value.Tag != tag || value.IsCompound {
		return "", false, fmt.Errorf("string type %d, not %d", value.Tag, tag)
	}
	switch {
	case len(value.Bytes) == 0:
		return "", false, errors.New("empty name")
	case len(value.Bytes) > maxNameLen:
		return "", false, fmt.Errorf("name of %d octets", len(value.Bytes))
	case !utf8.Valid(value.Bytes) || bytes.ContainsFunc(value.Bytes, isControl):
		return "", false, errors.New("invalid UTF-8 or a control character in a name")
	}
	return string(value.Bytes), true, nil
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// equalFold compares without the case of ASCII letters. strings.EqualFold would also take a Kelvin sign for a k.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c |= 0x20
	}
	return c
}

// CheckDomain returns nil when cert identifies the XMPP domain for service ("xmpp-client", "xmpp-server"): by DNS-ID, by
// SRV-ID _service.domain, or by xmppAddr = domain (RFC 6120 13.7.2.1). Internationalised names are compared as A-labels.
// Else the error is a *CertificateError.
func CheckDomain(cert *x509.Certificate, domain, service string) error {
	if err := cert.VerifyHostname(ALabel(domain)); err == nil {
		return nil
	}
	srv, err := SRVNames(cert)
	if err != nil {
		return err
	}
	for _, n := range srv {
		name, at, ok := strings.Cut(n, ".")
		if ok && service != "" && equalFold(name, "_"+service) && sameDomain(at, domain) {
			return nil
		}
	}
	addrs, err := XMPPAddrs(cert)
	if err != nil {
		return err
	}
	for _, n := range addrs {
		if sameDomain(n, domain) {
			return nil
		}
	}
	return &CertificateError{
		Reason: ErrWrongName, Cert: cert,
		Details: fmt.Sprintf("want %q, has dns %q srv %q xmpp %q", domain, cert.DNSNames, srv, addrs),
	}
}
