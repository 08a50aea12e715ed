package schedule

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
)

// A Store keeps octets under names over a restart; *store.DB fits it. Get gives nil for what is not there. Nothing is kept
// under a name by keeping no octets.
type Store interface {
	Get(key string) ([]byte, error)
	Put(key string, value []byte) error
}

// ErrSaved is wrapped when what a Store holds cannot be read; the schedule is not ready then.
var ErrSaved = errors.New("schedule: bad saved schedule")

func (n *node) key() string { return "schedule/" + n.ref.String() }

// savedVersion begins everything that is saved.
const savedVersion = 1

// save keeps the parameters of an enabled schedule, and the start of its run.
func (m *Manager) save(n *node) error {
	if m.cfg.Store == nil {
		return nil
	}
	m.mu.Lock()
	began, state := n.m.Began(), n.m.State()
	m.mu.Unlock()
	if state == NotReady {
		return nil
	}
	b := []byte{savedVersion}
	var at int64
	if !began.IsZero() {
		at = began.UnixNano()
	}
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	for l := range n.ln.Walk(n.ref.LDevice) {
		if l.Ref.FC != model.SP {
			continue
		}
		v, err := m.cfg.Server.Get(l.Ref)
		if err != nil {
			return err
		}
		b = binary.AppendUvarint(b, uint64(len(l.Ref.Path)))
		b = append(b, l.Ref.Path...)
		if b, err = v.AppendBinary(b); err != nil {
			return fmt.Errorf("schedule: %s: %w", l.Ref, err)
		}
	}
	return m.cfg.Store.Put(n.key(), b)
}

func (m *Manager) forget(n *node) error {
	if m.cfg.Store == nil {
		return nil
	}
	if b, err := m.cfg.Store.Get(n.key()); err != nil || len(b) == 0 {
		return err
	}
	return m.cfg.Store.Put(n.key(), nil)
}

// restore enables what was enabled before a restart: what is saved, otherwise what the SCL file says is ready or running.
func (m *Manager) restore(now time.Time) error {
	for _, n := range m.nodes {
		saved := false
		if m.cfg.Store != nil {
			b, err := m.cfg.Store.Get(n.key())
			if err != nil {
				return err
			}
			if len(b) > 0 {
				if err := m.resume(n, b, now); err != nil {
					m.cfg.Changed(Change{Schedule: n.ref, State: n.m.State(), Err: err})
				}
				saved = true
			}
		}
		if v, _, ok := n.value(m.cfg.Server, "SchdSt.stVal"); ok && !saved {
			if st, _ := v.AsInt(); State(st) == Ready || State(st) == Running {
				if err := m.Enable(n.ref, now); err != nil {
					return err
				}
			}
		}
		n.m.changed = true // the first step shows it
	}
	return nil
}

// resume goes on with a saved schedule.
func (m *Manager) resume(n *node, b []byte, now time.Time) error {
	if len(b) < 9 || b[0] != savedVersion {
		return fmt.Errorf("%w: %s", ErrSaved, n.ref)
	}
	var began time.Time
	if at := int64(binary.BigEndian.Uint64(b[1:])); at != 0 {
		began = time.Unix(0, at)
	}
	values := make(map[model.Ref]model.Value)
	for b = b[9:]; len(b) > 0; {
		size, k := binary.Uvarint(b)
		if k <= 0 || size > uint64(len(b)-k) {
			return fmt.Errorf("%w: %s", ErrSaved, n.ref)
		}
		ref := n.ref
		ref.Path, ref.FC = string(b[k:k+int(size)]), model.SP
		v, rest, err := model.ParseBinary(b[k+int(size):])
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrSaved, n.ref, err)
		}
		values[ref] = v
		b = rest
	}
	err := m.cfg.Server.Update(now, func(tx *server.Tx) {
		for ref, v := range values {
			tx.Set(ref, v)
		}
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSaved, err)
	}
	p, reason := n.plan(m.cfg.Server, now)
	if reason != EnableOK && (reason != EnableStrTm || began.IsZero()) {
		n.err = reason
		return reason
	}
	n.m.Resume(p, began, now)
	return nil
}
