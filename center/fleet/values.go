package fleet

import (
	"errors"
	"strings"
	"time"

	"github.com/gridward/gridward/model"
)

// errMember is returned for a reported member that the model does not have or that has another type there.
var errMember = errors.New("fleet: reported member does not fit the model")

// values holds the newest value of every attribute that was heard of, by slot. It is not safe for concurrent use.
type values struct {
	srv     *model.Server
	points  []point
	byRole  map[Role]*point
	value   []model.Value
	at      []int64                    // when it was received, Unix ns
	source  []uint8                    // the subscription that brought it, 0: read
	timeOf  []int32                    // by slot: the slot of the time of the same data object, -1: none
	targets map[model.Ref]model.Target // resolved members; only what the model has, so bounded by it
	scratch []model.SlotValue
}

func newValues(srv *model.Server) *values {
	n := slots(srv)
	v := &values{
		srv: srv, points: points(srv), byRole: map[Role]*point{}, value: make([]model.Value, n), at: make([]int64, n),
		source: make([]uint8, n), timeOf: make([]int32, n), targets: map[model.Ref]model.Target{},
	}
	for i := range v.timeOf {
		v.timeOf[i] = -1
	}
	for i := range v.points {
		p := &v.points[i]
		if p.role != "" {
			v.byRole[p.role] = p
		}
		v.timeOf[p.slot] = int32(p.time)
	}
	return v
}

// slots gives the number of leaves of srv.
func slots(srv *model.Server) int {
	n := 0
	for _, d := range srv.Devices {
		for _, ln := range d.Nodes {
			for i := range ln.Objects {
				n = max(n, ln.Objects[i].Slot+ln.Objects[i].Type.Slots)
			}
		}
	}
	return n
}

// apply takes one reported member. Of two control blocks that report the same object the one with the newer time stamp
// counts, so that what a buffered block held back does not overwrite what an unbuffered one has said since. It reports
// false when the member was too old.
func (v *values) apply(ref model.Ref, val model.Value, source uint8, now time.Time) (bool, error) {
	t, ok := v.targets[ref]
	if !ok {
		if t, ok = v.srv.Find(ref); !ok {
			return false, errMember
		}
		v.targets[ref] = t
	}
	if v.scratch, ok = t.AppendSlots(v.scratch[:0], ref.FC, val); !ok {
		return false, errMember
	}
	for _, s := range v.scratch {
		ts := v.timeOf[s.Slot]
		if ts < 0 || v.source[s.Slot] == source || v.source[s.Slot] == anySource || v.at[s.Slot] == 0 {
			continue
		}
		old, ok1 := v.value[ts].AsTime()
		fresh, ok2 := v.pending(int(ts)).AsTime()
		if ok1 && ok2 && fresh>>8 < old>>8 {
			return false, nil
		}
	}
	for _, s := range v.scratch {
		v.value[s.Slot], v.at[s.Slot], v.source[s.Slot] = s.Value.Clone(), now.UnixNano(), source
	}
	return true, nil
}

func (v *values) pending(slot int) model.Value {
	for _, s := range v.scratch {
		if s.Slot == slot {
			return s.Value
		}
	}
	return model.Value{}
}

// anySource marks a value of an association that is over: whatever comes next counts.
const anySource = 255

// forgetSources is called when a new association starts.
func (v *values) forgetSources() {
	for i := range v.source {
		v.source[i] = anySource
	}
}

// point gives the point that a configuration attribute below its object belongs to.
func (v *values) point(ref model.Ref) *point {
	for i := range v.points {
		p := &v.points[i]
		if p.object.LN == ref.LN && p.object.LDevice == ref.LDevice && strings.HasPrefix(ref.Path, p.object.Path+".") {
			return p
		}
	}
	return nil
}
