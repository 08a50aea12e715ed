package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/osi"
)

const addressSCL = `<?xml version="1.0"?>
<SCL xmlns="http://www.iec.ch/61850/2003/SCL" version="2007" revision="B" release="4">
  <Header id="addresses"/>
  <Communication>
    <SubNetwork name="N1" type="8-MMS">
      <ConnectedAP iedName="A" apName="AP"><Address>
        <P type="IP">192.0.2.7</P><P type="OSI-TSEL">0007</P><P type="OSI-SSEL">08</P><P type="OSI-PSEL">00000009</P>
        <P type="OSI-AP-Title">1,3,9999,23</P><P type="OSI-AE-Qualifier">12</P></Address></ConnectedAP>
    </SubNetwork>
    <SubNetwork name="N2" type="8-2MMS">
      <ConnectedAP iedName="B" apName="AP"><Address><P type="JID">b@grid.example</P></Address></ConnectedAP>
    </SubNetwork>
  </Communication>
  <IED name="A"><AccessPoint name="AP"><Server><Authentication none="true"/><LDevice inst="LD0"><LN0 lnClass="LLN0" inst="" lnType="L"/></LDevice></Server></AccessPoint></IED>
  <IED name="B"><AccessPoint name="AP"><Server><Authentication none="true"/><LDevice inst="LD0"><LN0 lnClass="LLN0" inst="" lnType="L"/></LDevice></Server></AccessPoint></IED>
  <IED name="C"><AccessPoint name="AP"><Server><Authentication none="true"/><LDevice inst="LD0"><LN0 lnClass="LLN0" inst="" lnType="L"/></LDevice></Server></AccessPoint></IED>
  <DataTypeTemplates>
    <LNodeType id="L" lnClass="LLN0"><DO name="Beh" type="D"/></LNodeType>
    <DOType id="D" cdc="ENS"><DA name="stVal" fc="ST" bType="Enum" type="Beh" dchg="true"/><DA name="q" fc="ST" bType="Quality" qchg="true"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
    <EnumType id="Beh"><EnumVal ord="1">on</EnumVal></EnumType>
  </DataTypeTemplates>
</SCL>`

// An IED is found by its name and by its address, with the selectors that the file gives.
func TestPlacesOfSCL(t *testing.T) {
	file := filepath.Join(t.TempDir(), "plant.scd")
	if err := os.WriteFile(file, []byte(addressSCL), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := &cobra.Command{}
	for _, tc := range []struct {
		target, ied string
		want, model string // "": a usage error
	}{
		{"A", "", "192.0.2.7:102", "A"},
		{"192.0.2.7:10102", "", "192.0.2.7:10102", "A"},
		{"B", "", "b@grid.example", "B"},
		{"b@grid.example", "", "b@grid.example", "B"},
		{"198.51.100.1", "C", "198.51.100.1:102", "C"},
		{"A", "A", "192.0.2.7:102", "A"},
		{"A", "B", "", ""},
		{"C", "", "", ""},            // has no address
		{"198.51.100.1", "", "", ""}, // whose?
		{"198.51.100.1", "D", "", ""},
	} {
		f := &mmsFlags{scl: file, ied: tc.ied}
		p, err := f.place(cmd, tc.target)
		if tc.want == "" {
			if cli.CodeOf(err) != cli.BadUsage || cli.HintOf(err) == "" {
				t.Errorf("%s, --ied %q: %v, hint %q", tc.target, tc.ied, err, cli.HintOf(err))
			}
			continue
		}
		if err != nil || p.target.String() != tc.want || p.scl.IED != tc.model {
			t.Errorf("%s, --ied %q: %+v, %v, want %s of %s", tc.target, tc.ied, p, err, tc.want, tc.model)
		}
	}
}

func TestSelectors(t *testing.T) {
	p := &mmsPlace{address: mmsAddress{
		"OSI-TSEL": "0007", "OSI-SSEL": "08", "OSI-PSEL": "00000009", "OSI-AP-Title": "1,3,9999,23", "OSI-AE-Qualifier": "12",
	}}
	f := &mmsFlags{ssel: "0x0a0b", calling: "tsel=0001, ap-title=1.3.9999.1 ,ae-qualifier=7"}
	var cfg osi.Config
	if err := f.addresses(p, &cfg); err != nil {
		t.Fatal(err)
	}
	r, l := cfg.Remote, cfg.Local
	if string(r.TSEL) != "\x00\x07" || string(r.SSEL) != "\x0a\x0b" || string(r.PSEL) != "\x00\x00\x00\x09" {
		t.Errorf("selectors %x %x %x", r.TSEL, r.SSEL, r.PSEL)
	}
	if r.Title.AP != asn1.MustOID("1.3.9999.23") || r.Title.AE != 12 || !r.Title.HasAE {
		t.Errorf("title %+v", r.Title)
	}
	if string(l.TSEL) != "\x00\x01" || l.Title.AP != asn1.MustOID("1.3.9999.1") || l.Title.AE != 7 {
		t.Errorf("calling %+v", l)
	}
	for name, bad := range map[string]*mmsFlags{
		"--tsel": {tsel: strings.Repeat("00", 33)}, "--psel": {psel: "0"}, "--ap-title": {apTitle: "x"}, "--ae-qualifier": {aeQual: "x"}, "--calling": {calling: "x"},
	} {
		if err := bad.addresses(&mmsPlace{}, new(osi.Config)); cli.CodeOf(err) != cli.BadUsage || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
