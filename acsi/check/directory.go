package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// directory looks at the lists of names: GetServerDirectory, GetLogicalDeviceDirectory, GetLogicalNodeDirectory.
func (r *run) directory(ctx context.Context, s *sheet) {
	const clause = "IEC 61850-7-2 7.2.2, 8-1 12"
	if it := s.item("GetServerDirectory", "", "logical devices are listed, the same each time", clause); it != nil {
		names, err := r.names(ctx, mms.GetNameList{Class: mms.ClassDomain, Scope: mms.VMDSpecific})
		before := make([]string, len(r.domains))
		for i, d := range r.domains {
			before[i] = d.name
		}
		switch {
		case it.failed("the logical devices", err):
		case len(names) == 0:
			it.fail("at least one logical device", "none")
		case !slices.Equal(names, before):
			it.fail("the same list again", cmpText(before, names))
		default:
			it.passed(fmt.Sprintf("%d logical devices", len(names)))
		}
	}
	s.each(len(r.domains), func(i int, s *sheet) {
		d := r.domains[i]
		r.list(ctx, s, d, "GetLogicalDeviceDirectory", mms.ClassNamedVariable, d.items, d.itemsErr)
		d.order(s)
		d.names(s)
		r.list(ctx, s, d, "GetLogicalNodeDirectory(DATA-SET)", mms.ClassNamedVariableList, setItems(d.sets), d.setsErr)
		d.setNames(s)
		r.list(ctx, s, d, "GetLogicalNodeDirectory(LOG)", mms.ClassJournal, d.logs, d.logsErr)
	})
}

func setItems(sets []model.Ref) []string {
	list := make([]string, len(sets))
	for i, s := range sets {
		list[i] = s.LN + "$" + s.Path
	}
	return list
}

// list checks that a list of names comes again in the same order, and from the middle on.
func (r *run) list(ctx context.Context, s *sheet, d *domain, service string, class mms.ObjectClass, names []string, err error) {
	const clause = "ISO 9506-2 7.6.2, IEC 61850-8-1 13.1"
	it := s.item(service, d.name, "names come in the same order again, without a name twice", clause)
	if it == nil || it.failed("a list of names", err) {
		return
	}
	request := mms.GetNameList{Class: class, Scope: mms.DomainSpecific, Domain: d.name}
	again, err := r.names(ctx, request)
	switch {
	case it.failed("the list again", err):
		return
	case !slices.Equal(names, again):
		it.fail("the same list again", cmpText(names, again))
		return
	case twice(names) != "":
		it.fail("every name once", twice(names)+" twice")
		return
	}
	it.passed(fmt.Sprintf("%d names", len(names)))
	if len(names) < 3 {
		return
	}
	it = s.item(service, d.name, "continueAfter goes on behind that name", clause)
	if it == nil {
		return
	}
	for _, i := range []int{0, len(names) / 2, len(names) - 1} {
		request.ContinueAfter = names[i]
		rest, err := r.names(ctx, request)
		if it.failed("the names after "+names[i], err) {
			return
		}
		if !slices.Equal(rest, names[i+1:]) {
			it.fail(fmt.Sprintf("the %d names after %s", len(names)-i-1, names[i]), cmpText(names[i+1:], rest))
			return
		}
	}
	it.pass()
}

// order checks that every name comes below its parent: a node, then all that it holds.
func (d *domain) order(s *sheet) {
	it := s.item("GetLogicalDeviceDirectory", d.name, "names come depth first, each level listed", "IEC 61850-8-1 13.1")
	if it == nil || it.failed("a list of names", d.itemsErr) {
		return
	}
	var open []string // from the logical node down
	for _, name := range d.items {
		for len(open) > 0 && !strings.HasPrefix(name, open[len(open)-1]+"$") {
			open = open[:len(open)-1]
		}
		parent := ""
		if i := strings.LastIndexByte(name, '$'); i >= 0 {
			parent = name[:i]
		}
		top := ""
		if len(open) > 0 {
			top = open[len(open)-1]
		}
		if parent != top {
			it.fail(parent+" before "+name, "it comes after "+orNothing(top))
			return
		}
		open = append(open, name)
	}
	it.pass()
}

// names checks the form LN$FC$DO.
func (d *domain) names(s *sheet) {
	it := s.item("GetLogicalDeviceDirectory", d.name, "names have the form LN$FC$DO of at most 64 characters", "IEC 61850-8-1 7.3")
	if it == nil || it.failed("a list of names", d.itemsErr) {
		return
	}
	for _, name := range d.items {
		if _, err := model.ParseItem(d.name, name); err != nil {
			it.fail("LN$FC$DO", describe(err))
			return
		}
		if len(name) > model.MaxItem {
			it.fail(fmt.Sprintf("at most %d characters", model.MaxItem), fmt.Sprintf("%s has %d", name, len(name)))
			return
		}
	}
	it.pass()
}

// setNames checks that data sets belong to nodes.
func (d *domain) setNames(s *sheet) {
	it := s.item("GetLogicalNodeDirectory(DATA-SET)", d.name, "data sets belong to logical nodes", "IEC 61850-8-1 14.1")
	if it == nil || it.failed("a list of names", d.setsErr) {
		return
	}
	for _, set := range d.sets {
		if set.Path == "" || !slices.ContainsFunc(d.nodes, func(n *node) bool { return n.ref.LN == set.LN }) {
			it.fail("LN$name of a logical node", set.LN+"$"+set.Path)
			return
		}
	}
	it.pass()
}

func twice(names []string) string {
	seen := make(map[string]bool, len(names))
	for _, n := range names {
		if seen[n] {
			return n
		}
		seen[n] = true
	}
	return ""
}

// cmpText says where two lists part.
func cmpText(want, got []string) string {
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			return fmt.Sprintf("%s in place of %s as name %d", got[i], want[i], i+1)
		}
	}
	return fmt.Sprintf("%d names in place of %d", len(got), len(want))
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
