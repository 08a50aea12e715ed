package scl

import (
	"os"
	"strings"
	"testing"
)

func TestCheckGoodFile(t *testing.T) {
	for _, p := range Check(plant(t)) {
		t.Errorf("%s: %s", p.Where(), p.Msg)
	}
}

// mutations spoil testdata/plant.scd, each in one place. The problem must be in the line that holds at (the new text
// where at is empty), with msg and hint in it.
var mutations = []struct {
	name, old, new string
	at             string
	severity       Severity
	msg, hint      string
}{
	{"name space", ` xmlns="http://www.iec.ch/61850/2003/SCL"`, ``, "<SCL", Warning, "SCL is in no name space", "add xmlns"},
	{"edition", `release="4"`, `release="9"`, "", Warning, "edition 2007B9 is unknown", "read like the newest"},
	{"header", `<Header id="plant"`, `<Heater id="plant"`, "", Warning, "Heater cannot be inside SCL", "did you mean Header?"},
	{"no header", `<Header id="plant" version="1" revision="2" toolID="hand"/>`, ``, "<SCL", Error, "SCL has no Header", "add <Header"},
	{"attribute", `bufTime="100"`, `bufTim="100"`, "", Warning, "ReportControl has no attribute bufTim", "did you mean bufTime?"},
	{"missing attribute", `<ConnectedAP iedName="CENTER" apName="AP1">`, `<ConnectedAP iedName="CENTER">`, "", Error, "ConnectedAP has no attribute apName", "add apName"},
	{"foreign elements are fine", `<Authentication/>`, `<x:Odd xmlns:x="urn:x"><x:y/></x:Odd>`, "", Warning, "", ""},

	{"LNodeType", `inst="1" lnType="MMXU" prefix=""`, `inst="1" lnType="MMXV" prefix=""`, "", Error, `LNodeType "MMXV" does not exist`, `did you mean "MMXU"?`},
	{"class", `<LNodeType id="MMXU" lnClass="MMXU">`, `<LNodeType id="MMXU" lnClass="MMXN">`, `<LN lnClass="MMXU"`, Error, `LNodeType "MMXU" is of class MMXN, not MMXU`, ""},
	{"class name", `<LNodeType id="IHMI" lnClass="IHMI">`, `<LNodeType id="IHMI" lnClass="ihmi">`, "", Warning, `lnClass "ihmi" is no class name`, "four upper-case"},
	{"DOType", `<DO name="TotW" type="MV"/>`, `<DO name="TotW" type="MVV"/>`, "", Error, `DOType "MVV" does not exist`, ""},
	{"DOType is a DAType", `<DO name="TotW" type="MV"/>`, `<DO name="TotW" type="Vector"/>`, "", Error, `DOType "Vector" does not exist`, "there is a DAType of that id"},
	{"DAType", `type="OperENC" fc="CO"`, `type="operENC" fc="CO"`, "", Error, `DAType "operENC" does not exist`, `did you mean "OperENC"?`},
	{"EnumType", `<DA name="stVal" bType="Enum" type="HealthKind"`, `<DA name="stVal" bType="Enum" type="HealtKind"`, "", Error, `EnumType "HealtKind" does not exist`, `did you mean "HealthKind"?`},
	{"well-known EnumType", `<EnumType id="HealthKind">`, `<EnumType id="HealthKnd">`, `type="HealthKind"`, Warning, `EnumType "HealthKind" does not exist`, "values of IEC 61850-7-3"},
	{"bType", `bType="Timestamp" fc="MX"/>
			<DA name="units"`, `bType="TimeStamp" fc="MX"/>
			<DA name="units"`, `"TimeStamp"`, Error, `bType="TimeStamp" is not a basic type`, "did you mean Timestamp?"},
	{"fc", `name="swRev" bType="VisString255" fc="DC"`, `name="swRev" bType="VisString255" fc="DD"`, "", Error, `fc="DD" is not a functional constraint`, "DC"},
	{"no type", `<DO name="TotW" type="MV"/>`, `<DO name="TotW"/>`, "", Error, `DO "TotW" has no attribute type`, ""},
	{"circle", `<BDA name="f" bType="FLOAT32"/>`, `<BDA name="f" bType="Struct" type="Vector"/>`, `<BDA name="mag"`, Error, `DAType "AnalogueValue" is part of itself`, "break the circle"},
	{"duplicate type", `<EnumType id="SIUnitKind">`, `<EnumType id="CtlModelKind">`, "<EnumType id=\"CtlModelKind\">\n\t\t\t<EnumVal ord=\"1\"/>", Error, `EnumType "CtlModelKind" exists twice, first in line`, ""},
	{"duplicate attribute", `<DA name="swRev" bType`, `<DA name="vendor" bType`, `<DA name="vendor" bType="VisString255" fc="DC"/>`, Error, `DA "vendor" exists twice`, ""},
	{"name", `<DO name="TotW" type="MV"/>`, `<DO name="Tot W" type="MV"/>`, "", Error, `name "Tot W" cannot be part of a reference`, "letters and digits"},
	{"ord", `<EnumVal ord="3">Alarm`, `<EnumVal ord="2">Alarm`, "", Error, `ord 2 stands for "Warning" and for "Alarm"`, ""},
	{"ord is no number", `<EnumVal ord="3">Alarm`, `<EnumVal ord="x">Alarm`, "", Error, `ord="x" is not an ordinal`, ""},
	{"count", `count="numHar"`, `count="swRev"`, "", Error, `count="swRev" names no attribute with a value`, ""},
	{"count is too large", `count="numHar"`, `count="70000"`, "", Error, `count="70000" is not a number of elements`, ""},
	{"mandatory attribute", `<DA name="cVal" bType="Struct" type="Vector" fc="MX" dchg="true"/>`, `<DA name="instCVal" bType="Struct" type="Vector" fc="MX"/>`, `<DOType id="CMV"`, Warning, "has no cVal, which is mandatory", `fc="MX"`},
	{"mandatory object", `<DO name="NamPlt" type="LPL"/>`, ``, `<LNodeType id="LLN0"`, Warning, "LLN0 has no data object NamPlt, which is mandatory", "LPL"},
	{"class of object", `<DO name="TotW" type="MV"/>`, `<DO name="TotW" type="CMV"/>`, "", Warning, "MMXU.TotW is of class CMV, not MV", ""},
	{"fc of attribute", `<DA name="vendor" bType="VisString255" fc="DC">`, `<DA name="vendor" bType="VisString255" fc="CF">`, "", Warning, "LPL.vendor has fc CF", `fc="DC"`},
	{"type of attribute", `<DA name="d" bType="VisString255" fc="DC"/>`, `<DA name="d" bType="INT32" fc="DC"/>`, "", Warning, "LPL.d is a INT32", "VisString"},

	{"value of an enumeration", `<Val>direct-with-enhanced-security</Val>`, `<Val>direct</Val>`, "", Error, `"direct" is not a value of EnumType "CtlModelKind"`, "status-only, direct-with-normal-security"},
	{"value of a float", `<Val>1.5</Val>`, `<Val>1,5</Val>`, "", Error, `"1,5" is not a FLOAT32`, ""},
	{"value of a template", `<Val>W</Val>`, `<Val>Watt</Val>`, "", Error, `"Watt" is not a value`, ""},
	{"DOI", `<DOI name="HaA">`, `<DOI name="HaB">`, "", Error, `LNodeType "MMXU" has no data object "HaB"`, "add DO"},
	{"DAI", `<DAI name="q">`, `<DAI name="qq">`, "", Error, `DOType "MV" has no attribute "qq"`, ""},
	{"ix", `<DAI name="harm" ix="2">`, `<DAI name="harm" ix="4">`, "", Error, `ix="4" is outside of the array`, "0 to 3"},

	{"member object", `doName="TotW" fc="MX"`, `doName="TotV" fc="MX"`, "", Error, `data set member LD0/MMXU1.TotV[MX]`, `no data object "TotV"`},
	{"member attribute", `daName="cVal.mag.f"`, `daName="cVal.ang.f"`, "", Error, "LD0/MMXU1.A.phsA.cVal.ang.f[MX]", `"A.phsA.cVal" exists`},
	{"member fc", `doName="Mod" daName="stVal" fc="ST"`, `doName="Mod" daName="stVal" fc="CF"`, "", Error, "no such attribute with fc CF", "the attribute has fc ST"},
	{"member node", `lnInst="1" doName="TotW"`, `lnInst="2" doName="TotW"`, "", Error, `has no node "MMXU2"`, ""},
	{"member device", `<FCDA ldInst="LD0" lnClass="MMXU" lnInst="1" doName="TotW"`, `<FCDA ldInst="LD9" lnClass="MMXU" lnInst="1" doName="TotW"`, "", Error, `no logical device "LD9"`, ""},
	{"member index", `daName="harm" fc="MX" ix="2"`, `daName="harm" fc="MX" ix="9"`, "", Error, "LD0/MMXU1.HaA.harm[MX]", ""},
	{"data set", `name="urcb" datSet="meas"`, `name="urcb" datSet="maes"`, "", Error, `ReportControl "urcb": data set "maes" does not exist`, "data sets of LLN0: meas"},
	{"two control blocks", `<ReportControl name="brcb"`, `<ReportControl name="urcb"`, `<ReportControl name="urcb" datSet="meas" confRev="1"`, Error, `ReportControl "urcb" exists twice`, ""},
	{"long name", `name="gcb1" datSet`, `name="gcb1gcb1gcb1gcb1gcb1gcb1gcb1gcb1g" datSet`, "", Error, "name of GSEControl has 33 characters; 32 are allowed", ""},
	{"number", `smpRate="4800"`, `smpRate="-1"`, "", Error, `smpRate="-1" is not a number in range`, "from 0 to"},
	{"boolean", `fixedOffs="true"`, `fixedOffs="yes"`, "", Error, `fixedOffs="yes" is not a boolean`, ""},
	{"smpMod", `smpMod="SmpPerSec"`, `smpMod="Smp"`, "", Error, `smpMod="Smp" is unknown`, "SmpPerSec"},
	{"clients", `<RptEnabled max="3">`, `<RptEnabled max="0">`, "", Warning, "", ""},
	{"client IED", `<ClientLN iedName="CENTER"`, `<ClientLN iedName="CENTRE"`, "", Warning, `IED "CENTRE" is not in the file`, "DER1, CENTER"},
	{"setting groups", `actSG="2"`, `actSG="3"`, "", Error, "actSG 3 of 2 setting groups", ""},
	{"integrity", `bufTime="100" intgPd="5000"`, `bufTime="100"`, `period="true"`, Warning, "has no intgPd", ""},
	{"FCDA twice", `<FCDA ldInst="LD0" lnClass="LLN0" doName="Mod" daName="stVal" fc="ST"/>`, `<FCDA ldInst="LD0" lnClass="MMXU" lnInst="1" fc="MX" doName="TotW"/>`, "", Warning, `data set "meas" has the member LD0/MMXU1.TotW[MX] twice, first in line`, "remove one"},
	{"FCDA of another index", `<FCDA ldInst="LD0" lnClass="LLN0" doName="Mod" daName="stVal" fc="ST"/>`, `<FCDA ldInst="LD0" lnClass="MMXU" lnInst="1" doName="HaA" daName="harm" fc="MX" ix="3"/>`, "", Warning, "", ""},
	{"services", `<ConfDataSet max="4" maxAttributes="20"/>`, `<ConfDataSet max="4" maxAttributes="3"/>`, `<DataSet name="meas"`, Warning, `data set "meas" has 4 members; Services allows 3`, ""},

	{"LN twice", `<LN lnClass="DWMX" inst="1" prefix="pv" lnType="DWMX">`, `<LN lnClass="MMXU" inst="1" prefix="" lnType="MMXU"/><LN lnClass="DWMX" inst="1" prefix="pv" lnType="DWMX">`, "", Error, "logical node MMXU1 exists twice", ""},
	{"LN inst", `<LN lnClass="DWMX" inst="1"`, `<LN lnClass="DWMX" inst="1a"`, "", Warning, `inst "1a" of a logical node is not a number`, ""},
	{"LN prefix", `prefix="pv"`, `prefix="photovoltaic"`, "", Warning, "have 13 characters together", ""},
	{"long item", `<BDA name="orIdent"`, `<BDA name="orIdentorIdentorIdentorIdentorIdentorIdent"`, `<LN0 lnClass="LLN0" inst="" lnType="LLN0">`, Error, "66 characters; 64 are allowed", ""},
	{"LD twice", `<LDevice inst="LD1"`, `<LDevice inst="LD0"`, `<LDevice inst="LD0" ldName`, Error, `LDevice inst "LD0" exists twice`, ""},
	{"ldName twice", `ldName="Meter"`, `ldName="DER1LD0"`, "", Error, `logical device name "DER1LD0" exists twice`, ""},
	{"no LN0", `<LN0 lnClass="LLN0" inst="" lnType="LLN0"/>`, ``, `<LDevice inst="LD1"`, Error, `logical device "LD1" has no LN0`, ""},
	{"IED twice", `<IED name="CENTER">`, `<IED name="DER1">`, "", Error, "IED[DER1] exists twice", ""},
	{"IED name", `<IED name="CENTER">`, `<IED name="CEN/TER">`, "", Error, `IED name "CEN/TER"`, ""},
	{"access point twice", `<AccessPoint name="AP2">`, `<AccessPoint name="AP1">`, "<AccessPoint name=\"AP1\">\n\t\t\t<ServerAt", Error, "AccessPoint[AP1] exists twice", ""},
	{"ServerAt", `<ServerAt apName="AP1"/>`, `<ServerAt apName="AP7"/>`, "", Error, `ServerAt names access point "AP7"`, "AP1"},

	{"ConnectedAP IED", `<ConnectedAP iedName="CENTER"`, `<ConnectedAP iedName="CENTRAL"`, "", Error, `ConnectedAP names IED "CENTRAL"`, "DER1, CENTER"},
	{"ConnectedAP AP", `<ConnectedAP iedName="DER1" apName="AP2">`, `<ConnectedAP iedName="DER1" apName="AP3">`, "", Error, `names access point "AP3", which IED "DER1" has not`, "AP1, AP2"},
	{"ConnectedAP missing", `<ConnectedAP iedName="DER1" apName="AP2">`, `<ConnectedAP iedName="CENTER" apName="AP2">`, `<AccessPoint name="AP2">`, Warning, "is not in Communication", ""},
	{"MAC", `01-0C-CD-01-00-10`, `01-0C-CD-01-00-1`, "", Error, `MAC-Address "01-0C-CD-01-00-1" cannot be read`, "six octets"},
	{"unicast MAC", `01-0C-CD-01-00-10`, `00-0C-CD-01-00-10`, `<GSE ldInst`, Error, "is not a multicast address", ""},
	{"APPID", `>3001<`, `>30010<`, "", Error, `APPID "30010"`, "four hexadecimal digits"},
	{"VLAN", `>00A<`, `>1000<`, "", Error, `VLAN-ID "1000"`, ""},
	{"priority", `>4</P>`, `>8</P>`, "", Error, `VLAN-PRIORITY "8"`, "0 to 7"},
	{"IP", `>192.0.2.1<`, `>192.0.2.256<`, "", Error, `IP "192.0.2.256"`, ""},
	{"IP twice", `>192.0.2.2<`, `>192.0.2.1<`, "192.0.2.1</P>\n\t\t\t\t</Address>", Warning, "IP 192.0.2.1 is used twice, first in line", ""},
	{"IPv6 twice", `<P type="IP">192.0.2.2</P>`, `<P type="IP">::FFFF:192.0.2.1</P>`, "192.0.2.1</P>\n\t\t\t\t</Address>", Warning, "is used twice, first in line", ""},
	{"JID", ` der1@vpp.example `, `vpp.example`, "", Error, `JID "vpp.example"`, "bare JID"},
	{"JID twice", ` der1@vpp.example `, `center@vpp.example`, "center@vpp.example</P>\n\t\t\t\t</Address>", Warning, "JID center@vpp.example is used twice", ""},
	{"TSEL", `>0001<`, `>001<`, "", Error, `OSI-TSEL "001"`, ""},
	{"AP title", `1,3,9999,23`, `1,3,x`, "", Error, `OSI-AP-Title "1,3,x"`, ""},
	{"P twice", `<P type="IP">192.0.2.1</P>`, `<P type="JID">a@b</P>`, "", Error, "P[JID] exists twice", ""},
	{"GSE of nothing", `<GSE ldInst="LD0" cbName="gcb1">`, `<GSE ldInst="LD0" cbName="gcb2">`, "", Error, "names GSEControl LD0/gcb2, which does not exist", ""},
	{"no address", `<SMV ldInst="LD0" cbName="sv1">`, `<SMV ldInst="LD1" cbName="sv1">`, `<SampledValueControl`, Warning, `SampledValueControl "sv1" has no address`, ""},
	{"times", `multiplier="m">4<`, `multiplier="m">4000<`, `<GSE ldInst`, Error, "MinTime of LD0/gcb1 is longer than MaxTime", ""},
	{"time", `multiplier="m">4<`, `multiplier="m">soon<`, "", Error, `MinTime "soon" is not a time`, ""},
	{"same id", `appID="DER1/gcb1"`, `appID=""`, "", Warning, "", ""},
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	data, err := os.ReadFile("testdata/plant.scd")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range mutations {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(string(data), tt.old) {
				t.Fatalf("%q is not in the file", tt.old)
			}
			text := strings.Replace(string(data), tt.old, tt.new, 1)
			f, err := Parse("plant.scd", []byte(text), Limits{})
			if err != nil {
				t.Fatal(err)
			}
			ps := Check(f)
			if tt.msg == "" {
				if len(ps) > 0 {
					t.Errorf("not wrong, but: %v", ps)
				}
				return
			}
			at := tt.at
			if at == "" {
				at = tt.new
			}
			line := strings.Count(text[:strings.Index(text, at)], "\n") + 1
			for _, p := range ps {
				if p.Line == line && p.Severity == tt.severity && strings.Contains(p.Msg, tt.msg) && strings.Contains(p.Hint, tt.hint) {
					return
				}
			}
			t.Errorf("want %s in line %d: %s [%s]", tt.severity, line, tt.msg, tt.hint)
			for _, p := range ps {
				t.Logf("%s: %s: %s [%s]", p.Where(), p.Severity, p.Msg, p.Hint)
			}
		})
	}
}
