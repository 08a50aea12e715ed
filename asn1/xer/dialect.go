// Package xer reads and writes PDUs as XML, for IEC 61850-8-2: the shape of XER (X.693) with the names and forms that
// an XML schema fixes. Those are data: a Dialect has a name for every element of an asn1.Schema and a few rules, and
// a licensee of the standard's schema adds a dialect of names without changing code.
//
// The Writer has one form. The Reader takes the union of the dialects it is given and is liberal about white space,
// wrappers, attributes and number forms, and strict about structure. Its XML is restricted as RFC 6120 11.1 asks: no
// comments, processing instructions, document types or entities but the five; input, depth and attributes are bounded.
package xer

import (
	"fmt"
	"sort"
	"strings"

	"github.com/gridward/gridward/asn1"
)

// Rules are what a dialect decides besides names.
type Rules struct {
	Name       string // how people call it
	Namespace  string // of all its elements; "" for none
	Root       bool   // asn1.Root elements are there: a wrapper around the PDU
	Items      bool   // asn1.Item elements are there: wrappers around items that are a CHOICE
	Attributes bool   // a component with DEFAULT is an attribute of its parent and always written
	Exponent   bool   // floats carry their exponent width as a first octet: 5 and 9 octets
}

// A Dialect names every element of a schema. It never changes and is safe for concurrent use.
type Dialect struct {
	Rules
	names []string
}

// NewDialect makes a dialect in which an element has the name that names gives for its key (or for its identifier), and
// its identifier otherwise. A key that no element has is an error, so that a file of names cannot be wrong in silence.
func NewDialect(s *asn1.Schema, rules Rules, names map[string]string) (*Dialect, error) {
	d := &Dialect{Rules: rules, names: make([]string, len(s.Elems()))}
	used := map[string]bool{}
	for i, e := range s.Elems() {
		d.names[i] = e.Name
		for _, key := range []string{e.Name, e.Key} {
			if n, ok := names[key]; ok && key != "" {
				if !validName(n) {
					return nil, fmt.Errorf("xer: dialect %s: %q is not an element name", rules.Name, n)
				}
				d.names[i], used[key] = n, true
			}
		}
	}
	var unknown []string
	for key := range names {
		if !used[key] {
			unknown = append(unknown, key)
		}
	}
	if unknown != nil {
		sort.Strings(unknown)
		return nil, fmt.Errorf("xer: dialect %s: no element is called %s", rules.Name, strings.Join(unknown, ", "))
	}
	return d, nil
}

// BasicNames gives the names by which BASIC-XER differs from the identifiers of s.
func BasicNames(s *asn1.Schema) map[string]string {
	m := map[string]string{}
	for _, e := range s.Elems() {
		if e.Basic != "" {
			key := e.Key
			if key == "" {
				key = e.Name
			}
			m[key] = e.Basic
		}
	}
	return m
}

func (d *Dialect) name(e *asn1.Elem) string { return d.names[e.Index()] }

// shown reports whether e is an element of its own in this dialect.
func (d *Dialect) shown(e *asn1.Elem) bool {
	switch e.Form {
	case asn1.Item:
		return d.Items
	case asn1.Root:
		return d.Root
	case asn1.Inner:
		return false
	}
	return true
}

// What an octet can be.
const (
	classPlain = 1 << iota // character data that needs no look
	classStart             // first of a name
	className              // inside a name
	classSpace             // white space
)

var classes = func() (t [256]uint8) {
	for c := range t {
		switch b := byte(c); {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b == '_':
			t[c] = classPlain | classStart | className
		case b >= '0' && b <= '9', b == '-', b == '.':
			t[c] = classPlain | className
		case b == ' ', b == '\t', b == '\n', b == '\r':
			t[c] = classPlain | classSpace
		case b > ' ' && b < 0x80:
			t[c] = classPlain
		}
	}
	return t
}()

func nameStart(c byte) bool { return classes[c]&classStart != 0 }

func nameByte(c byte) bool { return classes[c]&className != 0 }

func isSpace(c byte) bool { return classes[c]&classSpace != 0 }

func validName(s string) bool {
	if s == "" || len(s) > maxName || !nameStart(s[0]) {
		return false
	}
	for i := range len(s) {
		if !nameByte(s[i]) {
			return false
		}
	}
	return true
}

// Limits of a Reader. Zero fields take the defaults.
type Limits struct {
	Size  int // octets of a PDU, 262,144
	Depth int // elements within each other, 64
	Items int // items of one list, 4,096
}

// DefaultSize is the default of Limits.Size.
const DefaultSize = 262144

// MaxWritten is the most elements within each other that a Writer writes: what every Reader takes by default, also where an
// XMPP stanza and a wrapper are around the PDU.
const MaxWritten = 60

const (
	defaultDepth = 64
	defaultItems = 4096
	maxName      = 128
	maxValue     = 4096
	maxAttrs     = 32
	maxBindings  = 128
)

func (l Limits) normal() Limits {
	if l.Size <= 0 {
		l.Size = DefaultSize
	}
	if l.Depth <= 0 {
		l.Depth = defaultDepth
	}
	if l.Items <= 0 {
		l.Items = defaultItems
	}
	return l
}
