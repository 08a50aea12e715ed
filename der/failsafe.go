package der

import (
	"errors"
	"time"
)

// failSafe is the limit that holds when nobody has been associated for FailSafe.After.
type failSafe struct {
	active bool
	since  time.Time // of the last association
	saved  float64   // W, the limit before
}

// checkFailSafe begins and ends the fail-safe. The caller holds mu.
func (u *unit) checkFailSafe(now time.Time) error {
	f, cfg := &u.failSafe, u.cfg.FailSafe
	if u.assocs > 0 {
		f.since = now
	}
	lonely := cfg.After > 0 && now.Sub(f.since) >= cfg.After
	if lonely == f.active {
		return nil
	}
	var err error
	if lonely {
		f.saved = u.state.LimitGoal
		err = u.dev.SetLimit(cfg.Limit)
		if cfg.Release {
			u.dev.ClearTarget()
		}
	} else {
		err = u.dev.SetLimit(f.saved)
	}
	if err != nil {
		return errors.Join(errors.New("der: fail-safe"), err)
	}
	f.active = lonely
	u.emit(FailSafeChanged{Active: lonely, Limit: cfg.Limit})
	return nil
}

// associated counts associations.
func (u *unit) associated(delta int) {
	u.mu.Lock()
	defer u.unlock()
	u.assocs += delta
	u.failSafe.since = u.cfg.Now()
}
