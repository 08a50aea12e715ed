package scl

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	plant, err := os.ReadFile("testdata/plant.scd")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(plant)
	f.Add([]byte(bomb(`<DOType id="D" cdc="MV"><SDO name="a" type="D"/></DOType>`)))
	f.Add([]byte(bomb(`<DOType id="D" cdc="HMV"><DA name="a" fc="MX" bType="FLOAT32" count="3"><Val>1</Val></DA></DOType>`)))
	f.Add([]byte(head + `<Communication><SubNetwork name="a"><ConnectedAP iedName="b" apName="c"><GSE/></ConnectedAP></SubNetwork></Communication></SCL>`))
	small, err := filepath.Glob("../../shared/testdata/scl/*/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range small {
		if data, err := os.ReadFile(path); err == nil && len(data) < 8000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("f", data, Limits{Elements: 20_000, Slots: 50_000, Fields: 20_000})
		if err != nil {
			var p *Problem
			if !errors.As(err, &p) || p.Line < 1 || p.Col < 1 {
				t.Fatalf("refused without a place: %v", err)
			}
			return
		}
		lines := strings.Count(string(data), "\n") + 1
		problems := Check(file)
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Msg == "" {
				t.Fatalf("problem without a place: %+v", p)
			}
		}
		for _, i := range file.IEDs() {
			for _, a := range i.AccessPoints {
				srv, err := file.Server(i.Name, a.Name)
				if err != nil {
					continue
				}
				n := 0
				for l := range srv.Walk() {
					kind, _ := l.Type.Layout()
					if l.Slot != n || srv.Initial[n].Kind() != kind {
						t.Fatalf("%s: slot %d for %d, value of kind %v", l.Ref, l.Slot, n, srv.Initial[n].Kind())
					}
					n++
				}
				if n != len(srv.Initial) {
					t.Fatalf("%d leaves, %d values", n, len(srv.Initial))
				}
			}
		}
	})
}

func FuzzVal(f *testing.F) {
	f.Add("on", uint8(1))
	f.Add("2026-01-31T12:00:00.5+02:00", uint8(20))
	f.Add("-3", uint8(4))
	file, err := Parse("f", []byte(bomb(`<DOType id="D" cdc="MV"><DA name="a" fc="ST" bType="INT8"/></DOType>`)), Limits{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, b uint8) {
		typ := file.compiler.leaves[int(b)%len(file.compiler.leaves)]
		if kind, _ := typ.Layout(); kind == 0 || typ.Basic.String() == "Enum" {
			return
		}
		v, err := parseVal(typ, text)
		if kind, _ := typ.Layout(); err == nil && v.Kind() != kind {
			t.Fatalf("%s %q is a %v", typ.Basic, text, v.Kind())
		}
	})
}
