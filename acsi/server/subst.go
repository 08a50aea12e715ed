package server

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gridward/gridward/model"
)

// An overlay is what a client laid over the values of a data object: substitution (FC SV, IEC 61850-7-2 12) or blocking
// (FC BL). What the process says goes on being kept underneath, and comes back. Server.mu guards what changes. Nothing of
// it outlives a restart.
type overlay struct {
	s     *Server
	ref   model.Ref // of the data object
	pairs []pair    // substitute and what it stands for; empty: no substitution
	all   []int     // slots that blocking freezes, q and t among them

	// Slots, -1 where the object has none.
	subEna, subQ, subID, blkEna, q, t int

	sub, blk bool
	named    bool                // subID is the server's, not the client's
	under    map[int]model.Value // what the process says
	frozen   map[int]model.Value // what it said when blocking began
}

// A pair is a leaf of FC SV and the one in ST or MX that it substitutes.
type pair struct{ sub, served int }

// substitutes says which attributes a substitute stands for, IEC 61850-7-3 7.
var substitutes = map[string][]string{
	"subVal":  {"stVal", "valWTr", "mxVal"},
	"subMag":  {"mag", "instMag", "mxVal"},
	"subCVal": {"cVal", "instCVal"},
}

// overlayTypes says of which types the attributes are that steer an overlay. Others of the same name are something else.
var overlayTypes = map[string]func(model.Basic) bool{
	"subEna": is(model.BasicBool), "blkEna": is(model.BasicBool), "subQ": is(model.BasicQuality), "q": is(model.BasicQuality),
	"t": is(model.BasicTimestamp),
	"subID": func(b model.Basic) bool {
		kind, _ := b.Layout()
		return kind == model.KindString || kind == model.KindUnicode || kind == model.KindOctets
	},
}

func is(want model.Basic) func(model.Basic) bool {
	return func(b model.Basic) bool { return b == want }
}

// notFrozen are the attributes of ST and MX that tell about commands and not about the process.
var notFrozen = []string{"origin", "ctlNum", "stSeld", "opRcvd", "opOk", "tOpOk"}

// overlays finds the data objects and sub-data objects that can be substituted or blocked.
func (s *Server) findOverlays() {
	s.overlayOf, s.masks = map[int]*overlay{}, map[int]*overlay{}
	for _, d := range s.order {
		for _, ln := range d.ld.Nodes {
			for i := range ln.Objects {
				o := &ln.Objects[i]
				if o.Type != nil {
					s.findOverlay(model.Target{Object: o, Type: o.Type, Slot: o.Slot}, model.Ref{LDevice: d.ld.Name, LN: ln.Name(), Path: o.Name})
				}
			}
		}
	}
}

func (s *Server) findOverlay(t model.Target, ref model.Ref) {
	o := &overlay{s: s, ref: ref, under: map[int]model.Value{}}
	for name, slot := range map[string]*int{
		"subEna": &o.subEna, "subQ": &o.subQ, "subID": &o.subID, "blkEna": &o.blkEna, "q": &o.q, "t": &o.t,
	} {
		*slot = -1
		if f, ok := t.Type.Field(name); ok && f.Count == 0 && f.FC != model.FCNone && overlayTypes[name](f.Type.Basic) {
			*slot = t.Field(f).Slot
		}
	}
	for i := range t.Type.Fields {
		f := &t.Type.Fields[i]
		switch {
		case f.FC == model.FCNone && f.Count == 0 && f.Type.Basic == model.BasicStruct:
			s.findOverlay(t.Field(f), ref.Child(f.Name))
		case f.FC == model.SV && f.Count == 0:
			o.pair(t, f)
		case (f.FC == model.ST || f.FC == model.MX) && !slices.Contains(notFrozen, f.Name):
			first := t.Field(f).Slot
			for slot := first; slot < first+f.Type.Slots*max(f.Count, 1); slot++ {
				o.all = append(o.all, slot)
			}
		}
	}
	if len(o.pairs) > 0 && o.subEna >= 0 {
		for _, slot := range []int{o.subEna, o.subQ, o.subID} {
			o.cover(slot)
		}
		for _, p := range o.pairs {
			o.cover(p.sub)
		}
		s.values[o.subEna] = model.Bool(false)
	} else {
		o.pairs = nil
	}
	if o.blkEna >= 0 && s.slots[o.blkEna].fc == model.BL {
		o.cover(o.blkEna)
		s.values[o.blkEna] = model.Bool(false)
	}
}

func (o *overlay) cover(slot int) {
	if slot >= 0 {
		o.s.overlayOf[slot] = o
	}
}

// pair ties a substitute to what it stands for, if that is of the same type.
func (o *overlay) pair(t model.Target, f *model.Field) {
	for _, name := range substitutes[f.Name] {
		g, ok := t.Type.Field(name)
		if !ok || g.Count > 0 || g.Type.Slots != f.Type.Slots {
			continue
		}
		from, to := t.Field(f).Slot, t.Field(g).Slot
		var pairs []pair
		for i := range f.Type.Slots {
			a, b := o.s.slots[from+i], o.s.slots[to+i]
			if a.data != b.data || a.size != b.size {
				pairs = nil
				break
			}
			pairs = append(pairs, pair{from + i, to + i})
		}
		o.pairs = append(o.pairs, pairs...)
	}
}

// covered tells whether the server itself gives effect to all changes of FC SV or BL.
func (s *Server) covered(changes []change) bool {
	for _, c := range changes {
		if s.overlayOf[c.slot] == nil {
			return false
		}
	}
	return len(changes) > 0
}

// substitute makes changes of FC SV and BL, with what follows from them, in one transaction. The caller holds mu.
func (s *Server) substitute(p *model.Principal, changes []change) {
	now := s.now()
	var touched []*overlay
	for _, c := range changes {
		if o := s.overlayOf[c.slot]; !slices.Contains(touched, o) {
			touched = append(touched, o)
		}
	}
	for _, o := range touched {
		changes = o.lay(p, now, changes)
	}
	s.apply(now, changes, nil)
}

// lay appends what an object is going to show once changes are made.
func (o *overlay) lay(p *model.Principal, now time.Time, changes []change) []change {
	s := o.s
	view := func(slot int) (v model.Value, written bool) {
		for _, c := range slices.Backward(changes) {
			if c.slot == slot {
				return c.v, true
			}
		}
		return s.values[slot], false
	}
	is := func(slot int, able bool) bool {
		if slot < 0 || !able {
			return false
		}
		v, _ := view(slot)
		on, _ := v.AsBool()
		return on
	}
	sub, blk := is(o.subEna, len(o.pairs) > 0), is(o.blkEna, o.blkEna >= 0 && s.overlayOf[o.blkEna] == o)
	if !o.sub && !o.blk && (sub || blk) {
		for _, slot := range o.all {
			o.under[slot] = s.values[slot]
			s.masks[slot] = o
		}
	}
	if blk && !o.blk {
		o.frozen = maps.Clone(o.under)
	}
	shown := o.under
	if blk {
		shown = o.frozen
	}
	if o.sub || o.blk || sub || blk {
		final := maps.Clone(shown)
		if blk && o.q >= 0 {
			q, _ := shown[o.q].AsQuality()
			final[o.q] = model.QualityValue(blockedQuality(q))
		}
		if sub {
			o.show(now, blk, final, view)
			changes = o.name(p, changes, view)
		}
		for _, slot := range o.all {
			changes = append(changes, change{slot, final[slot]})
		}
	}
	o.tell(p, sub, blk, changes)
	if o.sub, o.blk = sub, blk; !sub && !blk {
		for _, slot := range o.all {
			delete(s.masks, slot)
		}
		clear(o.under)
	}
	return changes
}

// blockedQuality is that of a value whose update an operator has blocked, IEC 61850-7-3 6.2: it is old.
func blockedQuality(q model.Quality) model.Quality {
	if q.Validity() == model.Good {
		q |= model.Questionable
	}
	return q | model.QOldData | model.QOperatorBlocked
}

// show puts the substitutes in the place of the values.
func (o *overlay) show(now time.Time, blk bool, final map[int]model.Value, view func(int) (model.Value, bool)) {
	for _, p := range o.pairs {
		final[p.served], _ = view(p.sub)
	}
	if o.q >= 0 {
		q := model.QSubstituted
		if o.subQ >= 0 {
			v, _ := view(o.subQ)
			given, _ := v.AsQuality()
			q |= given
		}
		if blk {
			q |= model.QOperatorBlocked
		}
		final[o.q] = model.QualityValue(q)
	}
	if o.t >= 0 {
		final[o.t] = model.Time(o.s.stamp(now))
	}
}

// name fills subID where the client did not say who it is.
func (o *overlay) name(p *model.Principal, changes []change, view func(int) (model.Value, bool)) []change {
	if o.subID < 0 {
		return changes
	}
	v, written := view(o.subID)
	id, _ := v.AsText()
	switch {
	case written:
		o.named = false
	case o.sub || id != "" && !o.named: // going on, or said before
		return changes
	}
	if id == "" {
		o.named = true
		changes = append(changes, change{o.subID, o.s.slots[o.subID].text(p.Name)})
	}
	return changes
}

// text makes a string that fits the leaf.
func (n *node) text(s string) model.Value {
	s = strings.ToValidUTF8(s, "?")
	for most := max(n.size, -n.size); len(s) > most; {
		_, last := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-last]
	}
	switch n.data {
	case model.KindUnicode:
		return model.Unicode(s)
	case model.KindOctets:
		return model.Octets(s)
	}
	return model.Visible(s)
}

// tell emits what has begun or ended.
func (o *overlay) tell(p *model.Principal, sub, blk bool, changes []change) {
	if sub != o.sub {
		e := Substituted{Principal: p, Ref: o.ref, On: sub}
		if o.subID >= 0 {
			v := o.s.values[o.subID]
			for _, c := range changes {
				if c.slot == o.subID {
					v = c.v
				}
			}
			e.ID, _ = v.AsText()
		}
		o.s.tell(e)
	}
	if blk != o.blk {
		o.s.tell(Blocked{Principal: p, Ref: o.ref, On: blk})
	}
}

// beneath keeps what the process says of values that something lies over, and gives the other changes. The caller holds
// mu.
func (s *Server) beneath(changes []change) []change {
	if !slices.ContainsFunc(changes, func(c change) bool { return s.masks[c.slot] != nil }) {
		return changes
	}
	visible := make([]change, 0, len(changes))
	for _, c := range changes {
		if o := s.masks[c.slot]; o != nil {
			o.under[c.slot] = c.v
			continue
		}
		visible = append(visible, c)
	}
	return visible
}
