package server

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// TestAuditKnowsTheAssociation: what two associations of one principal did is told apart, from their beginning to their end.
func TestAuditKnowsTheAssociation(t *testing.T) {
	run(t, Config{Authorizer: AuthorizerFunc(func(_ *model.Principal, r Right, _ model.Ref) error {
		if r == RightDataSet {
			return errors.New("no")
		}
		return nil
	})}, func(h *harness) {
		a := h.peer("cc@x")
		synctest.Wait()
		b := h.peer("cc@x")
		synctest.Wait()
		a.set("GGIO1$SP$Set1$setMag$f", model.Float32(1))
		b.set("GGIO1$SP$Set1$setMag$f", model.Float32(2))
		b.call(&mms.DefineNamedVariableList{Name: mms.InDomain("TLD0", "LLN0$new"), List: []mms.VariableSpec{spec("GGIO1$MX$AnIn1")}})
		a.lose()
		if err := b.end.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		var got []string
		first := h.audits[0].Association
		for _, r := range h.audits {
			if r.Principal.Name != "cc@x" || r.Time.IsZero() || r.Association == 0 {
				t.Errorf("%+v", r)
			}
			result, who := "done", "a"
			if r.Err != nil {
				result = "failed"
			}
			if r.Association != first {
				who = "b"
			}
			got = append(got, who+" "+r.Service+" "+r.Ref.String()+" "+r.Right.String()+" "+result)
		}
		want := []string{
			"a associate  none done", "b associate  none done", "a write TLD0/GGIO1.Set1.setMag.f[SP] CONFIG done", "b write TLD0/GGIO1.Set1.setMag.f[SP] CONFIG done",
			"b defineNamedVariableList TLD0/LLN0.new DATASET failed", "a abort  none failed", "b release  none done",
		}
		if !slices.Equal(got, want) {
			t.Errorf("audit has\n%q, want\n%q", got, want)
		}
	})
}
