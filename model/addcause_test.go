package model

import "testing"

func TestAddCauseNames(t *testing.T) {
	for a := AddCauseUnknown; a <= AddCauseLockedByOtherClient; a++ {
		back, ok := ParseAddCause(a.String())
		if !ok || back != a {
			t.Errorf("%d prints as %q, which reads back as %d, %v", uint8(a), a, uint8(back), ok)
		}
	}
	for a, want := range map[AddCause]string{
		1: "not-supported", 8: "blocked-by-mode", 16: "time-limit-over", 18: "object-not-selected",
		20: "no-access-authority", 25: "none", 27: "locked-by-other-client", 28: "AddCause(28)",
	} {
		if a.String() != want {
			t.Errorf("AddCause %d is %q, want %q", uint8(a), a, want)
		}
	}
	if _, ok := ParseAddCause("AddCause(28)"); ok {
		t.Error("a cause outside the table was read")
	}
}

func TestControlModels(t *testing.T) {
	for _, c := range []struct {
		m                 ControlModel
		enhanced, selects bool
	}{{StatusOnly, false, false}, {DirectNormal, false, false}, {SBONormal, false, true}, {DirectEnhanced, true, false}, {SBOEnhanced, true, true}} {
		if c.m.Enhanced() != c.enhanced || c.m.Selects() != c.selects {
			t.Errorf("%v: enhanced %v, selects %v", c.m, c.m.Enhanced(), c.m.Selects())
		}
	}
	if got := ControlModel(9).String(); got != "ControlModel(9)" {
		t.Errorf("unknown model prints %q", got)
	}
}
