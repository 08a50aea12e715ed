package ied

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gridward/gridward/acsi/schedule"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/internal/buildinfo"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
)

// An IED serves one model. Make it with New, run it once with Run.
type IED struct {
	cfg  Config
	srv  *server.Server
	who  *authority
	link *xmppLink

	nodes     *nodes
	player    *player
	controls  *controls
	schedules *schedule.Manager // nil when the model has no schedule
	tasks     []task
	wake      chan struct{}
	counters  counters
}

// A task has something to do at times. step does what is due and tells when it wants to be called again, zero for never
// until Config says otherwise. One goroutine calls it.
type task interface {
	step(now time.Time) (next time.Time, err error)
}

// New checks the configuration and makes the server. Nothing is listened on or dialled before Run.
func New(cfg Config) (*IED, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.defaults()
	d := &IED{cfg: cfg, who: &authority{clients: cfg.Clients, anonymous: cfg.InsecureAnonymous}, wake: make(chan struct{}, 1)}
	events := cfg.Events
	d.cfg.Events = func(e Event) {
		d.counters.count(e)
		events(e)
	}
	sc := server.Config{
		Model: cfg.Model, Vendor: cfg.Vendor, ModelName: cfg.ModelName, Revision: cfg.Revision,
		Authorizer: d.who, InsecureAnonymous: cfg.InsecureAnonymous, Audit: cfg.Audit, BindOrigin: cfg.BindOrigin,
		Events: func(e server.Event) { d.cfg.Events(Served{e}) }, Limits: cfg.Limits, Now: cfg.Now,
	}
	if sc.Vendor == "" && cfg.Model.Vendor == "" {
		sc.Vendor = "Gridward"
	}
	if sc.Revision == "" && cfg.Model.ConfigRev == "" {
		sc.Revision = buildinfo.Version()
	}
	if cfg.Extend != nil {
		cfg.Extend(&sc)
	}
	var err error
	if d.srv, err = server.New(sc); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err := d.build(); err != nil {
		d.srv.Close()
		return nil, err
	}
	return d, nil
}

// build makes what moves the values.
func (d *IED) build() error {
	d.nodes = newNodes(d.cfg.Model, d.srv)
	if err := d.introduce(d.cfg.Now()); err != nil {
		return err
	}
	err := d.keepBlocks()
	if err != nil {
		return err
	}
	if d.controls, err = newControls(d); err != nil {
		return err
	}
	d.tasks = append(d.tasks, d.controls)
	d.player = newPlayer(d)
	d.tasks = append(d.tasks, d.player)
	if s, err := newScheduler(d); err != nil {
		return err
	} else if s.m.Len() > 0 {
		d.schedules = s.m
		d.tasks = append(d.tasks, s)
	}
	if d.cfg.Simulate != nil {
		d.tasks = append(d.tasks, newSimulator(d, *d.cfg.Simulate))
	}
	if d.cfg.XMPP != nil {
		d.link, err = newXMPPLink(d)
	}
	return err
}

// keepBlocks lets the control blocks of GOOSE and sampled values be enabled: nobody publishes, but they keep their state.
func (d *IED) keepBlocks() error {
	keep := func(*model.Principal, server.BlockState) error { return nil }
	var errs []error
	for _, ld := range d.cfg.Model.Devices {
		for _, ln := range ld.Nodes {
			for _, g := range ln.Goose {
				errs = append(errs, d.srv.HandleControlBlock(model.Ref{LDevice: ld.Name, LN: ln.Name(), Path: g.Name, FC: model.GO}, keep))
			}
			for _, s := range ln.Samples {
				fc := model.US
				if s.Multicast {
					fc = model.MS
				}
				errs = append(errs, d.srv.HandleControlBlock(model.Ref{LDevice: ld.Name, LN: ln.Name(), Path: s.Name, FC: fc}, keep))
			}
		}
	}
	return errors.Join(errs...)
}

// introduce gives every status and measured value the time of the start.
func (d *IED) introduce(now time.Time) error {
	stamp := model.Time(d.srv.Stamp(now))
	return d.srv.Update(now, func(tx *server.Tx) {
		for l := range d.cfg.Model.Walk() {
			if (l.Ref.FC == model.ST || l.Ref.FC == model.MX) && l.Type.Basic == model.BasicTimestamp && unset(d.cfg.Model.Initial[l.Slot]) {
				tx.SetSlot(l.Slot, stamp)
			}
		}
	})
}

func unset(v model.Value) bool {
	t, ok := v.AsTime()
	return ok && t == 0
}

// Server gives the server, for those who add to it.
func (d *IED) Server() *server.Server { return d.srv }

// Schedules gives what runs the schedules of the model, nil when it has none.
func (d *IED) Schedules() *schedule.Manager { return d.schedules }

// Model gives the model that is served.
func (d *IED) Model() *model.Server { return d.cfg.Model }

// Run listens, and moves the values, until ctx ends. It returns nil then, and otherwise what made it impossible to go on.
func (d *IED) Run(ctx context.Context) error {
	defer d.srv.Close()
	listeners, err := d.listen(ctx)
	if err != nil {
		return err
	}
	// Whoever associates finds the values of the first moment.
	if _, err := d.tick(); err != nil {
		return errors.Join(err, closeAll(listeners))
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range listeners {
		d.cfg.Events(Listening{Addr: l.Addr(), TLS: l.tls})
		group.Go(func() error { return mmstcp.Serve(ctx, l, d.association(l.tls), d.serve) })
	}
	if d.link != nil {
		group.Go(func() error { return d.link.run(ctx) })
	}
	group.Go(func() error { return d.beat(ctx) })
	if d.cfg.Lines != nil {
		// Reading may never end: nobody waits for it.
		lines := newLines(d)
		go lines.run(ctx)
	}
	err = group.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// A listener of one of the two kinds.
type listener struct {
	*tcp.Listener
	tls bool
}

// listen opens all listeners, or none.
func (d *IED) listen(ctx context.Context) ([]listener, error) {
	var all []listener
	for _, l := range []struct {
		addr string
		tls  bool
	}{{d.cfg.Listen, false}, {d.cfg.TLSListen, true}} {
		if l.addr == "" {
			continue
		}
		ln, err := tcp.Listen(ctx, l.addr, d.cfg.Connections)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("ied: %w", err), closeAll(all))
		}
		all = append(all, listener{ln, l.tls})
	}
	return all, nil
}

func closeAll(list []listener) error {
	var errs []error
	for _, l := range list {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}

// association is how connections become associations.
func (d *IED) association(tls bool) mmstcp.Config {
	cfg := mmstcp.Config{
		OSI: osi.Config{Local: d.cfg.Address, Authenticator: d.who},
		Events: func(e mmstcp.Event) {
			if r, ok := e.(mmstcp.Refused); ok {
				d.cfg.Events(AssociationRefused{Peer: r.Addr, Why: r.Err})
			}
		},
	}
	if tls {
		cfg.Secure = mmstcp.TLSServer(d.cfg.TLS)
	}
	return cfg
}

func (d *IED) serve(ctx context.Context, a mms.Association) {
	_ = d.srv.Serve(ctx, a) // its end is an event
}

// beat runs the tasks when they are due, until ctx ends.
func (d *IED) beat(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		case <-d.wake:
		}
		due, err := d.tick()
		if err != nil {
			return err
		}
		timer.Stop()
		if !due.IsZero() {
			timer.Reset(max(due.Sub(d.cfg.Now()), 0))
		}
	}
}

// tick has every task do what is due, and tells when the next is.
func (d *IED) tick() (due time.Time, err error) {
	now := d.cfg.Now()
	for _, t := range d.tasks {
		next, err := t.step(now)
		if err != nil {
			return due, err
		}
		due = sooner(due, next)
	}
	return due, nil
}

// rouse has the tasks look at what they have to do.
func (d *IED) rouse() {
	select {
	case d.wake <- struct{}{}:
	default: // they will already
	}
}

// sooner gives the earlier of two times of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func timestamp(t time.Time) model.Value {
	return model.Time(model.NewTimestamp(t, model.LeapSecondsKnown|model.AccuracyMillisecond))
}

var _ net.Listener = listener{}
