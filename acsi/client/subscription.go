package client

import (
	"context"
	"sync"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A Subscription is an enabled report control block. It is safe for concurrent use.
type Subscription struct {
	c        *Client
	ref      model.Ref
	rptID    string
	dataSet  model.Ref
	members  []model.Ref
	resynced bool
	reserved bool // the block has Resv or ResvTms, which is given back
	handler  func(*Report)
	done     chan struct{}

	seq   sequence // of the reader
	whole assembly // of the reader

	mu    sync.Mutex
	last  EntryID
	ended bool
	err   error
}

// Ref names the report control block, with its functional constraint.
func (s *Subscription) Ref() model.Ref { return s.ref }

// RptID is the identifier that the reports carry.
func (s *Subscription) RptID() string { return s.rptID }

// Members are the members of the data set. The slice is the subscription's own.
func (s *Subscription) Members() []model.Ref { return s.members }

// Buffered tells whether the block keeps reports while nobody listens.
func (s *Subscription) Buffered() bool { return s.ref.FC == model.BR }

// Resynced is false when an EntryID was asked for and the server did not know it any more: reports then start at the
// oldest that it still has, and some may be lost or come again.
func (s *Subscription) Resynced() bool { return s.resynced }

// LastEntryID is the EntryID of the last report that its handler has returned from. After a loss of the association
// wait for Done before asking: reports that had arrived are still handled.
func (s *Subscription) LastEntryID() EntryID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// Done is closed when no report will come any more.
func (s *Subscription) Done() <-chan struct{} { return s.done }

// Err is why the subscription ended: ErrClosed after Close, ErrOverrun, or the end of the association.
func (s *Subscription) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// GI asks for all values now.
func (s *Subscription) GI(ctx context.Context) error {
	return s.c.Write(ctx, s.ref.Child("GI"), model.Bool(true))
}

// Close disables the report control block and gives its reservation back. Reports that arrived before are still
// handled, none after Done.
func (s *Subscription) Close(ctx context.Context) error {
	err := s.c.Write(ctx, s.ref.Child("RptEna"), model.Bool(false))
	if err == nil {
		err = s.giveBack(ctx)
	}
	s.c.unsubscribe(s)
	s.end(ErrClosed)
	return err
}

// giveBack ends a reservation. A server that refuses has assigned the block to us by its configuration.
func (s *Subscription) giveBack(ctx context.Context) error {
	if !s.reserved {
		return nil
	}
	var err error
	if s.Buffered() {
		err = s.c.Write(ctx, s.ref.Child("ResvTms"), model.Int(0))
	} else {
		err = s.c.Write(ctx, s.ref.Child("Resv"), model.Bool(false))
	}
	if _, refused := isAccess(err); refused {
		return nil
	}
	return err
}

func (s *Subscription) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended, s.err = true, err
		close(s.done)
	}
}

// handle runs in the delivery goroutine.
func (s *Subscription) handle(r *Report) {
	s.mu.Lock()
	ended := s.ended
	s.mu.Unlock()
	if ended {
		return
	}
	s.handler(r)
	if r.EntryID != "" {
		s.mu.Lock()
		s.last = r.EntryID
		s.mu.Unlock()
	}
}

func (c *Client) unsubscribe(s *Subscription) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.subs[s.rptID] == s {
		delete(c.subs, s.rptID)
	}
}

// report takes one information report of the list RPT. It runs in the reader.
func (c *Client) report(r *mms.InformationReport) {
	var s *Subscription
	if len(r.Results) > 0 {
		id, _ := r.Results[0].Value.AsText()
		c.mu.Lock()
		s = c.subs[id]
		if s == nil {
			c.count.UnknownReports++
		}
		c.mu.Unlock()
		if s == nil {
			c.opt.Events(Unknown{RptID: id})
			return
		}
	}
	p, err := parsePart(r.Results, func(p *part, i int) (model.Ref, bool) {
		if s == nil || p.members != len(s.members) {
			return model.Ref{}, false
		}
		return s.members[i], true
	})
	if err != nil {
		c.tally(func(n *Counters) { n.BadReports++ }, Bad{Sub: s, Err: err})
		return
	}
	c.accept(s, p)
}

func (c *Client) accept(s *Subscription, p *part) {
	whole, lost := s.whole.add(p)
	if lost {
		c.tally(func(n *Counters) { n.LostSegments++ }, SegmentLost{Sub: s})
	}
	if whole == nil {
		return
	}
	if whole.HasSqNum {
		if want, gap := s.seq.next(whole.SqNum); gap {
			whole.Gap = true
			c.tally(func(n *Counters) { n.ReportGaps++ }, Gap{Sub: s, Want: want, Got: whole.SqNum})
		}
	}
	if whole.BufOvfl {
		c.opt.Events(Overflow{Sub: s})
	}
	if c.queue.put(s, whole) {
		c.tally(func(n *Counters) { n.Reports++ }, nil)
		return
	}
	c.tally(func(n *Counters) { n.Overruns++ }, Overrun{Sub: s})
	c.unsubscribe(s)
	s.end(ErrOverrun)
}

func (c *Client) tally(add func(*Counters), e Event) {
	c.mu.Lock()
	add(&c.count)
	c.mu.Unlock()
	if e != nil {
		c.opt.Events(e)
	}
}
