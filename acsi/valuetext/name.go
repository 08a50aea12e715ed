package valuetext

import (
	"strconv"

	"github.com/gridward/gridward/model"
)

// byKind names a type by how it travels.
func (t *Type) byKind() string {
	size := ""
	if n := max(t.Size, -t.Size); n > 0 {
		size = strconv.Itoa(n)
	}
	switch t.Kind {
	case model.KindStruct:
		return "Struct"
	case model.KindArray:
		if t.Elem == nil {
			return "Array"
		}
		return "Array of " + strconv.Itoa(t.Count) + " " + t.Elem.String()
	case model.KindBool:
		return "BOOLEAN"
	case model.KindInt:
		return "INT" + size
	case model.KindUint:
		return "INT" + size + "U"
	case model.KindFloat:
		if size == "" {
			size = "32"
		}
		return "FLOAT" + size
	case model.KindBits:
		return "BitString" + size
	case model.KindOctets:
		return "Octet" + size
	case model.KindString:
		return "VisString" + size
	case model.KindUnicode:
		return "Unicode" + size
	case model.KindTime:
		return "Timestamp"
	case model.KindEntryTime:
		return "EntryTime"
	}
	return t.Kind.String()
}
