package server

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/gridward/gridward/model"
)

// errOrdinal is wrapped beside ErrType when an enumeration has no such value.
var errOrdinal = fmt.Errorf("%w: no such value in the enumeration", ErrType)

// flatten appends the changes that writing v to n, off slots further, means. It fails with ErrType.
func flatten(changes []change, n *node, off int, v model.Value) ([]change, error) {
	switch n.kind {
	case nodeLeaf:
		if err := n.fits(v); err != nil {
			return changes, err
		}
		return append(changes, change{n.slot + off, v}), nil
	case nodeArray:
		if v.Kind() != model.KindArray || v.Len() != n.count {
			return changes, fmt.Errorf("%w: %w: want an array of %d, got %s of %d", ErrType, errMembers, n.count, v.Kind(), v.Len())
		}
		var err error
		for i := 0; i < n.count && err == nil; i++ {
			changes, err = flatten(changes, n.children[0], off+i*n.stride, v.At(i))
		}
		return changes, err
	case nodeStruct:
		if v.Kind() != model.KindStruct || v.Len() != len(n.children) {
			return changes, fmt.Errorf("%w: %w: want a structure of %d, got %s of %d", ErrType, errMembers, len(n.children), v.Kind(), v.Len())
		}
		var err error
		for i := 0; i < len(n.children) && err == nil; i++ {
			changes, err = flatten(changes, n.children[i], off, v.At(i))
		}
		return changes, err
	}
	return changes, fmt.Errorf("%w: an attribute of a control block", ErrType)
}

// fits tells what keeps v from being a value of the leaf: another kind, a number out of range, a string too long.
func (n *node) fits(v model.Value) error {
	if v.Kind() != n.data {
		return fmt.Errorf("%w: want %s, got %s", ErrType, n.data, v.Kind())
	}
	if !fitsSize(v, n.size) {
		return fmt.Errorf("%w: %s out of range or of the wrong size for %s", ErrType, n.data, n.typ.Basic)
	}
	if n.typ.Basic == model.BasicEnum && n.typ.Enum != nil && len(n.typ.Enum.Names) > 0 {
		i, _ := v.AsInt()
		if _, ok := n.typ.Enum.Names[int32(i)]; !ok {
			return fmt.Errorf("%w: %d in %s", errOrdinal, i, n.typ.Enum.ID)
		}
	}
	return nil
}

// inXML tells whether text has a form in XER: otherwise peers of XMPP could not read it.
func inXML(t string) bool { return utf8.ValidString(t) && !strings.ContainsAny(t, "\ufffe\uffff") }

// fitsSize checks v against a size as model.Basic.Layout gives it. Bit strings of variable length may be shorter.
func fitsSize(v model.Value, size int) bool {
	switch v.Kind() {
	case model.KindInt:
		i, _ := v.AsInt()
		return size >= 64 || i >= -1<<(size-1) && i < 1<<(size-1)
	case model.KindUint:
		u, _ := v.AsUint()
		return size >= 64 || u < 1<<size
	case model.KindFloat:
		_, width := v.FloatBits()
		return width == size
	case model.KindBits:
		_, n, ok := v.AsBits()
		if size < 0 {
			return ok && n <= -size && n > 0
		}
		return ok && n == size
	case model.KindOctets, model.KindString:
		t, _ := v.AsText()
		if v.Kind() == model.KindString && !inXML(t) {
			return false
		}
		if size < 0 {
			return len(t) <= -size
		}
		return len(t) == size
	case model.KindUnicode:
		t, _ := v.AsText()
		return inXML(t) && utf8.RuneCountInString(t) <= max(size, -size)
	case model.KindEntryTime:
		_, ok := v.AsEntryTime()
		return ok
	}
	return true
}
