package catalog

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gridward/gridward/model"
)

// ErrPattern is wrapped by every error of Parse.
var ErrPattern = errors.New("catalog: bad reference")

// A Pattern names things in a server. * stands for any characters of one component, ? for one, (*) for every element of
// an array. The zero value names every logical device.
type Pattern struct {
	LDevice string
	LN      string   // "" for every logical node
	Path    []string // data object and attributes
	FC      model.FC // FCNone: any
}

// maxPattern is the longest text of a pattern in octets.
const maxPattern = 256

// Parse reads LD/LN.DO.DA, LD/LN.DO.DA[FC], and the MMS forms LD/LN$FC$DO$DA and LD/LN$FC. Every name may hold * and ?.
func Parse(s string) (Pattern, error) {
	bad := func(why string) (Pattern, error) {
		return Pattern{}, fmt.Errorf("%w %.80q: %s", ErrPattern, s, why)
	}
	var p Pattern
	if len(s) > maxPattern {
		return bad("too long")
	}
	rest := s
	if before, after, ok := strings.Cut(rest, "["); ok {
		name, closed := strings.CutSuffix(after, "]")
		fc, known := model.ParseFC(name)
		if !closed || !known {
			return bad("no functional constraint in brackets")
		}
		p.FC, rest = fc, before
	}
	ld, node, hasLN := strings.Cut(rest, "/")
	if p.LDevice = ld; !validName(ld) {
		return bad("name of a logical device")
	}
	if !hasLN {
		return p, nil
	}
	if strings.Contains(node, "$") {
		return parseItem(p, node, bad)
	}
	parts := strings.Split(node, ".")
	p.LN, p.Path = parts[0], parts[1:]
	return p.checked(bad)
}

// parseItem reads LN$FC$DO$DA.
func parseItem(p Pattern, item string, bad func(string) (Pattern, error)) (Pattern, error) {
	if p.FC != model.FCNone {
		return bad("a functional constraint twice")
	}
	parts := strings.Split(item, "$")
	p.LN = parts[0]
	fc, ok := model.ParseFC(parts[1])
	if !ok && parts[1] != "*" {
		return bad("no functional constraint behind the logical node")
	}
	p.FC, p.Path = fc, parts[2:]
	return p.checked(bad)
}

func (p Pattern) checked(bad func(string) (Pattern, error)) (Pattern, error) {
	if !validName(p.LN) {
		return bad("name of a logical node")
	}
	for _, part := range p.Path {
		name, index, indexed := strings.Cut(part, "(")
		if indexed {
			digits, closed := strings.CutSuffix(index, ")")
			if !closed || digits == "" || len(digits) > 5 || digits != "*" && strings.Trim(digits, "0123456789") != "" {
				return bad("component " + part)
			}
		}
		if !validName(name) {
			return bad("component " + part)
		}
	}
	if len(p.Path) == 0 {
		p.Path = nil
	}
	return p, nil
}

// Of gives the pattern that names ref alone.
func Of(ref model.Ref) Pattern {
	p := Pattern{LDevice: ref.LDevice, LN: ref.LN, FC: ref.FC}
	if ref.Path != "" {
		p.Path = strings.Split(ref.Path, ".")
	}
	return p
}

// Ref gives the one reference that p names; false when it has wildcards.
func (p Pattern) Ref() (model.Ref, bool) {
	path := strings.Join(p.Path, ".")
	r := model.Ref{LDevice: p.LDevice, LN: p.LN, Path: path, FC: p.FC}
	return r, !wild(p.LDevice) && !wild(p.LN) && !wild(path)
}

// String gives the ACSI form.
func (p Pattern) String() string {
	r, _ := p.Ref()
	return r.String()
}

func wild(s string) bool { return strings.ContainsAny(s, "*?") }

func validName(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		if !nameByte(s[i]) {
			return false
		}
	}
	return true
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '*' || c == '?'
}

// match tells whether a name fits a pattern with * and ?. It takes time linear in both for one star, and their product
// for more.
func match(pattern, name string) bool {
	star, back := -1, 0
	p, n := 0, 0
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, back = p, n
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == name[n]):
			p++
			n++
		case star >= 0:
			back++
			p, n = star+1, back
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// FitsDevice tells whether p may name something in a logical device.
func (p Pattern) FitsDevice(name string) bool { return p.LDevice == "" || match(p.LDevice, name) }

// FitsNode tells whether p may name something in a logical node of that name.
func (p Pattern) FitsNode(name string) bool { return p.LN == "" || match(p.LN, name) }
