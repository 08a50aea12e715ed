package jid

import (
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/secure/precis"
)

// domains maps internationalised domain names to their U-labels (RFC 7622 3.2, RFC 5890).
var domains = idna.New(
	idna.MapForLookup(),
	idna.Transitional(false),
	idna.StrictDomainName(true),
	idna.BidiRule(),
	idna.CheckHyphens(true),
	idna.CheckJoiners(true),
)

// ASCII classes of the fast path: characters that every preparation leaves as they are.
const (
	inLocal = 1 << iota
	inDomain
	inResource
)

var class = func() (t [256]uint8) {
	for c := 0x21; c < 0x7f; c++ {
		t[c] |= inResource
		if !strings.ContainsRune("\"&'/:<>@", rune(c)) && (c < 'A' || c > 'Z') {
			t[c] |= inLocal
		}
	}
	for _, c := range "abcdefghijklmnopqrstuvwxyz0123456789-." {
		t[c] |= inDomain
	}
	return t
}()

func all(s string, bit uint8) bool {
	for i := 0; i < len(s); i++ {
		if class[s[i]]&bit == 0 {
			return false
		}
	}
	return true
}

// plain reports whether the parts are ASCII in prepared form, the case of nearly every address on a grid.
func plain(l, d, r string) bool {
	return len(l) <= MaxPart && len(r) <= MaxPart && all(l, inLocal) && all(r, inResource) && plainDomain(d)
}

// plainDomain reports whether d is a lower-case host name of letters, digits and inner hyphens.
// Names with "--" in third and fourth place (A-labels among them) take the slow path.
func plainDomain(d string) bool {
	if d == "" || len(d) > 253 || !all(d, inDomain) {
		return false
	}
	start := 0
	for i := 0; i <= len(d); i++ {
		if i < len(d) && d[i] != '.' {
			continue
		}
		label := d[start:i]
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		if len(label) >= 4 && label[2] == '-' && label[3] == '-' {
			return false
		}
		start = i + 1
	}
	return true
}

// twice applies a preparation until it is stable and refuses what it is not stable for: an address must
// not change when it is prepared again by the next server.
func twice(part, s string, prep func(string) (string, error)) (string, error) {
	if !utf8.ValidString(s) {
		return "", &Error{part, "not UTF-8"}
	}
	once, err := prep(s)
	if err != nil {
		return "", &Error{part, "has characters that are not allowed"}
	}
	again, err := prep(once)
	if err != nil || again != once {
		return "", &Error{part, "has no stable prepared form"}
	}
	if once == "" {
		return "", &Error{part, "empty"}
	}
	if len(once) > MaxPart {
		return "", &Error{part, "longer than 1023 octets"}
	}
	return once, nil
}

// prepLocal prepares a local part: UsernameCaseMapped (RFC 8265 3.3) without the characters of RFC 7622 3.3.1.
func prepLocal(s string) (string, error) {
	if s == "" || len(s) <= MaxPart && all(s, inLocal) {
		return s, nil
	}
	if len(s) > MaxPart {
		return "", &Error{"local", "longer than 1023 octets"}
	}
	l, err := twice("local", s, precis.UsernameCaseMapped.String)
	if err != nil {
		return "", err
	}
	if strings.ContainsAny(l, "\"&'/:<>@ ") {
		return "", &Error{"local", "has characters that are not allowed"}
	}
	return l, nil
}

// prepResource prepares a resource part: OpaqueString (RFC 8265 4.2), RFC 7622 3.4.
func prepResource(s string) (string, error) {
	if s == "" || len(s) <= MaxPart && all(s, inResource) {
		return s, nil
	}
	if len(s) > MaxPart {
		return "", &Error{"resource", "longer than 1023 octets"}
	}
	return twice("resource", s, precis.OpaqueString.String)
}

// prepDomain prepares a domain part: host name, internationalised name, IPv4 or bracketed IPv6 literal.
func prepDomain(s string) (string, error) {
	if len(s) > MaxPart {
		return "", &Error{"domain", "longer than 1023 octets"}
	}
	s = strings.TrimSuffix(s, ".") // RFC 7622 3.2: the trailing dot of a rooted name goes first
	if s == "" {
		return "", &Error{"domain", "empty"}
	}
	if plainDomain(s) {
		return s, nil
	}
	if s[0] == '[' {
		if ip, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil && ip.Is6() && ip.Zone() == "" && s[len(s)-1] == ']' {
			return "[" + ip.String() + "]", nil
		}
		return "", &Error{"domain", "not an IPv6 literal"}
	}
	d, err := twice("domain", s, domains.ToUnicode)
	if err != nil {
		return "", err
	}
	a, err := domains.ToASCII(d)
	if err != nil || len(a) > 253 {
		return "", &Error{"domain", "not a host name"}
	}
	for label := range strings.SplitSeq(a, ".") {
		if label == "" || len(label) > 63 {
			return "", &Error{"domain", "has an empty or too long label"}
		}
	}
	if strings.ContainsAny(d, "/@<>&'\" ") {
		return "", &Error{"domain", "has characters that are not allowed"}
	}
	return d, nil
}
