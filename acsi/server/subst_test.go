package server

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/scl"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Every common data class that can be substituted: the object, the process's value, the substitute, and where they are.
func substitutable() []substCase {
	dbpos := func(d model.Dbpos) model.Value { return model.DbposValue(d) }
	an := func(f float32) model.Value { return model.Struct(model.Float32(f)) }
	vec := func(f float32) model.Value { return model.Struct(an(f), an(-f)) }
	tap := func(n int64) model.Value { return model.Struct(model.Int(n), model.Bool(n > 5)) }
	return []substCase{
		{"Ind", "subVal", model.ST, []string{"stVal"}, model.Bool(false), model.Bool(true)},
		{"Dps", "subVal", model.ST, []string{"stVal"}, dbpos(model.DbposOff), dbpos(model.DbposOn)},
		{"Ins", "subVal", model.ST, []string{"stVal"}, model.Int(1), model.Int(2)},
		{"Ens", "subVal", model.ST, []string{"stVal"}, model.Int(1), model.Int(3)},
		{"Mv", "subMag", model.MX, []string{"mag", "instMag"}, an(1), an(2)},
		{"Cmv", "subCVal", model.MX, []string{"cVal", "instCVal"}, vec(1), vec(2)},
		{"Spc", "subVal", model.ST, []string{"stVal"}, model.Bool(false), model.Bool(true)},
		{"Dpc", "subVal", model.ST, []string{"stVal"}, dbpos(model.DbposOn), dbpos(model.DbposBad)},
		{"Inc", "subVal", model.ST, []string{"stVal"}, model.Int(7), model.Int(-7)},
		{"Enc", "subVal", model.ST, []string{"stVal"}, model.Int(2), model.Int(1)},
		{"Bsc", "subVal", model.ST, []string{"valWTr"}, tap(3), tap(9)},
		{"Isc", "subVal", model.ST, []string{"valWTr"}, tap(4), tap(8)},
		{"Apc", "subVal", model.MX, []string{"mxVal"}, an(10), an(20)},
		{"Bac", "subVal", model.MX, []string{"mxVal"}, an(11), an(21)},
	}
}

type substCase struct {
	do, sub string
	fc      model.FC
	served  []string
	process model.Value
	given   model.Value
}

func (c substCase) ref(attr string) model.Ref {
	return model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: c.do + "." + attr, FC: c.fc}
}

func (c substCase) item(attr string) string {
	return "GGIO1$" + c.fc.String() + "$" + c.do + "$" + attr
}

func (h *harness) process(c substCase, v model.Value, q model.Quality) {
	h.Helper()
	h.update(func(tx *Tx) {
		for _, attr := range c.served {
			tx.Set(c.ref(attr), v)
		}
		tx.Quality(model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: c.do, FC: c.fc}, q)
		tx.Time(model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: c.do, FC: c.fc})
	})
}

func TestSubstitution(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("operator@grid")
		for _, c := range substitutable() {
			sv := "GGIO1$SV$" + c.do
			h.process(c, c.process, model.Questionable)
			was := p.read(c.item("t"))
			time.Sleep(time.Second)
			p.set(sv+"$"+c.sub, c.given)
			p.set(sv+"$subQ", model.QualityValue(model.QInaccurate))
			for _, attr := range c.served {
				p.want(c.item(attr), c.process) // prepared, not in force
			}
			p.set(sv+"$subEna", model.Bool(true))
			for _, attr := range c.served {
				p.want(c.item(attr), c.given)
			}
			p.want(c.item("q"), model.QualityValue(model.QSubstituted|model.QInaccurate))
			p.want(c.item("t"), model.Time(h.s.stamp(time.Now())))
			p.want(sv+"$subID", model.Visible("operator@grid"))
			if !h.sawSubstituted(c.do, true) {
				t.Errorf("%s: no event", c.do)
			}

			h.process(c, c.given, model.Invalid) // the process goes on unseen
			h.process(c, c.process, model.Good)
			later := model.Time(h.s.stamp(time.Now()))
			p.want(c.item("q"), model.QualityValue(model.QSubstituted|model.QInaccurate))
			p.set(sv+"$"+c.sub, c.process) // another substitute at once
			p.want(c.item(c.served[0]), c.process)
			p.set(sv+"$"+c.sub, c.given)

			p.set(sv+"$subEna", model.Bool(false))
			for _, attr := range c.served {
				p.want(c.item(attr), c.process)
			}
			p.want(c.item("q"), model.QualityValue(model.Good))
			p.want(c.item("t"), later)
			if p.read(c.item("t")).Equal(was) || !h.sawSubstituted(c.do, false) {
				t.Errorf("%s: an old time, or no event", c.do)
			}
		}
		p.set("MMXU1$SV$A$phsB$subCVal", model.Struct(model.Struct(float(1)), model.Struct(float(2)))) // a sub-data object
		p.set("MMXU1$SV$A$phsB$subEna", model.Bool(true))
		p.want("MMXU1$MX$A$phsB$cVal$ang$f", float(2))
		p.want("MMXU1$MX$A$phsA$cVal$ang$f", float(0))
	})
	services(t, Config{}, func(h *harness) { // a restart
		p := h.peer("a")
		p.want("GGIO1$SV$Ind$subEna", model.Bool(false))
	})
}

func (h *harness) sawSubstituted(do string, on bool) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if s, ok := e.(Substituted); ok && s.Ref.Path == do && s.On == on && s.ID == "operator@grid" {
			return true
		}
	}
	return false
}

func TestSubstitutionIsReported(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("a")
		p.set("LLN0$RP$meas01$RptEna", model.Bool(true))
		p.set("GGIO1$SV$Ind", model.Struct(model.Bool(true), model.Bool(true), model.QualityValue(0), model.Visible("me"))) // all at once
		r := p.reports()
		if len(r) != 1 || len(r[0].members) != 1 || r[0].members[0] != 1 || r[0].reasons[0] != reasonDataChange|reasonQualityChange {
			t.Fatalf("want one report of Ind, got %+v", r)
		}
		if q, _ := r[0].values[0].At(1).AsQuality(); q != model.QSubstituted {
			t.Errorf("q %v", q)
		}
		p.want("GGIO1$SV$Ind$subID", model.Visible("me"))
		p.set("GGIO1$SV$Ind$subID", model.Visible("still me")) // nothing that is shown changes
		ref := model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Ind.stVal", FC: model.ST}
		for range 3 {
			h.update(func(tx *Tx) { tx.Set(ref, model.Bool(false)) })
		}
		if r := p.reports(); len(r) != 0 {
			t.Errorf("reports from underneath: %+v", r)
		}
		p.lose() // it stays: a substitution is not the association's
		p = h.peer("b")
		p.want("GGIO1$ST$Ind$stVal", model.Bool(true))
		p.set("LLN0$RP$meas01$RptEna", model.Bool(true))
		p.set("GGIO1$SV$Ind$subEna", model.Bool(false))
		if r := p.reports(); len(r) != 1 || r[0].reasons[0] != reasonDataChange|reasonQualityChange {
			t.Errorf("want one report of its end, got %+v", r)
		}
		p.set("GGIO1$SV$Ind$subEna", model.Bool(true))
		p.want("GGIO1$SV$Ind$subID", model.Visible("still me"))
		p.set("GGIO1$SV$Ind$subID", model.Visible(""))
		p.want("GGIO1$SV$Ind$subID", model.Visible("b"))
	})
}

func TestBlocking(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("a")
		for _, c := range substitutable() {
			h.process(c, c.process, model.Good)
			before := p.read(c.item("t"))
			time.Sleep(time.Second)
			p.set("GGIO1$BL$"+c.do+"$blkEna", model.Bool(true))
			h.process(c, c.given, model.Invalid)
			p.want(c.item(c.served[0]), c.process)
			p.want(c.item("t"), before)
			p.want(c.item("q"), model.QualityValue(model.Questionable|model.QOldData|model.QOperatorBlocked))
			// A substitute lies over what is blocked, and what was blocked comes back.
			p.set("GGIO1$SV$"+c.do+"$"+c.sub, c.given)
			p.set("GGIO1$SV$"+c.do+"$subEna", model.Bool(true))
			p.want(c.item(c.served[0]), c.given)
			p.want(c.item("q"), model.QualityValue(model.QSubstituted|model.QOperatorBlocked))
			p.set("GGIO1$SV$"+c.do+"$subEna", model.Bool(false))
			p.want(c.item(c.served[0]), c.process)
			p.set("GGIO1$BL$"+c.do+"$blkEna", model.Bool(false))
			p.want(c.item(c.served[0]), c.given)
			p.want(c.item("q"), model.QualityValue(model.Invalid))
		}
		blocked := 0
		for _, e := range h.events {
			if _, ok := e.(Blocked); ok {
				blocked++
			}
		}
		if blocked != 2*len(substitutable()) {
			t.Errorf("%d events", blocked)
		}
		if len(h.s.masks) != 0 {
			t.Errorf("%d values are still covered", len(h.s.masks))
		}
	})
}

// A command to a substituted object goes to the process; what it does is seen once the substitution ends.
func TestCommandUnderneath(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		do := model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Enc"}
		err := h.s.Handle(do, ControlFunc(func(c *Command) model.AddCause {
			st := do.Child("stVal")
			st.FC = model.ST
			_ = h.s.Update(time.Now(), func(tx *Tx) { tx.Set(st, c.Value) })
			return model.AddCauseNone
		}))
		if err != nil {
			t.Fatal(err)
		}
		p := h.peer("a")
		p.set("GGIO1$SV$Enc$subVal", model.Int(2))
		p.set("GGIO1$SV$Enc$subEna", model.Bool(true))
		p.set("GGIO1$CO$Enc$Oper", model.Struct(model.Int(3), model.Time(0), model.Struct(model.Int(3), model.Octets("x")), model.Uint(9),
			model.Time(model.NewTimestamp(time.Now(), 0)), model.Bool(false), model.Bits(0, 2)))
		p.want("GGIO1$ST$Enc$stVal", model.Int(2))
		p.want("GGIO1$ST$Enc$ctlNum", model.Uint(9)) // that is no process value
		p.set("GGIO1$SV$Enc$subEna", model.Bool(false))
		p.want("GGIO1$ST$Enc$stVal", model.Int(3))
	})
}

func TestSubstitutionRefused(t *testing.T) {
	config := AuthorizerFunc(func(p *model.Principal, r Right, _ model.Ref) error {
		if r == RightConfig && p.Name != "engineer" {
			return errors.New("no")
		}
		return nil
	})
	services(t, Config{Authorizer: config}, func(h *harness) {
		ind := model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Ind"}
		veto := false
		_ = h.s.HandleWrite(ind, func(_ *model.Principal, ref model.Ref, _ model.Value) error {
			if veto && (ref.FC == model.SV || ref.FC == model.BL) {
				return mms.TemporarilyUnavailable
			}
			return nil
		})
		a, e := h.peer("viewer"), h.peer("engineer")
		a.refuses("GGIO1$SV$Ind$subEna", model.Bool(true), mms.ObjectAccessDenied)
		a.refuses("GGIO1$BL$Ind$blkEna", model.Bool(true), mms.ObjectAccessDenied)
		e.refuses("GGIO1$SV$Ens$subVal", model.Int(9), mms.ObjectValueInvalid)
		e.refuses("GGIO1$SV$Ens$subVal", model.Bool(true), mms.TypeInconsistent)
		veto = true
		e.refuses("GGIO1$SV$Ind$subEna", model.Bool(true), mms.TemporarilyUnavailable)
		e.refuses("GGIO1$BL$Ind$blkEna", model.Bool(true), mms.TemporarilyUnavailable)
		a.want("GGIO1$ST$Ind$q", model.QualityValue(0))
		synctest.Wait()
	})
}

// Attributes that are only called like those of substitution, and are of other types, are left alone.
func TestAttributesOfOtherTypes(t *testing.T) {
	b, err := os.ReadFile("testdata/services.icd")
	if err != nil {
		t.Fatal(err)
	}
	const sps = `<DOType id="SPS" cdc="SPS">`
	before, after, _ := strings.Cut(string(b), sps)
	after = strings.NewReplacer(`name="q" fc="ST" bType="Quality"`, `name="q" fc="ST" bType="INT32"`, `name="t" fc="ST" bType="Timestamp"`, `name="t" fc="ST" bType="INT32"`,
		`name="subQ" fc="SV" bType="Quality"`, `name="subQ" fc="SV" bType="BOOLEAN"`, `name="subID" fc="SV" bType="VisString64"`, `name="subID" fc="SV" bType="INT32"`).Replace(after)
	f, err := scl.Parse("other.icd", []byte(before+sps+after), scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Server("T", "AP")
	if err != nil {
		t.Fatal(err)
	}
	run(t, Config{Model: m}, func(h *harness) {
		p := h.peer("a")
		p.set("GGIO1$SV$Ind$subVal", model.Bool(true))
		p.set("GGIO1$SV$Ind$subEna", model.Bool(true))
		p.want("GGIO1$ST$Ind$stVal", model.Bool(true))
		p.set("GGIO1$BL$Ind$blkEna", model.Bool(true))
		for _, item := range []string{"GGIO1$ST$Ind$q", "GGIO1$ST$Ind$t", "GGIO1$SV$Ind$subID"} {
			p.want(item, model.Int(0))
		}
		p.want("GGIO1$SV$Ind$subQ", model.Bool(false))
	})
}
