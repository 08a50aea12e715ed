package fleet

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/gridward/gridward/mms"
)

// steady is how long an association must last for the back-off to start from the beginning.
const steady = time.Minute

// run is the state machine of d until ctx ends.
//
//	offline --available--> associating --> reading --> online
//	   ^                        |             |           |
//	   +------unavailable-------+-------------+-----------+--- association lost ---> failed --back-off--> associating
//	held: from and to every state, as the operator wants it
func (d *der) run(ctx context.Context) {
	for ctx.Err() == nil {
		actx, cancel, idle := d.begin(ctx)
		if actx == nil {
			d.set(idle, "")
			select {
			case <-d.wake:
			case <-ctx.Done():
			}
			continue
		}
		start := time.Now()
		err := d.attempt(actx)
		cancel()
		if ctx.Err() != nil {
			return
		}
		d.rest(ctx, err, start)
	}
}

// begin gives the context of an attempt, or nil and the state in which to wait for one.
func (d *der) begin(ctx context.Context) (context.Context, context.CancelFunc, State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.held:
		return nil, nil, Held
	case !d.available:
		return nil, nil, Offline
	}
	d.fresh = false
	actx, cancel := context.WithCancel(ctx)
	d.cancel = cancel
	return actx, cancel, ""
}

// rest waits after an attempt that ended with err: for the back-off if it failed, for MinBackoff in any case.
func (d *der) rest(ctx context.Context, err error, start time.Time) {
	cfg := &d.fleet.cfg
	d.mu.Lock()
	d.cancel = nil
	interrupted := d.held || !d.available || d.fresh
	wait := cfg.MinBackoff
	if interrupted {
		d.attempts = 0
	} else {
		if time.Since(start) > steady {
			d.attempts = 0
		}
		wait = d.backoff(err)
		d.attempts++
		d.counters.Failures++
		d.retryAt = time.Now().Add(wait)
	}
	retryAt := d.retryAt
	d.mu.Unlock()
	switch {
	case !interrupted:
		d.setFailed(reason(err), retryAt)
	case !d.usable():
		return
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		case <-d.wake:
			if !d.usable() {
				return
			}
			d.mu.Lock()
			fresh := d.fresh
			d.mu.Unlock()
			if fresh && time.Since(start) >= cfg.MinBackoff {
				return
			}
		}
	}
}

// backoff doubles from MinBackoff to MaxBackoff, spread by a fifth so that a fleet does not come back in step.
func (d *der) backoff(err error) time.Duration {
	cfg := &d.fleet.cfg
	if errors.Is(err, mms.ErrPolicy) {
		return cfg.PolicyBackoff
	}
	wait := cfg.MaxBackoff
	if d.attempts < 16 {
		wait = min(wait, cfg.MinBackoff<<d.attempts)
	}
	return wait - time.Duration(rand.Int64N(int64(wait)/5+1))
}

func reason(err error) string {
	if err == nil {
		return "association ended"
	}
	return err.Error()
}

func (d *der) setFailed(why string, retryAt time.Time) {
	d.mu.Lock()
	d.retryAt = retryAt
	d.mu.Unlock()
	d.set(Failed, why)
}

// usable reports whether an association is wanted and possible.
func (d *der) usable() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.available && !d.held
}

func (d *der) setAvailable(on bool) {
	d.mu.Lock()
	changed := d.available != on
	d.available = on
	if changed && on {
		d.fresh, d.attempts = true, 0
	}
	if changed && !on && d.cancel != nil {
		d.cancel()
	}
	d.mu.Unlock()
	if changed {
		d.poke()
	}
}

func (d *der) setHeld(on bool) {
	d.mu.Lock()
	changed := d.held != on
	d.held = on
	if changed && on && d.cancel != nil {
		d.cancel()
	}
	d.mu.Unlock()
	if changed {
		d.poke()
	}
}

// attempt associates, reads the model, enables the reports and stays until the association ends, which it returns the
// cause of.
func (d *der) attempt(ctx context.Context) error {
	f := d.fleet
	d.set(Associating, "")
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	session, err := d.establish(ctx)
	<-f.slots
	if err != nil {
		return err
	}
	defer func() {
		d.mu.Lock()
		d.session = nil
		d.mu.Unlock()
		session.Close()
	}()
	d.set(Online, "")
	poll := time.NewTicker(f.cfg.Integrity)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-session.Done():
			return session.Err()
		case <-poll.C:
			if err := d.poll(ctx, session); err != nil {
				return err
			}
		}
	}
}

// establish does what comes before Online.
func (d *der) establish(ctx context.Context) (Session, error) {
	ctx, cancel := context.WithTimeout(ctx, d.fleet.cfg.AssociateTimeout)
	defer cancel()
	peer, err := d.peer.WithResource(d.fleet.cfg.Resource)
	if err != nil {
		return nil, err
	}
	session, err := d.fleet.dialer.Associate(ctx, peer)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.session = session
	d.counters.Associations++
	d.mu.Unlock()
	d.set(Reading, "")
	for _, step := range []func(context.Context, Session) error{d.readModel, d.subscribe, d.readOnce} {
		if err := step(ctx, session); err != nil {
			d.mu.Lock()
			d.session = nil
			d.mu.Unlock()
			session.Close()
			return nil, err
		}
	}
	return session, nil
}
