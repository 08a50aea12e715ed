package mmsbench

import (
	"fmt"
	"strings"

	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

const (
	members = 100 // of the data set that is read
	perName = 99  // instances that one ReportControl can have
	names   = 11  // ReportControls
)

// block names the unbuffered report control block of the i-th association.
func block(device string, i int) model.Ref {
	return model.Ref{LDevice: device, LN: "LLN0", Path: fmt.Sprintf("urcb%c%02d", 'A'+i/perName, i%perName+1), FC: model.RP}
}

// benchModel is a server with a hundred measured values in a data set, and a counter that is reported.
func benchModel() (*model.Server, error) {
	var fcdas, objects, controls strings.Builder
	for i := range names {
		fmt.Fprintf(&controls, `<ReportControl name="urcb%c" datSet="events" confRev="1" buffered="false" bufTime="0" indexed="true">
<TrgOps dchg="true" gi="true"/><OptFields seqNum="true" reasonCode="true"/><RptEnabled max="%d"/></ReportControl>`, 'A'+i, perName)
	}
	for i := range members {
		fmt.Fprintf(&fcdas, `<FCDA ldInst="LD0" lnClass="GGIO" lnInst="1" doName="AnIn%d" daName="mag.f" fc="MX"/>`, i+1)
		fmt.Fprintf(&objects, `<DO name="AnIn%d" type="MV"/>`, i+1)
	}
	text := fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<SCL xmlns="http://www.iec.ch/61850/2003/SCL" version="2007" revision="B" release="4">
<Header id="bench"/>
<IED name="BENCH" manufacturer="Gridward"><AccessPoint name="AP"><Server><Authentication none="true"/><LDevice inst="LD0">
<LN0 lnClass="LLN0" inst="" lnType="LLN0">
<DataSet name="values">%s</DataSet>
<DataSet name="events"><FCDA ldInst="LD0" lnClass="GGIO" lnInst="1" doName="CntVal1" daName="actVal" fc="ST"/></DataSet>
%s
</LN0>
<LN lnClass="GGIO" inst="1" lnType="GGIO"/>
</LDevice></Server></AccessPoint></IED>
<DataTypeTemplates>
<LNodeType id="LLN0" lnClass="LLN0"><DO name="Beh" type="Beh"/></LNodeType>
<LNodeType id="GGIO" lnClass="GGIO"><DO name="Beh" type="Beh"/><DO name="CntVal1" type="BCR"/>%s</LNodeType>
<DOType id="Beh" cdc="ENS"><DA name="stVal" fc="ST" bType="Enum" type="Beh" dchg="true"/><DA name="q" fc="ST" bType="Quality" qchg="true"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
<DOType id="MV" cdc="MV"><DA name="mag" fc="MX" bType="Struct" type="AnalogueValue" dchg="true"/><DA name="q" fc="MX" bType="Quality" qchg="true"/><DA name="t" fc="MX" bType="Timestamp"/></DOType>
<DOType id="BCR" cdc="BCR"><DA name="actVal" fc="ST" bType="INT64" dchg="true"/><DA name="q" fc="ST" bType="Quality" qchg="true"/><DA name="t" fc="ST" bType="Timestamp"/></DOType>
<DAType id="AnalogueValue"><BDA name="f" bType="FLOAT32"/></DAType>
<EnumType id="Beh"><EnumVal ord="1">on</EnumVal><EnumVal ord="5">off</EnumVal></EnumType>
</DataTypeTemplates></SCL>`, fcdas.String(), controls.String(), objects.String())
	f, err := scl.Parse("bench.icd", []byte(text), scl.Limits{})
	if err != nil {
		return nil, err
	}
	return f.Server("BENCH", "AP")
}
