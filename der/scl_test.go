package der

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

func loadTemplate(t testing.TB, kind device.Kind, ied string) *model.Server {
	t.Helper()
	tmpl, err := Template(kind)
	if err != nil {
		t.Fatal(err)
	}
	cid, err := Instantiate(tmpl, ied, strings.ToLower(ied)+"@grid.example")
	if err != nil {
		t.Fatal(err)
	}
	f, err := scl.Parse(string(kind)+".icd", cid, scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Server(ied, "")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTemplates(t *testing.T) {
	for _, kind := range device.Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			m := loadTemplate(t, kind, "DER7")
			if m.IED != "DER7" || m.Devices[0].Name != "DER7LD0" {
				t.Errorf("IED %q, LD %q", m.IED, m.Devices[0].Name)
			}
			all := DefaultMap(kind)
			bs, err := bind(m, nil, all)
			if err != nil {
				t.Fatal(err)
			}
			if len(bs) != len(all) {
				t.Errorf("%d points bound of %d", len(bs), len(all))
			}
			ln0, _ := m.Devices[0].Node("LLN0")
			if len(ln0.Reports) != 8 {
				t.Errorf("%d report control blocks", len(ln0.Reports))
			}
			for _, r := range ln0.Reports {
				ds, ok := ln0.DataSet(r.DataSet)
				if !ok {
					t.Fatalf("%s: no data set %q", r.Name, r.DataSet)
				}
				for _, member := range ds.Members {
					if _, ok := m.Find(member); !ok {
						t.Errorf("%s: no member %s", ds.Name, member)
					}
				}
			}
			ref, _ := model.ParseRef("DER7LD0/DWMX1.WMaxSpt.ctlModel[CF]")
			leaf, ok := m.Find(ref)
			if !ok {
				t.Fatal("no ctlModel")
			}
			if v, _ := m.Initial[leaf.Slot].AsInt(); v != int64(model.DirectEnhanced) {
				t.Errorf("ctlModel %d", v)
			}
		})
	}
}

func TestTemplatesAreWellFormed(t *testing.T) {
	if _, err := exec.LookPath("xmllint"); err != nil {
		t.Skip("well-formed XML: missing peer xmllint")
	}
	for _, kind := range device.Kinds() {
		tmpl, err := Template(kind)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("xmllint", "--noout", "--nonet", "-")
		cmd.Stdin = bytes.NewReader(tmpl)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", kind, err, out)
		}
	}
}

func TestInstantiate(t *testing.T) {
	tmpl, err := Template(device.PV)
	if err != nil {
		t.Fatal(err)
	}
	cid, err := Instantiate(tmpl, "PV_12", "a&b@grid.example")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(cid, []byte(`<P type="JID">a&amp;b@grid.example</P>`)) || bytes.Contains(cid, []byte("TEMPLATE")) {
		t.Error("names not replaced")
	}
	for _, bad := range []string{"", "1PV", "PV 1", `PV"`, "PV-1", "None", strings.Repeat("x", 61)} {
		if _, err := Instantiate(tmpl, bad, ""); !errors.Is(err, ErrTemplate) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := Instantiate(cid, "PV2", ""); !errors.Is(err, ErrTemplate) {
		t.Errorf("a CID is no template: %v", err)
	}
	if _, err := Template("windmill"); !errors.Is(err, ErrTemplate) {
		t.Errorf("unknown kind: %v", err)
	}
}

func TestBindErrors(t *testing.T) {
	m := loadTemplate(t, device.PV, "DER7")
	for point, ref := range map[string]string{
		"W":          "LD0/MMXU1.TotX",
		"VAr":        "LD0/MMXU1.TotVAr.mag.f",
		"Hz":         "LD9/MMXU1.Hz",
		"PF":         "LD0/LLN0.NamPlt",
		"operating":  "LD0/LLN0.Beh",
		"nonsense":   "LD0/MMXU1.TotW",
		"irradiance": "not a reference",
	} {
		if _, err := bind(m, nil, map[string]string{point: ref}); !errors.Is(err, ErrMap) {
			t.Errorf("%s to %s: %v", point, ref, err)
		}
	}
	// By default a point that the model does not have is left out; whole LD names do as well as their inst.
	bs, err := bind(m, map[string]string{"soc": "LD0/DSTO1.SocUsePct", "W": "DER7LD0/MMXU1.TotW"}, nil)
	if err != nil || len(bs) != 1 || bs[0].point.Name != "W" {
		t.Errorf("%v, %v", bs, err)
	}
}

func TestTemplatesPassTheCheck(t *testing.T) {
	for _, kind := range device.Kinds() {
		tmpl, err := Template(kind)
		if err != nil {
			t.Fatal(err)
		}
		f, err := scl.Parse(string(kind)+".icd", tmpl, scl.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range scl.Check(f) {
			t.Errorf("%s: %s: %s (%s)", p.Where(), p.Severity, p.Msg, p.Hint)
		}
	}
}
