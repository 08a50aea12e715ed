package scl

import (
	"slices"
	"strings"
	"sync"
)

// A rule says what the schema (IEC 61850-6 annex A) allows in one element, of all editions together.
type rule struct {
	required []string
	optional []string
	children []string
	open     bool // anything goes inside
}

// schemaTable has a line for each element: attributes with ! behind the required ones, then its children behind >.
// desc, Text and Private are allowed everywhere and left out. An element whose children are "..." is not looked into.
const schemaTable = `
SCL version revision release > Header Substation Communication IED DataTypeTemplates Line Process
Header id! version revision toolID nameStructure > Text History
History > Hitem
Hitem version! revision! when! who what why > ...
Text source > ...
Private type source > ...

Substation name! > PowerTransformer GeneralEquipment ConductingEquipment VoltageLevel Function LNode
VoltageLevel name! nomFreq numPhases > Voltage Bay PowerTransformer GeneralEquipment Function LNode
Voltage unit multiplier
Bay name! > ConductingEquipment ConnectivityNode PowerTransformer GeneralEquipment Function LNode
ConductingEquipment name! type! virtual > Terminal SubEquipment EqFunction LNode
SubEquipment name! phase virtual > EqFunction LNode
PowerTransformer name! type virtual > TransformerWinding Terminal SubEquipment EqFunction LNode
TransformerWinding name! type virtual > Terminal TapChanger NeutralPoint SubEquipment EqFunction LNode
TapChanger name! type virtual > SubEquipment EqFunction LNode
NeutralPoint name connectivityNode processName substationName voltageLevelName bayName cNodeName lineName
GeneralEquipment name! type! virtual > EqFunction LNode
ConnectivityNode name! pathName! > LNode
Terminal name connectivityNode processName substationName voltageLevelName bayName cNodeName! lineName
Function name! type > SubFunction GeneralEquipment ConductingEquipment LNode
SubFunction name! type > SubFunction GeneralEquipment ConductingEquipment LNode
EqFunction name! type > EqSubFunction GeneralEquipment LNode
EqSubFunction name! type > EqSubFunction GeneralEquipment LNode
LNode iedName ldInst prefix lnClass! lnInst lnType
Line name! type nomFreq numPhases > ...
Process name! type > ...

Communication > SubNetwork
SubNetwork name! type > BitRate ConnectedAP
BitRate unit multiplier
ConnectedAP iedName! apName! redProt > Address GSE SMV PhysConn
Address > P
P type!
GSE ldInst! cbName! > Address MinTime MaxTime
SMV ldInst! cbName! > Address
MinTime unit multiplier
MaxTime unit multiplier
PhysConn type! > P

IED name! type manufacturer configVersion originalSclVersion originalSclRevision originalSclRelease originalRelease engRight owner > Services AccessPoint KDC
Services nameLength > ...
KDC iedName! apName!
AccessPoint name! router clock kdc > Server ServerAt LN Services GOOSESecurity SMVSecurity
GOOSESecurity > ...
SMVSecurity > ...
ServerAt apName!
Server timeout > Authentication LDevice Association
Authentication none password weak strong certificate
Association kind associationID iedName! ldInst! prefix lnClass! lnInst!
LDevice inst! ldName > LN0 LN AccessControl
AccessControl > ...
LN0 lnClass! inst! lnType! > DataSet ReportControl LogControl DOI Inputs Log GSEControl SampledValueControl SettingControl SCLControl
LN lnClass! inst! lnType! prefix > DataSet ReportControl LogControl DOI Inputs Log
SCLControl
DataSet name! > FCDA
FCDA ldInst prefix lnClass lnInst doName daName fc! ix
ReportControl name! datSet intgPd rptID confRev! buffered bufTime indexed > TrgOps OptFields RptEnabled
TrgOps dchg qchg dupd period gi
OptFields seqNum timeStamp dataSet reasonCode dataRef entryID configRef bufOvfl segmentation
RptEnabled max > ClientLN
ClientLN iedName! ldInst! prefix lnClass! lnInst apRef
LogControl name! datSet intgPd ldInst prefix lnClass lnInst logName! logEna reasonCode bufTime > TrgOps
Log name
GSEControl name! datSet confRev appID! type fixedOffs securityEnable > IEDName Protocol
SampledValueControl name! datSet confRev smvID! multicast smpRate! nofASDU! smpMod securityEnable > IEDName SmvOpts Protocol
SmvOpts refreshTime sampleSynchronized sampleRate dataSet security timestamp synchSourceId dataRef
Protocol mustUnderstand
IEDName apRef ldInst prefix lnClass lnInst
SettingControl numOfSGs! actSG resvTms
Inputs > ExtRef
ExtRef iedName ldInst prefix lnClass lnInst doName daName intAddr serviceType srcLDInst srcPrefix srcLNClass srcLNInst srcCBName pServT pLN pDO pDA
DOI name! ix accessControl > SDI DAI
SDI name! ix sAddr > SDI DAI
DAI name! ix sAddr valKind valImport > Val
Val sGroup

DataTypeTemplates > LNodeType DOType DAType EnumType
LNodeType id! lnClass! iedType > DO
DO name! type! accessControl transient
DOType id! cdc! iedType > SDO DA
SDO name! type! count
DA name! bType! fc! type count sAddr valKind valImport dchg qchg dupd > Val ProtNs
DAType id! iedType > BDA ProtNs
BDA name! bType! type count sAddr valKind valImport dchg qchg dupd > Val
EnumType id! > EnumVal
EnumVal ord!
ProtNs type
`

var schema = sync.OnceValue(func() map[string]*rule {
	rules := make(map[string]*rule)
	for line := range strings.Lines(schemaTable) {
		attrs, children, _ := strings.Cut(line, ">")
		words := strings.Fields(attrs)
		if len(words) == 0 {
			continue
		}
		r := &rule{children: strings.Fields(children), optional: []string{"desc"}}
		for _, w := range words[1:] {
			if name, required := strings.CutSuffix(w, "!"); required {
				r.required = append(r.required, name)
			} else {
				r.optional = append(r.optional, w)
			}
		}
		r.open = len(r.children) == 1 && r.children[0] == "..."
		r.children = append(r.children, "Text", "Private")
		rules[words[0]] = r
	}
	return rules
})

// checkSchema looks for elements and attributes that the schema does not have there, and for missing attributes.
func (c *checker) checkSchema(e *Element) {
	r := schema()[e.Name]
	if r == nil || e.Space != "" {
		return
	}
	for _, name := range r.required {
		if _, ok := e.Lookup(name); !ok {
			e.missing(name, c.sink)
		}
	}
	for _, a := range e.Attrs {
		if a.Space == "" && !slices.Contains(r.required, a.Name) && !slices.Contains(r.optional, a.Name) {
			c.warn(e, c.instead(a.Name, append(slices.Clone(r.required), r.optional...), "remove it"),
				"%s has no attribute %s in any edition", e.Name, a.Name)
		}
	}
	if r.open {
		return
	}
	for _, child := range e.Children {
		if child.Space == "" && !slices.Contains(r.children, child.Name) {
			c.warn(child, c.instead(child.Name, r.children, "remove it, or move it where it belongs"),
				"%s cannot be inside %s and is ignored", child.Name, e.Name)
			continue
		}
		c.checkSchema(child)
	}
}

// instead suggests the name that was meant.
func (c *checker) instead(name string, among []string, otherwise string) string {
	for _, a := range among {
		if !c.full() && distance(name, a, 3) < 3 {
			return "did you mean " + a + "?"
		}
	}
	return otherwise
}
