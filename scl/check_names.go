package scl

import (
	"strings"

	"github.com/gridward/gridward/model"
)

// Lengths of names. LDName, data set and control block names: IEC 61850-7-2 and 8-1; RptID and the like: 129 octets in
// edition 2.
const (
	maxControlName = 32
	maxID          = 129
	maxLNPrefix    = 12 // prefix and instance together, edition 2
)

// checkLengths looks for references that are too long for the wire, once a logical node.
func (c *checker) checkLengths(b *builder) {
	for _, n := range b.nodes {
		longest := ""
		for _, o := range n.typ.objects {
			if p := o.Name + longestBelow(o.Type); len(p) > len(longest) {
				longest = p
			}
		}
		item := model.Ref{LN: n.node.Name(), Path: longest, FC: model.ST}.Item()
		if len(item) > model.MaxItem {
			c.error(n.e, "shorten prefix, instance or the names in its type", "the MMS name %s has %d characters; %d are allowed",
				item, len(item), model.MaxItem)
		}
	}
}

// longestBelow gives the longest path below a type, each name after a dot.
func longestBelow(t *model.Type) string {
	longest := ""
	for i := range t.Fields {
		if p := "." + t.Fields[i].Name + longestBelow(t.Fields[i].Type); len(p) > len(longest) {
			longest = p
		}
	}
	return longest
}

// checkNode looks at the names and clients of one logical node.
func (c *checker) checkNode(i *IED, ln *Element) {
	if n := len(ln.Attr("prefix")) + len(ln.Attr("inst")); n > maxLNPrefix {
		c.warn(ln, "shorten them", "prefix and inst of %s have %d characters together; %d are allowed", lnLabel(ln), n, maxLNPrefix)
	}
	if _, ok := ln.Lookup("inst"); ok && ln.Name == "LN" && strings.Trim(ln.Attr("inst"), "0123456789") != "" {
		c.warn(ln, "write a number", "inst %q of a logical node is not a number", ln.Attr("inst"))
	}
	for _, e := range ln.Children {
		if e.Space != "" {
			continue
		}
		switch e.Name {
		case "DataSet", "ReportControl", "LogControl", "GSEControl", "SampledValueControl":
			c.length(e, "name", maxControlName)
			c.checkControl(e)
		case "Inputs":
			e.Each("ExtRef", func(x *Element) { c.iedExists(x, x.Attr("iedName"), Warning) })
		}
	}
}

func lnLabel(ln *Element) string { return ln.Attr("prefix") + ln.Attr("lnClass") + ln.Attr("inst") }

func (c *checker) length(e *Element, attr string, most int) {
	if n := len(e.Attr(attr)); n > most {
		c.error(e, "shorten it", "%s of %s has %d characters; %d are allowed", attr, e.Name, n, most)
	}
}

func (c *checker) checkControl(e *Element) {
	for _, id := range [...]string{"rptID", "appID", "smvID"} {
		c.length(e, id, maxID)
	}
	e.Each("IEDName", func(x *Element) { c.iedExists(x, x.text(), Warning) })
	if r := e.Child("RptEnabled"); r != nil {
		r.Each("ClientLN", func(x *Element) { c.iedExists(x, x.Attr("iedName"), Warning) })
	}
	if e.Name == "ReportControl" && e.Attr("datSet") != "" {
		t := e.Child("TrgOps")
		if t == nil {
			c.warn(e, "add TrgOps", "ReportControl %q has no TrgOps and only reports general interrogations", e.Attr("name"))
		} else if t.Attr("period") == "true" && e.Attr("intgPd") == "" {
			c.warn(t, "set intgPd in milliseconds", "period is a trigger, but ReportControl %q has no intgPd", e.Attr("name"))
		}
	}
}

// iedExists reports a reference to an IED that the file does not have. "@" and TEMPLATE stand for the file's own.
func (c *checker) iedExists(e *Element, name string, sev Severity) bool {
	if name == "" || name == "@" {
		return true
	}
	if _, ok := c.f.IED(name); ok {
		return true
	}
	c.add(sev, e, c.iedHint(), "IED %q is not in the file", name)
	return false
}

func (c *checker) iedHint() string {
	if len(c.f.ieds) == 0 {
		return "the file describes no IED"
	}
	return "the file describes: " + c.f.iedNames()
}

// checkServices compares data sets and report control blocks with what Services announces.
func (c *checker) checkServices(i *IED, a *AccessPoint) {
	v := readServices(i.Element.Child("Services"), a.Element.Child("Services"), c.sink)
	sets, reports := 0, 0
	a.server.Each("LDevice", func(ld *Element) {
		for _, ln := range ld.Children {
			ln.Each("DataSet", func(e *Element) {
				sets++
				members := 0
				e.Each("FCDA", func(*Element) { members++ })
				if most := v.ConfDataSetMembers; most > 0 && members > most {
					c.warn(e, "remove members or raise ConfDataSet maxAttributes", "data set %q has %d members; Services allows %d",
						e.Attr("name"), members, most)
				}
			})
			ln.Each("ReportControl", func(*Element) { reports++ })
		}
	})
	if v.ConfDataSets > 0 && sets > v.ConfDataSets {
		c.warn(a.Element, "remove data sets or raise ConfDataSet max", "%d data sets; Services allows %d", sets, v.ConfDataSets)
	}
	if v.MaxReports > 0 && reports > v.MaxReports {
		c.warn(a.Element, "remove control blocks or raise ConfReportControl max", "%d report control blocks; Services allows %d", reports, v.MaxReports)
	}
}
