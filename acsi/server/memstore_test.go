package server

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// memStore is the twin of a store.DB in memory: what it has is durable once flushed.
type memStore struct {
	ring
	full    bool // takes no records
	values  map[string][]byte
	durable struct {
		streams map[string][]ringRecord
		values  map[string][]byte
	}
}

func newMemStore(now func() time.Time) *memStore {
	return &memStore{ring: *newRing(now), values: map[string][]byte{}}
}

func (m *memStore) Append(stream string, id uint64, at time.Time, data appender, size int) bool {
	return !m.full && m.ring.Append(stream, id, at, data, size)
}

func (m *memStore) Get(key string) ([]byte, error) { return slices.Clone(m.values[key]), nil }

func (m *memStore) Set(key string, value []byte) bool {
	if value == nil {
		delete(m.values, key)
	} else {
		m.values[key] = slices.Clone(value)
	}
	return true
}

func (m *memStore) PutAll(values map[string][]byte) error {
	for key, value := range values {
		m.Set(key, value)
	}
	return m.Flush()
}

func (m *memStore) Keys(prefix string) ([]string, error) {
	keys := slices.Sorted(maps.Keys(m.values))
	return slices.DeleteFunc(keys, func(key string) bool { return !strings.HasPrefix(key, prefix) }), nil
}

func (m *memStore) Flush() error {
	m.durable.streams, m.durable.values = map[string][]ringRecord{}, maps.Clone(m.values)
	for name, st := range m.streams {
		m.durable.streams[name] = slices.Clone(st.list)
	}
	return nil
}

// kill gives a store with what was durable.
func (m *memStore) kill() *memStore {
	k := newMemStore(m.now)
	k.values = maps.Clone(m.durable.values)
	for name, list := range m.durable.streams {
		k.stream(name).list = slices.Clone(list)
	}
	return k
}

// Whatever the state of a control block is said to have been, a server starts with it, or without it, and serves.
func FuzzRestoredState(f *testing.F) {
	m := testModel(f)
	now := func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	st := newMemStore(now)
	start := func(t testing.TB, st Store) *Server {
		s, err := New(Config{Model: m, Now: now, Store: st, Persist: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := start(f, st)
	update := func(t testing.TB, s *Server) {
		if err := s.Update(now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), rand.Float64()) }); err != nil {
			t.Fatal(err)
		}
	}
	update(f, s)
	s.Close()
	const rcbKey, lcbKey = keyRCB + "TLD0/LLN0$BR$brcb01", keyLCB + "TLD0/LLN0$LG$lcb"
	var good savedReport
	if err := json.Unmarshal(st.values[rcbKey], &good); err != nil {
		f.Fatal(err)
	}
	block := s.reports.logs[0]
	log, err := json.Marshal(savedLog{Config: block.config, Enabled: true, LogRef: "TLD0/LLN0$log", DatSet: "TLD0/LLN0$Four", TrgOps: 63, IntgPd: 1000})
	if err != nil {
		f.Fatal(err)
	}
	for _, change := range []func(v *savedReport){
		func(*savedReport) {}, func(v *savedReport) { v.ResvTms = -7 }, func(v *savedReport) { v.ResvTms, v.OwnerName = 9, "cc@x" },
		func(v *savedReport) { v.DatSet, v.Members = "", "" }, func(v *savedReport) { v.BufTm = 1 << 40 }, func(v *savedReport) { v.IntgPd = -1 },
		func(v *savedReport) { v.IntgPd, v.TrgOps = 100, 255 }, func(v *savedReport) { v.OptFlds = 1<<16 - 1 }, func(v *savedReport) { v.Sent = 1<<64 - 1 },
	} {
		v := good
		change(&v)
		b, err := json.Marshal(v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, log)
	}
	f.Add([]byte("null"), []byte(`{"IntgPd":1}`))
	f.Fuzz(func(t *testing.T, report, log []byte) {
		k := st.kill()
		k.values[rcbKey], k.values[lcbKey] = report, log
		s := start(t, k)
		defer s.Close()
		update(t, s)
		ss := s.open(&quiet{peer: &model.Principal{Name: "cc@x", Proof: model.ProofX509}})
		ss.manual = true
		for _, item := range []string{"LLN0$BR$brcb01", "LLN0$LG$lcb"} {
			r := ss.confirmed(1, &mms.Read{Access: mms.VariableAccess{List: []mms.VariableSpec{spec(item)}}}).(*mms.ConfirmedResponse)
			if _, err := mms.AppendBER(nil, r); err != nil {
				t.Errorf("%s cannot be read: %v", item, err)
			}
			n := s.devices["TLD0"].items[item]
			for i, c := range n.children {
				if err := c.fits(r.Service.(*mms.ReadResponse).Results[0].Value.At(i)); err != nil {
					t.Errorf("%s: %v", c.ref, err)
				}
			}
		}
		w := ss.confirmed(1, &mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{spec(brcb + "RptEna")}}, Data: []model.Value{model.Bool(true)}})
		if res := w.(*mms.ConfirmedResponse).Service.(*mms.WriteResponse).Results[0]; res.Failed && res.Error != mms.ObjectAttributeInconsistent && res.Error != mms.TemporarilyUnavailable {
			t.Errorf("RptEna: %v", res.Error)
		}
		for _, f := range ss.afters {
			f()
		}
		for i := range ss.out.items {
			for _, p := range ss.out.items[i].report.pdus(&ss.params, s) {
				if _, err := mms.AppendBER(nil, p); err != nil {
					t.Errorf("report: %v", err)
				}
			}
		}
	})
}
