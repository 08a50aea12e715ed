package server

import (
	"testing"
	"time"

	"github.com/gridward/gridward/model"
	"pgregory.net/rapid"
)

// The engine against a client that comes and goes: whatever the application changes reaches the client exactly once and
// in order, as long as the buffer suffices, whether reports wait in the queue or in the buffer, are lost on the way or
// come back by EntryID.
func TestBufferedReportsAreNeitherLostNorDuplicated(t *testing.T) {
	m := testModel(t)
	rapid.Check(t, func(t *rapid.T) {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		s, err := New(Config{Model: m, Now: func() time.Time { return now }, Limits: Limits{QueueReports: rapid.IntRange(1, 8).Draw(t, "queue"), BufferOctets: 1 << 20}})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		l := &link{s: s, t: t}
		l.connect()
		l.write("BufTm", model.Uint(uint64(rapid.SampledFrom([]int{0, 0, 50, 500}).Draw(t, "BufTm"))))
		members := []model.Ref{anIn1.Child("mag.f"), anIn2.Child("mag.f")}
		next := float32(0)
		sent := map[int][]float32{}
		t.Repeat(map[string]func(*rapid.T){
			"change": func(t *rapid.T) {
				which := rapid.IntRange(1, 3).Draw(t, "members")
				if err := s.Update(now, func(tx *Tx) {
					for i, ref := range members {
						if which&(1<<i) != 0 {
							next++
							tx.Set(ref, model.Float32(next))
							sent[i] = append(sent[i], next)
						}
					}
				}); err != nil {
					t.Fatal(err)
				}
			},
			"time": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(1, 400).Draw(t, "ms")) * time.Millisecond)
				s.tick()
			},
			"enable":  func(*rapid.T) { l.enable() },
			"disable": func(*rapid.T) { l.disable() },
			"deliver": func(t *rapid.T) { l.deliver(rapid.IntRange(1, 5).Draw(t, "n")) },
			"drop":    func(t *rapid.T) { l.drop(rapid.IntRange(0, 3).Draw(t, "n")) },
		})
		// In the end everything arrives.
		now = now.Add(time.Second)
		s.tick()
		l.enable()
		l.deliver(1 << 20)
		for i := range members {
			if got, want := l.got[i], sent[i]; len(got) != len(want) {
				t.Fatalf("member %d: %d events of %d arrived: %v of %v", i, len(got), len(want), got, want)
			}
			for k := range sent[i] {
				if l.got[i][k] != sent[i][k] {
					t.Fatalf("member %d: event %d is %v, want %v", i, k, l.got[i][k], sent[i][k])
				}
			}
		}
	})
}

// A link is the client's side and the wire of the property test.
type link struct {
	s       *Server
	t       *rapid.T
	ss      *session
	q       *quiet
	enabled bool
	lost    bool // reports were lost on the way since the last resynchronisation
	lastID  uint64
	got     [2][]float32
}

func (l *link) connect() {
	l.q = &quiet{peer: &model.Principal{Name: "cc@x", Proof: model.ProofX509}}
	l.ss = l.s.open(l.q)
	l.ss.manual = true
}

func (l *link) write(attr string, v model.Value) {
	n := l.s.devices["TLD0"].items["LLN0$BR$brcb01$"+attr]
	if code := l.ss.writeRCB(l.q.peer, n, v); code != accessOK {
		l.t.Fatalf("%s: %v", attr, code)
	}
	l.afters()
}

func (l *link) afters() {
	for len(l.ss.afters) > 0 {
		f := l.ss.afters[0]
		l.ss.afters = l.ss.afters[1:]
		f()
	}
}

func (l *link) enable() {
	if l.enabled {
		return
	}
	if l.lost {
		l.write("EntryID", entryIDValue(l.lastID))
		l.lost = false
	}
	l.write("RptEna", model.Bool(true))
	l.enabled = true
}

func (l *link) disable() {
	if l.enabled {
		l.write("RptEna", model.Bool(false))
		l.enabled = false
	}
}

// deliver lets n reports arrive.
func (l *link) deliver(n int) {
	for range n {
		it, ok := l.take()
		if !ok {
			return
		}
		e := it.report.entry
		if e.id <= l.lastID {
			l.t.Fatalf("EntryID %d after %d", e.id, l.lastID)
		}
		l.lastID = e.id
		for _, m := range e.members {
			v := m.value
			for v.Len() > 0 {
				v = v.At(0)
			}
			f, _ := v.AsFloat()
			l.got[m.index] = append(l.got[m.index], float32(f))
		}
	}
}

// drop loses n reports on the wire, and then the association.
func (l *link) drop(n int) {
	for range n {
		if _, ok := l.take(); ok {
			l.lost = true
		}
	}
	l.ss.out.close()
	l.s.lose(l.ss)
	l.enabled = false
	l.connect()
}

func (l *link) take() (outItem, bool) {
	l.ss.out.mu.Lock()
	none := len(l.ss.out.items) == 0
	l.ss.out.mu.Unlock()
	if none {
		return outItem{}, false
	}
	it, _ := l.ss.out.next()
	if l.ss.out.sent(true) {
		l.ss.pump()
	}
	return it, true
}
