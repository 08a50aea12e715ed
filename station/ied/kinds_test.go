package ied

import (
	"path/filepath"
	"testing"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
)

// TestKinds carries out a command for every common data class that can be controlled, and looks at what it shows.
func TestKinds(t *testing.T) {
	m, err := parse(t, filepath.Join("..", "..", "acsi", "server", "testdata", "services.icd")).Server("T", "AP")
	if err != nil {
		t.Fatal(err)
	}
	d, _ := still(t, Config{Model: m})
	for _, x := range []struct {
		object string
		v      model.Value
		status string
		want   string
	}{
		{"Spc", model.Bool(true), "stVal", "true"},
		{"Dpc", model.Bool(true), "stVal", "on"},
		{"Dpc", model.Bool(false), "stVal", "off"},
		{"Inc", model.Int(-7), "stVal", "-7"},
		{"Enc", model.Int(3), "stVal", "Alarm"},
		{"Bsc", model.Bits(2, 2), "valWTr.posVal", "1"},
		{"Bsc", model.Bits(2, 2), "valWTr.posVal", "2"},
		{"Bsc", model.Bits(1, 2), "valWTr.posVal", "1"},
		{"Bsc", model.Bits(0, 2), "valWTr.posVal", "1"},
		{"Isc", model.Int(12), "valWTr.posVal", "12"},
		{"Apc", model.Struct(model.Float32(2.5)), "mxVal.f", "2.5"},
		{"Bac", model.Bits(2, 2), "mxVal.f", "1"},
		{"Bac", model.Bits(1, 2), "mxVal.f", "0"},
	} {
		c := d.controls.all[ref(t, "TLD0/GGIO1."+x.object)]
		if c == nil {
			t.Fatalf("%s has no control", x.object)
		}
		cmd := &server.Command{Ref: c.object, Value: x.v}
		if why := c.Check(cmd); why != model.AddCauseNone {
			t.Errorf("%s: refused: %v", x.object, why)
		}
		ended := model.AddCauseUnknown
		c.Operate(cmd, func(a model.AddCause) { ended = a })
		if got := text(t, d, "TLD0/GGIO1."+x.object+"."+x.status); got != x.want || ended != model.AddCauseNone {
			t.Errorf("%s shows %s, %v, want %s", x.object, got, ended, x.want)
		}
	}
}
