package scl

import (
	"fmt"
	"slices"

	"github.com/gridward/gridward/model"
)

// Server compiles one access point of an IED into the model of its server: types, initial values, data sets and control
// blocks. An empty ied or accessPoint stands for the only one that there is. The error is a Problem or Problems with the
// place of what is wrong; there is no server then.
func (f *File) Server(ied, accessPoint string) (*model.Server, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, a, err := f.choose(ied, accessPoint)
	if err != nil {
		return nil, err
	}
	s := &sink{file: f.Name}
	b := f.build(i, a, s)
	if errs := s.list.Errors(); len(errs) > 0 {
		return nil, errs
	}
	if b == nil {
		return nil, f.missing(a.Element, ErrNoServer, "choose another access point: "+i.names(i.serving()),
			"access point %q of IED %q has no server", a.Name, i.Name)
	}
	return b.out, nil
}

// Salvage is Server for a file with errors: what is wrong is left out, and told. Nodes whose type cannot be compiled are
// missing then, and so are members of data sets and configured values that name what is not there. The error is about the
// choice of the IED and access point, or says that nothing is left.
func (f *File) Salvage(ied, accessPoint string) (*model.Server, Problems, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i, a, err := f.choose(ied, accessPoint)
	if err != nil {
		return nil, nil, err
	}
	s := &sink{file: f.Name}
	b := f.build(i, a, s)
	if b == nil || len(b.out.Devices) == 0 {
		return nil, s.list.Errors(), f.missing(a.Element, ErrNoServer, "choose another access point: "+i.names(i.serving()),
			"access point %q of IED %q has no server that could be used", a.Name, i.Name)
	}
	dropEmpty(b.out)
	return b.out, s.list.Errors(), nil
}

// dropEmpty removes data sets that have lost all their members, and says so where control blocks name them.
func dropEmpty(m *model.Server) {
	for _, d := range m.Devices {
		for _, n := range d.Nodes {
			kept := make(map[string]bool)
			n.DataSets = slices.DeleteFunc(n.DataSets, func(s *model.DataSet) bool { return len(s.Members) == 0 })
			for _, s := range n.DataSets {
				kept[s.Name] = true
			}
			named := func(name *string) {
				if !kept[*name] {
					*name = ""
				}
			}
			for _, r := range n.Reports {
				named(&r.DataSet)
			}
			for _, l := range n.Logs {
				named(&l.DataSet)
			}
			for _, g := range n.Goose {
				named(&g.DataSet)
			}
			for _, v := range n.Samples {
				named(&v.DataSet)
			}
		}
	}
}

func (f *File) missing(e *Element, kind error, hint, format string, args ...any) error {
	return &Problem{
		File: f.Name, Line: int(e.Line), Col: int(e.Col), Path: e.Path(), Kind: kind,
		Msg: fmt.Sprintf(format, args...), Hint: hint,
	}
}

// choose finds the IED and access point that a caller named.
func (f *File) choose(ied, ap string) (*IED, *AccessPoint, error) {
	var i *IED
	switch {
	case ied != "":
		i, _ = f.IED(ied)
	case len(f.ieds) == 1:
		i = f.ieds[0]
	}
	if i == nil {
		names := f.iedNames()
		if names == "" {
			return nil, nil, f.missing(f.Root, ErrNotFound, "", "the file describes no IED")
		}
		if ied == "" {
			return nil, nil, f.missing(f.Root, ErrNotFound, "name one of: "+names, "the file describes %d IEDs", len(f.ieds))
		}
		return nil, nil, f.missing(f.Root, ErrNotFound, "the file describes: "+names, "IED %q is not in the file", ied)
	}
	serving := i.serving()
	switch {
	case ap == "" && len(serving) == 1:
		ap = serving[0].Name
	case ap == "" && len(serving) > 1:
		// ServerAt shows the same server once more: take the one that has it.
		if own := i.owning(); len(own) == 1 {
			ap = own[0].Name
			break
		}
		return nil, nil, f.missing(i.Element, ErrNotFound, "name one of: "+i.names(serving),
			"IED %q has %d access points with a server", i.Name, len(serving))
	case ap == "":
		return nil, nil, f.missing(i.Element, ErrNoServer, "", "IED %q has no access point with a server", i.Name)
	}
	a, ok := i.AccessPoint(ap)
	if !ok {
		return nil, nil, f.missing(i.Element, ErrNotFound, "access points with a server: "+i.names(serving),
			"IED %q has no access point %q", i.Name, ap)
	}
	return i, a, nil
}

func (f *File) iedNames() string {
	return namesOf(f.ieds, func(i *IED) string { return i.Name })
}

func (i *IED) names(points []*AccessPoint) string {
	return namesOf(points, func(a *AccessPoint) string { return a.Name })
}

// owning gives the access points with a server of their own.
func (i *IED) owning() []*AccessPoint {
	var list []*AccessPoint
	for _, a := range i.AccessPoints {
		if a.HasServer() {
			list = append(list, a)
		}
	}
	return list
}

// serving gives those with a server, own or of another.
func (i *IED) serving() []*AccessPoint {
	var list []*AccessPoint
	for _, a := range i.AccessPoints {
		if a.HasServer() || a.ServerAt != "" {
			list = append(list, a)
		}
	}
	return list
}

func (i *IED) badServerAt(a *AccessPoint, s *sink) {
	s.error(a.Element.Child("ServerAt"), "name an access point of this IED that has a Server: "+i.names(i.owning()),
		"ServerAt names access point %q, which has no server", a.ServerAt)
}
