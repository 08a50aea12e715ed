package server

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// The attributes of a log control block in the order of IEC 61850-8-1.
const (
	logEna = iota
	logRef
	logDatSet
	logOldEntrTm
	logNewEntrTm
	logOldEntr
	logNewEntr
	logTrgOps
	logIntgPd
	numLogAttr
)

// A logControl is one log control block, IEC 61850-7-2 17.3.2, with what logging needs to run it. Server.mu guards what
// changes; its attributes are values of slots.
type logControl struct {
	s      *Server
	ref    model.Ref
	dev    *device
	slots  [numLogAttr]int
	reason bool   // entries have reasons
	config string // mark of what SCL says

	home    model.Ref // of the log that the model gives it
	enabled bool
	journal *journal
	set     *dataSet
	trg     model.Triggers
	intgPd  time.Duration
	nextIn  time.Time // next integrity entry
	window  window    // of the running transaction
}

// logControl adds the variables of a log control block.
func (b *builder) logControl(parent *node, m *model.LogControl) {
	l := &logControl{
		s: b.s, dev: b.dev, reason: m.ReasonCode, enabled: m.Enabled, home: b.logHome(m), trg: m.Triggers, intgPd: m.IntegrityPd,
	}
	text := l.home.LDevice + "/" + l.home.LN + "$" + l.home.Path
	empty := entryIDValue(0)
	n := b.block(parent, m.Name, []blockField{
		{name: "LogEna", basic: model.BasicBool, value: model.Bool(m.Enabled)},
		{name: "LogRef", basic: model.BasicObjRef, value: model.Visible(text)},
		{name: "DatSet", basic: model.BasicObjRef, value: model.Visible(b.setRef(m.DataSet))},
		{name: "OldEntrTm", basic: model.BasicEntryTime, value: model.Entry(0)},
		{name: "NewEntrTm", basic: model.BasicEntryTime, value: model.Entry(0)},
		{name: "OldEntr", basic: model.BasicEntryID, value: empty},
		{name: "NewEntr", basic: model.BasicEntryID, value: empty},
		{name: "TrgOps", basic: model.BasicTrgOps, value: model.Bits(uint64(m.Triggers), model.TriggersBits)},
		{name: "IntgPd", basic: model.BasicInt32U, value: millis(m.IntegrityPd)},
	}, l)
	for i := range l.slots {
		l.slots[i] = n.children[i].slot
	}
	l.ref = n.ref
	l.config = mark(fmt.Sprint(text, b.setRef(m.DataSet), m.Enabled, m.Triggers, m.IntegrityPd))
	b.s.reports.logs = append(b.s.reports.logs, l)
}

func (l *logControl) right() Right { return RightConfig }

func (l *logControl) lockedFor(*session) bool { return false }

// put changes what an attribute shows. The caller holds Server.mu.
func (l *logControl) put(attr int, v model.Value) {
	l.dev.mu.Lock()
	l.s.values[l.slots[attr]] = v
	l.dev.mu.Unlock()
}

// start gives the block its log and data set, once the model is built.
func (l *logControl) start(now time.Time) error {
	if l.s.persists() {
		if err := l.load(); err != nil {
			return err
		}
	}
	l.journal.blocks = append(l.journal.blocks, l)
	ref, _ := l.s.values[l.slots[logDatSet]].AsText()
	l.use((&session{s: l.s}).setByRef(ref))
	if l.set == nil {
		l.enabled = false
		l.put(logDatSet, model.Visible(""))
		l.put(logEna, model.Bool(false))
	}
	l.restartIntegrity(now)
	return nil
}

// use makes set the data set of l.
func (l *logControl) use(set *dataSet) {
	if l.set != nil {
		l.set.logs = slices.DeleteFunc(l.set.logs, func(u *logControl) bool { return u == l })
	}
	l.set = set
	l.window.reset()
	if set != nil {
		set.logs = append(set.logs, l)
		l.s.reports.subscribe(set)
	}
}

// move makes j the log of l.
func (l *logControl) move(j *journal) {
	l.journal.blocks = slices.DeleteFunc(l.journal.blocks, func(b *logControl) bool { return b == l })
	l.journal = j
	j.blocks = append(j.blocks, l)
	j.show()
}

// event makes an entry of what the transaction touched.
func (l *logControl) event(at time.Time) { l.enter(l.window.collect(l.memberValue), at) }

// whole makes an entry of every member: integrity.
func (l *logControl) whole(at time.Time) {
	list := make([]entryMember, len(l.set.members))
	for i := range list {
		list[i] = entryMember{index: i, reason: reasonIntegrity, value: l.memberValue(i)}
	}
	l.enter(list, at)
}

func (l *logControl) memberValue(i int) model.Value {
	m := &l.set.members[i]
	return l.s.value(m.node, m.off)
}

func (l *logControl) enter(list []entryMember, at time.Time) {
	slices.SortFunc(list, func(a, b entryMember) int { return a.index - b.index })
	if !l.reason {
		for i := range list {
			list[i].reason = 0
		}
	}
	l.journal.append(list, l.set, at)
}

// restartIntegrity starts the integrity period anew, or stops it.
func (l *logControl) restartIntegrity(now time.Time) {
	l.nextIn = time.Time{}
	if l.enabled && l.set != nil && l.intgPd > 0 && l.trg&model.TrgIntegrity != 0 {
		l.nextIn = now.Add(l.intgPd)
		l.s.reports.wake(l.nextIn)
	}
}

// tick does what is due at now.
func (l *logControl) tick(now time.Time) {
	if !l.nextIn.IsZero() && !now.Before(l.nextIn) {
		l.whole(now)
		l.nextIn = l.nextIn.Add(l.intgPd)
		if !l.nextIn.After(now) { // the clock jumped: no burst
			l.nextIn = now.Add(l.intgPd)
		}
	}
	l.s.reports.wake(l.nextIn)
}

// write serves SetLCBValues for one attribute (IEC 61850-7-2 17.3.2.3): LogEna at any time, the others only while it is
// false, and what tells of the entries never.
func (l *logControl) write(ss *session, p *model.Principal, n *node, v model.Value) mms.DataAccessError {
	if n.kind != nodeLeaf {
		return mms.ObjectAccessUnsupported
	}
	attr := slices.Index(l.slots[:], n.slot)
	switch attr {
	case logOldEntrTm, logNewEntrTm, logOldEntr, logNewEntr:
		return mms.ObjectAccessDenied
	}
	if n.fits(v) != nil {
		return mms.TypeInconsistent
	}
	if !l.s.logSettable(attr) {
		return mms.ObjectAccessDenied
	}
	if attr == logRef {
		if code := ss.mayLog(p, v); code != accessOK {
			return code
		}
	}
	l.s.mu.Lock()
	defer l.s.unlock()
	if attr == logEna {
		return l.enable(p, v)
	}
	if l.enabled {
		return mms.TemporarilyUnavailable
	}
	code := l.configure(ss, attr, v)
	if code == accessOK {
		l.save()
	}
	return code
}

// mayLog tells whether p may have entries put into the log that ref names: the oldest of a log go for new ones, so that
// takes the right to clear it.
func (ss *session) mayLog(p *model.Principal, ref model.Value) mms.DataAccessError {
	text, _ := ref.AsText()
	j := ss.s.journalByRef(text)
	switch {
	case j == nil, ss.s.allow(p, RightView, model.Ref{LDevice: j.ref.LDevice}) != nil:
		return mms.ObjectValueInvalid
	case ss.authorize(p, RightConfig, j.ref, "write") != nil:
		return mms.ObjectAccessDenied
	}
	return accessOK
}

// logSettable tells whether SCL's LogSettings let clients change an attribute. A model that announces none leaves all of them
// open.
func (s *Server) logSettable(attr int) bool {
	v := s.cfg.Model.Services
	if !v.LogEnaWrite && !v.LogDataSetWrite && !v.LogTriggerWrite && !v.LogPeriodWrite {
		return true
	}
	switch attr {
	case logEna:
		return v.LogEnaWrite
	case logDatSet:
		return v.LogDataSetWrite
	case logTrgOps:
		return v.LogTriggerWrite
	case logIntgPd:
		return v.LogPeriodWrite
	}
	return true
}

// enable starts or stops logging. What is in the log stays.
func (l *logControl) enable(p *model.Principal, v model.Value) mms.DataAccessError {
	on, _ := v.AsBool()
	if on == l.enabled {
		return accessOK
	}
	if on && l.set == nil {
		return mms.ObjectAttributeInconsistent
	}
	l.enabled = on
	l.window.reset()
	l.put(logEna, model.Bool(on))
	l.restartIntegrity(l.s.now())
	l.s.schedule()
	l.s.tell(LogEnabled{Principal: p, Ref: l.ref, Enabled: on})
	l.save()
	return accessOK
}

// configure changes an attribute that is fixed while entries are made. The caller holds Server.mu.
func (l *logControl) configure(ss *session, attr int, v model.Value) mms.DataAccessError {
	switch attr {
	case logRef:
		ref, _ := v.AsText()
		j := l.s.journalByRef(ref)
		if j == nil {
			return mms.ObjectValueInvalid
		}
		l.move(j)
		v = model.Visible(j.text())
	case logDatSet:
		ref, _ := v.AsText()
		var set *dataSet
		if ref != "" {
			if set = ss.setByRef(ref); set == nil || set.name.Scope == mms.AASpecific {
				return mms.ObjectValueInvalid
			}
			ref = set.ref
		}
		l.use(set)
		v = model.Visible(strings.Clone(ref))
	case logTrgOps:
		l.trg = model.Triggers(leftBits(v, model.TriggersBits)) &^ (1<<(model.TriggersBits-1) | model.TrgGI)
		v = model.Bits(uint64(l.trg), model.TriggersBits)
	case logIntgPd:
		number, _ := v.AsUint()
		d := time.Duration(number) * time.Millisecond
		if d != 0 && d < l.s.cfg.Limits.MinIntegrity {
			return mms.ObjectValueInvalid
		}
		l.intgPd = d
	}
	l.put(attr, v)
	return accessOK
}
