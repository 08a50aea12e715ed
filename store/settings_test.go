package store

import (
	"errors"
	"maps"
	"path/filepath"
	"testing"

	"github.com/gridward/gridward/model"
)

var (
	sgcb = model.Ref{LDevice: "LD0", LN: "LLN0", Path: "SGCB", FC: model.SP}
	bank = map[model.Ref]model.Value{
		{LDevice: "LD0", LN: "PTOC1", Path: "StrVal.setMag.f", FC: model.SG}: model.Float32(1.5),
		{LDevice: "LD0", LN: "PTOC1", Path: "Tab(3)", FC: model.SG}:          model.Int(-7),
	}
)

func equal(a, b map[model.Ref]model.Value) bool { return maps.EqualFunc(a, b, model.Value.Equal) }

func TestSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	d := open(t, path, Options{})
	if active, _, groups, err := d.LoadSettings(sgcb); active != 0 || len(groups) != 0 || err != nil {
		t.Fatalf("nothing was saved: %d, %v, %v", active, groups, err)
	}
	if err := errors.Join(d.SaveGroup(sgcb, 1, bank), d.SaveGroup(sgcb, 12, nil), d.SaveActive(sgcb, 12, at(99)), d.Put("settings/LD0/LLN0.SGCB2[SP]/1", nil)); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, path, Options{})
	active, activated, groups, err := d.LoadSettings(sgcb)
	if err != nil || active != 12 || !activated.Equal(at(99)) || len(groups) != 2 || !equal(groups[1], bank) || len(groups[12]) != 0 {
		t.Errorf("%d since %v, %v, %v", active, activated, groups, err)
	}
	if err := d.Put("settings/LD0/LLN0.SGCB[SP]/1", []byte("\x01\x40short")); err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := d.LoadSettings(sgcb); !errors.Is(err, ErrValue) {
		t.Errorf("a bank that is damaged: %v", err)
	}
}

func FuzzParseBank(f *testing.F) {
	f.Add(appendBank(nil, bank))
	f.Add([]byte{0})
	f.Add([]byte("\x01\x03LD0\x03\x00\x01\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		values, err := parseBank(b)
		if err != nil {
			if !errors.Is(err, ErrValue) {
				t.Errorf("error %v", err)
			}
			return
		}
		again, err := parseBank(appendBank(nil, values))
		if err != nil || !equal(values, again) {
			t.Errorf("%v became %v, %v", values, again, err)
		}
	})
}
