package client

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// controlFC are the functional constraints of control blocks, which are no data.
const controlFC = 1<<model.BR | 1<<model.RP | 1<<model.LG | 1<<model.GO | 1<<model.MS | 1<<model.US

// A typeTable keeps one of each type of a server, as its templates do: equal types share their memory.
type typeTable map[string]*model.Type

func (tt typeTable) share(t *model.Type) *model.Type {
	key := make([]byte, 0, 256)
	key = fmt.Append(key, t.Basic)
	for i := range t.Fields {
		f := &t.Fields[i]
		key = fmt.Appendf(key, "|%s %d %d %p", f.Name, f.FC, f.Count, f.Type)
	}
	if same := tt[string(key)]; same != nil {
		return same
	}
	tt[string(key)] = t
	return t
}

// A section is what a logical node has of one functional constraint.
type section struct {
	fc   model.FC
	spec *mms.TypeSpec
}

// objects merges the sections of a logical node into its data objects: MMS shows an object once for each functional
// constraint (IEC 61850-8-1 7.3). Slots count from *slot on. The order is that of first appearance, which differs
// from the server's templates; names, types and functional constraints do not.
func (tt typeTable) objects(sections []section, slot *int) []model.Object {
	var names []string
	parts := make(map[string][]section)
	for _, s := range sections {
		if controlFC&(1<<s.fc) != 0 {
			continue
		}
		for i := range s.spec.Components {
			c := &s.spec.Components[i]
			if s.fc == model.SP && c.Name == "SGCB" || c.Type.Kind != model.KindStruct {
				continue
			}
			if parts[c.Name] == nil {
				names = append(names, c.Name)
			}
			if editedAgain(s.fc, parts[c.Name]) {
				continue
			}
			parts[c.Name] = append(parts[c.Name], section{s.fc, &c.Type})
		}
	}
	list := make([]model.Object, 0, len(names))
	for _, name := range names {
		o := model.Object{Name: strings.Clone(name), Type: tt.dataObject(parts[name]), Slot: *slot}
		*slot += o.Type.Slots
		list = append(list, o)
	}
	return list
}

// dataObject merges the sections of one data object or sub-data object.
func (tt typeTable) dataObject(sections []section) *model.Type {
	t := &model.Type{Basic: model.BasicStruct}
	type found struct {
		parts []section
		sub   bool
	}
	var names []string
	all := make(map[string]*found)
	for _, s := range sections {
		for i := range s.spec.Components {
			c := &s.spec.Components[i]
			f := all[c.Name]
			if f == nil {
				f = &found{}
				all[c.Name] = f
				names = append(names, c.Name)
			}
			if editedAgain(s.fc, f.parts) {
				continue
			}
			f.parts = append(f.parts, section{s.fc, &c.Type})
			f.sub = f.sub || isObject(element(&c.Type))
		}
	}
	for _, name := range names {
		f := all[name]
		first := f.parts[0]
		field := model.Field{Name: strings.Clone(name), Slot: t.Slots}
		if first.spec.Kind == model.KindArray {
			field.Count = int(min(first.spec.Count, maxElements))
		}
		if f.sub || len(f.parts) > 1 && first.spec.Kind == model.KindStruct {
			for i := range f.parts {
				f.parts[i].spec = element(f.parts[i].spec)
			}
			field.Type = tt.dataObject(f.parts)
		} else {
			field.FC, field.Type = first.fc, tt.attribute(name, element(first.spec))
		}
		t.Fields = append(t.Fields, field)
		t.Slots += field.Type.Slots * max(field.Count, 1)
	}
	return tt.share(t)
}

// editedAgain tells whether fc is the edit buffer's and parts have the active value already: a setting is one attribute,
// shown twice.
func editedAgain(fc model.FC, parts []section) bool {
	return fc == model.SE && slices.ContainsFunc(parts, func(s section) bool { return s.fc == model.SG })
}

func element(t *mms.TypeSpec) *mms.TypeSpec {
	if t.Kind == model.KindArray && t.Elem != nil {
		return t.Elem
	}
	return t
}

// isObject tells a sub-data object from a structured attribute: it has a quality or a time stamp of its own beside
// other components, as every common data class with a value has (IEC 61850-7-3 7). BCR's and LTRK's structures do not.
func isObject(t *mms.TypeSpec) bool {
	if t.Kind != model.KindStruct || component(t, "ctlVal") != nil {
		return false
	}
	q := component(t, "q")
	return q != nil && q.Kind == model.KindBits || component(t, "cdcNs") != nil || component(t, "dU") != nil
}

// attribute makes the type of a data attribute.
func (tt typeTable) attribute(name string, t *mms.TypeSpec) *model.Type {
	if t.Kind != model.KindStruct {
		return tt.share(&model.Type{Basic: basic(name, t), Slots: 1})
	}
	a := &model.Type{Basic: model.BasicStruct}
	for i := range t.Components {
		c := &t.Components[i]
		f := model.Field{Name: strings.Clone(c.Name), Slot: a.Slots, Type: tt.attribute(c.Name, element(&c.Type))}
		if c.Type.Kind == model.KindArray {
			f.Count = int(min(c.Type.Count, maxElements))
		}
		a.Fields = append(a.Fields, f)
		a.Slots += f.Type.Slots * max(f.Count, 1)
	}
	return tt.share(a)
}

// basic finds the basic type that travels as t. MMS does not tell an enumeration from an INT8, nor Dbpos from Tcmd and
// Check; the name helps with the last.
func basic(name string, t *mms.TypeSpec) model.Basic {
	size := max(t.Size, -t.Size)
	switch t.Kind {
	case model.KindBool:
		return model.BasicBool
	case model.KindInt:
		return bySize(size, model.BasicInt8, model.BasicInt16, model.BasicInt32, model.BasicInt64)
	case model.KindUint:
		return bySize(size, model.BasicInt8U, model.BasicInt16U, model.BasicInt32U, model.BasicInt64U)
	case model.KindFloat:
		if size == 64 {
			return model.BasicFloat64
		}
		return model.BasicFloat32
	case model.KindBits:
		return bitString(name, size)
	case model.KindTime:
		return model.BasicTimestamp
	case model.KindEntryTime:
		return model.BasicEntryTime
	case model.KindUnicode:
		return model.BasicUnicode255
	case model.KindOctets:
		switch {
		case size == 8 && t.Size > 0:
			return model.BasicEntryID
		case size == 6:
			return model.BasicOctet6
		case size == 16:
			return model.BasicOctet16
		}
		return model.BasicOctet64
	case model.KindString:
		switch size {
		case 3:
			return model.BasicCurrency
		case 32:
			return model.BasicVisString32
		case 64:
			return model.BasicVisString64
		case 65:
			return model.BasicVisString65
		case 129:
			return model.BasicVisString129
		}
		return model.BasicVisString255
	}
	return model.BasicNone
}

func bySize(size int, b8, b16, b32, b64 model.Basic) model.Basic {
	switch {
	case size <= 8:
		return b8
	case size <= 16:
		return b16
	case size <= 32:
		return b32
	}
	return b64
}

func bitString(name string, size int) model.Basic {
	switch {
	case size == model.QualityBits:
		return model.BasicQuality
	case name == "Check":
		return model.BasicCheck
	case size == 2 && name == "ctlVal":
		return model.BasicTcmd
	case size == 2:
		return model.BasicDbpos
	case size == model.TriggersBits:
		return model.BasicTrgOps
	}
	return model.BasicOptFlds
}

// splitName takes the name of a logical node apart: four capitals are the class, what is before them the prefix, the
// digits behind them the instance (IEC 61850-7-2 22.2). A name that is none of that is all class.
func splitName(name string) (prefix, class, inst string) {
	if strings.HasSuffix(name, "LLN0") {
		return name[:len(name)-4], "LLN0", ""
	}
	end := len(strings.TrimRight(name, "0123456789"))
	if end < 4 {
		return "", name, ""
	}
	class = name[end-4 : end]
	for i := range len(class) {
		if class[i] < 'A' || class[i] > 'Z' {
			return "", name, ""
		}
	}
	return name[:end-4], class, name[end:]
}
