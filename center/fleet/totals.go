package fleet

import "time"

// Totals sum up the fleet. Powers count only DERs that are online with a valid, fresh value.
type Totals struct {
	Time          time.Time        `json:"time"`
	DERs          int              `json:"ders"`
	States        map[State]int    `json:"states"`
	ActivePower   Number           `json:"activePower"`   // W, positive into the grid
	ReactivePower Number           `json:"reactivePower"` // var
	Generation    Number           `json:"generation"`    // W, sum of what flows into the grid
	Consumption   Number           `json:"consumption"`   // W, sum of what is drawn, not negative
	Rating        Number           `json:"rating"`        // W, of the DERs that are online
	Counted       int              `json:"counted"`       // DERs in the powers
	Abnormal      int              `json:"abnormal"`      // neither held nor online with a good, fresh value and good health
	Kinds         map[Kind]*Kinded `json:"kinds"`
	Counters      Counters         `json:"counters"`
}

// Kinded sums up the DERs of one kind.
type Kinded struct {
	DERs        int    `json:"ders"`
	Online      int    `json:"online"`
	ActivePower Number `json:"activePower"`
	Rating      Number `json:"rating"`
}

// Totals sums up the fleet now.
func (f *Fleet) Totals() Totals {
	now := time.Now()
	t := Totals{Time: now.UTC(), States: map[State]int{}, Kinds: map[Kind]*Kinded{}}
	for _, s := range States() {
		t.States[s] = 0
	}
	for _, d := range f.all() {
		var s Summary
		d.mu.Lock()
		d.summary(&s, now)
		w, counts := d.measured(ActivePower, now)
		q, okQ := d.measured(ReactivePower, now)
		t.Counters.add(d.counters)
		d.mu.Unlock()
		t.DERs++
		t.States[s.State]++
		k := t.Kinds[s.Kind]
		if k == nil {
			k = &Kinded{}
			t.Kinds[s.Kind] = k
		}
		k.DERs++
		if s.Abnormal() {
			t.Abnormal++
		}
		if s.State != Online {
			continue
		}
		k.Online++
		if s.Rating.Known() {
			t.Rating += s.Rating
			k.Rating += s.Rating
		}
		if okQ {
			t.ReactivePower += Number(q)
		}
		if counts {
			t.Counted++
			t.ActivePower += Number(w)
			k.ActivePower += Number(w)
			t.Generation += max(Number(w), 0)
			t.Consumption += max(-Number(w), 0)
		}
	}
	return t
}

// Abnormal reports whether an operator should look at the DER: it is not online though it should be, or what it says is
// stale, not good, or that it is not well.
func (s *Summary) Abnormal() bool {
	switch {
	case s.State == Held:
		return false
	case s.State != Online || s.Stale || s.Quality != "good":
		return true
	}
	return s.Health != "" && s.Health != "ok"
}

// Trend gives the last samples of one DER.
func (f *Fleet) Trend(id string) (Trend, error) {
	d, err := f.der(id)
	if err != nil {
		return Trend{}, err
	}
	t, last := f.axis()
	d.mu.Lock()
	defer d.mu.Unlock()
	t.ActivePower, t.Setpoint, t.Limit = d.trend.columns(last)
	return t, nil
}

// TotalTrend gives the last samples of the sum over all DERs.
func (f *Fleet) TotalTrend() Trend {
	t, last := f.axis()
	f.mu.RLock()
	defer f.mu.RUnlock()
	t.ActivePower, t.Setpoint, t.Limit = f.total.columns(last)
	return t
}

// axis gives the times of the samples up to the newest one, and its index.
func (f *Fleet) axis() (Trend, int64) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	t := Trend{Step: f.cfg.Sample.Seconds()}
	n := min(f.sample+1, int64(f.cfg.TrendLen))
	t.Time = make([]int64, n)
	for i := range n {
		t.Time[i] = f.lastAt.Add(-time.Duration(n-1-i) * f.cfg.Sample).UnixMilli()
	}
	return t, f.sample
}
