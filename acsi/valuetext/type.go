package valuetext

import (
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A Type says how a value is spelled. It is immutable once made and safe for concurrent use.
type Type struct {
	Kind   model.Kind
	Size   int         // as in mms.TypeSpec: negative for a maximum, 0 when the server does not say
	Basic  model.Basic // tells apart bit strings that travel alike; BasicNone: spelled by its kind
	Enum   *model.Enum // names of an integer, nil when it has none
	Fields []Field     // of a structure
	Elem   *Type       // of an array
	Count  int         // of an array

	words bool // an octet string that usually holds text: orIdent, originatorID, Owner
}

// A Field is a component of a structure.
type Field struct {
	Name string
	Type *Type
}

// New makes the type of what ref names from the server's description. srv is the model of the server from SCL, or nil:
// what it does not know is named as the standard does.
func New(spec *mms.TypeSpec, ref model.Ref, srv *model.Server) *Type {
	w := where{known: lookup(srv, ref)}
	parts := strings.FieldsFunc(ref.Path, func(r rune) bool { return r == '.' })
	for i, p := range parts {
		p, _, _ = strings.Cut(p, "(")
		if i == 0 {
			w.object = p
		}
		w.name = p
	}
	w.depth = len(parts)
	if ref.FC == model.FCNone && ref.Path == "" {
		w.depth = -1 // the components of a node are functional constraints
	}
	if w.depth <= 0 && srv != nil {
		w.node = findNode(srv, ref)
	}
	return w.make(spec)
}

// where is a place in a server while its type is made.
type where struct {
	object, name string // data object and last component
	depth        int    // components below the functional constraint; -1: above it
	known        *model.Type
	node         *model.LogicalNode // above data objects, with SCL
}

func findNode(srv *model.Server, ref model.Ref) *model.LogicalNode {
	if d, ok := srv.Device(ref.LDevice); ok {
		if n, ok := d.Node(ref.LN); ok {
			return n
		}
	}
	return nil
}

// lookup finds the type that SCL gives, nil when it does not.
func lookup(srv *model.Server, ref model.Ref) *model.Type {
	if srv == nil || ref.Path == "" {
		return nil
	}
	if t, ok := srv.Find(ref); ok {
		return t.Type
	}
	if service, ok := cutService(ref); ok {
		if t, ok := srv.Find(service); ok {
			return t.Type
		}
	}
	return nil
}

// cutService turns LD/LN.DO.Oper.ctlVal[CO] into LD/LN.DO.Oper.ctlVal without the constraint: SCL files differ in
// whether they give Oper the constraint CO.
func cutService(ref model.Ref) (model.Ref, bool) {
	if ref.FC != model.CO {
		return ref, false
	}
	ref.FC = model.FCNone
	return ref, true
}

func (w where) child(name string) where {
	c := where{object: w.object, name: name, depth: w.depth + 1, node: w.node}
	switch {
	case w.depth < 0:
		return c
	case w.depth == 0:
		c.object = name
		if w.node != nil {
			if o, ok := w.node.Object(name); ok {
				c.known = o.Type
			}
		}
	case w.known != nil:
		if f, ok := w.known.Field(name); ok {
			c.known = f.Type
		}
	}
	return c
}

func (w where) make(spec *mms.TypeSpec) *Type {
	t := &Type{Kind: spec.Kind, Size: spec.Size}
	switch spec.Kind {
	case model.KindStruct:
		t.Fields = make([]Field, len(spec.Components))
		for i := range spec.Components {
			c := &spec.Components[i]
			t.Fields[i] = Field{Name: c.Name, Type: w.child(c.Name).make(&c.Type)}
		}
	case model.KindArray:
		t.Count = int(spec.Count)
		if spec.Elem != nil {
			t.Elem = w.make(spec.Elem)
		}
	case model.KindInt, model.KindUint:
		if t.Enum = w.enum(); t.Enum != nil {
			t.Basic = model.BasicEnum
		}
	case model.KindBits:
		t.Basic = w.bits(spec.Size)
	case model.KindOctets:
		t.words = w.name == "orIdent" || w.name == "originatorID" || w.name == "Owner"
	case model.KindFloat:
		if spec.Exponent == 11 {
			t.Size = 64
		}
	}
	return t
}

func (w where) enum() *model.Enum {
	if w.known != nil && w.known.Basic != model.BasicStruct {
		return w.known.Enum // an INT8 of SCL is no enumeration
	}
	return standardEnum(w.object, w.name)
}

// bits tells bit strings apart: by SCL, else by their length and name.
func (w where) bits(size int) model.Basic {
	if w.known != nil {
		if kind, _ := w.known.Basic.Layout(); kind == model.KindBits {
			return w.known.Basic
		}
	}
	switch n := max(size, -size); {
	case n == model.QualityBits:
		return model.BasicQuality
	case w.name == "TrgOps":
		return model.BasicTrgOps
	case w.name == "OptFlds" && n == model.OptFieldsBits:
		return model.BasicOptFlds
	case n != 2:
	case w.name == "Check":
		return model.BasicCheck
	case w.name == "ctlVal":
		return model.BasicTcmd
	default:
		return model.BasicDbpos
	}
	return model.BasicNone
}

// Field finds a component by name.
func (t *Type) Field(name string) (*Type, bool) {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return t.Fields[i].Type, true
		}
	}
	return nil, false
}

// String names the type as SCL does where it can: INT32, Quality, Enum Beh, VisString64, Struct, Array of 4 INT8.
func (t *Type) String() string {
	if t.Enum != nil {
		return strings.TrimSpace("Enum " + t.Enum.ID)
	}
	if t.Basic != model.BasicNone {
		return t.Basic.String()
	}
	return t.byKind()
}
