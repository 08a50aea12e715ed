package scl

import (
	"slices"
)

// Check lists everything that is wrong with a file, in the order of its lines: what the schema does not allow, references
// to what does not exist, values that do not fit their type, names and addresses used twice or too long, and what
// IEC 61850-7-3 and -7-4 demand of the classes that this project knows. Server refuses what has an Error in the parts that
// it compiles.
func Check(f *File) Problems {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := &checker{sink: &sink{file: f.Name}, f: f}
	for _, p := range f.notes {
		c.put(p)
	}
	c.checkRoot()
	c.checkSchema(f.Root)
	c.checkTemplates()
	c.checkIEDs()
	c.checkCommunication()
	if c.full() {
		c.list = append(c.list, c.f.compiler.limit(f.Root, "problems; the rest is not listed", maxProblems))
	}
	slices.SortStableFunc(c.list, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		if a.Col != b.Col {
			return a.Col - b.Col
		}
		return int(a.Severity) - int(b.Severity)
	})
	return c.list
}

// A checker collects the problems of one file. File.mu is held.
type checker struct {
	*sink
	f     *File
	slots int // of all servers so far

	controls map[string]bool // "IED/ldInst/kind/name" of every GOOSE and sampled value control block
}

// maxChecked bounds the attributes of all servers of a file, as a multiple of Limits.Slots.
const maxChecked = 16

func (c *checker) checkRoot() {
	root := c.f.Root
	if !c.f.Edition.Known() {
		c.warn(root, `known are "" (edition 1), 2007A, 2007B, 2007B1 to B4, 2007C4 and 2007C5; it is read like the newest`,
			"edition %s is unknown", c.f.Edition)
	}
	if root.Child("Header") == nil {
		c.error(root, `add <Header id="..."/>`, "SCL has no Header")
	}
	if root.Child("DataTypeTemplates") == nil && len(c.f.ieds) > 0 {
		c.error(root, "add DataTypeTemplates with the types of the IEDs", "SCL has IEDs and no DataTypeTemplates")
	}
	for _, name := range [...]string{"Header", "Communication", "DataTypeTemplates"} {
		n := 0
		root.Each(name, func(e *Element) {
			if n++; n == 2 {
				c.warn(e, "merge them", "%s exists twice", name)
			}
		})
	}
}

// twice reports elements whose key was seen before.
func (c *checker) twice(seen map[string]*Element, key string, e *Element) {
	if first, dup := seen[key]; dup {
		c.error(e, "rename or remove one of them", "%s exists twice, first in line %d", e.label(), first.Line)
		return
	}
	seen[key] = e
}

func (c *checker) checkIEDs() {
	names := make(map[string]*Element)
	for _, i := range c.f.ieds {
		if i.Name == "" {
			continue // the schema check says it
		}
		if !plainName(i.Name) {
			c.error(i.Element, "use letters, digits and underscores", "IED name %q cannot be part of a reference", i.Name)
		}
		c.twice(names, i.Name, i.Element)
		points := make(map[string]*Element)
		for _, a := range i.AccessPoints {
			if a.Name != "" {
				c.twice(points, a.Name, a.Element)
			}
			c.checkAccessPoint(i, a)
		}
	}
}

func (c *checker) checkAccessPoint(i *IED, a *AccessPoint) {
	if c.slots > maxChecked*c.f.limits.Slots {
		return
	}
	a.Element.Each("LN", func(e *Element) { c.checkNodeType(e) })
	if a.ServerAt != "" {
		// The server itself is checked where it is.
		if other, ok := i.AccessPoint(a.ServerAt); !ok || !other.HasServer() {
			i.badServerAt(a, c.sink)
		}
	}
	if !a.HasServer() {
		return
	}
	b := c.f.build(i, a, c.sink)
	if c.slots += b.size; c.slots > maxChecked*c.f.limits.Slots {
		c.put(c.f.compiler.limit(i.Element, "attributes in all servers; the rest is not checked", maxChecked*c.f.limits.Slots))
	}
	c.checkLengths(b)
	c.checkServices(i, a)
	a.server.Each("LDevice", func(ld *Element) {
		for _, ln := range ld.Children {
			if ln.Space == "" && (ln.Name == "LN" || ln.Name == "LN0") {
				c.checkNode(i, ln)
			}
		}
	})
}

func (c *checker) checkNodeType(e *Element) {
	id := e.Attr("lnType")
	t := c.f.compiler.nodeType(id)
	switch {
	case t == nil:
		c.error(e, c.f.compiler.suggest("LNodeType", id), "LNodeType %q does not exist", id)
	case t.class != e.Attr("lnClass"):
		c.error(e, "use an LNodeType of class "+e.Attr("lnClass"), "LNodeType %q is of class %s, not %s", id, t.class, e.Attr("lnClass"))
	}
}
