package schedule

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gridward/gridward/model"
)

// A Source reads the values of a model; *server.Server is one.
type Source interface {
	Get(ref model.Ref) (model.Value, error)
}

// A node is one FSCH of a model.
type node struct {
	ref  model.Ref // LD/FSCH1
	ln   *model.LogicalNode
	m    Machine
	err  EnableError
	seen bool // the event of InSyn was true when last looked at

	kept      State // what Step has saved
	keptBegan time.Time
}

// leaf names an attribute of the node, if the model has it.
func (n *node) leaf(fc model.FC, path string) (model.Ref, *model.Type, bool) {
	t, ok := n.ln.Find(path, fc)
	if !ok || t.FC == model.FCNone {
		return model.Ref{}, nil, false
	}
	r := n.ref
	r.Path, r.FC = path, t.FC
	return r, t.Type, true
}

func (n *node) value(src Source, paths ...string) (model.Value, *model.Type, bool) {
	for _, p := range paths {
		if r, t, ok := n.leaf(model.FCNone, p); ok {
			if v, err := src.Get(r); err == nil {
				return v, t, true
			}
		}
	}
	return model.Value{}, nil, false
}

func (n *node) number(src Source, paths ...string) (float64, bool) {
	v, _, ok := n.value(src, paths...)
	if !ok {
		return 0, false
	}
	return number(v)
}

func (n *node) flag(src Source, path string) bool {
	v, _, _ := n.value(src, path)
	b, _ := v.AsBool()
	return b
}

// families are the kinds of values that a schedule may have, and where the running one is shown.
var families = []struct {
	prefix string
	paths  []string // of the value
	shown  []string // attributes of the node, and of its controller
}{
	{"ValASG", []string{"setMag.f", "setMag.i"}, []string{"ValMV.mag.f", "ValMV.mag.i"}},
	{"ValING", []string{"setVal"}, []string{"ValINS.stVal"}},
	{"ValSPG", []string{"setVal"}, []string{"ValSPS.stVal"}},
	{"ValENG", []string{"setVal"}, []string{"ValENS.stVal"}},
}

// numbered gives the data objects prefix, prefix1, prefix2 … in the order of their numbers.
func numbered(ln *model.LogicalNode, prefix string) []string {
	type one struct {
		name string
		n    int
	}
	var list []one
	for i := range ln.Objects {
		rest, ok := strings.CutPrefix(ln.Objects[i].Name, prefix)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(rest)
		if rest != "" && err != nil {
			continue
		}
		list = append(list, one{ln.Objects[i].Name, n})
	}
	slices.SortStableFunc(list, func(a, b one) int { return a.n - b.n })
	names := make([]string, len(list))
	for i, o := range list {
		names[i] = o.name
	}
	return names
}

// plan reads what the node is configured for, and says what is wrong with it.
func (n *node) plan(src Source, now time.Time) (Plan, EnableError) {
	var p Plan
	if x, ok := n.number(src, "SchdPrio.setVal"); ok {
		p.Priority = int64(x)
	}
	p.Event, p.Reuse = n.flag(src, "EvTrg.setVal"), n.flag(src, "SchdReuse.setVal")
	if x, ok := n.number(src, "SchdIntv.setVal", "SchdIntv.setMag.f", "SchdIntv.setMag.i"); ok && x > 0 && x <= MaxInterval.Seconds() {
		p.Interval = time.Duration(x * float64(time.Second))
	}
	entries, _ := n.number(src, "NumEntr.setVal")
	count, found := int(entries), false
	for _, f := range families {
		names := numbered(n.ln, f.prefix)
		if len(names) == 0 {
			continue
		}
		if found {
			return p, EnableCDC
		}
		found = true
		if count < 1 || count > len(names) {
			return p, EnableNumEntr
		}
		for _, name := range names[:count] {
			paths := make([]string, len(f.paths))
			for i := range paths {
				paths[i] = name + "." + f.paths[i]
			}
			v, _, _ := n.value(src, paths...)
			p.Values = append(p.Values, v)
		}
	}
	if !found {
		return p, EnableValues
	}
	given := n.starts(src, &p, now)
	return p, p.Check(now, given)
}

// starts reads the start times, and tells whether there are any.
func (n *node) starts(src Source, p *Plan, _ time.Time) (given bool) {
	for _, name := range numbered(n.ln, "StrTm") {
		var s Start
		if v, _, ok := n.value(src, name+".setTm"); ok {
			if t, ok := v.AsTime(); ok && t.Time().Unix() > 0 {
				s.At = t.Time()
			}
		}
		if v, t, ok := n.value(src, name+".setCal"); ok && s.At.IsZero() {
			s.Calendar = calendarOf(t, v)
		}
		if !s.At.IsZero() || !s.Calendar.IsZero() {
			p.Starts, given = append(p.Starts, s), true
		}
	}
	return given
}
