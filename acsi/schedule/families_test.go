package schedule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

// family makes the model of one schedule of two entries, of any kind of value, for an entity of any kind.
func family(t *testing.T, values, initial, shown, entity string) *model.Server {
	t.Helper()
	var objects, instances strings.Builder
	for i, v := range strings.Fields(initial) {
		fmt.Fprintf(&objects, `<DO name="%s%02d" type="%s"/>`, values, i+1, values)
		if values == "ValASG" {
			fmt.Fprintf(&instances, `<DOI name="%s%02d"><SDI name="setMag"><DAI name="f"><Val>%s</Val></DAI></SDI></DOI>`, values, i+1, v)
			continue
		}
		fmt.Fprintf(&instances, `<DOI name="%s%02d"><DAI name="setVal"><Val>%s</Val></DAI></DOI>`, values, i+1, v)
	}
	text := strings.NewReplacer("OBJECTS", objects.String(), "INSTANCES", instances.String(), "SHOWN", shown, "ENTITY", entity).Replace(familySCL)
	f, err := scl.Parse("family.icd", []byte(text), scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Server("", "")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const familySCL = `<SCL xmlns="http://www.iec.ch/61850/2003/SCL" version="2007" revision="B" release="4"><Header id="f"/>
<IED name="I"><AccessPoint name="A"><Server><Authentication/><LDevice inst="L"><LN0 lnClass="LLN0" inst="" lnType="LLN0"/>
<LN lnClass="FSCH" inst="1" lnType="FSCH"><DOI name="NumEntr"><DAI name="setVal"><Val>2</Val></DAI></DOI><DOI name="SchdIntv"><SDI name="setMag"><DAI name="f"><Val>0.5</Val></DAI></SDI></DOI>
<DOI name="StrTm01"><DAI name="setTm"><Val>2026-06-21T12:00:01Z</Val></DAI></DOI><DOI name="SchdSt"><DAI name="stVal"><Val>Ready</Val></DAI></DOI>INSTANCES</LN>
<LN lnClass="FSCC" inst="1" lnType="FSCC"><DOI name="CtlEnt"><DAI name="setSrcRef"><Val>IL/GGIO1.ENTITY</Val></DAI></DOI><DOI name="Schd1"><DAI name="setSrcRef"><Val>IL/FSCH1</Val></DAI></DOI></LN>
<LN lnClass="GGIO" inst="1" lnType="GGIO"/></LDevice></Server></AccessPoint></IED>
<DataTypeTemplates>
<LNodeType id="LLN0" lnClass="LLN0"><DO name="Beh" type="INS"/></LNodeType>
<LNodeType id="GGIO" lnClass="GGIO"><DO name="Beh" type="INS"/><DO name="Ind" type="SPS"/><DO name="Pos" type="DPS"/><DO name="IntIn" type="INS"/><DO name="AnIn" type="MV"/><DO name="Set" type="ValASG"/><DO name="Plate" type="LPL"/></LNodeType>
<LNodeType id="FSCH" lnClass="FSCH"><DO name="Beh" type="INS"/><DO name="SchdSt" type="St"/><DO name="SchdEnaErr" type="Err"/><DO name="SchdEntr" type="INS"/><DO name="NumEntr" type="ValING"/><DO name="SchdIntv" type="ValASG"/><DO name="StrTm01" type="TSG"/>OBJECTS<DO name="SHOWN" type="SHOWN"/></LNodeType>
<LNodeType id="FSCC" lnClass="FSCC"><DO name="ActSchdRef" type="ORS"/><DO name="CtlEnt" type="ORG"/><DO name="Schd1" type="ORG"/><DO name="SHOWN" type="SHOWN"/></LNodeType>
<DOType id="INS" cdc="INS"><DA name="stVal" fc="ST" bType="INT32" dchg="true"/><DA name="q" fc="ST" bType="Quality"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
<DOType id="ValINS" cdc="INS"><DA name="stVal" fc="ST" bType="INT32" dchg="true"/><DA name="q" fc="ST" bType="Quality"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
<DOType id="SPS" cdc="SPS"><DA name="stVal" fc="ST" bType="BOOLEAN" dchg="true"/><DA name="q" fc="ST" bType="Quality"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
<DOType id="ValSPS" cdc="SPS"><DA name="stVal" fc="ST" bType="BOOLEAN" dchg="true"/><DA name="q" fc="ST" bType="Quality"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
<DOType id="DPS" cdc="DPS"><DA name="stVal" fc="ST" bType="Dbpos" dchg="true"/><DA name="q" fc="ST" bType="Quality"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
<DOType id="ValENS" cdc="ENS"><DA name="stVal" fc="ST" bType="Enum" type="E" dchg="true"/><DA name="q" fc="ST" bType="Quality"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
<DOType id="MV" cdc="MV"><DA name="mag" fc="MX" bType="Struct" type="F" dchg="true"/><DA name="q" fc="MX" bType="Quality"/><DA name="t" fc="MX" bType="Timestamp"/></DOType>
<DOType id="ValMV" cdc="MV"><DA name="mag" fc="MX" bType="Struct" type="F" dchg="true"/><DA name="q" fc="MX" bType="Quality"/><DA name="t" fc="MX" bType="Timestamp"/></DOType>
<DOType id="LPL" cdc="LPL"><DA name="vendor" fc="DC" bType="VisString255"/></DOType>
<DOType id="St" cdc="ENS"><DA name="stVal" fc="ST" bType="Enum" type="S" dchg="true"/><DA name="q" fc="ST" bType="Quality"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
<DOType id="Err" cdc="ENS"><DA name="stVal" fc="ST" bType="INT8" dchg="true"/><DA name="q" fc="ST" bType="Quality"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
<DOType id="ValASG" cdc="ASG"><DA name="setMag" fc="SP" bType="Struct" type="F" dchg="true"/></DOType>
<DOType id="ValING" cdc="ING"><DA name="setVal" fc="SP" bType="INT32" dchg="true"/></DOType>
<DOType id="ValSPG" cdc="SPG"><DA name="setVal" fc="SP" bType="BOOLEAN" dchg="true"/></DOType>
<DOType id="ValENG" cdc="ENG"><DA name="setVal" fc="SP" bType="Enum" type="E" dchg="true"/></DOType>
<DOType id="TSG" cdc="TSG"><DA name="setTm" fc="SP" bType="Timestamp" dchg="true"/></DOType>
<DOType id="ORG" cdc="ORG"><DA name="setSrcRef" fc="SP" bType="ObjRef" dchg="true"/></DOType>
<DOType id="ORS" cdc="VSS"><DA name="stVal" fc="ST" bType="ObjRef" dchg="true"/><DA name="q" fc="ST" bType="Quality"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
<DAType id="F"><BDA name="f" bType="FLOAT32"/></DAType>
<EnumType id="E"><EnumVal ord="1">low</EnumVal><EnumVal ord="2">high</EnumVal></EnumType>
<EnumType id="S"><EnumVal ord="1">Not ready</EnumVal><EnumVal ord="2">Start time required</EnumVal><EnumVal ord="3">Ready</EnumVal><EnumVal ord="4">Running</EnumVal></EnumType>
</DataTypeTemplates></SCL>`

// TestFamilies runs schedules of every kind of value. Each is ready from the file alone, and its interval of half a second is
// an analogue setting.
func TestFamilies(t *testing.T) {
	for _, x := range []struct{ values, initial, shown, entity, path, first, second string }{
		{"ValASG", "1.5 -2", "ValMV", "AnIn", "ValMV.mag.f[MX]", "1.5", "-2"},
		{"ValASG", "1.5 -2", "ValMV", "Set", "ValMV.mag.f[MX]", "1.5", "-2"},
		{"ValING", "7 8", "ValINS", "IntIn", "ValINS.stVal[ST]", "7", "8"},
		{"ValSPG", "true false", "ValSPS", "Ind", "ValSPS.stVal[ST]", "true", "false"},
		{"ValSPG", "true false", "ValSPS", "Pos", "ValSPS.stVal[ST]", "true", "false"},
		{"ValENG", "high low", "ValENS", "IntIn", "ValENS.stVal[ST]", "2", "1"},
	} {
		t.Run(x.values+" "+x.entity, func(t *testing.T) {
			b := newFamily(t, family(t, x.values, x.initial, x.shown, x.entity))
			b.to(noon)
			if got := b.text("IL/FSCH1.SchdSt.stVal[ST]"); got != "3" {
				t.Fatalf("state %s, error %s", got, b.text("IL/FSCH1.SchdEnaErr.stVal[ST]"))
			}
			b.to(noon.Add(1200 * time.Millisecond))
			if got := b.text("IL/FSCH1." + x.path); got != x.first || b.text("IL/FSCC1."+x.path) != x.first || b.text("IL/FSCC1.ActSchdRef.stVal[ST]") != "IL/FSCH1" {
				t.Errorf("shows %s, want %s", got, x.first)
			}
			b.to(noon.Add(1600 * time.Millisecond))
			if got := b.text("IL/FSCC1." + x.path); got != x.second {
				t.Errorf("shows %s, want %s", got, x.second)
			}
			b.to(noon.Add(2 * time.Second))
			if got := b.text("IL/FSCH1.SchdSt.stVal[ST]"); got != "1" || b.text("IL/FSCC1.ActSchdRef.stVal[ST]") != "" {
				t.Errorf("at its end the state is %s", got)
			}
			if len(b.applied) != 2 || b.applied[1].Value.Text(nil) != x.second {
				t.Errorf("%+v", b.applied)
			}
		})
	}
}

// TestMisfits: values that the entity cannot take, or an entity that nothing can be given to, keep a schedule from being
// enabled.
func TestMisfits(t *testing.T) {
	for _, x := range []struct {
		values, initial, shown, entity string
		want                           EnableError
	}{
		{"ValSPG", "true false", "ValSPS", "AnIn", EnableCDC},
		{"ValASG", "1 2", "ValMV", "Ind", EnableCDC},
		{"ValASG", "1 2", "ValMV", "Plate", EnableCDC},
		{"ValING", "1 2", "ValINS", "Ind", EnableCDC},
		{"ValASG", "1", "ValMV", "AnIn", EnableNumEntr},
		{"Nothing", "", "ValMV", "AnIn", EnableValues},
	} {
		b := newFamily(t, family(t, x.values, x.initial, x.shown, x.entity))
		b.to(noon)
		if got := b.text("IL/FSCH1.SchdEnaErr.stVal[ST]"); got != model.Int(int64(x.want)).Text(nil) || b.text("IL/FSCH1.SchdSt.stVal[ST]") != "1" {
			t.Errorf("%s for %s: error %s, want %d", x.values, x.entity, got, x.want)
		}
		if len(b.news) == 0 || b.news[0].Err == nil {
			t.Errorf("%s for %s: nothing is told: %+v", x.values, x.entity, b.news)
		}
	}
}

func newFamily(t *testing.T, m *model.Server) *bench {
	t.Helper()
	b := &bench{TB: t, now: noon}
	var err error
	if b.srv, err = server.New(server.Config{Model: m, Now: func() time.Time { return b.now }}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.srv.Close)
	b.m, err = NewManager(Config{
		Model: m, Server: b.srv, Now: func() time.Time { return b.now },
		Apply:   func(c Command) error { b.applied = append(b.applied, c); return nil },
		Changed: func(c Change) { b.news = append(b.news, c) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
