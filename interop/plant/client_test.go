package plant_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/jid"
)

func parseRef(t *testing.T, s string) model.Ref {
	t.Helper()
	r, err := model.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestUnrulyClient: whoever has the centre's certificate abuses a DER. What is wrong is refused by name and counted, what is
// held is given back, and a centre that comes afterwards finds everything in order.
func TestUnrulyClient(t *testing.T) {
	s := newSite(t)
	s.metrics = true
	s.startRouter(t)
	s.startDER(t, "pv1", "kind: pv, rated: 10000")
	i := s.intrude(t, "center")
	select {
	case <-i.peers:
	case <-time.After(20 * time.Second):
		t.Fatal("no presence of the DER")
	}
	ctx := t.Context()

	var held []*client.Client
	t.Run("storm of associations", func(t *testing.T) {
		var mu sync.Mutex
		var wg sync.WaitGroup
		refused := 0
		for range 50 {
			wg.Go(func() {
				actx, cancel := context.WithTimeout(ctx, 20*time.Second)
				defer cancel()
				a, err := i.endpoint.Associate(actx, jid.MustParse("pv1@"+domain+"/IEC"))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					refused++
					if !errors.Is(err, mms.ErrRefused) {
						t.Errorf("refused with %v", err)
					}
					return
				}
				held = append(held, client.New(a, client.Options{}))
			})
		}
		wg.Wait()
		if len(held) != 4 || refused != 46 {
			t.Fatalf("%d associations and %d refusals, want 4 and 46", len(held), refused)
		}
		if n := metric(t, s.derStats["pv1"], `gridward_der_associations_total{result="refused"}`); n != 46 {
			t.Errorf("%g refusals are counted, want 46", n)
		}
	})
	t.Cleanup(func() {
		for _, c := range held {
			c.Close()
		}
	})
	one, other := held[0], held[1]

	t.Run("report control blocks", func(t *testing.T) {
		block := func(name, attr string) model.Ref { return parseRef(t, "pv1LD0/LLN0."+name+"."+attr) }
		write := func(c *client.Client, ref model.Ref, v model.Value, want mms.DataAccessError) {
			t.Helper()
			err := c.Write(ctx, ref, v)
			if want == noError && err != nil || want != noError && !errors.Is(err, want) {
				t.Errorf("%s = %v: %v, want %v", ref, v, err, want)
			}
		}
		write(one, block("urcbMX01", "Resv[RP]"), model.Bool(true), noError)
		write(other, block("urcbMX01", "Resv[RP]"), model.Bool(true), mms.TemporarilyUnavailable)
		write(other, block("urcbMX01", "RptEna[RP]"), model.Bool(true), mms.TemporarilyUnavailable)
		write(one, block("urcbMX01", "IntgPd[RP]"), model.Uint(1), mms.ObjectValueInvalid)
		write(one, block("urcbMX01", "BufTm[RP]"), model.Uint(1<<32-1), mms.ObjectValueInvalid)
		write(one, block("urcbMX01", "BufTm[RP]"), model.Int(-1), mms.TypeInconsistent)
		write(one, block("urcbMX01", "DatSet[RP]"), model.Visible("pv1LD0/LLN0$Nope"), mms.ObjectValueInvalid)
		write(one, block("urcbMX01", "DatSet[RP]"), model.Visible(strings.Repeat("x", 1000)), mms.TypeInconsistent)
		write(one, block("urcbMX01", "SqNum[RP]"), model.Uint(1), mms.ObjectAccessDenied)
		write(one, block("urcbMX01", "ConfRev[RP]"), model.Uint(1), mms.ObjectAccessDenied)
		write(one, block("urcbMX01", "GI[RP]"), model.Bool(true), mms.TemporarilyUnavailable)
		write(one, block("urcbMX01", "RptEna[RP]"), model.Bool(true), noError)
		write(one, block("urcbMX01", "RptEna[RP]"), model.Bool(true), noError)
		write(one, block("urcbMX01", "TrgOps[RP]"), model.Visible("x"), mms.TypeInconsistent)
		write(one, block("urcbMX01", "IntgPd[RP]"), model.Uint(1000), mms.TemporarilyUnavailable)
		write(one, block("brcbEV01", "EntryID[BR]"), model.Octets("\xff\xff\xff\xff\xff\xff\xff\xff"), mms.ObjectValueInvalid)
		for range 200 { // storm of general interrogations
			write(one, block("urcbMX01", "GI[RP]"), model.Bool(true), noError)
		}
		// All blocks are taken for nine hours.
		for _, name := range []string{"brcbEV01", "brcbEV02", "brcbEV03", "brcbEV04"} {
			write(one, block(name, "ResvTms[BR]"), model.Int(32767), noError)
			write(one, block(name, "RptEna[BR]"), model.Bool(true), noError)
		}
	})
	t.Run("long lists", func(t *testing.T) {
		refs := make([]model.Ref, 40)
		for k := range refs {
			refs[k] = parseRef(t, "pv1LD0/MMXU1[MX]")
		}
		var wg sync.WaitGroup
		for _, c := range held {
			wg.Go(func() {
				if results, err := c.Read(ctx, refs...); err != nil || len(results) != len(refs) {
					t.Errorf("%d results, %v", len(results), err)
				}
			})
		}
		wg.Wait()
	})
	t.Run("commands of two at once", func(t *testing.T) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		causes := map[model.AddCause]int{}
		for k, c := range held {
			wg.Go(func() {
				ctl, err := c.Control(ctx, parseRef(t, "pv1LD0/DWMX1.WMaxSpt"))
				if err != nil {
					t.Error(err)
					return
				}
				for range 3 {
					_, err := ctl.Operate(ctx, model.Float32(float32(100*(k+1))), client.OperateOptions{})
					cause := model.AddCauseNone
					var ce *client.ControlError
					switch {
					case errors.As(err, &ce):
						cause = ce.AddCause
					case err != nil:
						t.Error(err)
					}
					mu.Lock()
					causes[cause]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if causes[model.AddCauseNone] == 0 || causes[model.AddCauseNone]+causes[model.AddCauseCommandInExecution] != 12 {
			t.Errorf("causes %v, want none and command-in-execution alone", causes)
		}
	})

	i.end()
	await(t, "every association is over", 20*time.Second, func() (bool, string) {
		n := metric(t, s.derStats["pv1"], "gridward_der_associations")
		return n == 0, ""
	})
	_, a := s.startCenter(t)
	a.awaitState(t, "pv1@"+domain, "online", 30*time.Second)
	// An answer to one who left may meet the first question of who comes next under the same address, since the router knows
	// questions by address and identifier: that question is asked again.
	undisturbedBut(t, a, 1500, 1)
}

// noError is what a write that succeeds is answered with.
const noError mms.DataAccessError = 255
