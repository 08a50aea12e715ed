package der

import (
	"errors"
	"testing"

	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/scl"
)

// FuzzInstantiate: whatever names are given, the result is refused or is the SCL file of that IED.
func FuzzInstantiate(f *testing.F) {
	for _, s := range [][2]string{{"DER1", "der1@grid.example"}, {"A", `"><x/>`}, {"9", "a&b@c"}, {"X", "]]>"}, {"TEMPLATE", "\x00\xff"}} {
		f.Add(s[0], s[1])
	}
	tmpl, err := Template(device.Load)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, ied, jid string) {
		cid, err := Instantiate(tmpl, ied, jid)
		if err != nil {
			if !errors.Is(err, ErrTemplate) {
				t.Errorf("%v", err)
			}
			return
		}
		file, err := scl.Parse("fuzz.cid", cid, scl.Limits{})
		if err != nil {
			t.Fatalf("%q, %q: %v", ied, jid, err)
		}
		if _, ok := file.IED(ied); !ok || len(file.IEDs()) != 1 {
			t.Errorf("%q: not the only IED of its file", ied)
		}
	})
}

// FuzzMap: a mapping is refused by name or leads to a value that can be shown.
func FuzzMap(f *testing.F) {
	for _, s := range [][2]string{{"W", "LD0/MMXU1.TotW"}, {"Hz", "LD0/MMXU1.Hz.mag.f"}, {"PF", "LD0/LLN0"}, {"x", "/."}, {"limit", "LD0/DWMX1.WMaxSpt.Oper(3)"}} {
		f.Add(s[0], s[1])
	}
	m := loadTemplate(f, device.PV, "DER1")
	f.Fuzz(func(t *testing.T, point, ref string) {
		bs, err := bind(m, nil, map[string]string{point: ref})
		if err != nil {
			if !errors.Is(err, ErrMap) {
				t.Errorf("%v", err)
			}
			return
		}
		for _, b := range bs {
			if b.main < 0 || b.main >= len(m.Initial) {
				t.Errorf("%s to %s: slot %d", point, ref, b.main)
			}
		}
	})
}

func BenchmarkTick(b *testing.B) {
	u := benchUnit(b)
	now := u.ticked
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(u.cfg.Tick)
		if err := u.tick(now); err != nil {
			b.Fatal(err)
		}
	}
}

func benchUnit(b *testing.B) *unit {
	a, err := New(Config{Link: newTwin(), Device: device.Config{Kind: device.PV, Rated: 10e3}})
	if err != nil {
		b.Fatal(err)
	}
	return a.unit
}
