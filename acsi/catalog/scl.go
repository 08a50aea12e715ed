package catalog

import (
	"context"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// FromSCL makes a catalogue of a server that is only described: names for a shell without the server. It has the data of
// the nodes and the names of report control blocks.
func FromSCL(srv *model.Server) *Catalog { return New(described{srv}) }

// described is a Source.
type described struct{ srv *model.Server }

// Devices implements Source.
func (d described) Devices(context.Context) ([]string, error) {
	list := make([]string, len(d.srv.Devices))
	for i, ld := range d.srv.Devices {
		list[i] = ld.Name
	}
	return list, nil
}

// Variables implements Source: only the nodes.
func (d described) Variables(_ context.Context, name string) ([]string, error) {
	ld, ok := d.srv.Device(name)
	if !ok {
		return nil, nonExistent
	}
	list := make([]string, len(ld.Nodes))
	for i, n := range ld.Nodes {
		list[i] = n.Name()
	}
	return list, nil
}

var nonExistent = &mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessNonExistent} //nolint:errname // it is a value of the peer's

// Type implements Source for nodes.
func (d described) Type(_ context.Context, ref model.Ref) (*mms.TypeSpec, error) {
	ld, ok := d.srv.Device(ref.LDevice)
	if !ok {
		return nil, nonExistent
	}
	n, ok := ld.Node(ref.LN)
	if !ok || ref.Path != "" || ref.FC != model.FCNone {
		return nil, nonExistent
	}
	spec := &mms.TypeSpec{Kind: model.KindStruct}
	for fc := model.ST; fc < model.NumFC; fc++ {
		sec := mms.TypeSpec{Kind: model.KindStruct}
		for i := range n.Objects {
			if t, ok := part(n.Objects[i].Type, fc); ok {
				sec.Components = append(sec.Components, mms.Component{Name: n.Objects[i].Name, Type: t})
			}
		}
		for _, r := range n.Reports {
			if r.Buffered && fc == model.BR || !r.Buffered && fc == model.RP {
				sec.Components = append(sec.Components, mms.Component{Name: r.Name, Type: mms.TypeSpec{Kind: model.KindStruct}})
			}
		}
		if len(sec.Components) > 0 {
			spec.Components = append(spec.Components, mms.Component{Name: fc.String(), Type: sec})
		}
	}
	return spec, nil
}

// part gives what a data object has of a functional constraint.
func part(t *model.Type, fc model.FC) (mms.TypeSpec, bool) {
	spec := mms.TypeSpec{Kind: model.KindStruct}
	for i := range t.Fields {
		f := &t.Fields[i]
		var inner mms.TypeSpec
		ok := f.FC == fc
		if ok {
			inner = whole(f.Type)
		} else if f.FC == model.FCNone {
			inner, ok = part(f.Type, fc)
		}
		if ok {
			spec.Components = append(spec.Components, mms.Component{Name: f.Name, Type: repeated(f.Count, inner)})
		}
	}
	return spec, len(spec.Components) > 0
}

func whole(t *model.Type) mms.TypeSpec {
	if t.Basic != model.BasicStruct {
		kind, size := t.Layout()
		return mms.TypeSpec{Kind: kind, Size: size}
	}
	spec := mms.TypeSpec{Kind: model.KindStruct}
	for i := range t.Fields {
		f := &t.Fields[i]
		spec.Components = append(spec.Components, mms.Component{Name: f.Name, Type: repeated(f.Count, whole(f.Type))})
	}
	return spec
}

func repeated(n int, elem mms.TypeSpec) mms.TypeSpec {
	if n == 0 {
		return elem
	}
	return mms.TypeSpec{Kind: model.KindArray, Count: uint32(n), Elem: &elem}
}
