package asn1

// An OID is an OBJECT IDENTIFIER as its content octets, X.690 8.19. The zero value is none.
type OID string

// MustOID gives the OID of a dotted form and panics on one that is malformed: for constants.
func MustOID(dotted string) OID {
	content, err := ParseOID(dotted)
	if err != nil {
		panic(err)
	}
	return OID(content)
}

// String gives the dotted form, "" for none.
func (o OID) String() string {
	if o == "" {
		return ""
	}
	s, err := FormatOID(string(o))
	if err != nil {
		return "malformed"
	}
	return s
}
