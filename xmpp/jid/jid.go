// Package jid implements XMPP addresses (RFC 7622): parsing, preparation with PRECIS and IDNA, comparison,
// and the escaping of local parts (XEP-0106).
//
// Most users want Parse, the accessors of JID and the == operator: a JID is stored in its prepared form,
// so that two JIDs are the same address exactly when they are equal as Go values.
package jid

import (
	"errors"
	"fmt"
)

// MaxPart is the greatest length of a local, domain or resource part in octets (RFC 7622 3.2, 3.3, 3.4).
const MaxPart = 1023

// MaxLen is the greatest length of a whole JID in octets, separators included.
const MaxLen = 3*MaxPart + 2

// ErrMalformed is the error that every refused address matches with errors.Is.
var ErrMalformed = errors.New("jid: malformed address")

// Error says which part of an address was refused and why. It matches ErrMalformed.
type Error struct {
	Part   string // "local", "domain", "resource" or "address"
	Reason string
}

// Error implements the error interface.
func (e *Error) Error() string { return fmt.Sprintf("jid: %s part: %s", e.Part, e.Reason) }

// Is reports whether target is ErrMalformed.
func (e *Error) Is(target error) bool { return target == ErrMalformed }

// A JID is a prepared XMPP address: [local@]domain[/resource]. The zero value is no address at all (IsZero).
// JIDs are comparable with == and may be map keys. They are immutable and safe for concurrent use.
type JID struct {
	s      string // local@domain/resource, prepared
	local  uint16 // length of the local part; 0 = absent
	domain uint16 // length of the domain part; 0 only in the zero JID
}

// Parse splits and prepares an address. The error is an *Error.
func Parse(s string) (JID, error) {
	l, d, r, err := split(s)
	if err != nil {
		return JID{}, err
	}
	if plain(l, d, r) {
		return join(s, l, d, r), nil
	}
	return New(l, d, r)
}

// ParseBytes is Parse for bytes that the caller keeps.
func ParseBytes(b []byte) (JID, error) { return Parse(string(b)) }

// MustParse is Parse for constants in programs and tests; it panics when s is refused.
func MustParse(s string) JID {
	j, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return j
}

// New prepares and joins the three parts; local and resource may be empty. The error is an *Error.
func New(local, domain, resource string) (JID, error) {
	d, err := prepDomain(domain)
	if err != nil {
		return JID{}, err
	}
	l, err := prepLocal(local)
	if err != nil {
		return JID{}, err
	}
	r, err := prepResource(resource)
	if err != nil {
		return JID{}, err
	}
	s := d
	if l != "" {
		s = l + "@" + s
	}
	if r != "" {
		s += "/" + r
	}
	return JID{s: s, local: uint16(len(l)), domain: uint16(len(d))}, nil
}

// join makes a JID of parts that are prepared already and are joined in s.
func join(s, l, d, r string) JID {
	n := len(d)
	if l != "" {
		n += len(l) + 1
	}
	if r != "" {
		n += len(r) + 1
	}
	return JID{s: s[:n], local: uint16(len(l)), domain: uint16(len(d))}
}

// split cuts an address at the first '/' and, before it, at the first '@' (RFC 7622 3.1).
func split(s string) (l, d, r string, err error) {
	if len(s) > MaxLen {
		return "", "", "", &Error{"address", "longer than 3071 octets"}
	}
	slash, at := -1, -1
	for i := 0; i < len(s); i++ {
		if s[i] == '/' {
			slash = i
			break
		}
		if s[i] == '@' && at < 0 {
			at = i
		}
	}
	d = s
	if slash >= 0 {
		d, r = s[:slash], s[slash+1:]
		if r == "" {
			return "", "", "", &Error{"resource", "empty after '/'"}
		}
	}
	if at >= 0 {
		l, d = d[:at], d[at+1:]
		if l == "" {
			return "", "", "", &Error{"local", "empty before '@'"}
		}
	}
	return l, d, r, nil
}

// IsZero reports whether j is the zero JID: no address.
func (j JID) IsZero() bool { return j.domain == 0 }

// String returns the address as it is written; "" for the zero JID.
func (j JID) String() string { return j.s }

// Local returns the part before '@', prepared; "" when absent.
func (j JID) Local() string { return j.s[:j.local] }

// Domain returns the domain part, prepared.
func (j JID) Domain() string {
	o := j.domainOffset()
	return j.s[o : o+int(j.domain)]
}

// Resource returns the part after '/', prepared; "" when absent.
func (j JID) Resource() string {
	if o := j.bareLen() + 1; o < len(j.s) {
		return j.s[o:]
	}
	return ""
}

// Bare returns the address without its resource. It does not allocate.
func (j JID) Bare() JID {
	return JID{s: j.s[:j.bareLen()], local: j.local, domain: j.domain}
}

// IsBare reports whether j is an address without resource.
func (j JID) IsBare() bool { return j.domain != 0 && len(j.s) == j.bareLen() }

// IsFull reports whether j has a resource.
func (j JID) IsFull() bool { return len(j.s) > j.bareLen() }

// DomainJID returns the address of j's domain alone. It does not allocate.
func (j JID) DomainJID() JID {
	return JID{s: j.Domain(), domain: j.domain}
}

// WithResource returns the bare address of j with another resource; an empty resource gives the bare address.
func (j JID) WithResource(resource string) (JID, error) {
	if j.IsZero() {
		return JID{}, &Error{"domain", "empty"}
	}
	b := j.Bare()
	if resource == "" {
		return b, nil
	}
	r, err := prepResource(resource)
	if err != nil {
		return JID{}, err
	}
	b.s += "/" + r
	return b, nil
}

// MarshalText implements encoding.TextMarshaler.
func (j JID) MarshalText() ([]byte, error) { return []byte(j.s), nil }

// UnmarshalText implements encoding.TextUnmarshaler; empty text gives the zero JID.
func (j *JID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*j = JID{}
		return nil
	}
	p, err := ParseBytes(b)
	if err != nil {
		return err
	}
	*j = p
	return nil
}

func (j JID) domainOffset() int {
	if j.local == 0 {
		return 0
	}
	return int(j.local) + 1
}

func (j JID) bareLen() int { return j.domainOffset() + int(j.domain) }
