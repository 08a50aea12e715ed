package der

import (
	"math"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
)

// publish shows the state in the server as one transaction. instMag follows every value; mag and cVal follow once they
// are further than db from what they show (IEC 61850-7-3: db in thousandths of a percent of dbRef).
func (u *unit) publish(now time.Time, v view) error {
	stamp, quality := timestamp(now), model.QualityValue(v.quality)
	frozen := v.quality.Validity() == model.Questionable
	return u.srv.Update(now, func(tx *server.Tx) {
		for _, b := range u.bindings {
			if b.point.kind == fixed {
				continue
			}
			changed := false
			if x, ok := pointValue(b, &v); ok && !frozen {
				changed = u.show(tx, b, x, v.settled)
			}
			if b.q >= 0 && (!b.qualified || b.quality != v.quality) && b.point.Name != pointFailSafe {
				b.qualified, b.quality, changed = true, v.quality, true
				tx.SetSlot(b.q, quality)
			}
			if changed && b.t >= 0 {
				tx.SetSlot(b.t, stamp)
			}
		}
		if v.health != u.shownHealth {
			u.shownHealth = v.health
			for _, m := range u.marks {
				tx.SetSlot(m.value, model.Int(int64(v.health)))
				tx.SetSlot(m.t, stamp)
			}
		}
	})
}

func pointValue(b *binding, v *view) (float64, bool) {
	if b.point.Name == pointFailSafe {
		if v.failSafe {
			return 1, true
		}
		return 0, true
	}
	if b.point.value == nil {
		return 0, false
	}
	x := b.point.value(&v.state)
	return x, !math.IsNaN(x) && !math.IsInf(x, 0)
}

// show sets the attributes of one point and reports whether the one with a dead-band moved; exactly, without that band.
func (u *unit) show(tx *server.Tx, b *binding, x float64, exactly bool) bool {
	if b.instant >= 0 {
		tx.SetSlot(b.instant, model.Float32(float32(x)))
	}
	if b.point.kind != analogue {
		x = math.Round(x)
	}
	if b.valid && (x == b.shown || !exactly && math.Abs(x-b.shown) <= u.deadBand(b)) {
		return false
	}
	v, ok := valueOf(b.mainTyp, x)
	if !ok {
		return false
	}
	b.shown, b.valid = x, true
	tx.SetSlot(b.main, v)
	return true
}

// deadBand is in the units of the point. Clients may write db and dbRef, so they are read each time.
func (u *unit) deadBand(b *binding) float64 {
	if b.db < 0 || b.dbRef < 0 {
		return 0
	}
	db, err := u.srv.Get(b.dbRefs[0])
	if err != nil {
		return 0
	}
	ref, err := u.srv.Get(b.dbRefs[1])
	if err != nil {
		return 0
	}
	n, _ := db.AsUint()
	f, _ := ref.AsFloat()
	band := float64(n) * 1e-5 * math.Abs(f)
	if math.IsNaN(band) || math.IsInf(band, 0) {
		return 0
	}
	return band
}
