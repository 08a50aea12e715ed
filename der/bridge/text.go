package bridge

import (
	"strings"
	"unicode/utf8"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// legible gives p as a peer can be told it. Devices have text in ISO 8859-1 where the standard wants ISO 646 or UTF-8; in
// XML that has no form, and it is told in UTF-8. ok is false when that does not help.
func legible(to mms.Association, p mms.PDU) (q mms.PDU, ok bool) {
	size := to.Params().Size
	if size == nil || size(p) > 0 {
		return p, true
	}
	switch u := p.(type) {
	case *mms.ConfirmedResponse:
		switch s := u.Service.(type) {
		case *mms.ReadResponse:
			repairResults(s.Results)
		case *mms.IdentifyResponse:
			s.Vendor, s.Model, s.Revision = repair(s.Vendor), repair(s.Model), repair(s.Revision)
		}
	case *mms.Unconfirmed:
		if s, ok := u.Service.(*mms.InformationReport); ok {
			repairResults(s.Results)
		}
	}
	return p, size(p) > 0
}

func repairResults(rs []mms.AccessResult) {
	for i := range rs {
		rs[i].Value = repairValue(rs[i].Value)
	}
}

func repairValue(v model.Value) model.Value {
	switch v.Kind() {
	case model.KindString:
		s, _ := v.AsText()
		return model.Visible(repair(s))
	case model.KindUnicode:
		s, _ := v.AsText()
		return model.Unicode(repair(s))
	case model.KindStruct:
		return model.Struct(repairMembers(v)...)
	case model.KindArray:
		return model.Array(repairMembers(v)...)
	}
	return v
}

func repairMembers(v model.Value) []model.Value {
	out := make([]model.Value, len(v.Members()))
	for i, m := range v.Members() {
		out[i] = repairValue(m)
	}
	return out
}

// repair reads what is not UTF-8 as ISO 8859-1, and takes out what XML has not.
func repair(s string) string {
	if !utf8.ValidString(s) {
		var b strings.Builder
		for i := range len(s) {
			b.WriteRune(rune(s[i]))
		}
		s = b.String()
	}
	return strings.Map(func(c rune) rune {
		if c == 0xfffe || c == 0xffff {
			return utf8.RuneError
		}
		return c
	}, s)
}
