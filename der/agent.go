package der

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/internal/buildinfo"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

// An Agent is one resource on the network. Make it with New, run it once with Run.
type Agent struct {
	cfg  Config
	unit *unit
	link Link
	cid  []byte

	counters counters
	mu       sync.Mutex // guards closed and the adding to serving
	closed   bool
	serving  sync.WaitGroup
}

// New checks the configuration, compiles the model and makes the server. Nothing is dialled before Run.
func New(cfg Config) (*Agent, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.defaults()
	a := &Agent{cfg: cfg, link: cfg.Link, cid: cfg.SCL}
	events := cfg.Events
	a.cfg.Events = func(e Event) {
		a.counters.count(e)
		events(e)
	}
	if a.cid == nil {
		template, err := Template(cfg.Device.Kind)
		if err != nil {
			return nil, err
		}
		if a.cid, err = Instantiate(template, cfg.IED, cfg.JID.String()); err != nil {
			return nil, err
		}
	}
	m, err := compile(cfg.SCLName, a.cid, cfg.IED, cfg.AccessPoint)
	if err != nil {
		return nil, err
	}
	if a.unit, err = newUnit(&a.cfg, m, cfg.Now()); err != nil {
		return nil, err
	}
	if a.link == nil {
		if a.link, err = newXMPPLink(&a.cfg); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func compile(name string, data []byte, ied, accessPoint string) (*model.Server, error) {
	f, err := scl.Parse(name, data, scl.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	m, err := f.Server(ied, accessPoint)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return m, nil
}

// Run steps the device and serves whoever associates until ctx ends. It returns nil then, and otherwise what made it
// impossible to go on.
func (a *Agent) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer a.unit.srv.Close()
	if err := a.unit.tick(a.cfg.Now()); err != nil {
		return err
	}
	var beat error
	a.serving.Go(func() {
		defer stop()
		beat = a.beat(ctx)
	})
	err := a.link.Run(ctx, func(assoc mms.Association) { a.serve(ctx, assoc) }, a.cfg.Events)
	stop()
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.serving.Wait()
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	return errors.Join(err, beat)
}

// beat ticks until ctx ends.
func (a *Agent) beat(ctx context.Context) error {
	t := time.NewTicker(a.cfg.Tick)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			if err := a.unit.tick(a.cfg.Now()); err != nil {
				return err
			}
		}
	}
}

func (a *Agent) serve(ctx context.Context, assoc mms.Association) {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		assoc.Abort(context.Canceled)
		return
	}
	a.serving.Add(1)
	a.mu.Unlock()
	defer a.serving.Done()
	a.unit.associated(1)
	a.cfg.Events(AssociationUp{Peer: assoc.Peer()})
	err := a.unit.srv.Serve(ctx, assoc)
	a.unit.associated(-1)
	a.cfg.Events(AssociationDown{Peer: assoc.Peer(), Err: err})
}

// State gives the state of the device at the last tick, its health, the number of associations and whether the
// fail-safe limit holds.
func (a *Agent) State() (s device.State, h Health, associations int, failSafe bool) {
	return a.unit.snapshot()
}

// Model gives the model that is served.
func (a *Agent) Model() *model.Server { return a.unit.model }

// SCL gives the file that describes the device: the CID made from the template, or what Config.SCL held.
func (a *Agent) SCL() []byte { return a.cid }

func version() string { return buildinfo.Version() }
