package server

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gridward/gridward/model"
)

// A savedLog is what a log control block keeps over a restart.
type savedLog struct {
	Config  string // mark of what SCL says: when that changes, SCL wins
	Enabled bool
	LogRef  string
	DatSet  string
	TrgOps  uint8
	IntgPd  int64 // milliseconds
}

func (l *logControl) key() string { return keyLCB + l.ref.LDevice + "/" + l.ref.Item() }

// save keeps what clients have set. The caller holds Server.mu.
func (l *logControl) save() {
	if !l.s.persists() {
		return
	}
	v := savedLog{Config: l.config, Enabled: l.enabled, LogRef: l.journal.text(), TrgOps: uint8(l.trg), IntgPd: l.intgPd.Milliseconds()}
	if l.set != nil {
		v.DatSet = l.set.ref
	}
	if b, err := json.Marshal(v); err == nil {
		l.s.cfg.Store.Set(l.key(), b)
	}
}

// load takes up what save kept. The caller holds Server.mu.
func (l *logControl) load() error {
	b, err := l.s.cfg.Store.Get(l.key())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	if b == nil {
		return nil
	}
	var v savedLog
	if err := json.Unmarshal(b, &v); err != nil {
		l.s.tell(Stale{What: l.ref.String(), Err: fmt.Errorf("%w: %w", errRecord, err)})
		return nil
	}
	j := l.s.journalByRef(v.LogRef)
	intgPd := time.Duration(v.IntgPd) * time.Millisecond
	if v.Config != l.config || j == nil || v.IntgPd < 0 || v.IntgPd > 1<<32-1 || intgPd != 0 && intgPd < l.s.cfg.Limits.MinIntegrity {
		l.s.tell(Stale{What: l.ref.String(), Err: errConfig})
		l.s.cfg.Store.Set(l.key(), nil)
		return nil
	}
	l.enabled, l.journal, l.intgPd = v.Enabled, j, intgPd
	l.trg = model.Triggers(v.TrgOps) & (1<<(model.TriggersBits-1) - 1) &^ model.TrgGI
	l.put(logEna, model.Bool(l.enabled))
	l.put(logRef, model.Visible(j.text()))
	l.put(logDatSet, model.Visible(v.DatSet))
	l.put(logTrgOps, model.Bits(uint64(l.trg), model.TriggersBits))
	l.put(logIntgPd, millis(l.intgPd))
	return nil
}
