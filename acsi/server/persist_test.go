package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/store"
	"pgregory.net/rapid"
)

var (
	_ Store    = (*store.DB)(nil)
	_ Settings = (*store.DB)(nil)
)

// A plant is a server that is restarted, on a file.
type plant struct {
	testing.TB
	cfg    Config
	path   string
	now    time.Time
	st     *store.DB
	mem    *memStore // instead of the file
	s      *Server
	events []Event
	value  float64
}

func newPlant(t testing.TB, cfg Config) *plant {
	p := &plant{TB: t, cfg: cfg, path: filepath.Join(t.TempDir(), "ied.db"), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	p.cfg.Now = func() time.Time { return p.now }
	p.cfg.Events = func(e Event) { p.events = append(p.events, e) }
	p.cfg.Persist = true
	if p.cfg.Model == nil {
		p.cfg.Model = testModel(t)
	}
	return p
}

func (p *plant) start() {
	p.Helper()
	if p.mem != nil {
		p.cfg.Store = p.mem
		s, err := New(p.cfg)
		if err != nil {
			p.Fatal(err)
		}
		p.s = s
		return
	}
	st, err := store.Open(p.path, store.Options{Gather: time.Hour, Events: func(e store.Event) { p.Errorf("store: %+v", e) }})
	if err != nil {
		p.Fatal(err)
	}
	p.st, p.cfg.Store = st, st
	if p.s, err = New(p.cfg); err != nil {
		p.Fatal(err)
	}
}

func (p *plant) stop() {
	p.Helper()
	p.s.Close()
	if p.mem != nil {
		return
	}
	if err := p.st.Close(); err != nil {
		p.Fatal(err)
	}
}

// kill lets the server go on with a copy of what is durable now, as after a loss of power.
func (p *plant) kill() {
	p.Helper()
	if p.mem != nil {
		p.mem = p.mem.kill()
		return
	}
	copied := filepath.Join(filepath.Dir(p.path), fmt.Sprintf("killed-%d.db", len(p.events)+int(p.value)))
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(p.path + suffix)
		if err == nil {
			err = os.WriteFile(copied+suffix, b, 0o600)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			p.Fatal(err)
		}
	}
	p.stop()
	p.path = copied
}

func (p *plant) event() float64 {
	p.Helper()
	p.value++
	if err := p.s.Update(p.now, func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), p.value) }); err != nil {
		p.Fatal(err)
	}
	return p.value
}

// A survivor is a client of a plant.
type survivor struct {
	*plant
	q  *quiet
	ss *session
}

func (p *plant) connect(name string) *survivor {
	c := &survivor{plant: p, q: &quiet{peer: &model.Principal{Name: name, Address: name, Proof: model.ProofX509}}}
	c.ss = p.s.open(c.q)
	c.ss.manual = true
	return c
}

func (c *survivor) write(item string, v model.Value) mms.DataAccessError {
	c.Helper()
	pdu := c.ss.confirmed(1, &mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{spec(item)}}, Data: []model.Value{v}})
	r, ok := pdu.(*mms.ConfirmedResponse)
	if !ok {
		c.Fatalf("write %s: %+v", item, pdu)
	}
	for _, f := range c.ss.afters {
		f()
	}
	c.ss.afters = nil
	if res := r.Service.(*mms.WriteResponse).Results[0]; res.Failed {
		return res.Error
	}
	return accessOK
}

func (c *survivor) set(item string, v model.Value) {
	c.Helper()
	if code := c.write(item, v); code != accessOK {
		c.Fatalf("%s := %v: %v", item, v, code)
	}
}

func (c *survivor) read(item string) model.Value {
	c.Helper()
	r := c.ss.confirmed(1, &mms.Read{Access: mms.VariableAccess{List: []mms.VariableSpec{spec(item)}}}).(*mms.ConfirmedResponse).Service.(*mms.ReadResponse)
	if r.Results[0].Failed {
		c.Fatalf("read %s: %v", item, r.Results[0].Error)
	}
	return r.Results[0].Value
}

type taken struct {
	id    uint64
	value float64
	ovfl  bool
}

// take takes at most n reports from the queue.
func (c *survivor) take(n int) (list []taken) {
	for range n {
		if len(c.ss.out.items) == 0 {
			break
		}
		it, _ := c.ss.out.next()
		f, _ := it.report.entry.members[0].value.At(0).At(0).AsFloat()
		list = append(list, taken{it.report.entry.id, f, it.report.ovfl})
		if c.ss.out.sent(true) {
			c.ss.pump()
		}
	}
	return list
}

func values(list []taken) (fs []float64) {
	for _, r := range list {
		fs = append(fs, r.value)
	}
	return fs
}

func TestClientGetsWhatItMissedOverARestart(t *testing.T) {
	p := newPlant(t, Config{})
	p.start()
	c := p.connect("cc@x")
	c.set(brcb+"RptEna", model.Bool(true))
	for range 5 {
		p.event()
	}
	got := c.take(3) // two more wait in the queue when the server ends
	if !slices.Equal(values(got), []float64{1, 2, 3}) {
		t.Fatalf("before: %+v", got)
	}
	p.stop()
	p.now = p.now.Add(-24 * time.Hour) // the clock goes back over the restart
	p.start()
	p.event()
	c = p.connect("cc@x")
	c.set(brcb+"EntryID", entryIDValue(got[2].id))
	c.set(brcb+"RptEna", model.Bool(true))
	p.event()
	more := c.take(99)
	if !slices.Equal(values(more), []float64{4, 5, 6, 7}) {
		t.Fatalf("after: %+v", more)
	}
	for i, r := range more {
		if r.ovfl || r.id <= got[2].id || i > 0 && r.id <= more[i-1].id {
			t.Errorf("report %+v", r)
		}
	}
	p.stop()
	p.start() // a client that writes no EntryID goes on where reports ended
	p.event()
	c = p.connect("cc@x")
	c.set(brcb+"RptEna", model.Bool(true))
	if got := c.take(99); !slices.Equal(values(got), []float64{8}) {
		t.Errorf("without an EntryID: %+v", got)
	}
	p.stop()
	p.start()
	c = p.connect("cc@x")
	if code := c.write(brcb+"EntryID", entryIDValue(12345)); code != mms.ObjectValueInvalid {
		t.Errorf("an unknown EntryID: %v", code)
	}
	c.set(brcb+"RptEna", model.Bool(true))
	if got := c.take(99); len(got) != 8 || !got[0].ovfl || got[1].ovfl {
		t.Errorf("after an unknown EntryID: %+v", got)
	}
	p.stop()
}

// After an end that was not in order the next report tells of a loss, since there may be one.
func TestLossOfPower(t *testing.T) {
	p := newPlant(t, Config{})
	p.start()
	c := p.connect("cc@x")
	c.set(brcb+"RptEna", model.Bool(true))
	p.event()
	p.event()
	first := c.take(1)[0]
	if err := p.st.Flush(); err != nil {
		t.Fatal(err)
	}
	p.kill()
	p.now = p.now.Add(-time.Hour)
	p.start()
	p.event()
	c = p.connect("cc@x")
	c.set(brcb+"EntryID", entryIDValue(first.id))
	c.set(brcb+"RptEna", model.Bool(true))
	if got := c.take(99); !slices.Equal(values(got), []float64{2, 3}) || !got[0].ovfl || got[1].ovfl || got[1].id <= got[0].id {
		t.Errorf("%+v", got)
	}
	p.stop()
}

func TestSettingsSurvive(t *testing.T) {
	p := newPlant(t, Config{})
	p.start()
	c := p.connect("cc@x")
	name := mms.InDomain("TLD0", "LLN0$own")
	if r, ok := c.ss.confirmed(1, &mms.DefineNamedVariableList{Name: name, List: []mms.VariableSpec{spec("GGIO1$MX$AnIn1"), spec("GGIO1$ST$Ind1")}}).(*mms.ConfirmedResponse); !ok {
		t.Fatalf("%+v", r)
	}
	c.set(brcb+"ResvTms", model.Int(60))
	c.set(brcb+"DatSet", model.Visible("TLD0/LLN0$own"))
	c.set(brcb+"RptID", model.Visible("mine"))
	c.set(brcb+"BufTm", model.Uint(50))
	c.set(brcb+"IntgPd", model.Uint(5000))
	c.set(brcb+"TrgOps", trgOps(model.TrgDataChange))
	c.set(brcb+"OptFlds", optFlds(model.OptEntryID|model.OptSeqNum))
	c.set(lcb+"LogEna", model.Bool(false))
	c.set(lcb+"DatSet", model.Visible("TLD0/LLN0$own"))
	c.set(lcb+"IntgPd", model.Uint(7000))
	c.set(brcb+"RptEna", model.Bool(true))
	p.event() // waits for BufTm: an end in order does not lose it
	items := []string{"DatSet", "RptID", "BufTm", "IntgPd", "TrgOps", "OptFlds", "ConfRev", "ResvTms", "Owner"}
	before := map[string]model.Value{}
	for _, item := range items {
		before[item] = c.read(brcb + item)
	}
	p.stop()
	p.start()
	c = p.connect("cc@x")
	for _, item := range items {
		if v := c.read(brcb + item); !v.Equal(before[item]) {
			t.Errorf("%s is %v, was %v", item, v, before[item])
		}
	}
	if v := c.read(brcb + "RptEna"); !v.Equal(model.Bool(false)) {
		t.Errorf("RptEna %v", v)
	}
	for item, want := range map[string]model.Value{"LogEna": model.Bool(false), "DatSet": model.Visible("TLD0/LLN0$own"), "IntgPd": model.Uint(7000)} {
		if v := c.read(lcb + item); !v.Equal(want) {
			t.Errorf("%s is %v", item, v)
		}
	}
	other := p.connect("other@x")
	if code := other.write(brcb+"RptEna", model.Bool(true)); code != mms.TemporarilyUnavailable {
		t.Errorf("another client, while ResvTms runs: %v", code)
	}
	c.set(brcb+"RptEna", model.Bool(true))
	if got := c.take(9); len(got) != 1 {
		t.Errorf("reports %+v", got)
	}
	p.s.lose(c.ss)
	p.stop()
	p.start()
	p.now = p.now.Add(61 * time.Second)
	p.s.tick()
	other = p.connect("other@x")
	if code := other.write(brcb+"ResvTms", model.Int(0)); code != accessOK {
		t.Errorf("another client, when ResvTms has passed: %v", code)
	}
	if r, ok := other.ss.confirmed(1, &mms.GetNamedVariableListAttributes{Name: name}).(*mms.ConfirmedResponse); !ok ||
		len(r.Service.(*mms.GetNamedVariableListAttributesResponse).List) != 2 || !r.Service.(*mms.GetNamedVariableListAttributesResponse).Deletable {
		t.Errorf("the dynamic data set: %+v", r)
	}
	other.set(brcb+"DatSet", model.Visible("TLD0/LLN0$Four"))
	other.set(lcb+"DatSet", model.Visible("TLD0/LLN0$Four"))
	if r, ok := other.ss.confirmed(1, &mms.DeleteNamedVariableList{Names: []mms.ObjectName{name}}).(*mms.ConfirmedResponse); !ok {
		t.Errorf("deleting it: %+v", r)
	}
	p.stop()
	p.start()
	if p.s.devices["TLD0"].lists["LLN0$own"] != nil {
		t.Error("a data set that was deleted is back")
	}
	p.stop()
	if slices.ContainsFunc(p.events, func(e Event) bool { _, ok := e.(Stale); return ok }) {
		t.Errorf("events %+v", p.events)
	}
}

func TestReservationsThatDoNotSurvive(t *testing.T) {
	p := newPlant(t, Config{})
	p.start()
	c := p.connect("cc@x")
	c.set(brcb+"RptEna", model.Bool(true)) // without ResvTms
	p.stop()
	p.start()
	if code := p.connect("other@x").write(brcb+"RptEna", model.Bool(true)); code != accessOK {
		t.Errorf("another client: %v", code)
	}
	if code := p.connect("other@x").write("LLN0$BR$mine01$RptEna", model.Bool(true)); code != mms.TemporarilyUnavailable {
		t.Errorf("a block that SCL gives to another: %v", code)
	}
	p.stop()
}

func (p *plant) stale() (n int) {
	for _, e := range p.events {
		if _, ok := e.(Stale); ok {
			n++
		}
	}
	return n
}

// When SCL changes, what was kept for the old one goes.
func TestChangedConfigurationWins(t *testing.T) {
	p := newPlant(t, Config{})
	p.start()
	c := p.connect("cc@x")
	c.set(brcb+"OptFlds", optFlds(model.OptEntryID))
	c.set(lcb+"LogEna", model.Bool(false))
	p.event()
	id := p.s.lastID
	p.stop()
	m := testModel(t)
	ln := m.Devices[0].Nodes[0]
	for _, r := range ln.Reports {
		if r.Name == "brcb01" {
			r.ConfRev = 77
		}
	}
	ln.Logs[0].IntegrityPd = time.Hour
	ln.DataSets[0].Members = ln.DataSets[0].Members[:3]
	p.cfg.Model = m
	p.start()
	c = p.connect("cc@x")
	if v := c.read(brcb + "ConfRev"); !v.Equal(model.Uint(77)) {
		t.Errorf("ConfRev %v", v)
	}
	if v := c.read(lcb + "LogEna"); !v.Equal(model.Bool(true)) {
		t.Errorf("LogEna %v", v)
	}
	c.set(brcb+"RptEna", model.Bool(true))
	if got := c.take(9); len(got) != 0 {
		t.Errorf("entries of the old configuration: %+v", got)
	}
	if p.stale() != 4 { // three BRCBs and the LCB
		t.Errorf("events %+v", p.events)
	}
	p.event()
	if got := c.take(9); len(got) != 1 || got[0].id <= id {
		t.Errorf("%+v", got)
	}
	p.stop()
}

func TestDamagedRecords(t *testing.T) {
	p := newPlant(t, Config{})
	p.start()
	p.event()
	p.event()
	r := p.s.devices["TLD0"].items[brcb[:len(brcb)-1]].rcb
	if !p.st.Append(r.stream(), p.s.lastID+1, p.now, rubbish("\xff\xff"), 2) || !p.st.Append("log/TLD0/LLN0$log", p.s.lastID+1, p.now, rubbish("?"), 1) {
		t.Fatal("append")
	}
	p.st.Set(keyLCB+"TLD0/LLN0$LG$lcb", []byte("{"))
	p.st.Set(keySets+"TLD0/LLN0$x", []byte(`["nowhere"]`))
	p.st.Set(keySets+"TLD0/LLN0$y", []byte(`[]`))
	p.st.Set(keySets+"nonsense", []byte(`["TLD0/GGIO1.AnIn1[MX]"]`))
	p.stop()
	p.start()
	if p.stale() != 5 {
		t.Errorf("events %+v", p.events)
	}
	c := p.connect("cc@x")
	c.set(brcb+"RptEna", model.Bool(true))
	if got := c.take(9); !slices.Equal(values(got), []float64{1, 2}) || !got[0].ovfl {
		t.Errorf("%+v", got)
	}
	entries := c.ss.confirmed(1, &mms.ReadJournal{Journal: logName}).(*mms.ConfirmedResponse).Service.(*mms.ReadJournalResponse).Entries
	if got := floats(entries); !slices.Equal(got, []float64{1, 2}) {
		t.Errorf("log %v", got)
	}
	if !slices.ContainsFunc(p.events, func(e Event) bool { f, ok := e.(StoreFailed); return ok && errors.Is(f.Err, errRecord) }) {
		t.Errorf("events %+v", p.events)
	}
	p.stop()
}

type rubbish string

func (r rubbish) AppendBinary(b []byte) ([]byte, error) { return append(b, r...), nil }

func TestLogsSurvive(t *testing.T) {
	p := newPlant(t, Config{Limits: Limits{LogEntries: 4}})
	p.cfg.Persist = false // logs do without
	var last []mms.JournalEntry
	for range 3 {
		p.start()
		p.event()
		p.event()
		c := p.connect("cc@x")
		entries := c.ss.confirmed(1, &mms.ReadJournal{Journal: logName}).(*mms.ConfirmedResponse).Service.(*mms.ReadJournalResponse).Entries
		for i := 1; i < len(entries); i++ {
			if idOf(t, &entries[i]) <= idOf(t, &entries[i-1]) {
				t.Errorf("identifications of %v", floats(entries))
			}
		}
		if v := c.read(lcb + "NewEntr"); !v.Equal(model.Octets(entries[len(entries)-1].ID)) {
			t.Errorf("NewEntr %v", v)
		}
		last = entries
		p.stop()
		p.now = p.now.Add(-time.Hour)
	}
	if got := floats(last); !slices.Equal(got, []float64{3, 4, 5, 6}) {
		t.Errorf("the newest four: %v", got)
	}
}

// Whatever happens, a client that comes back with its last EntryID gets each event once, in order, unless it is told of a
// loss.
func TestRestartsLoseNothing(t *testing.T) {
	m := testModel(t)
	rapid.Check(t, func(rt *rapid.T) {
		p := newPlant(t, Config{Model: m})
		p.mem = newMemStore(p.cfg.Now)
		p.start()
		defer func() { p.stop() }()
		var c *survivor
		last, seen := uint64(0), 0.0
		for range rapid.IntRange(5, 40).Draw(rt, "steps") {
			switch rapid.SampledFrom([]string{"event", "event", "event", "take", "connect", "lose", "restart", "kill", "clock"}).Draw(rt, "step") {
			case "event":
				p.event()
			case "connect":
				if c == nil {
					c = p.connect("cc@x")
					c.set(brcb+"EntryID", entryIDValue(last))
					c.set(brcb+"RptEna", model.Bool(true))
				}
			case "take":
				if c == nil {
					break
				}
				for _, r := range c.take(rapid.IntRange(1, 5).Draw(rt, "n")) {
					if r.id <= last || r.value != seen+1 {
						rt.Fatalf("%+v after entry %d with %v", r, last, seen)
					}
					last, seen = r.id, r.value
				}
			case "lose":
				if c != nil {
					p.s.lose(c.ss)
					c = nil
				}
			case "restart":
				p.stop()
				p.start()
				c = nil
			case "kill":
				if err := p.cfg.Store.Flush(); err != nil {
					rt.Fatal(err)
				}
				p.kill()
				p.start()
				c = nil
			case "clock":
				p.now = p.now.Add(time.Duration(rapid.IntRange(-3600, 3600).Draw(rt, "s")) * time.Second)
			}
		}
	})
}

// An entry that the store had no room for is told as an overflow after a restart.
func TestEntriesThatWereNotKept(t *testing.T) {
	p := newPlant(t, Config{})
	p.mem = newMemStore(p.cfg.Now)
	p.start()
	p.event()
	p.mem.full = true
	p.event()
	p.mem.full = false
	p.event()
	p.stop()
	p.start()
	c := p.connect("cc@x")
	c.set(brcb+"RptEna", model.Bool(true))
	if got := c.take(9); !slices.Equal(values(got), []float64{1, 3}) || !got[0].ovfl || got[1].ovfl {
		t.Errorf("%+v", got)
	}
	p.stop()
}

// broken is a Store that fails.
type broken struct {
	Store
	err  error
	full bool
}

func (b *broken) Append(string, uint64, time.Time, appender, int) bool { return !b.full }
func (b *broken) Get(string) ([]byte, error)                           { return nil, b.err }
func (b *broken) PutAll(map[string][]byte) error                       { return b.err }
func (b *broken) Set(string, []byte) bool                              { return true }
func (b *broken) Limit(string, int, time.Duration)                     {}
func (b *broken) Flush() error                                         { return b.err }
func (b *broken) Bounds(string) (int, uint64, uint64, time.Time, time.Time) {
	return 0, 0, 0, time.Time{}, time.Time{}
}

func (b *broken) Scan(string, uint64, time.Time, time.Time, int, func(uint64, time.Time, []byte) bool) error {
	return b.err
}

func TestBrokenStore(t *testing.T) {
	disk := errors.New("disk")
	if _, err := New(Config{Model: testModel(t), Store: &broken{err: disk}}); !errors.Is(err, ErrStore) || !errors.Is(err, disk) {
		t.Errorf("starting: %v", err)
	}
	if _, err := New(Config{Model: testModel(t), Persist: true}); !errors.Is(err, ErrConfig) {
		t.Errorf("Persist without a Store: %v", err)
	}
	b := &broken{}
	var events []Event
	s, err := New(Config{Model: testModel(t), Store: b, Events: func(e Event) { events = append(events, e) }})
	if err != nil {
		t.Fatal(err)
	}
	update := func(f float64) {
		if err := s.Update(time.Now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), f) }); err != nil {
			t.Fatal(err)
		}
	}
	b.full = true
	update(1)
	update(2)
	b.full = false
	update(3)
	b.full = true
	update(4)
	if st := s.Stats(); st.LogsLost != 3 || st.LogEntries != 1 {
		t.Errorf("%+v", st)
	}
	lost := LogLost{Ref: model.Ref{LDevice: "TLD0", LN: "LLN0", Path: "log"}}
	if !slices.Equal(events, []Event{lost, lost}) {
		t.Errorf("events %+v", events)
	}
	b.err = disk
	ss := s.open(&quiet{peer: &model.Principal{Name: "cc@x", Proof: model.ProofX509}})
	for _, r := range []mms.Service{&mms.ReadJournal{Journal: logName}, &mms.InitializeJournal{Journal: logName}} {
		if e, ok := ss.confirmed(1, r).(*mms.ConfirmedError); !ok || e.Error.Class != mms.ErrService {
			t.Errorf("%T: %+v", r, e)
		}
	}
	s.Close()
	if n := len(events); n != 5 || !errors.Is(events[4].(StoreFailed).Err, disk) {
		t.Errorf("events %+v", events)
	}
}
