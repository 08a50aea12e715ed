package server

import (
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Whatever way an attribute is named, the application and the authorizer hear of the same reference.
func TestHooksSeeEveryNameOfAnAttribute(t *testing.T) {
	var asked []model.Ref
	allow := AuthorizerFunc(func(_ *model.Principal, r Right, ref model.Ref) error {
		if r == RightConfig {
			asked = append(asked, ref)
		}
		return nil
	})
	run(t, Config{Authorizer: allow}, func(h *harness) {
		p := h.peer("cc@x")
		leaf := model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Set1.setMag.f", FC: model.SP}
		if err := h.s.HandleWrite(model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Set1"}, func(_ *model.Principal, ref model.Ref, _ model.Value) error {
			return mms.TemporarilyUnavailable
		}); err != nil {
			t.Fatal(err)
		}
		names := []string{"SP", "Set1", "setMag", "f"}
		item := "GGIO1"
		for i := range len(names) + 1 {
			v := spec(item)
			for k := len(names) - 1; k >= i; k-- {
				v.Alternate = []mms.AlternateAccess{{Component: names[k], Nested: v.Alternate}}
			}
			asked = nil
			r := p.response(&mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{v}}, Data: []model.Value{model.Float32(9)}}).(*mms.WriteResponse)
			if !r.Results[0].Failed || r.Results[0].Error != mms.TemporarilyUnavailable {
				t.Errorf("%s and %d components: %+v", item, len(names)-i, r.Results[0])
			}
			if len(asked) != 1 || asked[0] != leaf {
				t.Errorf("%s and %d components: asked for %v", item, len(names)-i, asked)
			}
			if i < len(names) {
				item += "$" + names[i]
			}
		}
		if v, err := h.s.Get(leaf); err != nil || !v.Equal(model.Float32(0)) {
			t.Errorf("the value is %v, %v", v, err)
		}
	})
}
