package fleet

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
)

// A Fleet is a set of DERs, each with its own state machine. Make it with New. It is safe for concurrent use.
type Fleet struct {
	cfg      Config
	dialer   Dialer
	patterns []Entry
	slots    chan struct{} // one for each DER being associated
	version  atomic.Uint64 // of the last change of any DER
	added    atomic.Int64  // by patterns
	started  time.Time
	linkDown atomic.Bool // our own link waits to be resumed, or is lost

	mu     sync.RWMutex
	ders   map[string]*der
	order  []*der
	ctx    context.Context // of Run; nil before and after
	wg     sync.WaitGroup
	total  ring
	sample int64 // index of the newest sample, -1 before the first
	lastAt time.Time
}

// New makes a fleet of the configured DERs, all offline.
func New(cfg Config, dialer Dialer) (*Fleet, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	now := time.Now()
	f := &Fleet{
		cfg: cfg, dialer: dialer, slots: make(chan struct{}, cfg.Parallel), started: now,
		ders: map[string]*der{}, total: newRing(cfg.TrendLen), sample: -1,
	}
	for _, e := range cfg.DERs {
		if _, ok := e.Pattern(); ok {
			f.patterns = append(f.patterns, e)
			continue
		}
		j, err := jid.Parse(e.JID)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrConfig, err)
		}
		e.JID = j.String()
		d := newDER(f, j, e, now)
		f.ders[d.id] = d
		f.order = append(f.order, d)
	}
	return f, nil
}

// Run runs the state machines until ctx ends, then closes all associations and returns nil.
func (f *Fleet) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	f.mu.Lock()
	f.ctx = ctx
	for _, d := range f.order {
		f.start(d)
	}
	f.mu.Unlock()
	tick := time.NewTicker(f.cfg.Sample)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case now := <-tick.C:
			f.takeSample(now)
		case <-ctx.Done():
		}
	}
	f.mu.Lock()
	f.ctx = nil
	f.mu.Unlock()
	f.wg.Wait()
	return nil
}

// start runs the machine of d; f.mu is held and Run is running.
func (f *Fleet) start(d *der) {
	ctx := f.ctx
	f.wg.Go(func() { d.run(ctx) })
}

// Available tells that the full JID has become available. JIDs that are neither configured nor fit a pattern, other
// resources and our own are ignored.
func (f *Fleet) Available(full jid.JID) {
	if d := f.find(full, true); d != nil {
		d.setAvailable(true)
	}
}

// Unavailable tells that the full JID has gone.
func (f *Fleet) Unavailable(full jid.JID) {
	if d := f.find(full, false); d != nil {
		d.setAvailable(false)
	}
}

// LinkDown tells that our own link waits to be resumed: until LinkUp silence means nothing.
func (f *Fleet) LinkDown() { f.linkDown.Store(true) }

// LinkUp tells that our own link is there.
func (f *Fleet) LinkUp() { f.linkDown.Store(false) }

// LinkLost tells that our own link is down: no presence counts any more.
func (f *Fleet) LinkLost() {
	for _, d := range f.all() {
		d.setAvailable(false)
	}
}

func (f *Fleet) find(full jid.JID, add bool) *der {
	if full.Resource() != f.cfg.Resource || full.Bare() == f.cfg.Self.Bare() || full.Local() == "" {
		return nil
	}
	id := full.Bare().String()
	f.mu.RLock()
	d := f.ders[id]
	f.mu.RUnlock()
	if d != nil || !add {
		return d
	}
	for _, p := range f.patterns {
		if domain, _ := p.Pattern(); domain == full.Domain() {
			return f.add(full.Bare(), p)
		}
	}
	return nil
}

func (f *Fleet) add(bare jid.JID, p Entry) *der {
	f.mu.Lock()
	if d := f.ders[bare.String()]; d != nil {
		f.mu.Unlock()
		return d
	}
	if f.added.Load() >= int64(f.cfg.MaxDERs) {
		f.mu.Unlock()
		f.cfg.Events(&TooMany{ID: bare.String()})
		return nil
	}
	f.added.Add(1)
	d := newDER(f, bare, p, time.Now())
	f.ders[d.id] = d
	f.order = append(f.order, d)
	if f.ctx != nil {
		f.start(d)
	}
	f.mu.Unlock()
	f.touch(d)
	f.cfg.Events(&Added{ID: d.id, Pattern: p.JID})
	return d
}

// Hold stops the association with a DER, or with false lets it be made again.
func (f *Fleet) Hold(id string, on bool) error {
	d, err := f.der(id)
	if err != nil {
		return err
	}
	d.setHeld(on)
	return nil
}

func (f *Fleet) der(id string) (*der, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	d := f.ders[id]
	if d == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnknown, id)
	}
	return d, nil
}

func (f *Fleet) all() []*der {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.order[:len(f.order):len(f.order)]
}

// touch marks d as changed.
func (f *Fleet) touch(d *der) { d.version.Store(f.version.Add(1)) }

// takeSample appends to the trends and notices values that have become stale.
func (f *Fleet) takeSample(now time.Time) {
	f.mu.Lock()
	f.sample++
	f.lastAt = now
	i := f.sample
	f.mu.Unlock()
	sum, any := 0.0, false
	for _, d := range f.all() {
		w, ok := d.sampleInto(i, now)
		if ok {
			sum, any = sum+w, true
		}
	}
	if !any {
		sum = float64(unknown)
	}
	f.mu.Lock()
	f.total.put(i, sum, float64(unknown), float64(unknown))
	f.mu.Unlock()
}
