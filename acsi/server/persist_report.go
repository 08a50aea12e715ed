package server

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/model"
)

// errConfig: SCL, or the model, is not what it was when something was kept.
var errConfig = errors.New("server: the configuration has changed")

// A savedReport is what a buffered report control block keeps over a restart beside its entries.
type savedReport struct {
	Config    string // mark of what SCL says: when that changes, SCL wins
	Members   string // mark of the members of the data set
	RptID     string
	DatSet    string
	ConfRev   uint32
	OptFlds   uint16
	BufTm     int64 // milliseconds
	TrgOps    uint8
	IntgPd    int64 // milliseconds
	ResvTms   int16
	OwnerName string
	OwnerAddr []byte
	Sent      uint64 // the entry that was handed to the owner last
	SentAt    int64  // its time, nanoseconds
	Overflow  bool   // an overflow has to be told
}

func (r *reportControl) key() string { return keyRCB + r.ref.LDevice + "/" + r.ref.Item() }

func (r *reportControl) stream() string { return "report/" + r.ref.LDevice + "/" + r.ref.Item() }

// persists tells whether r outlives a restart.
func (r *reportControl) persists() bool { return r.buffered && r.s.persists() }

// save keeps attributes and reservation, if they have changed. The caller holds Server.mu.
func (r *reportControl) save() {
	if !r.persists() {
		return
	}
	v := savedReport{
		Config: r.config, Members: r.set.mark(), RptID: r.rptID, DatSet: r.datSet, ConfRev: r.confRev, OptFlds: uint16(r.opt),
		BufTm: r.bufTm.Milliseconds(), TrgOps: uint8(r.trg), IntgPd: r.intgPd.Milliseconds(), ResvTms: r.resvTms,
		Sent: r.sent(), Overflow: r.buffer.ovfl || r.holes,
	}
	if r.resvTms > 0 { // a reservation without it ends with the association, and that with the process
		v.OwnerName, v.OwnerAddr = r.ownerName, []byte(r.ownerAddr)
	}
	if v.Sent != 0 {
		v.SentAt = r.entryAt.UnixNano()
	}
	b, err := json.Marshal(v)
	if err != nil || bytes.Equal(b, r.saved) {
		return
	}
	if r.s.cfg.Store.Set(r.key(), b) {
		r.saved = b
	}
}

// sent is the entry behind which the buffer goes on, 0 before the oldest. What still waits in the owner's queue was not
// sent.
func (r *reportControl) sent() uint64 {
	next := r.buffer.next
	if r.owner != nil {
		if first := r.owner.out.first(r); first != 0 {
			for next > 0 && r.buffer.entries[next-1].id >= first {
				next--
			}
		}
	}
	if next == 0 {
		return 0
	}
	return r.buffer.entries[next-1].id
}

// store keeps an entry. The caller holds Server.mu; nothing here waits.
func (r *reportControl) store(e *entry) {
	if !r.persists() {
		return
	}
	if !r.s.cfg.Store.Append(r.stream(), e.id, e.at, e, e.octets) {
		r.s.count.logsLost.Add(1)
		r.holes = true
		r.save()
		return
	}
	if r.kept++; r.kept > len(r.buffer.entries)+64 { // a few at a time
		r.s.cfg.Store.Cut(r.stream(), r.buffer.entries[0].id-1)
		r.kept = len(r.buffer.entries)
	}
}

// forgetStored removes all entries of a buffer that was purged.
func (r *reportControl) forgetStored() {
	if r.persists() {
		r.s.cfg.Store.Cut(r.stream(), max(r.lastID, r.s.lastID))
		r.kept, r.holes = 0, false
	}
}

// load takes up what save and store kept. The caller holds Server.mu.
func (r *reportControl) load(now time.Time) error {
	st := r.s.cfg.Store
	_, _, newest, _, _ := st.Bounds(r.stream())
	r.s.lastID = max(r.s.lastID, newest)
	r.lastID = newest
	b, err := st.Get(r.key())
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	if b == nil && newest == 0 {
		return nil
	}
	var v savedReport
	if b != nil {
		err = json.Unmarshal(b, &v)
	}
	if b == nil || err != nil || !r.restore(&v, now) {
		if err == nil {
			err = errConfig
		}
		r.s.tell(Stale{What: r.ref.String(), Err: err})
		r.forgetStored()
		st.Set(r.key(), nil)
		return nil
	}
	r.saved = b
	return r.loadEntries(&v)
}

// restore takes up attributes and reservation, if they still fit the model. What a client could not have set is not taken.
func (r *reportControl) restore(v *savedReport, now time.Time) bool {
	set := (&session{s: r.s}).setByRef(v.DatSet)
	bufTm, intgPd := time.Duration(v.BufTm)*time.Millisecond, time.Duration(v.IntgPd)*time.Millisecond
	switch lim := &r.s.cfg.Limits; {
	case v.Config != r.config, v.Members != set.mark(), v.DatSet != "" && set == nil,
		v.BufTm < 0 || v.BufTm > 1<<32-1 || bufTm > lim.BufferTime && bufTm != r.bufTm,
		v.IntgPd < 0 || v.IntgPd > 1<<32-1 || intgPd != 0 && intgPd < lim.MinIntegrity && intgPd != r.intgPd,
		v.ResvTms < -1, (v.ResvTms == -1) != (r.resvTms == -1), len(v.RptID) > model.MaxRef, len(v.OwnerAddr) > 64:
		return false
	}
	r.rptID, r.datSet, r.confRev = v.RptID, v.DatSet, v.ConfRev
	r.opt = model.OptFields(v.OptFlds) & (1<<(model.OptFieldsBits-1) - 1)
	r.trg = model.Triggers(v.TrgOps) & (1<<(model.TriggersBits-1) - 1)
	r.bufTm, r.intgPd = bufTm, intgPd
	if v.ResvTms > 0 && v.OwnerName != "" {
		r.resvTms, r.ownerName, r.ownerAddr = v.ResvTms, v.OwnerName, string(v.OwnerAddr)
		r.keepUntil = now.Add(time.Duration(v.ResvTms) * time.Second)
		r.s.reports.wake(r.keepUntil)
	}
	r.use(set)
	return true
}

// loadEntries fills the buffer. An end of the process that was not in order may have cost entries: that is told as an
// overflow, like any other loss.
func (r *reportControl) loadEntries(v *savedReport) error {
	if r.set == nil {
		r.forgetStored()
		return nil
	}
	lim := &r.s.cfg.Limits
	bad := error(nil)
	err := r.s.cfg.Store.Scan(r.stream(), 0, time.Time{}, time.Time{}, 1<<30, func(id uint64, at time.Time, data []byte) bool {
		e, err := parseEntry(data, len(r.set.members))
		if err == nil {
			err = r.set.fits(e)
		}
		if err != nil {
			bad = err
			return true // the others are sound
		}
		e.id, e.at, e.octets = id, at, e.sizeOf()
		r.buffer.add(e, lim.BufferEntries, lim.BufferOctets)
		r.kept++
		return true
	})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	if bad != nil {
		r.s.tell(Stale{What: r.ref.String(), Err: bad})
	}
	for r.buffer.next < len(r.buffer.entries) && r.buffer.entries[r.buffer.next].id <= v.Sent {
		r.buffer.next++
	}
	if v.Sent != 0 {
		r.entryID, r.entryAt = v.Sent, time.Unix(0, v.SentAt)
	}
	r.buffer.ovfl = v.Overflow || bad != nil || r.s.unclean
	return nil
}

// fits tells what keeps e from being an entry of the data set: values that were kept before the model had other types.
func (set *dataSet) fits(e *entry) error {
	for i := range e.members {
		m := &set.members[e.members[i].index]
		if _, err := flatten(nil, m.node, m.off, e.members[i].value); err != nil && !errors.Is(err, errOrdinal) {
			return fmt.Errorf("%s: %w", m.text, err)
		}
	}
	return nil
}

// AppendBinary writes the number of members, and for each its index, the reason in one octet and the value.
func (e *entry) AppendBinary(b []byte) ([]byte, error) {
	b = binary.AppendUvarint(b, uint64(len(e.members)))
	for i := range e.members {
		m := &e.members[i]
		b = append(binary.AppendUvarint(b, uint64(m.index)), m.reason)
		b, _ = m.value.AppendBinary(b) // it has no errors
	}
	return b, nil
}

// parseEntry reads what AppendBinary of an entry wrote, for a data set of so many members.
func parseEntry(b []byte, members int) (*entry, error) {
	count, n := binary.Uvarint(b)
	if n <= 0 || count > uint64(members) {
		return nil, fmt.Errorf("%w: number of members", errRecord)
	}
	b = b[n:]
	e := &entry{members: make([]entryMember, 0, min(count, uint64(len(b))))}
	for last := -1; len(e.members) < int(count); {
		index, n := binary.Uvarint(b)
		if n <= 0 || n >= len(b) || index >= uint64(members) || int(index) <= last {
			return nil, fmt.Errorf("%w: member %d", errRecord, len(e.members))
		}
		m := entryMember{index: int(index), reason: b[n] & 0x3f}
		var err error
		if m.value, b, err = model.ParseBinary(b[n+1:]); err != nil {
			return nil, fmt.Errorf("%w: member %d: %w", errRecord, index, err)
		}
		last = int(index)
		e.members = append(e.members, m)
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%w: %d octets more", errRecord, len(b))
	}
	return e, nil
}
