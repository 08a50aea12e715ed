package asn1

import (
	"fmt"
	"strconv"
	"strings"
)

// maxArcs is the most arcs of an object identifier that is read or written, in whatever form.
const maxArcs = 128

// FormatOID gives the dotted form of the content octets of an OBJECT IDENTIFIER, X.690 8.19. Arcs are limited to 63
// bits, their number to 128.
func FormatOID(content string) (string, error) {
	if content == "" {
		return "", fmt.Errorf("%w: empty object identifier", ErrSyntax)
	}
	b := make([]byte, 0, 3*len(content))
	var arc uint64
	first, arcs := true, 1
	for i := range len(content) {
		if arc >= 1<<56 || arc == 0 && content[i] == 0x80 {
			return "", fmt.Errorf("%w: arc of an object identifier", ErrSyntax)
		}
		arc = arc<<7 | uint64(content[i]&0x7f)
		if content[i]&0x80 != 0 {
			continue
		}
		if first {
			top := min(arc/40, 2)
			b = strconv.AppendUint(b, top, 10)
			arc -= 40 * top
			first = false
		}
		if arcs++; arcs > maxArcs {
			return "", fmt.Errorf("%w: object identifier of more than %d arcs", ErrTooLong, maxArcs)
		}
		b = append(b, '.')
		b = strconv.AppendUint(b, arc, 10)
		arc = 0
	}
	if content[len(content)-1]&0x80 != 0 {
		return "", fmt.Errorf("%w: object identifier", ErrTruncated)
	}
	return string(b), nil
}

// ParseOID gives the content octets of a dotted object identifier.
func ParseOID(dotted string) (string, error) {
	bad := func() (string, error) {
		return "", fmt.Errorf("%w: object identifier %.64q", ErrSyntax, dotted)
	}
	parts := strings.Split(dotted, ".")
	if len(parts) < 2 || len(parts) > maxArcs {
		return bad()
	}
	var b []byte
	var top uint64
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 63)
		if err != nil || len(p) > 1 && p[0] == '0' {
			return bad()
		}
		switch i {
		case 0:
			if n > 2 {
				return bad()
			}
			top = n
			continue
		case 1:
			if top < 2 && n > 39 || n > 1<<63-1-80 {
				return bad()
			}
			n += 40 * top
		}
		b = appendArc(b, n)
	}
	return string(b), nil
}

func appendArc(b []byte, n uint64) []byte {
	shift := 0
	for n>>shift > 0x7f {
		shift += 7
	}
	for ; shift > 0; shift -= 7 {
		b = append(b, 0x80|byte(n>>shift&0x7f))
	}
	return append(b, byte(n&0x7f))
}
