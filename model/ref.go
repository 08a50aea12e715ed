package model

import (
	"errors"
	"fmt"
	"strings"
)

// ErrRef is wrapped by every error of ParseRef and ParseItem.
var ErrRef = errors.New("model: bad object reference")

// A Ref names something in a server: a logical device, a logical node, a data object or attribute, IEC 61850-7-2
// 22.2. The zero value names the server. Refs are comparable and serve as map keys.
type Ref struct {
	LDevice string // LDName, for example "DER1LD0": the MMS domain
	LN      string // prefix, class and instance, for example "MMXU1"
	Path    string // data object and attributes with dots and array indices, for example "TotW.mag.f", "HarA(3).cVal"
	FC      FC     // FCNone: all
}

// MaxRef is the longest object reference, in characters (IEC 61850-7-2: ObjectReference, 129 octets).
const MaxRef = 129

// MaxItem is the longest MMS item name, in characters (IEC 61850-8-1).
const MaxItem = 64

// String gives the ACSI form LD/LN.DO.DA, followed by [FC] if one is set.
func (r Ref) String() string {
	s := r.LDevice
	if s == "" && r.LN == "" {
		s = r.Path // a file or a data set of an association
	}
	if r.LN != "" {
		s += "/" + r.LN
		if r.Path != "" {
			s += "." + r.Path
		}
	}
	if r.FC != FCNone {
		s += "[" + r.FC.String() + "]"
	}
	return s
}

// ParseRef reads the ACSI form, with or without [FC].
func ParseRef(s string) (Ref, error) {
	var r Ref
	bad := func(why string) (Ref, error) { return Ref{}, fmt.Errorf("%w %q: %s", ErrRef, s, why) }
	if len(s) > MaxRef+4 {
		return bad("longer than 129 characters")
	}
	rest := s
	if i := strings.IndexByte(rest, '['); i >= 0 {
		fc, ok := ParseFC(strings.TrimSuffix(rest[i+1:], "]"))
		if !ok || !strings.HasSuffix(rest, "]") {
			return bad("no functional constraint in brackets")
		}
		r.FC, rest = fc, rest[:i]
	}
	ld, node, hasLN := strings.Cut(rest, "/")
	r.LDevice = ld
	if !validName(ld) {
		return bad("logical device name")
	}
	if !hasLN {
		return r, nil
	}
	r.LN, r.Path, _ = strings.Cut(node, ".")
	if !validName(r.LN) {
		return bad("logical node name")
	}
	if strings.HasSuffix(node, ".") {
		return bad("ends with a dot")
	}
	if r.Path != "" {
		for part := range strings.SplitSeq(r.Path, ".") {
			if !validPart(part) {
				return bad("component " + part)
			}
		}
	}
	return r, nil
}

// Item gives the MMS item name LN$FC$DO$DA of a reference without array indices, IEC 61850-8-1 7.3. The domain is
// r.LDevice.
func (r Ref) Item() string {
	if r.FC == FCNone {
		return r.LN
	}
	fc := r.FC.String()
	b := make([]byte, 0, 64) // no item is longer, and it does not leave the stack
	b = append(append(append(b, r.LN...), '$'), fc...)
	if r.Path != "" {
		b = append(b, '$')
		for i := range len(r.Path) {
			if c := r.Path[i]; c != '.' {
				b = append(b, c)
			} else {
				b = append(b, '$')
			}
		}
	}
	return string(b)
}

// ParseItem reads an MMS domain and item name.
func ParseItem(domain, item string) (Ref, error) {
	r := Ref{LDevice: domain}
	if !validName(domain) {
		return Ref{}, fmt.Errorf("%w: domain %q", ErrRef, domain)
	}
	ln, rest, more := strings.Cut(item, "$")
	if !validName(ln) {
		return Ref{}, fmt.Errorf("%w: item %q", ErrRef, item)
	}
	r.LN = ln
	if !more {
		return r, nil
	}
	fc, path, more := strings.Cut(rest, "$")
	var ok bool
	if r.FC, ok = ParseFC(fc); !ok {
		return Ref{}, fmt.Errorf("%w: item %q: functional constraint %q", ErrRef, item, fc)
	}
	if more {
		for part := range strings.SplitSeq(path, "$") {
			if !validPart(part) {
				return Ref{}, fmt.Errorf("%w: item %q: component %q", ErrRef, item, part)
			}
		}
		r.Path = strings.ReplaceAll(path, "$", ".")
	}
	return r, nil
}

// Child gives the reference one component further.
func (r Ref) Child(name string) Ref {
	if r.LN == "" {
		r.LN = name
		return r
	}
	if r.Path != "" {
		r.Path += "."
	}
	r.Path += name
	return r
}

// validName accepts the letters of an MMS identifier (ISO 9506-2: letters, digits, $ and _; $ separates here).
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

// validPart accepts a name, or a name and an array index in parentheses.
func validPart(s string) bool {
	name, index, indexed := strings.Cut(s, "(")
	if indexed {
		digits, ok := strings.CutSuffix(index, ")")
		if !ok || digits == "" || len(digits) > 5 || strings.Trim(digits, "0123456789") != "" {
			return false
		}
	}
	return validName(name)
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}
