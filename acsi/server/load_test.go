package server

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// manyReports is the test model with n more unbuffered control blocks.
func manyReports(t testing.TB, n int) *model.Server {
	m := testModel(t)
	lln0 := m.Devices[0].Nodes[0]
	for i := range n {
		r := *lln0.Reports[2]
		if r.Buffered {
			t.Fatal("the third report control block of the test model is buffered")
		}
		r.Name = fmt.Sprintf("many%04d", i)
		lln0.Reports = append(lln0.Reports, &r)
	}
	return m
}

// Many associations with a report control block each: all get every report, and the server holds little for each.
func TestManySubscribers(t *testing.T) {
	const clients, rounds = 1000, 3
	s, err := New(Config{Model: manyReports(t, clients)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ends := make([]*mmstest.End, clients)
	served := make(chan error, clients)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc + m.StackInuse
	}
	before := heap()
	for i := range ends {
		c, srv := mmstest.Pipe(mms.Params{})
		ends[i] = c
		go func() { served <- s.Serve(ctx, srv) }()
		w := &mms.Write{
			Access: mms.VariableAccess{List: []mms.VariableSpec{spec(fmt.Sprintf("LLN0$RP$many%04d$RptEna", i))}},
			Data:   []model.Value{model.Bool(true)},
		}
		if err := c.Send(&mms.ConfirmedRequest{InvokeID: 1, Service: w}); err != nil {
			t.Fatal(err)
		}
		if p, err := c.Recv(ctx); err != nil || p.(*mms.ConfirmedResponse).Service.(*mms.WriteResponse).Results[0].Failed {
			t.Fatalf("client %d: %+v, %v", i, p, err)
		}
	}
	for round := range rounds {
		if err := s.Update(time.Now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), float64(round+1)) }); err != nil {
			t.Fatal(err)
		}
		for i, c := range ends {
			p, err := c.Recv(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if r := parseReport(t, p.(*mms.Unconfirmed).Service.(*mms.InformationReport)); r.sqNum != uint64(round) {
				t.Fatalf("client %d: report %d in round %d", i, r.sqNum, round)
			}
		}
	}
	if per := (heap() - before) / clients; per > 48<<10 {
		t.Errorf("%d octets an association, both ends and the pipe", per)
	} else {
		t.Logf("%d octets an association, both ends and the pipe", per)
	}
	if st := s.Stats(); st.Associations != clients || st.Reports != clients*rounds || st.ReportsLost != 0 {
		t.Errorf("stats %+v", st)
	}
	cancel()
	for range clients {
		<-served
	}
	if st := s.Stats(); st.Associations != 0 {
		t.Errorf("%d associations after the end", st.Associations)
	}
}

// Ten thousand events into a buffered control block of fifty members with one client: order kept, nothing lost
// (mms.md section 16).
func TestTenThousandEvents(t *testing.T) {
	const events, members = 10_000, 50
	m := testModel(t)
	lln0 := m.Devices[0].Nodes[0]
	wide := &model.DataSet{Name: "Wide"}
	for range members / 2 {
		wide.Members = append(wide.Members, anIn1, anIn2)
	}
	lln0.DataSets = append(lln0.DataSets, wide)
	lln0.Reports[0].DataSet = "Wide"
	s, err := New(Config{Model: m})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c, srv := mmstest.NewPipe(mmstest.Options{Queue: 2 * events})
	go func() { _ = s.Serve(ctx, srv) }()
	w := &mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{spec(brcb + "RptEna")}}, Data: []model.Value{model.Bool(true)}}
	if err := c.Send(&mms.ConfirmedRequest{InvokeID: 1, Service: w}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Recv(ctx); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	ahead := make(chan struct{}, 400) // as fast as the client takes them
	go func() {
		for i := range events {
			if err := s.Update(time.Now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), float64(i+1)) }); err != nil {
				t.Error(err)
				return
			}
			select {
			case ahead <- struct{}{}:
			case <-ctx.Done():
				return
			}
		}
	}()
	for i := range events {
		p, err := c.Recv(ctx)
		if err != nil {
			t.Fatal(err)
		}
		<-ahead
		r := parseReport(t, p.(*mms.Unconfirmed).Service.(*mms.InformationReport))
		if r.ovfl || len(r.members) != members/2 || !r.values[0].At(0).At(0).Equal(model.Float32(float32(i+1))) {
			t.Fatalf("report %d: overflow %v, %v", i, r.ovfl, r.values[0])
		}
	}
	t.Logf("%.0f events a second", events/time.Since(start).Seconds())
}
