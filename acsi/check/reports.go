package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A report control block as it was read.
type block struct {
	section
	fields map[string]model.Value
}

func (b *block) text(name string) string {
	s, _ := b.fields[name].AsText()
	return s
}

func (b *block) has(name string) bool { _, ok := b.fields[name]; return ok }

func (b *block) on(name string) bool {
	v, _ := b.fields[name].AsBool()
	return v
}

// blockOf takes a structure apart by its type.
func blockOf(sec section, v model.Value) *block {
	b := &block{section: sec, fields: make(map[string]model.Value, v.Len())}
	for i := range min(v.Len(), len(sec.spec.Components)) {
		b.fields[sec.spec.Components[i].Name] = v.At(i)
	}
	return b
}

// Attributes of report control blocks in their order, IEC 61850-8-1 17.1.1 and 17.1.3. A question mark is optional.
var (
	urcbNames = []string{
		"RptID", "RptEna", "Resv", "DatSet", "ConfRev", "OptFlds", "BufTm", "SqNum", "TrgOps", "IntgPd", "GI", "Owner?",
	}
	brcbNames = []string{
		"RptID", "RptEna", "DatSet", "ConfRev", "OptFlds", "BufTm", "SqNum", "TrgOps", "IntgPd", "GI", "PurgeBuf", "EntryID",
		"TimeofEntry?", "TimeOfEntry?", "ResvTms?", "Owner?",
	}
)

// attributes tells what is wrong with the components of a control block, "" when nothing is: names in their order, none
// missing.
func attributes(t *mms.TypeSpec, names []string) string {
	var have []string
	for i := range t.Components {
		have = append(have, t.Components[i].Name)
	}
	at := 0
	for _, want := range names {
		name, optional := strings.CutSuffix(want, "?")
		switch {
		case at < len(have) && have[at] == name:
			at++
		case optional:
		case slices.Contains(have, name):
			return name + " out of its place"
		default:
			return name + " missing"
		}
	}
	if at < len(have) {
		return have[at] + " not expected"
	}
	return ""
}

// reports looks at the report control blocks, and enables those that nobody has if it may.
func (r *run) reports(ctx context.Context, s *sheet) {
	blocks := r.blocks(model.BR, model.RP)
	if len(blocks) == 0 {
		s.item("GetBRCBValues", "", "attributes", "").skip("the server has no report control block")
		return
	}
	read := make([]*block, len(blocks))
	s.each(len(blocks), func(i int, s *sheet) { read[i] = r.reportBlock(ctx, s, blocks[i]) })
	// Blocks that share their RptID are not enabled at a time: their reports could not be told apart.
	var order []string
	byID := map[string][]*block{}
	for _, b := range read {
		if b == nil {
			continue
		}
		id := b.text("RptID")
		if id == "" {
			id = b.ref.String()
		}
		if byID[id] == nil {
			order = append(order, id)
		}
		byID[id] = append(byID[id], b)
	}
	s.each(len(order), func(i int, s *sheet) {
		for _, b := range byID[order[i]] {
			r.tryReports(ctx, s, b)
		}
	})
}

func serviceOf(b section, verb string) string {
	if b.ref.FC == model.BR {
		return verb + "BRCBValues"
	}
	return verb + "URCBValues"
}

// reportBlock reads a block; nil when it cannot be used.
func (r *run) reportBlock(ctx context.Context, s *sheet, sec section) *block {
	names, clause := urcbNames, "IEC 61850-7-2 17.2.4, 8-1 17.1.3"
	if sec.ref.FC == model.BR {
		names, clause = brcbNames, "IEC 61850-7-2 17.2.3, 8-1 17.1.1"
	}
	service := serviceOf(sec, "Get")
	if it := s.item(service, sec.ref.String(), "the attributes are those of the class", clause); it != nil {
		it.verdict(strings.Join(names, " "), attributes(sec.spec, names))
	}
	it := s.item(service, sec.ref.String(), "the values are of their types and make sense", clause)
	v, err := r.c.ReadOne(ctx, sec.ref)
	if err != nil {
		_ = it.failed("values", err)
		return nil
	}
	if bad := shape(sec.ref.String(), sec.spec, v); bad != "" {
		it.fail("values of the type", bad)
		return nil
	}
	b := blockOf(sec, v)
	set := b.text("DatSet")
	switch {
	case set != "" && !strings.HasPrefix(set, "@") && !r.hasSet(set):
		it.fail("DatSet that exists", set)
	case b.on("GI"):
		it.fail("GI false when read", "true")
	case b.on("PurgeBuf"):
		it.fail("PurgeBuf false when read", "true")
	case b.on("RptEna") && set == "":
		it.fail("RptEna false without a data set", "true")
	default:
		it.pass()
	}
	return b
}

func (r *run) hasSet(name string) bool {
	for _, d := range r.domains {
		for _, set := range d.sets {
			if name == set.LDevice+"/"+set.LN+"$"+set.Path {
				return true
			}
		}
	}
	return false
}

// tryReports enables a block, unless somebody else has it.
func (r *run) tryReports(ctx context.Context, s *sheet, b *block) {
	object := b.ref.String()
	first := s.item("Report", object, "general interrogation reports every member once", "IEC 61850-7-2 17.2.3.2.8")
	why := ""
	tms, _ := b.fields["ResvTms"].AsInt()
	switch {
	case !r.opt.AllowWrites:
		why = "writes are not allowed"
	case b.on("RptEna"), b.on("Resv"), b.text("Owner") != "":
		why = "another client has it"
	case tms < 0:
		why = "it is assigned to a client"
	case tms > 0:
		why = "it is reserved"
	}
	if why != "" {
		first.skip(why)
		return
	}
	if b.text("DatSet") == "" {
		first.skip("it has no data set")
		r.enableEmpty(ctx, s, b)
		return
	}
	t := &reportTrial{run: r, s: s, block: b}
	t.do(ctx, first)
}

// enableEmpty checks that a block without a data set is not enabled.
func (r *run) enableEmpty(ctx context.Context, s *sheet, b *block) {
	it := s.item(serviceOf(b.section, "Set"), b.ref.String(), "without a data set RptEna is refused", "IEC 61850-7-2 17.2.2.4")
	if it == nil {
		return
	}
	err := r.c.Write(ctx, b.ref.Child("RptEna"), model.Bool(true))
	if err == nil {
		it.fail("a refusal", "success")
		_ = r.c.Write(ctx, b.ref.Child("RptEna"), model.Bool(false)) // as it was
		return
	}
	if answered(err) {
		it.passed(describe(err))
		return
	}
	it.fail("a refusal", describe(err))
}

// describeReport says what a report holds.
func describeReport(n, members int, reason string) string {
	return fmt.Sprintf("%d of %d members, reason %s", n, members, reason)
}
