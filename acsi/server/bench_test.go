package server

import (
	"context"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A quiet association: requests come from the benchmark, answers are dropped.
type quiet struct {
	mms.Association
	peer *model.Principal
	sent int
	last mms.PDU
}

func (q *quiet) Send(p mms.PDU) error   { q.sent++; q.last = p; return nil }
func (q *quiet) Peer() *model.Principal { return q.peer }
func (q *quiet) Params() mms.Params {
	return mms.Params{MaxPDU: 65000, Size: func(mms.PDU) int { return 100 }}
}
func (q *quiet) Abort(error)                               {}
func (q *quiet) Err() error                                { return nil }
func (q *quiet) Done() <-chan struct{}                     { return nil }
func (q *quiet) Recv(ctx context.Context) (mms.PDU, error) { return nil, mms.ErrReleased }

func benchServer(b testing.TB) (*Server, *session, *quiet) {
	b.Helper()
	s, err := New(Config{Model: testModel(b)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.Close)
	q := &quiet{peer: &model.Principal{Name: "cc@x", Proof: model.ProofX509}}
	return s, s.open(q), q
}

var readFloat = &mms.ConfirmedRequest{InvokeID: 1, Service: &mms.Read{Access: mms.VariableAccess{List: []mms.VariableSpec{spec("GGIO1$MX$AnIn1$mag$f")}}}}

func BenchmarkReadFloat(b *testing.B) {
	_, ss, q := benchServer(b)
	b.ReportAllocs()
	for b.Loop() {
		_ = q.Send(ss.handle(readFloat))
	}
}

func TestReadFloatAllocatesLittle(t *testing.T) {
	_, ss, q := benchServer(t)
	if n := testing.AllocsPerRun(200, func() { _ = q.Send(ss.handle(readFloat)) }); n > 5 {
		t.Errorf("%v allocations a read, want at most 5", n)
	}
	if r, ok := q.last.(*mms.ConfirmedResponse); !ok || !r.Service.(*mms.ReadResponse).Results[0].Value.Equal(model.Float32(0)) {
		t.Errorf("answer %+v", q.last)
	}
}

func BenchmarkUpdateFloat(b *testing.B) {
	s, _, _ := benchServer(b)
	slot, err := s.Slot(anIn2.Child("t"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	now := s.now()
	for i := 0; b.Loop(); i++ {
		if err := s.Update(now, func(tx *Tx) { tx.SetSlot(slot, model.Time(model.Timestamp(i))) }); err != nil {
			b.Fatal(err)
		}
	}
}

// One event a transaction, buffered in three control blocks and reported to one client.
func BenchmarkBufferedReport(b *testing.B) {
	s, ss, q := benchServer(b)
	n := s.devices["TLD0"].items["LLN0$BR$brcb01$RptEna"]
	s.mu.Lock()
	if code := n.rcb.write(ss, q.peer, n, model.Bool(true)); code != accessOK {
		b.Fatal(code)
	}
	s.unlock()
	slot, err := s.Slot(anIn2.Child("mag.f"))
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
	b.StopTimer()
	ss.out.close()
}
