package scl

import (
	"errors"
	"strings"
	"testing"
)

const wounded = `<SCL xmlns="http://www.iec.ch/61850/2003/SCL" version="2007" revision="B">
<Header id="x"/>
<IED name="I"><AccessPoint name="A"><Server><Authentication/><LDevice inst="L">
 <LN0 lnClass="LLN0" inst="" lnType="LLN0">
  <DataSet name="all"><FCDA ldInst="L" lnClass="GGIO" lnInst="1" doName="Ind1" fc="ST"/><FCDA ldInst="L" lnClass="GGIO" lnInst="1" doName="Ind2" fc="ST"/></DataSet>
  <DataSet name="none"><FCDA ldInst="L" lnClass="GGIO" lnInst="9" doName="Ind1" fc="ST"/></DataSet>
  <ReportControl name="one" datSet="all" confRev="1"><TrgOps dchg="true"/><OptFields/></ReportControl>
  <ReportControl name="two" datSet="none" confRev="1"><TrgOps dchg="true"/><OptFields/></ReportControl>
  <LogControl name="log" datSet="none" logName="log"><TrgOps dchg="true"/></LogControl>
  <GSEControl name="go" datSet="none" appID="g" confRev="1"/>
  <SampledValueControl name="sv" datSet="none" smvID="s" smpRate="80" nofASDU="1" confRev="1"><SmvOpts/></SampledValueControl>
 </LN0>
 <LN lnClass="GGIO" inst="1" lnType="GGIO"><DOI name="Ind1"><DAI name="stVal"><Val>perhaps</Val></DAI></DOI></LN>
 <LN lnClass="GGIO" inst="2" lnType="Nowhere"/>
</LDevice></Server></AccessPoint><AccessPoint name="B"><Server><Authentication/></Server></AccessPoint></IED>
<DataTypeTemplates>
 <LNodeType id="LLN0" lnClass="LLN0"><DO name="Beh" type="SPS"/></LNodeType>
 <LNodeType id="GGIO" lnClass="GGIO"><DO name="Ind1" type="SPS"/></LNodeType>
 <DOType id="SPS" cdc="SPS"><DA name="stVal" fc="ST" bType="BOOLEAN" dchg="true"/><DA name="q" fc="ST" bType="Quality"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
</DataTypeTemplates></SCL>`

// TestSalvage keeps what is sound of a file with errors, and tells what it left out.
func TestSalvage(t *testing.T) {
	f, err := Parse("wounded.icd", []byte(wounded), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Server("I", "A"); !errors.Is(err, ErrContent) {
		t.Fatalf("it compiles: %v", err)
	}
	m, left, err := f.Salvage("I", "A")
	if err != nil {
		t.Fatal(err)
	}
	d := m.Devices[0]
	if len(d.Nodes) != 2 {
		t.Errorf("%d nodes", len(d.Nodes))
	}
	n := d.Nodes[0]
	if len(n.DataSets) != 1 || len(n.DataSets[0].Members) != 1 {
		t.Errorf("data sets %+v", n.DataSets)
	}
	if n.Reports[0].DataSet != "all" || n.Reports[1].DataSet != "" || n.Logs[0].DataSet != "" || n.Goose[0].DataSet != "" || n.Samples[0].DataSet != "" {
		t.Errorf("control blocks name %q %q %q %q %q", n.Reports[0].DataSet, n.Reports[1].DataSet, n.Logs[0].DataSet, n.Goose[0].DataSet, n.Samples[0].DataSet)
	}
	text := left.Error()
	for _, want := range []string{`"Nowhere" does not exist`, `"perhaps"`, "Ind2", "GGIO9"} {
		found := false
		for i := range left {
			found = found || strings.Contains(left[i].Error(), want) && left[i].Line > 0
		}
		if !found {
			t.Errorf("%s is not told: %s", want, text)
		}
	}
	if _, _, err := f.Salvage("J", ""); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
	if _, _, err := f.Salvage("I", "B"); !errors.Is(err, ErrNoServer) {
		t.Errorf("%v", err)
	}
}

// TestSalvageSound gives the same as Server where nothing is wrong.
func TestSalvageSound(t *testing.T) {
	text := strings.NewReplacer("perhaps", "true", `<FCDA ldInst="L" lnClass="GGIO" lnInst="1" doName="Ind2" fc="ST"/>`, "", `lnInst="9"`, `lnInst="1"`,
		`<LN lnClass="GGIO" inst="2" lnType="Nowhere"/>`, "").Replace(wounded)
	f, err := Parse("sound.icd", []byte(text), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := f.Server("I", "A")
	if err != nil {
		t.Fatal(err)
	}
	got, left, err := f.Salvage("I", "A")
	if err != nil || len(left) != 0 || len(got.Devices[0].Nodes) != len(want.Devices[0].Nodes) || got.Devices[0].Nodes[0].Reports[1].DataSet != "none" {
		t.Errorf("%v, %v", left, err)
	}
}
