package server

import (
	"slices"
	"time"

	"github.com/gridward/gridward/model"
)

// reporting runs all report control blocks of a server: (event, time) in, reports in the queues of the owners and a next
// deadline out. Server.mu guards it.
type reporting struct {
	s       *Server
	blocks  []*reportControl
	subs    [][]subscription // by slot
	logs    []*logControl
	touched []*reportControl // by the running transaction
	logged  []*logControl    // likewise
	next    time.Time        // earliest deadline, or earlier
}

// A subscription ties a slot to a member of a data set.
type subscription struct {
	set    *dataSet
	member int
}

// start gives the control blocks their data sets, once the model is built.
func (e *reporting) start(now time.Time) error {
	e.subs = make([][]subscription, len(e.s.slots))
	for _, r := range e.blocks {
		if r.persists() {
			if err := r.load(now); err != nil {
				return err
			}
		}
		if r.datSet != "" && r.set == nil {
			r.use((&session{s: e.s}).setByRef(r.datSet))
		}
		if r.set == nil {
			r.datSet = ""
		}
		r.save()
		r.restartIntegrity(now)
	}
	for _, l := range e.logs {
		if err := l.start(now); err != nil {
			return err
		}
	}
	for _, d := range e.s.order {
		for _, j := range d.journals {
			j.show()
		}
	}
	return nil
}

// use makes set the data set of r.
func (r *reportControl) use(set *dataSet) {
	if r.set != nil {
		r.set.users = slices.DeleteFunc(r.set.users, func(u *reportControl) bool { return u == r })
	}
	r.set, r.form = set, nil
	r.window.reset()
	if set != nil {
		set.users = append(set.users, r)
		r.s.reports.subscribe(set)
	}
}

func (e *reporting) subscribe(set *dataSet) {
	if set.subscribed {
		return
	}
	set.subscribed = true
	for i := range set.members {
		m := &set.members[i]
		m.node.leaves(m.off, func(_ *node, slot int) {
			e.subs[slot] = append(e.subs[slot], subscription{set, i})
		})
	}
}

func (e *reporting) unsubscribe(set *dataSet) {
	if !set.subscribed {
		return
	}
	set.subscribed = false
	for i := range set.members {
		m := &set.members[i]
		m.node.leaves(m.off, func(_ *node, slot int) {
			e.subs[slot] = slices.DeleteFunc(e.subs[slot], func(s subscription) bool { return s.set == set })
		})
	}
}

// active tells whether r takes events: an unbuffered control block while enabled, a buffered one always.
func (r *reportControl) active() bool { return r.set != nil && (r.enabled || r.buffered) }

// changed notes an event on a slot for every control block that wants it.
func (e *reporting) changed(slot int, reason uint8) {
	if slot >= len(e.subs) {
		return
	}
	for _, sub := range e.subs[slot] {
		for _, r := range sub.set.users {
			why := reason & (uint8(r.trg&(model.TrgDataChange|model.TrgQualityChange|model.TrgDataUpdate))<<1 | reasonApplication)
			if why != 0 && r.active() && r.window.touch(sub.member, len(sub.set.members), why) {
				e.touched = append(e.touched, r)
			}
		}
		for _, l := range sub.set.logs {
			why := reason & (uint8(l.trg&(model.TrgDataChange|model.TrgQualityChange|model.TrgDataUpdate))<<1 | reasonApplication)
			if why != 0 && l.enabled && l.window.touch(sub.member, len(sub.set.members), why) {
				e.logged = append(e.logged, l)
			}
		}
	}
}

// commit ends a transaction: what it touched becomes an entry, or joins the window. It reports whether a deadline may
// have come nearer.
func (e *reporting) commit(at, now time.Time) bool {
	for i, l := range e.logged {
		l.event(at)
		e.logged[i] = nil
	}
	e.logged = e.logged[:0]
	if len(e.touched) == 0 {
		return false
	}
	before := e.next
	for i, r := range e.touched {
		r.event(at, now)
		e.touched[i] = nil
	}
	e.touched = e.touched[:0]
	return !e.next.Equal(before)
}

func (r *reportControl) event(at, now time.Time) {
	list := r.window.collect(r.memberValue)
	if r.bufTm == 0 {
		r.enter(list, at)
		return
	}
	if r.window.overlaps(list) {
		r.flush()
	}
	r.window.join(list, len(r.set.members), at, now.Add(r.bufTm))
	r.s.reports.wake(r.window.due)
}

func (r *reportControl) memberValue(i int) model.Value {
	m := &r.set.members[i]
	return r.s.value(m.node, m.off)
}

// flush closes the window before its time.
func (r *reportControl) flush() {
	if list, at := r.window.close(); len(list) > 0 {
		r.enter(list, at)
	}
}

// whole makes an entry of every member: integrity and general interrogation.
func (r *reportControl) whole(reason uint8, at time.Time) {
	r.flush()
	list := make([]entryMember, len(r.set.members))
	for i := range list {
		list[i] = entryMember{index: i, reason: reason, value: r.memberValue(i)}
	}
	r.enter(list, at)
}

// enter makes the entry and gives it to the owner, or to the buffer first.
func (r *reportControl) enter(list []entryMember, at time.Time) {
	slices.SortFunc(list, func(a, b entryMember) int { return a.index - b.index })
	e := &entry{at: at, members: list}
	e.octets = e.sizeOf()
	if !r.buffered {
		if r.owner != nil && r.enabled {
			r.owner.out.offer(r.report(e, false))
		}
		return
	}
	r.lastID = r.s.newID()
	e.id = r.lastID
	lim := &r.s.cfg.Limits
	if r.buffer.add(e, lim.BufferEntries, lim.BufferOctets) {
		r.overflowed()
	}
	r.store(e)
	r.pump()
}

// overflowed emits the event of an overflow, once until the buffer has been emptied.
func (r *reportControl) overflowed() {
	if !r.buffer.full {
		r.buffer.full = true
		r.s.tell(BufferOverflow{Ref: r.ref})
	}
}

// pump hands buffered entries to the owner as long as its queue takes them.
func (r *reportControl) pump() {
	if r.owner == nil || !r.enabled {
		return
	}
	for {
		e := r.buffer.peek()
		if e == nil || !r.owner.out.room(e.octets) {
			return
		}
		r.buffer.take()
		ovfl := r.buffer.ovfl
		r.buffer.ovfl = false
		r.entryID, r.entryAt = e.id, e.at
		r.owner.out.offer(r.report(e, ovfl))
	}
}

// pump hands on buffered entries of all control blocks of an owner.
func (e *reporting) pump(owner *session) {
	for _, r := range e.blocks {
		if r.owner == owner && r.buffered {
			r.pump()
		}
	}
}

// report numbers a report.
func (r *reportControl) report(e *entry, ovfl bool) *report {
	if r.form == nil {
		r.form = r.newForm()
	}
	out := &report{form: r.form, sqNum: r.sqNum, ovfl: ovfl, entry: e}
	r.sqNum++
	if !r.buffered {
		r.sqNum &= 0xff
	}
	return out
}

// wake brings the next deadline forward.
func (e *reporting) wake(t time.Time) { e.next = sooner(e.next, t) }

// tick does what is due at now.
func (e *reporting) tick(now time.Time) {
	e.next = time.Time{}
	for _, r := range e.blocks {
		if w := &r.window; !w.due.IsZero() && !now.Before(w.due) {
			r.flush()
		}
		if !r.nextIn.IsZero() && !now.Before(r.nextIn) {
			if r.active() {
				r.whole(reasonIntegrity, now)
			}
			r.nextIn = r.nextIn.Add(r.intgPd)
			if !r.nextIn.After(now) { // the clock jumped: no burst
				r.nextIn = now.Add(r.intgPd)
			}
		}
		if !r.keepUntil.IsZero() && !now.Before(r.keepUntil) {
			r.free()
			r.save()
		}
		e.wake(r.window.due)
		e.wake(r.nextIn)
		e.wake(r.keepUntil)
	}
	for _, l := range e.logs {
		l.tick(now)
	}
}

// restartIntegrity starts the integrity period anew, or stops it.
func (r *reportControl) restartIntegrity(now time.Time) {
	r.nextIn = time.Time{}
	if r.intgPd > 0 && r.trg&model.TrgIntegrity != 0 && r.active() {
		r.nextIn = now.Add(r.intgPd)
		r.s.reports.wake(r.nextIn)
	}
}
