package server

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

// changedModel compiles testdata/test.icd with some of its text replaced.
func changedModel(t *testing.T, replace ...string) *model.Server {
	t.Helper()
	b, err := os.ReadFile("testdata/test.icd")
	if err != nil {
		t.Fatal(err)
	}
	f, err := scl.Parse("test.icd", []byte(strings.NewReplacer(replace...).Replace(string(b))), scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Server("T", "AP")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// Logs are where SCL says: named by Log elements, in the logical device of ldInst.
func TestLogsOfSCL(t *testing.T) {
	m := changedModel(t,
		`<LogControl name="lcb" datSet="Four" logName="log">`, `<LogControl name="lcb" datSet="Four" ldInst="LD1" lnClass="GGIO" lnInst="9" logName="far" logEna="false">`,
		`<SettingControl `, `<Log name="near"/><Log/><SettingControl `,
	)
	run(t, Config{Model: m}, func(h *harness) {
		p := h.peer("cc@x")
		for ld, want := range map[string][]string{"TLD0": {"LLN0$near"}, "TLD1": {"GGIO9$far"}} {
			if names, _ := p.nameList(mms.ClassJournal, mms.DomainSpecific, ld); !slices.Equal(names, want) {
				t.Errorf("logs of %s: %q", ld, names)
			}
		}
		if v := p.read(lcb + "LogRef"); !v.Equal(model.Visible("TLD1/GGIO9$far")) {
			t.Errorf("LogRef %v", v)
		}
		h.setFloat(1) // logEna is false
		p.set(lcb+"LogEna", model.Bool(true))
		h.setFloat(2)
		far := mms.ReadJournal{Journal: mms.InDomain("TLD1", "GGIO9$far")}
		if got, _ := p.readLog(far); !slices.Equal(floats(got), []float64{2}) {
			t.Errorf("the far log: %v", floats(got))
		}
		p.set(lcb+"LogEna", model.Bool(false))
		p.set(lcb+"LogRef", model.Visible("TLD0/LLN0$near"))
		p.set(lcb+"LogEna", model.Bool(true))
		h.setFloat(3)
		if got, _ := p.readLog(mms.ReadJournal{Journal: mms.InDomain("TLD0", "LLN0$near")}); !slices.Equal(floats(got), []float64{3}) {
			t.Errorf("the near log: %v", floats(got))
		}
		if got, _ := p.readLog(far); len(got) != 1 {
			t.Errorf("the far log: %v", floats(got))
		}
	})
}

func TestLogSettingsOfSCL(t *testing.T) {
	m := changedModel(t, `<ReportSettings `, `<LogSettings datSet="Fix" logEna="Dyn" trgOps="Conf" intgPd="Dyn"/><ReportSettings `)
	run(t, Config{Model: m}, func(h *harness) {
		p := h.peer("cc@x")
		p.set(lcb+"LogEna", model.Bool(false))
		p.set(lcb+"IntgPd", model.Uint(1000))
		for item, v := range map[string]model.Value{"DatSet": model.Visible("TLD0/LLN0$Array"), "TrgOps": trgOps(0)} {
			if code := p.write(lcb+item, v); code != mms.ObjectAccessDenied {
				t.Errorf("%s, which is not Dyn: %v", item, code)
			}
		}
	})
}
