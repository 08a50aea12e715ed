package fleet

import (
	"strings"
	"time"

	"github.com/gridward/gridward/model"
)

// A point is a data object with a process value: where its value, quality and time lie.
type point struct {
	object  model.Ref // without FC
	ref     model.Ref // of the value, with FC
	role    Role
	slot    int
	quality int // slot, -1 when there is none
	time    int // slot, -1 when there is none
	scale   float64
	unit    string
	names   []string      // of an enumeration, by ordinal
	covered bool          // an enabled report control block reports it
	period  time.Duration // of the shortest integrity period among them, 0: none has one
}

// valuePaths are where common data classes keep what an operator wants to see (IEC 61850-7-3), the first that exists.
var valuePaths = []struct {
	path string
	fc   model.FC
}{
	{"mag.f", model.MX},
	{"mag.i", model.MX},
	{"cVal.mag.f", model.MX},
	{"cVal.mag.i", model.MX},
	{"mxVal.f", model.MX},
	{"mxVal.i", model.MX},
	{"stVal", model.ST},
	{"actVal", model.ST},
	{"general", model.ST},
	{"setMag.f", model.SP},
	{"setMag.i", model.SP},
	{"setVal", model.SP},
}

// points lists the points of srv in the order of the model.
func points(srv *model.Server) []point {
	known := roles(srv)
	var out []point
	for _, d := range srv.Devices {
		for _, n := range d.Nodes {
			for i := range n.Objects {
				o := &n.Objects[i]
				t := model.Target{Object: o, Type: o.Type, Slot: o.Slot}
				out = appendPoints(out, t, model.Ref{LDevice: d.Name, LN: n.Name(), Path: o.Name}, known)
			}
		}
	}
	return out
}

// maxPoints bounds what a peer can make the fleet list for one DER.
const maxPoints = 5000

func appendPoints(out []point, t model.Target, r model.Ref, known map[model.Ref]Role) []point {
	if t.Count > 0 || t.Type.Basic != model.BasicStruct || len(out) >= maxPoints {
		return out
	}
	for _, v := range valuePaths {
		leaf, ok := descend(t, v.path)
		if !ok || leaf.FC != v.fc || leaf.Type.Basic == model.BasicStruct || leaf.Count > 0 {
			continue
		}
		p := point{object: r, role: known[r], slot: leaf.Slot, quality: -1, time: -1, scale: 1}
		p.ref = r
		p.ref.Path += "." + v.path
		p.ref.FC = v.fc
		if q, ok := t.Child("q"); ok && q.FC == v.fc && q.Type.Basic != model.BasicStruct {
			p.quality = q.Slot
		}
		if s, ok := t.Child("t"); ok && s.FC == v.fc && s.Type.Basic != model.BasicStruct {
			p.time = s.Slot
		}
		p.unit = usualUnits[p.role]
		p.names = ordinals[r.Path]
		return append(out, p)
	}
	for i := range t.Type.Fields {
		f := &t.Type.Fields[i]
		if f.FC != model.FCNone { // an attribute: only sub-data objects hold points
			continue
		}
		sub := r
		sub.Path += "." + f.Name
		out = appendPoints(out, t.Field(f), sub, known)
	}
	return out
}

func descend(t model.Target, path string) (model.Target, bool) {
	var ok bool
	for part := range strings.SplitSeq(path, ".") {
		if t, ok = t.Child(part); !ok {
			return t, false
		}
	}
	return t, true
}

// unitRefs gives the attributes that tell unit and multiplier of p, empty when the model has none.
func (p *point) unitRefs(srv *model.Server) []model.Ref {
	var refs []model.Ref
	for _, leaf := range []string{".units.SIUnit", ".units.multiplier"} {
		r := p.object
		r.Path += leaf
		r.FC = model.CF
		if _, ok := srv.Find(r); ok {
			refs = append(refs, r)
		}
	}
	return refs
}

// setUnit takes what was read from unitRefs.
func (p *point) setUnit(ref model.Ref, v model.Value) {
	n, ok := v.AsInt()
	if !ok {
		return
	}
	switch {
	case strings.HasSuffix(ref.Path, ".SIUnit"):
		if s, ok := siUnits[n]; ok && p.unit == "" {
			p.unit = s
		}
	case strings.HasSuffix(ref.Path, ".multiplier") && n >= -24 && n <= 24:
		p.scale = pow10(int(n))
	}
}

func pow10(n int) float64 {
	f := 1.0
	for range max(n, -n) {
		f *= 10
	}
	if n < 0 {
		return 1 / f
	}
	return f
}

// number gives v as a scaled number.
func (p *point) number(v model.Value) (float64, bool) {
	if f, ok := v.AsFloat(); ok {
		return f * p.scale, true
	}
	if i, ok := v.AsInt(); ok {
		return float64(i) * p.scale, true
	}
	return 0, false
}
