package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gridward/gridward/model"
)

// Classes gives the logical node classes and common data classes whose content is checked: others work all the same, as
// the templates of the SCL file define them.
func Classes() Document {
	cdcs := Table{
		Title: "Common data classes (IEC 61850-7-3)", Head: []string{"class", "mandatory attributes", "optional attributes that are checked"},
	}
	for _, name := range model.CDCs() {
		c, _ := model.CDC(name)
		var must, may []string
		for _, a := range c.Attributes {
			if a.Mandatory {
				must = append(must, a.Name)
			} else {
				may = append(may, a.Name)
			}
		}
		if len(c.OneOf) > 0 {
			must = append(must, "one of "+strings.Join(c.OneOf, ", "))
		}
		cdcs.Rows = append(cdcs.Rows, []string{name, strings.Join(must, ", "), strings.Join(may, ", ")})
	}
	lns := Table{
		Title: "Logical node classes (IEC 61850-7-4, IEC 61850-7-420, IEC 61850-90-10)",
		Note:  "Every class has Mod, Beh, Health and NamPlt. *n*: may be numbered.",
		Head:  []string{"class", "mandatory data objects", "optional data objects that are checked"},
	}
	for _, name := range model.Classes() {
		c, _ := model.Class(name)
		var must, may []string
		for _, o := range c.Objects {
			text := o.Name
			if o.Numbered {
				text += "*n*"
			}
			text += " (" + strings.Join(o.CDCs, "/") + ")"
			if o.Mandatory {
				must = append(must, text)
			} else {
				may = append(may, text)
			}
		}
		lns.Rows = append(lns.Rows, []string{name, strings.Join(must, ", "), strings.Join(may, ", ")})
	}
	return Document{
		Name:  "classes",
		Title: "Classes that are known",
		Intro: "The server serves whatever classes the templates of an SCL file define; `gridward scl check` compares those below with the standards.\n" +
			"`gridward conformance mics --scl FILE` gives the model implementation conformance statement (MICS) of one IED.",
		Tables: []Table{lns, cdcs},
	}
}

// MICS gives the model implementation conformance statement of one IED.
func MICS(m *model.Server) Document {
	d := Document{
		Name: "mics", Title: "Model implementation conformance statement (MICS) of " + m.IED,
		Intro: fmt.Sprintf("Logical devices: %d. M: mandatory in the class, O: optional, E: an extension, -: of a class that is not known here.", len(m.Devices)),
	}
	for _, ld := range m.Devices {
		t := Table{Title: "Logical device " + ld.Name, Head: []string{"logical node", "class", "data object", "CDC", "M/O/E"}}
		for _, ln := range ld.Nodes {
			class, known := model.Class(ln.Class)
			for i := range ln.Objects {
				o := &ln.Objects[i]
				cdc := ""
				if o.Type != nil {
					cdc = o.Type.CDC
				}
				t.Rows = append(t.Rows, []string{ln.Name(), ln.Class, o.Name, cdc, presence(class, known, o.Name)})
			}
			t.Rows = append(t.Rows, missing(ln, class, known)...)
		}
		d.Tables = append(d.Tables, t)
	}
	return d
}

func presence(class *model.KnownClass, known bool, name string) string {
	if !known {
		return "-"
	}
	switch o, ok := class.Object(name); {
	case !ok && slices.Contains([]string{"Mod", "Beh", "Health", "NamPlt"}, name):
		return "M"
	case !ok:
		return "E"
	case o.Mandatory:
		return "M"
	}
	return "O"
}

// missing lists what the class wants and the node has not.
func missing(ln *model.LogicalNode, class *model.KnownClass, known bool) (rows [][]string) {
	if !known {
		return nil
	}
	for _, want := range class.Objects {
		if !want.Mandatory {
			continue
		}
		has := slices.ContainsFunc(ln.Objects, func(o model.Object) bool {
			k, ok := class.Object(o.Name)
			return ok && k.Name == want.Name
		})
		if !has {
			rows = append(rows, []string{ln.Name(), ln.Class, want.Name, strings.Join(want.CDCs, "/"), "M, missing"})
		}
	}
	return rows
}
