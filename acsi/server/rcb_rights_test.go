package server

import (
	"errors"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Reports carry nothing of what their owner may not have reports of, or does not even see.
func TestReportsOfMembersThatTheOwnerMayNotHave(t *testing.T) {
	no := errors.New("denied by the test")
	for name, deny := range map[string]func(r Right, ref model.Ref) bool{
		"invisible device": func(r Right, ref model.Ref) bool { return r == RightView && ref.LDevice == "TLD1" },
		"one object":       func(r Right, ref model.Ref) bool { return r == RightReporting && ref.Path == "AnIn2.mag.f" },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, Config{Authorizer: AuthorizerFunc(func(_ *model.Principal, r Right, ref model.Ref) error {
				if deny(r, ref) {
					return no
				}
				return nil
			})}, func(h *harness) {
				p := h.peer("cc@x")
				for _, rcb := range []string{urcb, brcb} {
					if code := p.write(rcb+"RptEna", model.Bool(true)); code != mms.ObjectAccessDenied {
						t.Errorf("%s: %v", rcb, code)
					}
					if v := p.read(rcb + "RptEna"); !v.Equal(model.Bool(false)) {
						t.Errorf("%s is enabled", rcb)
					}
					p.set(rcb+"DatSet", model.Visible("TLD0/LLN0$Array"))
					p.set(rcb+"RptEna", model.Bool(true))
				}
				h.setFloat(1)
				if got := p.take(); len(got) != 0 {
					t.Errorf("%d reports", len(got))
				}
			})
		})
	}
}
