package server_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/asn1/xer"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

func load(t *testing.T) *model.Server {
	t.Helper()
	b, err := os.ReadFile("testdata/test.icd")
	if err != nil {
		t.Fatal(err)
	}
	f, err := scl.Parse("test.icd", b, scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Server("T", "AP")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func ref(t *testing.T, s string) model.Ref {
	t.Helper()
	r, err := model.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// As over 8-2.
var xerCodec = mmstest.Codec{
	Append: func(b []byte, p mms.PDU) ([]byte, error) { return mms.AppendXER(b, p, mms.GW1) },
	Parse:  func(b []byte) (mms.PDU, error) { return mms.ParseXER(b, []*xer.Dialect{mms.GW1}, mms.Limits{}) },
}

func connect(t *testing.T, s *server.Server, size int) *client.Client {
	t.Helper()
	a, b := mmstest.NewPipe(mmstest.Options{Params: mms.Params{MaxPDU: size}, Codec: &xerCodec})
	done := make(chan error, 1)
	go func() { done <- s.Serve(context.Background(), b) }()
	c := client.New(a, client.Options{})
	t.Cleanup(func() { c.Close(); <-done })
	return c
}

// The two ends together: what SCL says is what the client discovers, reads, is told and commands.
func TestWithTheClient(t *testing.T) {
	m := load(t)
	s, err := server.New(server.Config{Model: m})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for _, size := range []int{8192, 65536} {
		c := connect(t, s, size)
		found, err := c.Discover(ctx)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for leaf := range m.Walk() {
			n++
			got, ok := found.Find(leaf.Ref)
			if !ok {
				t.Fatalf("PDU size %d: %s was not discovered", size, leaf.Ref)
			}
			wantKind, wantSize := leaf.Type.Layout()
			if kind, size := got.Type.Layout(); kind != wantKind || size != wantSize {
				t.Errorf("%s is %v %d, want %v %d", leaf.Ref, kind, size, wantKind, wantSize)
			}
			if n%37 == 0 {
				v, err := c.ReadOne(ctx, leaf.Ref)
				if want, _ := s.Get(leaf.Ref); err != nil || !v.Equal(want) {
					t.Errorf("%s reads as %v, %v", leaf.Ref, v, err)
				}
			}
		}
	}
}

func TestReportsWithTheClient(t *testing.T) {
	s, err := server.New(server.Config{Model: load(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	value := ref(t, "TLD0/GGIO1.AnIn1.mag.f[MX]")
	next := float32(0)
	change := func(n int) {
		t.Helper()
		for range n {
			next++
			if err := s.Update(time.Now(), func(tx *server.Tx) { tx.Set(value, model.Float32(next)) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	var last client.EntryID
	want := float32(0)
	for round := range 3 {
		c := connect(t, s, 65000)
		reports := make(chan *client.Report, 1000)
		change(10) // while nobody listens
		sub, err := c.Subscribe(ctx, ref(t, "TLD0/LLN0.brcb01[BR]"), client.ReportOptions{EntryID: last}, func(r *client.Report) { reports <- r })
		if err != nil {
			t.Fatal(err)
		}
		change(10)
		for range 20 {
			want++
			select {
			case r := <-reports:
				if r.BufOvfl || r.Gap || len(r.Entries) != 1 || !r.Entries[0].Value.At(0).At(0).Equal(model.Float32(want)) {
					t.Fatalf("round %d: report %+v, want %v", round, r, want)
				}
			case <-ctx.Done():
				t.Fatalf("round %d: no report of %v", round, want)
			}
		}
		last = sub.LastEntryID()
		c.Close()
		<-c.Done()
	}
}

func TestControlWithTheClient(t *testing.T) {
	s, err := server.New(server.Config{Model: load(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	c := connect(t, s, 65000)
	for i, want := range []model.ControlModel{model.StatusOnly, model.DirectNormal, model.SBONormal, model.DirectEnhanced, model.SBOEnhanced} {
		do := ref(t, "TLD0/GGIO1.SPCSO"+string(rune('0'+i)))
		status := do.Child("stVal")
		status.FC = model.ST
		limit := false
		if err := s.Handle(do, server.ControlFunc(func(cmd *server.Command) model.AddCause {
			if limit {
				return model.AddCauseBlockedByProcess
			}
			if err := s.Update(time.Now(), func(tx *server.Tx) { tx.Set(status, cmd.Value) }); err != nil {
				t.Error(err)
			}
			return model.AddCauseNone
		})); err != nil {
			t.Fatal(err)
		}
		k, err := c.Control(ctx, do)
		if err != nil {
			t.Fatal(err)
		}
		if k.Model() != want {
			t.Errorf("%s: model %v", do, k.Model())
		}
		term, err := k.Operate(ctx, model.Bool(true), client.OperateOptions{})
		var refused *client.ControlError
		if want == model.StatusOnly {
			if err == nil {
				t.Errorf("%s: a status-only object was operated", do)
			}
			continue
		}
		if err != nil || term.Enhanced != want.Enhanced() {
			t.Errorf("%v: %+v, %v", want, term, err)
			continue
		}
		if v, err := c.ReadOne(ctx, status); err != nil || !v.Equal(model.Bool(true)) {
			t.Errorf("%v: stVal %v, %v", want, v, err)
		}
		limit = true
		if _, err := k.Operate(ctx, model.Bool(false), client.OperateOptions{}); !errors.As(err, &refused) || refused.AddCause != model.AddCauseBlockedByProcess {
			t.Errorf("%v: refused with %v", want, err)
		}
	}
}
