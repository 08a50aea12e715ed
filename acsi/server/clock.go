package server

import (
	"time"

	"github.com/gridward/gridward/model"
)

// Clock is the state of the server's clock, which the application knows: the quality of every time stamp that the server
// makes (IEC 61850-7-2 6.1.2.9), and what LTMS and LTIM show (7-4), where the model has them.
type Clock struct {
	LeapSecondsKnown bool
	Failure          bool // ClockFailure
	NotSynchronized  bool // ClockNotSynchronized
	// AccuracyBits is the number of significant bits of the fraction of a second, 0 to 24; anything else: not specified.
	AccuracyBits int

	Source     string // LTMS.TmSrc
	SourceType int32  // LTMS.TmSrcTyp: 1 unknown, 2 SNTP, 3 PTP, 4 IRIG-B, 5 internal to the substation; 0: not known here
	Sync       int32  // LTMS.TmSyn: 0 internal clock, 1 local area clock, 2 global area clock

	Offset time.Duration // LTIM.TmOfsTmm: local time less UTC, in minutes
	DST    bool          // LTIM.TmDT: daylight saving time is in force
}

// Quality gives the eighth octet of a time stamp.
func (c Clock) Quality() model.TimeQuality {
	q := model.AccuracyUnspecified
	if c.AccuracyBits >= 0 && c.AccuracyBits <= 24 {
		q = model.TimeQuality(c.AccuracyBits)
	}
	if c.LeapSecondsKnown {
		q |= model.LeapSecondsKnown
	}
	if c.Failure {
		q |= model.ClockFailure
	}
	if c.NotSynchronized {
		q |= model.ClockNotSynchronized
	}
	return q
}

// startClock is the state until the application says better: time stamps are good to a millisecond.
var startClock = Clock{LeapSecondsKnown: true, AccuracyBits: int(model.AccuracyMillisecond)}

// SetClock tells the server about its clock. Time stamps that are made from now on have its quality; LTMS and LTIM show
// it.
func (s *Server) SetClock(c Clock) {
	s.mu.Lock()
	defer s.unlock()
	s.clock = c
	s.timeQuality.Store(uint32(c.Quality()))
	now := s.now()
	var changes []change
	for _, d := range s.order {
		for _, ln := range d.ld.Nodes {
			if ln.Class == "LTMS" || ln.Class == "LTIM" {
				changes = append(changes, c.shown(s, d.items[ln.Name()], now)...)
			}
		}
	}
	if len(changes) > 0 && !s.closed {
		s.commit(now, changes, nil)
	}
}

// Clock tells the state of the server's clock.
func (s *Server) Clock() Clock {
	s.mu.Lock()
	defer s.unlock()
	return s.clock
}

// shown gives what changes in LTMS or LTIM, with quality and time of each.
func (c Clock) shown(s *Server, ln *node, now time.Time) (changes []change) {
	quality := model.Good
	if c.Failure || c.NotSynchronized {
		quality = model.Questionable
	}
	put := func(object, attribute string, v model.Value) {
		slot := leafSlot(ln, object+"."+attribute)
		if slot < 0 || s.slots[slot].served() || s.slots[slot].fits(v) != nil {
			return
		}
		changes = append(changes, change{slot, v})
	}
	object := func(name string, v model.Value) {
		put(name, "stVal", v)
		put(name, "q", model.QualityValue(quality))
		put(name, "t", model.Time(model.NewTimestamp(now, c.Quality())))
	}
	object("TmSrc", model.Visible(c.Source))
	object("TmSyn", model.Int(int64(c.Sync)))
	object("TmAcc", model.Int(int64(c.Quality()&model.AccuracyMask)))
	if c.SourceType != 0 {
		object("TmSrcTyp", model.Int(int64(c.SourceType)))
	}
	object("TmDT", model.Bool(c.DST))
	put("TmOfsTmm", "setVal", model.Int(int64(c.Offset/time.Minute)))
	return changes
}

// quality is what the clock's state says about every time stamp that the server makes.
func (s *Server) quality() model.TimeQuality { return model.TimeQuality(s.timeQuality.Load()) }

// Stamp makes a time stamp with the quality of the server's clock.
func (s *Server) Stamp(t time.Time) model.Timestamp { return model.NewTimestamp(t, s.quality()) }

func (s *Server) stamp(t time.Time) model.Timestamp { return s.Stamp(t) }
