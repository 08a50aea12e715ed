package bridge

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A Bridge connects associations of clients with those of one device. It is safe for concurrent use.
type Bridge struct {
	cfg   Config
	slots chan struct{} // one token for each association of the device

	associations atomic.Uint64 // ever

	mu    sync.Mutex
	state deviceState
}

type deviceState uint8

const (
	deviceUnknown deviceState = iota
	deviceUp
	deviceDown
)

// New makes a Bridge. Nothing is dialled before Serve or Probe.
func New(cfg Config) (*Bridge, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.defaults()
	return &Bridge{cfg: cfg, slots: make(chan struct{}, cfg.Associations)}, nil
}

// growth is how much longer than in BER a PDU may be in the XER of 8-2: a report of booleans is the worst. A device that
// is asked for PDUs so much shorter cuts its own reports to what the client takes.
const growth = 24

// The bounds of what a device is asked to bear.
const (
	minPDU = 1000
	maxPDU = 65000
)

// Serve bridges one accepted association until its end, which it returns: nil after a release, the context's error when
// that ended it. The device is dialled first; while it cannot be reached the association is aborted with ErrDevice.
func (b *Bridge) Serve(ctx context.Context, a mms.Association) error {
	device, err := b.dial(ctx, a)
	if err != nil {
		a.Abort(err)
		b.cfg.Events(Ended{Principal: who(a), Cause: err})
		return err
	}
	defer func() { <-b.slots }()
	r := newRelay(b, a, device)
	b.cfg.Events(Associated{Principal: r.principal()})
	r.audit(server.AuditRecord{Principal: r.principal(), Service: "associate", Right: server.NumRight, AddCause: model.AddCauseNone})
	err = r.run(ctx)
	end := server.AuditRecord{Principal: r.principal(), Service: "abort", Right: server.NumRight, Err: err, AddCause: model.AddCauseNone}
	if errors.Is(err, mms.ErrReleased) {
		end.Service, end.Err = "release", nil
	}
	r.audit(end)
	b.cfg.Events(Ended{Principal: r.principal(), Cause: err})
	if errors.Is(err, mms.ErrReleased) {
		return nil
	}
	return err
}

// dial takes a slot and associates with the device for a client, as long as that is there.
func (b *Bridge) dial(ctx context.Context, client mms.Association) (mms.Association, error) {
	select {
	case b.slots <- struct{}{}:
	default:
		return nil, fmt.Errorf("%w: all %d are in use", ErrBusy, b.cfg.Associations)
	}
	size := client.Params().MaxPDU
	if client.Params().Freshness { // 8-2
		size /= growth
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-client.Done():
			cancel(client.Err())
		case <-ctx.Done():
		}
	}()
	a, err := b.associate(ctx, min(max(size, minPDU), maxPDU))
	if err != nil {
		<-b.slots
		return nil, err
	}
	b.up(mms.IdentifyResponse{})
	return a, nil
}

func (b *Bridge) associate(ctx context.Context, size int) (mms.Association, error) {
	dialling, cancel := context.WithTimeout(ctx, b.cfg.DialTimeout)
	defer cancel()
	a, err := b.cfg.Dial(dialling, size)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		b.down(err)
		return nil, fmt.Errorf("%w: %w", ErrDevice, err)
	}
	return a, nil
}

// Probe associates with the device, asks who it is and which logical devices it has, and releases. It takes a slot, and
// nothing is asked while all are in use: the device is there then.
func (b *Bridge) Probe(ctx context.Context) (who mms.IdentifyResponse, devices []string, err error) {
	select {
	case b.slots <- struct{}{}:
		defer func() { <-b.slots }()
	default:
		return who, nil, nil
	}
	a, err := b.associate(ctx, maxPDU)
	if err != nil {
		return who, nil, err
	}
	c := client.New(a, client.Options{Timeout: b.cfg.Timeout})
	defer c.Close()
	if who, err = c.Identify(ctx); err != nil {
		return who, nil, b.lost(ctx, err)
	}
	if devices, err = c.Devices(ctx); err != nil {
		return who, nil, b.lost(ctx, err)
	}
	b.up(who)
	leaving, cancel := context.WithTimeout(ctx, b.cfg.DialTimeout)
	defer cancel()
	return who, devices, errors.Join(c.Release(leaving))
}

func (b *Bridge) lost(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	b.down(err)
	return fmt.Errorf("%w: %w", ErrDevice, err)
}

// Watch probes the device every interval, or four times as often while it is not there, until ctx ends.
func (b *Bridge) Watch(ctx context.Context, interval time.Duration) {
	for ctx.Err() == nil {
		wait := interval
		if _, _, err := b.Probe(ctx); err != nil {
			wait = interval / 4
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

func (b *Bridge) up(who mms.IdentifyResponse) {
	if b.turn(deviceUp) {
		b.cfg.Events(DeviceUp{Identity: who})
	}
}

func (b *Bridge) down(err error) {
	if b.turn(deviceDown) {
		b.cfg.Events(DeviceDown{Err: err})
	}
}

func (b *Bridge) turn(s deviceState) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	changed := b.state != s
	b.state = s
	return changed
}

// Up tells whether the device was there when it was last associated with.
func (b *Bridge) Up() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state == deviceUp
}

// Associations is how many associations with the device are in use.
func (b *Bridge) Associations() int { return len(b.slots) }
