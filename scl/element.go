package scl

import (
	"strconv"
	"strings"
)

// Namespace is the XML name space of SCL, the same in all editions (IEC 61850-6 annex A).
const Namespace = "http://www.iec.ch/61850/2003/SCL"

// An Attr is one attribute.
type Attr struct {
	Space string // "" for the attributes of SCL itself
	Name  string
	Value string
}

// An Element is one XML element with its place in the file. Elements are immutable once parsed.
type Element struct {
	Space    string // "" for elements of SCL itself, otherwise the URI
	Name     string
	Attrs    []Attr
	Children []*Element
	Text     string // character data directly inside, "" when it is white space only
	Parent   *Element
	Line     int32
	Col      int32
}

// Attr gives an attribute of SCL's own name space, "" when it is absent.
func (e *Element) Attr(name string) string {
	v, _ := e.Lookup(name)
	return v
}

// Lookup gives an attribute of SCL's own name space and whether it is there.
func (e *Element) Lookup(name string) (string, bool) {
	for i := range e.Attrs {
		if e.Attrs[i].Name == name && e.Attrs[i].Space == "" {
			return e.Attrs[i].Value, true
		}
	}
	return "", false
}

// Child gives the first SCL child of that name, nil when there is none.
func (e *Element) Child(name string) *Element {
	if e == nil {
		return nil
	}
	for _, c := range e.Children {
		if c.Name == name && c.Space == "" {
			return c
		}
	}
	return nil
}

// Each calls f for every SCL child of that name.
func (e *Element) Each(name string, f func(*Element)) {
	if e == nil {
		return
	}
	for _, c := range e.Children {
		if c.Name == name && c.Space == "" {
			f(c)
		}
	}
}

// Path names the element and its parents below SCL by their identifying attributes.
func (e *Element) Path() string {
	if e.Parent == nil || e.Parent.Parent == nil {
		return e.label()
	}
	return e.Parent.Path() + "/" + e.label()
}

func (e *Element) label() string {
	id := ""
	switch e.Name {
	case "LN", "LN0":
		id = e.Attr("prefix") + e.Attr("lnClass") + e.Attr("inst")
	case "ConnectedAP":
		id = e.Attr("iedName") + "/" + e.Attr("apName")
	case "GSE", "SMV":
		id = e.Attr("ldInst") + "/" + e.Attr("cbName")
	case "FCDA":
		id = fcdaName(e)
	default:
		for _, k := range [...]string{"name", "id", "inst", "type", "ord"} {
			if id = e.Attr(k); id != "" {
				break
			}
		}
	}
	if id == "" {
		return e.Name
	}
	if len(id) > 129 {
		id = id[:129]
	}
	return e.Name + "[" + id + "]"
}

// text gives the character data without the white space that pretty-printers put around it.
func (e *Element) text() string { return strings.TrimSpace(e.Text) }

// memberName gives the name of a data object or attribute. The schema derives it from xs:Name, which collapses white
// space, so that name="zeroDbRef " is valid.
func (e *Element) memberName() string { return strings.TrimSpace(e.Attr("name")) }

// missing reports an attribute that has to be there.
func (e *Element) missing(name string, s *sink) {
	who := e.Name
	if n := e.Attr("name"); n != "" && name != "name" {
		who += " " + strconv.Quote(n)
	}
	s.error(e, "add "+name+`="..."`, "%s has no attribute %s", who, name)
}

// boolean reads an xs:boolean attribute, def when it is absent.
func (e *Element) boolean(name string, def bool, s *sink) bool {
	v, ok := e.Lookup(name)
	if !ok {
		return def
	}
	switch strings.TrimSpace(v) {
	case "true", "1":
		return true
	case "false", "0":
		return false
	}
	s.error(e, `write "true" or "false"`, "%s=%q is not a boolean", name, v)
	return def
}

// number reads an unsigned integer attribute of at most most, def when it is absent.
func (e *Element) number(name string, def, most uint64, s *sink) uint64 {
	v, ok := e.Lookup(name)
	if !ok {
		return def
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(v), "+"), 10, 64)
	if err != nil || n > most {
		s.error(e, "write a number from 0 to "+strconv.FormatUint(most, 10), "%s=%q is not a number in range", name, v)
		return def
	}
	return n
}
