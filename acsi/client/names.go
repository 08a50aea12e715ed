package client

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// variable names ref as MMS does: up to the first array index by the item, from there on by alternate access
// (IEC 61850-8-1 7.3, ISO 9506-2 14.3).
func variable(ref model.Ref) (mms.VariableSpec, error) {
	if ref.FC == model.FCNone && ref.Path != "" {
		return mms.VariableSpec{}, fmt.Errorf("%w: %s", ErrNoFC, ref)
	}
	if ref.LDevice == "" || ref.LN == "" {
		return mms.VariableSpec{}, fmt.Errorf("%w %q: no logical node", model.ErrRef, ref)
	}
	i := strings.IndexByte(ref.Path, '(')
	if i < 0 {
		return mms.VariableSpec{Name: mms.InDomain(ref.LDevice, ref.Item())}, nil
	}
	rest := ref.Path[i:]
	ref.Path = ref.Path[:i]
	alternate, err := selection(rest)
	if err != nil {
		return mms.VariableSpec{}, err
	}
	return mms.VariableSpec{Name: mms.InDomain(ref.LDevice, ref.Item()), Alternate: alternate}, nil
}

// selection turns "(3).cVal.mag" into alternate access.
func selection(path string) ([]mms.AlternateAccess, error) {
	if path == "" {
		return nil, nil
	}
	var a mms.AlternateAccess
	if path[0] == '(' {
		digits, rest, ok := strings.Cut(path[1:], ")")
		n, err := strconv.ParseUint(digits, 10, 16)
		if !ok || err != nil {
			return nil, fmt.Errorf("%w: index %q", model.ErrRef, path)
		}
		a.HasIndex, a.Index = true, uint32(n)
		path = rest
	} else {
		end := len(path)
		if i := strings.IndexAny(path[1:], ".("); i >= 0 {
			end = i + 1
		}
		a.Component, path = strings.TrimPrefix(path[:end], "."), path[end:]
	}
	nested, err := selection(path)
	a.Nested = nested
	return []mms.AlternateAccess{a}, err
}

// reference is variable turned round.
func reference(v *mms.VariableSpec) (model.Ref, error) {
	if v.Unnamed || v.Name.Scope != mms.DomainSpecific {
		return model.Ref{}, fmt.Errorf("%w: %s is no name in a domain", model.ErrRef, v.Name)
	}
	ref, err := model.ParseItem(v.Name.Domain, v.Name.Item)
	if err != nil {
		return ref, err
	}
	for alt := v.Alternate; len(alt) > 0; alt = alt[0].Nested {
		switch a := &alt[0]; {
		case len(alt) > 1 || a.AllElems || a.Count > 1:
			return ref, fmt.Errorf("%w: %s selects more than one element", model.ErrRef, v.Name)
		case a.HasIndex:
			ref.Path += "(" + strconv.Itoa(int(a.Index)) + ")"
		default:
			ref = ref.Child(a.Component)
		}
	}
	return ref, nil
}

// listName names a data set: in a logical node, or, without a logical device, in the association.
func listName(ds model.Ref) (mms.ObjectName, error) {
	switch {
	case ds.Path == "":
		return mms.ObjectName{}, fmt.Errorf("%w: data set without a name", model.ErrRef)
	case ds.LDevice == "":
		return mms.ObjectName{Scope: mms.AASpecific, Item: ds.Path}, nil
	}
	return mms.InDomain(ds.LDevice, ds.LN+"$"+ds.Path), nil
}

// listRef is listName turned round; it reads the value of DatSet too ("LD0/LLN0$ds1", "@ds1").
func listRef(name string) (model.Ref, bool) {
	if set, ok := strings.CutPrefix(name, "@"); ok {
		return model.Ref{Path: set}, set != ""
	}
	domain, item, ok := strings.Cut(name, "/")
	if !ok {
		return model.Ref{}, false
	}
	ln, set, ok := strings.Cut(item, "$")
	return model.Ref{LDevice: domain, LN: ln, Path: set}, ok && domain != "" && ln != "" && set != ""
}
