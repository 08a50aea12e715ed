package schedule

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

// A bench is a server of the feeder in examples/ied with its schedules, at a time that the test sets.
type bench struct {
	testing.TB
	srv     *server.Server
	m       *Manager
	now     time.Time
	applied []Command
	news    []Change
	c       *client.Client
}

var (
	fsch1 = model.Ref{LDevice: "FEEDER1SCHD", LN: "FSCH1"}
	fsch2 = model.Ref{LDevice: "FEEDER1SCHD", LN: "FSCH2"}
	fscc1 = model.Ref{LDevice: "FEEDER1SCHD", LN: "FSCC1"}
)

func feeder(t testing.TB) *model.Server {
	t.Helper()
	name := filepath.Join("..", "..", "examples", "ied", "feeder.scd")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := scl.Parse(name, data, scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Server("", "")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func newBench(t testing.TB, start time.Time, store Store) *bench {
	t.Helper()
	b := &bench{TB: t, now: start}
	mdl := feeder(t)
	var err error
	if b.srv, err = server.New(server.Config{Model: mdl, Now: func() time.Time { return b.now }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.srv.Close)
	b.m, err = NewManager(Config{
		Model: mdl, Server: b.srv, Store: store, Now: func() time.Time { return b.now },
		Apply:   func(c Command) error { b.applied = append(b.applied, c); return nil },
		Changed: func(c Change) { b.news = append(b.news, c) },
	})
	if err != nil {
		t.Fatal(err)
	}
	near, far := mmstest.NewPipe(mmstest.Options{Client: &model.Principal{Name: "hmi", Proof: model.ProofX509}})
	go func() { _ = b.srv.Serve(context.Background(), far) }() // its end is the association's
	b.c = client.New(near, client.Options{Now: func() time.Time { return b.now }})
	t.Cleanup(b.c.Close)
	if _, err := b.c.Identify(context.Background()); err != nil { // the server has looked at the clock, which the test now sets
		t.Fatal(err)
	}
	return b
}

// to steps until a moment, at every moment that is asked for.
func (b *bench) to(at time.Time) {
	b.Helper()
	for range 10000 {
		next, err := b.m.Step(b.now)
		if err != nil {
			b.Fatal(err)
		}
		if next.IsZero() || next.After(at) {
			break
		}
		if !next.After(b.now) {
			b.Fatalf("at %v: wants to be called at %v", b.now, next)
		}
		b.now = next
	}
	b.now = at
	if _, err := b.m.Step(at); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) text(ref string) string {
	b.Helper()
	r, err := model.ParseRef(ref)
	if err != nil {
		b.Fatal(err)
	}
	v, err := b.srv.Get(r)
	if err != nil {
		b.Fatal(err)
	}
	return v.Text(nil)
}

func (b *bench) request(n model.Ref, object string) error {
	b.Helper()
	n.Path = object
	k, err := b.c.Control(b.Context(), n)
	if err != nil {
		b.Fatal(err)
	}
	_, err = k.Operate(b.Context(), model.Bool(true), client.OperateOptions{})
	return err
}

func (b *bench) write(n model.Ref, path string, v model.Value) error {
	n.Path, n.FC = path, model.SP
	return b.c.Write(b.Context(), n, v)
}

// TestManager runs two schedules for one entity: the hourly one, and another of higher priority over it for a while.
func TestManager(t *testing.T) {
	b := newBench(t, noon.Add(-time.Minute), nil)
	if b.m.Len() != 2 {
		t.Fatalf("%d schedules", b.m.Len())
	}
	b.to(b.now)
	if got := b.text("FEEDER1SCHD/FSCH1.SchdSt.stVal[ST]"); got != "1" {
		t.Errorf("state %s at the start", got)
	}
	if err := b.request(fsch1, "EnaReq"); err != nil {
		t.Fatal(err)
	}
	b.to(b.now)
	if st, _ := b.m.State(fsch1); st != Ready || b.text("FEEDER1SCHD/FSCH1.SchdSt.stVal[ST]") != "3" {
		t.Errorf("state %v", st)
	}
	if got := b.text("FEEDER1SCHD/FSCH1.NxtStrTm.setTm[SP]"); got != "2026-06-21T12:00:00Z" {
		t.Errorf("next start %s", got)
	}
	if err := b.write(fsch1, "NumEntr.setVal", model.Int(1)); !errors.Is(err, mms.TemporarilyUnavailable) {
		t.Errorf("the parameters of a ready schedule were written: %v", err)
	}
	if err := b.request(fsch2, "EnaReq"); err != nil {
		t.Fatal(err)
	}
	b.to(b.now)
	if st, _ := b.m.State(fsch2); st != StartTimeRequired {
		t.Errorf("a schedule without a start time is %v", st)
	}
	if err := b.write(fsch2, "StrTm1.setTm", model.Time(model.NewTimestamp(noon.Add(15*time.Second), 0))); err != nil {
		t.Fatal(err)
	}
	b.to(noon.Add(12 * time.Second))
	if st, _ := b.m.State(fsch2); st != Ready {
		t.Errorf("with a start time it is %v", st)
	}
	if got := b.text("FEEDER1SCHD/FSCC1.ValMV.mag.f[MX]"); got != "40" {
		t.Errorf("the second entry is %s", got)
	}
	b.to(noon.Add(time.Minute))
	var got []float64
	for _, c := range b.applied {
		f, _ := c.Value.AsFloat()
		got = append(got, f)
		if c.Entity.String() != "FEEDER1CTRL/GGIO1.AnOut1" || c.Controller != fscc1 {
			t.Errorf("%+v", c)
		}
	}
	// From 12:00:15 to :25 the second schedule decides; then the first is in its third entry.
	want := []float64{20, 40, 80, 90, 60, 40}
	if len(got) != len(want) {
		t.Fatalf("applied %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("applied %v, want %v", got, want)
		}
	}
	if got := b.text("FEEDER1SCHD/FSCC1.ActSchdRef.setSrcRef[SP]"); got != "" {
		t.Errorf("nothing runs, but %q is shown", got)
	}
	b.to(noon.Add(time.Hour + 5*time.Second))
	if st, _ := b.m.State(fsch1); st != Running || b.text("FEEDER1SCHD/FSCH1.SchdEntr.stVal[ST]") != "1" {
		t.Errorf("an hour later %v", st)
	}
	if got := b.text("FEEDER1SCHD/FSCC1.ActSchdRef.setSrcRef[SP]"); got != "FEEDER1SCHD/FSCH1" {
		t.Errorf("active is %q", got)
	}
	if err := b.request(fsch1, "DsaReq"); err != nil {
		t.Fatal(err)
	}
	b.to(b.now)
	if st, _ := b.m.State(fsch1); st != NotReady || b.text("FEEDER1SCHD/FSCH1.SchdSt.stVal[ST]") != "1" {
		t.Errorf("disabled, but %v", st)
	}
}

// TestEnableErrors: what is wrong with a schedule is said in SchdEnaErr, and the request fails.
func TestEnableErrors(t *testing.T) {
	b := newBench(t, noon, nil)
	asString := func(path string, v model.Value) func() error {
		return func() error { return b.write(fsch1, path, v) }
	}
	for _, c := range []struct {
		wrong, right func() error
		want         EnableError
	}{
		{asString("NumEntr.setVal", model.Int(9)), asString("NumEntr.setVal", model.Int(4)), EnableNumEntr},
		{asString("NumEntr.setVal", model.Int(0)), asString("NumEntr.setVal", model.Int(4)), EnableNumEntr},
		{asString("SchdIntv.setVal", model.Int(0)), asString("SchdIntv.setVal", model.Int(10)), EnableSchdIntv},
		{
			asString("StrTm1.setTm", model.Time(model.NewTimestamp(noon.Add(-time.Hour), 0))), asString("StrTm1.setTm", model.Time(0)), EnableStrTm,
		},
		{
			func() error {
				return b.srv.Update(noon, func(tx *server.Tx) {
					r := fscc1
					r.Path, r.FC = "CtlEnt.setSrcRef", model.SP
					tx.Set(r, model.Visible("FEEDER1CTRL/GGIO1.Nowhere"))
				})
			},
			func() error {
				return b.srv.Update(noon, func(tx *server.Tx) {
					r := fscc1
					r.Path, r.FC = "CtlEnt.setSrcRef", model.SP
					tx.Set(r, model.Visible("FEEDER1CTRL/GGIO1.AnOut1"))
				})
			},
			EnableCDC,
		},
	} {
		if err := c.wrong(); err != nil {
			t.Fatalf("%v: %v", c.want, err)
		}
		var ce *client.ControlError
		if err := b.request(fsch1, "EnaReq"); !errors.As(err, &ce) || ce.AddCause != model.AddCauseInconsistentParameters {
			t.Errorf("%v: enabled: %v", c.want, err)
		}
		if got := b.text("FEEDER1SCHD/FSCH1.SchdEnaErr.stVal[ST]"); got != model.Int(int64(c.want)).Text(nil) {
			t.Errorf("%v: SchdEnaErr is %s", c.want, got)
		}
		if st, _ := b.m.State(fsch1); st != NotReady {
			t.Errorf("%v: %v", c.want, st)
		}
		if err := c.right(); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.request(fsch1, "EnaReq"); err != nil {
		t.Fatal(err)
	}
	b.to(b.now)
	if got := b.text("FEEDER1SCHD/FSCH1.SchdEnaErr.stVal[ST]"); got != "1" {
		t.Errorf("SchdEnaErr is %s", got)
	}
	if err := b.request(fsch1, "EnaReq"); err == nil {
		t.Error("enabled twice")
	}
	if st, _ := b.m.State(fsch1); st == NotReady {
		t.Error("a second request disabled the schedule")
	}
	if err := b.m.Enable(fscc1, noon); !errors.Is(err, server.ErrUnknown) {
		t.Errorf("%v", err)
	}
	if err := b.m.Disable(fscc1); !errors.Is(err, server.ErrUnknown) {
		t.Errorf("%v", err)
	}
}

// TestEvent starts a schedule by the rising edge of what InSyn names.
func TestEvent(t *testing.T) {
	b := newBench(t, noon, nil)
	ind := model.Ref{LDevice: "FEEDER1CTRL", LN: "GGIO1", Path: "Ind1.stVal", FC: model.ST}
	set := func(on bool) {
		t.Helper()
		if err := b.srv.Update(b.now, func(tx *server.Tx) { tx.Set(ind, model.Bool(on)) }); err != nil {
			t.Fatal(err)
		}
	}
	set(true) // before the schedule is ready: no edge
	for path, v := range map[string]model.Value{
		"EvTrg.setVal": model.Bool(true), "InSyn.setSrcRef": model.Visible("FEEDER1CTRL/GGIO1.Ind1"),
	} {
		if err := b.write(fsch2, path, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.request(fsch2, "EnaReq"); err != nil {
		t.Fatal(err)
	}
	b.to(b.now.Add(time.Second))
	if st, _ := b.m.State(fsch2); st != Ready {
		t.Fatalf("%v", st)
	}
	set(false)
	b.to(b.now.Add(time.Second))
	set(true)
	b.to(b.now.Add(200 * time.Millisecond))
	if st, _ := b.m.State(fsch2); st != Running || len(b.applied) != 1 {
		t.Fatalf("%v, %v", st, b.applied)
	}
	b.to(b.now.Add(20 * time.Second))
	if st, _ := b.m.State(fsch2); st != Ready {
		t.Errorf("after its end %v", st)
	}
	if !b.m.Trigger(fsch2, b.now) || b.m.Trigger(fscc1, b.now) {
		t.Error("the application's own event")
	}
}

// TestControllerOff: a controller whose behaviour is not on decides nothing.
func TestControllerOff(t *testing.T) {
	b := newBench(t, noon, nil)
	if err := b.srv.Update(noon, func(tx *server.Tx) {
		tx.Set(model.Ref{LDevice: "FEEDER1SCHD", LN: "FSCC1", Path: "Beh.stVal", FC: model.ST}, model.Int(5))
	}); err != nil {
		t.Fatal(err)
	}
	if err := b.request(fsch1, "EnaReq"); err != nil {
		t.Fatal(err)
	}
	b.to(noon.Add(time.Minute))
	if len(b.applied) != 0 {
		t.Errorf("%v", b.applied)
	}
}

// memory is a Store.
type memory map[string][]byte

func (m memory) Get(key string) ([]byte, error)     { return m[key], nil }
func (m memory) Put(key string, value []byte) error { m[key] = value; return nil }

// TestRestart: an enabled schedule, with the parameters that clients wrote, goes on after a restart; a disabled one does
// not. What is saved and cannot be read is told.
func TestRestart(t *testing.T) {
	kept := memory{}
	b := newBench(t, noon, kept)
	if err := b.write(fsch1, "ValASG3.setMag.f", model.Float32(33)); err != nil {
		t.Fatal(err)
	}
	if err := b.request(fsch1, "EnaReq"); err != nil {
		t.Fatal(err)
	}
	b.to(noon.Add(12 * time.Second))
	b = newBench(t, noon.Add(25*time.Second), kept)
	b.to(b.now)
	if st, _ := b.m.State(fsch1); st != Running || len(b.applied) != 1 {
		t.Fatalf("%v, %v", st, b.applied)
	}
	if f, _ := b.applied[0].Value.AsFloat(); f != 33 {
		t.Errorf("goes on with %v", f)
	}
	if err := b.request(fsch1, "DsaReq"); err != nil {
		t.Fatal(err)
	}
	b.to(b.now)
	b = newBench(t, noon.Add(26*time.Second), kept)
	if st, _ := b.m.State(fsch1); st != NotReady || len(kept[(&node{ref: fsch1}).key()]) != 0 {
		t.Errorf("%v", st)
	}
	for _, bad := range []string{"\x01", "\x02", "\x01\x00\x00\x00\x00\x00\x00\x00\x00\xff", "\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02ab\xff"} {
		kept[(&node{ref: fsch1}).key()] = []byte(bad)
		b = newBench(t, noon, kept)
		if len(b.news) != 1 || !errors.Is(b.news[0].Err, ErrSaved) {
			t.Errorf("%q: %+v", bad, b.news)
		}
	}
}

// FuzzResume: whatever a store gives, there is an error or a schedule.
func FuzzResume(f *testing.F) {
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0})
	b := newBench(f, noon, nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		n := &node{ref: fsch1, ln: b.m.byRef[fsch1].ln}
		if err := b.m.resume(n, data, noon); err == nil && n.m.State() == NotReady {
			t.Error("neither an error nor a schedule")
		}
	})
}
