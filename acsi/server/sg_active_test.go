package server

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/model"
)

// The application hears of what is in force in the order of what happened, one call at a time: a slow one does not end with
// the values of a group that is active no more.
func TestActiveIsToldInOrder(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		asked, goOn := make(chan struct{}), make(chan struct{})
		var told []uint8
		ref := model.Ref{LDevice: "TLD0", LN: "PTOC1", Path: "StrVal.setMag.f", FC: model.SG}
		if err := h.s.HandleSettings(model.Ref{LDevice: "TLD0"}, SettingHandler{Active: func(_ model.Ref, group uint8, values map[model.Ref]model.Value) {
			told = append(told, group)
			if !values[ref].Equal(float(100 * float32(group))) {
				t.Errorf("group %d with %v", group, values[ref])
			}
			if len(told) == 1 {
				asked <- struct{}{}
				<-goOn
			}
		}}); err != nil {
			t.Fatal(err)
		}
		a, b := h.peer("a"), h.peer("b")
		done := make(chan struct{})
		go func() { a.set(sgcb+"$ActSG", model.Uint(3)); close(done) }()
		<-asked
		b.set(sgcb+"$ActSG", model.Uint(2))
		b.set(sgcb+"$ActSG", model.Uint(1))
		synctest.Wait()
		if len(told) != 1 {
			t.Errorf("told of %v at once", told)
		}
		close(goOn)
		<-done
		if !slices.Equal(told, []uint8{3, 1}) {
			t.Errorf("told of %v", told)
		}
		b.want(sgcb+"$ActSG", model.Uint(1))
	})
}

// The application may activate another group while it is told of one.
func TestActiveActivates(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		var told []uint8
		_ = h.s.HandleSettings(model.Ref{LDevice: "TLD0"}, SettingHandler{Active: func(_ model.Ref, group uint8, _ map[model.Ref]model.Value) {
			told = append(told, group)
			if group == 3 {
				if err := h.s.ActivateGroup("TLD0", 1); err != nil {
					t.Error(err)
				}
			}
		}})
		p := h.peer("a")
		p.set(sgcb+"$ActSG", model.Uint(3))
		if !slices.Equal(told, []uint8{3, 1}) {
			t.Errorf("told of %v", told)
		}
		p.want(strValSG, float(100))
	})
}

// A model with fewer groups than the one that was active is told of, and starts with its own.
func TestActiveGroupThatIsNoMore(t *testing.T) {
	store := &bank{active: 7}
	services(t, Config{Settings: store}, func(h *harness) {
		h.peer("a").want(sgcb+"$ActSG", model.Uint(2))
		if !h.saw(SettingsStale{Ref: model.Ref{LDevice: "TLD0", LN: "LLN0", Path: "SGCB", FC: model.SP}, Group: 7}) {
			t.Errorf("events %+v", h.events)
		}
	})
}
