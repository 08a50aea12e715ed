package scl

import (
	"fmt"
	"math"
	"time"

	"github.com/gridward/gridward/model"
)

// controls compiles the control blocks of a logical node, IEC 61850-6 9.3.8 to 9.3.12.
func (b *builder) controls(n builtNode) {
	seen, sets := make(map[string]bool), make(map[string]bool)
	for _, d := range n.node.DataSets {
		sets[d.Name] = true
	}
	each := func(name string, f func(builtNode, *Element)) {
		n.e.Each(name, func(e *Element) {
			cb := e.Attr("name")
			if !b.controlName(e, cb) {
				return
			}
			if seen[name+cb] {
				b.error(e, "rename or remove one of them", "%s %q exists twice", name, cb)
				return
			}
			seen[name+cb] = true
			if ds := e.Attr("datSet"); ds != "" && !sets[ds] {
				b.noDataSet(n, e, ds)
			}
			f(n, e)
		})
	}
	each("ReportControl", b.report)
	each("LogControl", b.log)
	for _, e := range n.e.Children {
		if name := e.Attr("name"); e.Name == "Log" && name != "" && b.controlName(e, name) { // without a name it is that of the block
			n.node.LogNames = append(n.node.LogNames, name)
		}
	}
	each("GSEControl", b.goose)
	each("SampledValueControl", b.samples)
	if e := n.e.Child("SettingControl"); e != nil {
		b.settings(n, e)
	}
}

// controlName accepts the name of a data set or control block.
func (b *builder) controlName(e *Element, name string) bool {
	switch {
	case name == "":
		e.missing("name", b.sink)
	case !plainName(name):
		b.error(e, "use letters, digits and underscores", "%s name %q cannot be part of a reference", e.Name, name)
	default:
		return true
	}
	return false
}

func (b *builder) noDataSet(n builtNode, e *Element, ds string) {
	hint := n.node.Name() + " has no data sets; add one or remove datSet"
	if len(n.node.DataSets) > 0 {
		hint = "data sets of " + n.node.Name() + ": " + namesOf(n.node.DataSets, func(d *model.DataSet) string { return d.Name })
	}
	b.error(e, hint, "%s %q: data set %q does not exist", e.Name, e.Attr("name"), ds)
}

// readTriggers reads the attributes of TrgOps, or of a DA. gi is true in a TrgOps unless it says otherwise.
func readTriggers(e *Element, s *sink, gi bool) model.Triggers {
	var t model.Triggers
	set := func(name string, def bool, bit model.Triggers) {
		if e.boolean(name, def, s) {
			t |= bit
		}
	}
	set("dchg", false, model.TrgDataChange)
	set("qchg", false, model.TrgQualityChange)
	set("dupd", false, model.TrgDataUpdate)
	if gi {
		set("period", false, model.TrgIntegrity)
		set("gi", true, model.TrgGI)
	}
	return t
}

func (b *builder) triggers(e *Element) model.Triggers {
	c := e.Child("TrgOps")
	if c == nil {
		return model.TrgGI
	}
	return readTriggers(c, b.sink, true)
}

// confRev reads a configuration revision. A control block with a data set starts at 1.
func (b *builder) confRev(e *Element) uint32 {
	def := uint64(1)
	if e.Attr("datSet") == "" {
		def = 0
	}
	return uint32(e.number("confRev", def, math.MaxUint32, b.sink))
}

func (b *builder) milliseconds(e *Element, name string) time.Duration {
	return time.Duration(e.number(name, 0, math.MaxUint32, b.sink)) * time.Millisecond
}

// maxInstances bounds RptEnabled: the index has two digits.
const maxInstances = 99

// maxReports bounds the instances of report control blocks of one server.
const maxReports = 100_000

// report expands a ReportControl to its instances: RptEnabled max of them, with an index of two digits unless
// indexed="false" (IEC 61850-6 9.3.8, 8-1 17.1).
func (b *builder) report(n builtNode, e *Element) {
	r := model.ReportControl{
		RptID: e.Attr("rptID"), DataSet: e.Attr("datSet"), ConfRev: b.confRev(e),
		Buffered:   e.boolean("buffered", false, b.sink),
		BufferTime: b.milliseconds(e, "bufTime"), IntegrityPd: b.milliseconds(e, "intgPd"),
		Triggers: b.triggers(e), OptFields: b.optFields(e.Child("OptFields")),
	}
	count, owners := b.instancesOf(e)
	if b.reports += count; b.reports > maxReports {
		b.put(b.c.limit(e, "report control blocks in one server", maxReports))
		return
	}
	name := e.Attr("name")
	if !e.boolean("indexed", true, b.sink) {
		// Clients of an unbuffered one may each get their own instance of the same name.
		if count > 1 && r.Buffered {
			b.warn(e, `set indexed="true", or max="1"`, "ReportControl %q is not indexed and can have one instance, not %d", name, count)
		}
		r.Name = name
		if len(owners) > 0 {
			r.Owner = owners[0]
		}
		n.node.Reports = append(n.node.Reports, &r)
		return
	}
	for i := range count {
		one := r
		one.Name = fmt.Sprintf("%s%02d", name, i+1)
		if i < len(owners) {
			one.Owner = owners[i]
		}
		n.node.Reports = append(n.node.Reports, &one)
	}
}

// instancesOf reads RptEnabled: how many instances, and who owns the first of them.
func (b *builder) instancesOf(e *Element) (int, []string) {
	enabled := e.Child("RptEnabled")
	if enabled == nil {
		return 1, nil
	}
	count := max(1, int(enabled.number("max", 1, maxInstances, b.sink)))
	var owners []string
	enabled.Each("ClientLN", func(c *Element) { owners = append(owners, c.Attr("iedName")) })
	if len(owners) > count {
		b.warn(enabled, fmt.Sprintf(`set max="%d" or remove clients`, len(owners)), "%d clients share %d instances", len(owners), count)
		owners = owners[:count]
	}
	return count, owners
}

func (b *builder) optFields(e *Element) model.OptFields {
	if e == nil {
		return 0
	}
	var o model.OptFields
	for _, f := range [...]struct {
		name string
		def  bool
		bit  model.OptFields
	}{
		{"seqNum", false, model.OptSeqNum},
		{"timeStamp", false, model.OptTimeStamp},
		{"reasonCode", false, model.OptReasonCode},
		{"dataSet", false, model.OptDataSet},
		{"dataRef", false, model.OptDataRef},
		{"bufOvfl", true, model.OptBufOvfl},
		{"entryID", false, model.OptEntryID},
		{"configRef", false, model.OptConfRev},
		{"segmentation", false, model.OptSegmentation},
	} {
		if e.boolean(f.name, f.def, b.sink) {
			o |= f.bit
		}
	}
	return o
}

func (b *builder) log(n builtNode, e *Element) {
	l := &model.LogControl{
		Name: e.Attr("name"), Log: e.Attr("logName"), DataSet: e.Attr("datSet"),
		Enabled: e.boolean("logEna", true, b.sink), ReasonCode: e.boolean("reasonCode", true, b.sink),
		Triggers: b.triggers(e), IntegrityPd: b.milliseconds(e, "intgPd"),
	}
	if class := e.Attr("lnClass"); class != "" && class != "LLN0" {
		l.LogLN = lnName(e)
	}
	l.LogLD = e.Attr("ldInst")
	n.node.Logs = append(n.node.Logs, l)
}

func (b *builder) settings(n builtNode, e *Element) {
	s := &model.SettingControl{
		NumOfSG: uint8(e.number("numOfSGs", 1, math.MaxUint8, b.sink)),
		ActSG:   uint8(e.number("actSG", 1, math.MaxUint8, b.sink)),
		ResvTms: uint16(e.number("resvTms", 0, math.MaxUint16, b.sink)),
	}
	if s.NumOfSG < 1 || s.ActSG < 1 || s.ActSG > s.NumOfSG {
		b.error(e, "actSG is from 1 to numOfSGs", "actSG %d of %d setting groups", s.ActSG, s.NumOfSG)
		return
	}
	n.node.SettingGroups = s
	b.activate(n.device, int(s.ActSG))
}

// activate makes the values of the active setting group the initial ones.
func (b *builder) activate(d *model.LogicalDevice, group int) {
	if b.out.Groups == nil {
		return
	}
	for _, n := range d.Nodes {
		for i := range n.Objects {
			o := &n.Objects[i]
			for slot := o.Slot; slot < o.Slot+o.Type.Slots; slot++ {
				if g := b.out.Groups[slot]; len(g) >= group {
					b.out.Initial[slot] = g[group-1]
				}
			}
		}
	}
}
