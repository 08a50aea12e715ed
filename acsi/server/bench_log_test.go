package server

import (
	"path/filepath"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/store"
)

// What logging costs an update: no log, a log in memory, one in a file. Report control blocks have no data set, so that
// only the log sees the change.
func BenchmarkUpdateLogged(b *testing.B) {
	for _, c := range []string{"off", "memory", "file"} {
		b.Run(c, func(b *testing.B) {
			m := testModel(b)
			ln := m.Devices[0].Nodes[0]
			for _, r := range ln.Reports {
				r.DataSet = ""
			}
			ln.Logs[0].Enabled = c != "off"
			cfg := Config{Model: m}
			if c == "file" {
				st, err := store.Open(filepath.Join(b.TempDir(), "db"), store.Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { _ = st.Close() }) // the benchmark is over
				cfg.Store = st
			}
			s, err := New(cfg)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(s.Close)
			slot, err := s.Slot(anIn1.Child("mag.f"))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			now := s.now()
			for i := 0; b.Loop(); i++ {
				if err := s.Update(now, func(tx *Tx) { tx.SetSlot(slot, model.Float32(float32(i))) }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(s.Stats().LogsLost)/float64(b.N), "lost/op")
		})
	}
}

// Entries a second that are in the file when it ends, one event each.
func BenchmarkLogDurable(b *testing.B) {
	st, err := store.Open(filepath.Join(b.TempDir(), "db"), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = st.Close() }) // the benchmark is over
	s, err := New(Config{Model: testModel(b), Store: st})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	slot, err := s.Slot(anIn1.Child("mag.f"))
	if err != nil {
		b.Fatal(err)
	}
	now := s.now()
	for i := 0; b.Loop(); i++ {
		if err := s.Update(now, func(tx *Tx) { tx.SetSlot(slot, model.Float32(float32(i))) }); err != nil {
			b.Fatal(err)
		}
		if i%10_000 == 9999 {
			if err := st.Flush(); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := st.Flush(); err != nil {
		b.Fatal(err)
	}
	if n := s.Stats().LogsLost; n > 0 {
		b.Fatalf("%d lost", n)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}

// One answer to readJournal with as many entries as fit into 65,000 octets.
func BenchmarkReadJournal(b *testing.B) {
	s, ss, _ := benchServer(b)
	for i := range 2000 {
		if err := s.Update(s.now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), float64(i)) }); err != nil {
			b.Fatal(err)
		}
	}
	ss.params.Size = func(p mms.PDU) int { octets, _ := mms.AppendBER(nil, p); return len(octets) }
	n := 0
	for b.Loop() {
		n = len(ss.confirmed(1, &mms.ReadJournal{Journal: logName}).(*mms.ConfirmedResponse).Service.(*mms.ReadJournalResponse).Entries)
	}
	b.ReportMetric(float64(n), "entries/op")
}
