package server

import (
	"time"

	"github.com/gridward/gridward/model"
)

// A window collects the events of a report control block: those of the running transaction, and those that wait for
// BufTm to run out (IEC 61850-7-2 17.2.2.9).
type window struct {
	now     []uint8 // reasons by member, of the running transaction
	touched []int   // its members
	listed  bool    // in reporting.touched

	waiting []entryMember // joined so far, empty: no window is open
	place   []int32       // by member: index in waiting + 1
	opened  time.Time     // event time of the first
	due     time.Time
}

// touch notes an event on member i. It reports whether it is the transaction's first.
func (w *window) touch(i, members int, reason uint8) bool {
	if len(w.now) != members {
		w.now, w.touched = make([]uint8, members), w.touched[:0]
	}
	if w.now[i] == 0 {
		w.touched = append(w.touched, i)
	}
	w.now[i] |= reason
	first := !w.listed
	w.listed = true
	return first
}

// collect takes the transaction's members with their values.
func (w *window) collect(value func(i int) model.Value) []entryMember {
	list := make([]entryMember, len(w.touched))
	for k, i := range w.touched {
		list[k] = entryMember{index: i, reason: w.now[i], value: value(i)}
		w.now[i] = 0
	}
	w.touched, w.listed = w.touched[:0], false
	return list
}

// overlaps tells whether one of the members is already waiting.
func (w *window) overlaps(list []entryMember) bool {
	if len(w.waiting) == 0 {
		return false
	}
	for i := range list {
		if w.place[list[i].index] != 0 {
			return true
		}
	}
	return false
}

// join adds members to the open window, or opens one.
func (w *window) join(list []entryMember, members int, at, due time.Time) {
	if len(w.waiting) == 0 {
		w.opened, w.due = at, due
		if len(w.place) != members {
			w.place = make([]int32, members)
		}
	}
	for _, m := range list {
		w.waiting = append(w.waiting, m)
		w.place[m.index] = int32(len(w.waiting))
	}
}

// close takes what waits.
func (w *window) close() (list []entryMember, at time.Time) {
	list, at = w.waiting, w.opened
	for i := range list {
		w.place[list[i].index] = 0
	}
	w.waiting, w.due = nil, time.Time{}
	return list, at
}

func (w *window) reset() { *w = window{} }
