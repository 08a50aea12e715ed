package ca

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"

	"github.com/gridward/gridward/security/tlsprofile"
)

// Tags of GeneralName, RFC 5280 4.2.1.6.
const (
	tagOtherName = 0
	tagDNSName   = 2
	tagIPAddress = 7
)

// subjectAltName encodes the names of r in the order xmppAddr, dnsSRV, dNSName, iPAddress. It is written here because
// crypto/x509 has no otherName. Not critical: the subject is never empty.
func (r Request) subjectAltName() (pkix.Extension, error) {
	var names []byte
	add := func(b []byte, err error) error {
		names = append(names, b...)
		return err
	}
	for _, j := range r.JIDs {
		if err := add(otherName(tlsprofile.OIDXMPPAddr, asn1.TagUTF8String, j)); err != nil {
			return pkix.Extension{}, err
		}
	}
	for _, s := range r.SRV {
		if err := add(otherName(tlsprofile.OIDDNSSRV, asn1.TagIA5String, s)); err != nil {
			return pkix.Extension{}, err
		}
	}
	for _, d := range r.DNS {
		if err := add(implicit(tagDNSName, false, []byte(d))); err != nil {
			return pkix.Extension{}, err
		}
	}
	for _, ip := range r.IPs {
		if !ip.IsValid() {
			return pkix.Extension{}, fmt.Errorf("%w: invalid IP address", ErrRequest)
		}
		if err := add(implicit(tagIPAddress, false, ip.Unmap().AsSlice())); err != nil {
			return pkix.Extension{}, err
		}
	}
	der, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: names})
	return pkix.Extension{Id: tlsprofile.OIDSubjectAltName, Value: der}, err
}

// otherName encodes [0] IMPLICIT SEQUENCE { type-id, value [0] EXPLICIT string }.
func otherName(oid asn1.ObjectIdentifier, tag int, s string) ([]byte, error) {
	id, err := asn1.Marshal(oid)
	if err != nil {
		return nil, err
	}
	str, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: tag, Bytes: []byte(s)})
	if err != nil {
		return nil, err
	}
	value, err := implicit(0, true, str)
	if err != nil {
		return nil, err
	}
	return implicit(tagOtherName, true, append(id, value...))
}

func implicit(tag int, compound bool, b []byte) ([]byte, error) {
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: compound, Bytes: b})
}
