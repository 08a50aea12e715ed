package fleettest

import (
	"context"
	"encoding/binary"
	"sync"
	"time"

	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// session is one association with a Device.
type session struct {
	dev  *Device
	done chan struct{}

	mu   sync.Mutex
	err  error
	subs []*subscription

	forgotten bool // by the device; guarded by its lock
}

type subscription struct {
	block    string
	members  []model.Ref
	buffered bool
	period   time.Duration
	next     time.Time
	sent     uint64 // last entry
	overflow bool   // the next report says that some before it are lost
	handler  func(*fleet.Report)
}

// open makes an association; its goroutine reports until the end.
func (d *Device) open() fleet.Session {
	s := &session{dev: d, done: make(chan struct{})}
	d.mu.Lock()
	d.sessions[s] = true
	d.mu.Unlock()
	go s.run()
	return s
}

// Break ends all associations of d with a cause.
func (d *Device) Break(cause error) {
	d.mu.Lock()
	var all []*session
	for s := range d.sessions {
		all = append(all, s)
	}
	d.mu.Unlock()
	for _, s := range all {
		s.end(cause)
	}
}

// Event makes an entry in the buffer of the buffered blocks, whether a client is there or not.
func (d *Device) Event(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.event(now)
}

func (d *Device) event(now time.Time) {
	d.step(now)
	d.entry++
	r := fleet.Report{EntryID: string(binary.BigEndian.AppendUint64(nil, d.entry))}
	ds, _ := d.srv.Devices[0].Nodes[0].DataSet("Events")
	for _, m := range ds.Members {
		v, err := d.value(m)
		if err == nil {
			r.Entries = append(r.Entries, fleet.ReportEntry{Ref: m, Value: v})
		}
	}
	d.buffer = append(d.buffer, r)
	if len(d.buffer) > 100 {
		d.buffer, d.lost = d.buffer[1:], d.lost+1
	}
}

func (s *session) end(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.err = cause
	close(s.done)
	s.dev.mu.Lock()
	delete(s.dev.sessions, s)
	s.dev.mu.Unlock()
}

func (s *session) Done() <-chan struct{} { return s.done }

func (s *session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *session) Close() { s.end(mms.ErrReleased) }

func (s *session) Discover(ctx context.Context) (*model.Server, error) {
	s.dev.mu.Lock()
	defer s.dev.mu.Unlock()
	s.dev.discover++
	if err := s.gone(ctx); err != nil {
		return nil, err
	}
	return s.dev.srv, nil
}

func (s *session) gone(ctx context.Context) error {
	select {
	case <-s.done:
		return mms.ErrLinkLost
	default:
		return ctx.Err()
	}
}

func (s *session) Read(ctx context.Context, refs ...model.Ref) ([]fleet.Result, error) {
	s.dev.mu.Lock()
	defer s.dev.mu.Unlock()
	if err := s.gone(ctx); err != nil {
		return nil, err
	}
	if s.forgotten {
		return nil, mms.ErrPeerOffline
	}
	out := make([]fleet.Result, len(refs))
	for i, r := range refs {
		out[i].Value, out[i].Err = s.dev.value(r)
	}
	return out, nil
}

func (s *session) Subscribe(ctx context.Context, rcb model.Ref, opt fleet.SubscribeOptions, handler func(*fleet.Report)) (bool, error) {
	sub, resynced, err := s.dev.enable(rcb, opt, handler)
	if gone := s.gone(ctx); gone != nil {
		return false, gone
	}
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	s.subs = append(s.subs, sub)
	s.mu.Unlock()
	return resynced, nil
}

func (d *Device) enable(rcb model.Ref, opt fleet.SubscribeOptions, handler func(*fleet.Report)) (*subscription, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.taken[rcb.Path] {
		return nil, false, fleet.ErrReserved
	}
	if err := d.denied[rcb.Path]; err != nil {
		return nil, false, err
	}
	sub := &subscription{block: rcb.Path, buffered: rcb.FC == model.BR, period: opt.IntegrityPd, handler: handler}
	for _, rc := range d.srv.Devices[0].Nodes[0].Reports {
		if rc.Name == rcb.Path {
			ds, _ := d.srv.Devices[0].Nodes[0].DataSet(rc.DataSet)
			sub.members = ds.Members
		}
	}
	resynced := false
	if sub.buffered {
		sub.sent = d.lost
		if opt.EntryID != "" {
			if at := binary.BigEndian.Uint64([]byte(opt.EntryID)); at >= d.lost && at <= d.entry {
				sub.sent, resynced = at, true
			}
			sub.overflow = !resynced
		}
		d.event(time.Now()) // the general interrogation
	}
	return sub, resynced, nil
}

// run sends reports.
func (s *session) run() {
	period := s.dev.Period
	tick := time.NewTicker(min(period, 50*time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return
		case now := <-tick.C:
			s.report(now, period)
		}
	}
}

func (s *session) report(now time.Time, period time.Duration) {
	d := s.dev
	type sending struct {
		handler func(*fleet.Report)
		report  fleet.Report
	}
	var out []sending
	s.mu.Lock()
	d.mu.Lock()
	for _, sub := range s.subs {
		if d.silent || s.forgotten {
			break
		}
		if sub.buffered {
			for i := range d.buffer {
				if n := binary.BigEndian.Uint64([]byte(d.buffer[i].EntryID)); n > sub.sent {
					r := d.buffer[i]
					r.BufOvfl, sub.overflow = sub.overflow, false
					out = append(out, sending{sub.handler, r})
					sub.sent = n
				}
			}
			continue
		}
		if now.Before(sub.next) {
			continue
		}
		sub.next = now.Add(period)
		d.step(now)
		var r fleet.Report
		for _, m := range sub.members {
			if v, err := d.value(m); err == nil {
				r.Entries = append(r.Entries, fleet.ReportEntry{Ref: m, Value: v})
			}
		}
		out = append(out, sending{sub.handler, r})
	}
	d.mu.Unlock()
	s.mu.Unlock()
	for i := range out {
		out[i].handler(&out[i].report)
	}
}

func (s *session) Operate(ctx context.Context, object model.Ref, value float64, opt fleet.OperateOptions) (bool, error) {
	d := s.dev
	d.mu.Lock()
	refuse, late, hang, drop, delay := d.refuse, d.late, d.hang, d.drop, d.Delay
	d.mu.Unlock()
	if drop {
		s.end(mms.ErrLinkLost)
		return false, mms.ErrLinkLost
	}
	if refuse != model.AddCauseNone && !late {
		return false, &fleet.Refusal{Step: "operate", AddCause: refuse}
	}
	wait := time.NewTimer(delay)
	defer wait.Stop()
	expired := wait.C
	if hang {
		expired = nil
	}
	select {
	case <-expired:
	case <-ctx.Done():
		return false, ctx.Err()
	case <-s.done:
		return false, s.Err()
	}
	if refuse != model.AddCauseNone {
		return false, &fleet.Refusal{Step: "termination", AddCause: refuse}
	}
	if opt.Test {
		return true, nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if object.LN == "DWMX1" {
		d.limit = value
	} else {
		d.setpoint = value
	}
	d.event(time.Now())
	return true, nil
}
