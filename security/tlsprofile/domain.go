package tlsprofile

import (
	"strings"

	"golang.org/x/net/idna"
)

// aLabels turns U-labels into A-labels (RFC 5891 5) and maps nothing: a Kelvin sign is not a k.
var aLabels = idna.New(
	idna.StrictDomainName(true),
	idna.ValidateLabels(true),
	idna.CheckHyphens(true),
	idna.CheckJoiners(true),
	idna.BidiRule(),
	idna.VerifyDNSLength(true),
)

// ALabel gives a domain in the ASCII form in which DNS, TLS and certificates name it, in lower case: xn--bcher-kva.example
// for bücher.example. What is no domain name, such as an IP address, stays as it is.
func ALabel(domain string) string {
	if a, ok := aLabel(domain); ok {
		return a
	}
	return domain
}

func aLabel(domain string) (string, bool) {
	a, err := aLabels.ToASCII(asciiLower(domain))
	return a, err == nil
}

func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r |= 0x20
		}
		return r
	}, s)
}

// sameDomain compares without the case of ASCII letters, in A-labels where both have them.
func sameDomain(a, b string) bool {
	if equalFold(a, b) {
		return true
	}
	x, ok := aLabel(a)
	y, both := aLabel(b)
	return ok && both && x == y
}
