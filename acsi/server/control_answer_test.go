package server

import (
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// The failure of the write tells the nearest service error.
func TestAnswersOfRefusedCommands(t *testing.T) {
	want := map[model.AddCause]mms.DataAccessError{
		model.AddCauseInconsistentParameters: mms.ObjectAttributeInconsistent,
		model.AddCauseLockedByOtherClient:    mms.TemporarilyUnavailable,
		model.AddCauseAlreadySelected:        mms.TemporarilyUnavailable,
		model.AddCauseCommandInExecution:     mms.TemporarilyUnavailable,
	}
	for cause := range model.AddCause(28) {
		code, ok := want[cause]
		if !ok {
			code = mms.ObjectAccessDenied
		}
		run(t, Config{}, func(h *harness) {
			a := h.handle(spc1)
			a.check = cause
			got := h.peer("cc@x").write(spc1+"$Oper", cmd{}.value())
			if cause == model.AddCauseNone {
				code = accessOK
			}
			if got != code {
				t.Errorf("%v: %v, want %v", cause, got, code)
			}
		})
	}
}

// In local control nobody selects: a read of SBO says nothing about its origin.
func TestSelectInLocalControl(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		h.handle(spc2)
		p := h.peer("cc@x")
		h.update(func(tx *Tx) { tx.Set(locRef, model.Bool(true)) })
		if s, _ := p.read(spc2 + "$SBO").AsText(); s != "" {
			t.Errorf("selected %q", s)
		}
		h.update(func(tx *Tx) { tx.Set(locRef, model.Bool(false)) })
		if s, _ := p.read(spc2 + "$SBO").AsText(); s == "" {
			t.Error("not selected")
		}
	})
}
