package model

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// A KnownCDC is what this package knows of a common data class of IEC 61850-7-3: enough to check a type against it and
// to find its main attribute. Attributes that it does not list may be there all the same.
type KnownCDC struct {
	Name       string
	Attributes []KnownAttribute
	// OneOf names attributes or sub-data objects of which at least one must be there.
	OneOf []string
}

// A KnownAttribute is one data attribute, or one sub-data object when it has no FCs.
type KnownAttribute struct {
	Name      string
	FCs       []FC    // any of these
	Types     []Basic // any of these
	Mandatory bool
}

// Attribute finds an attribute by name.
func (c *KnownCDC) Attribute(name string) (*KnownAttribute, bool) {
	for i := range c.Attributes {
		if c.Attributes[i].Name == name {
			return &c.Attributes[i], true
		}
	}
	return nil, false
}

// CDC finds a common data class.
func CDC(name string) (*KnownCDC, bool) {
	c, ok := knownCDCs()[name]
	return c, ok
}

// CDCs gives the names of all common data classes that CDC finds, sorted.
func CDCs() []string { return slices.Sorted(maps.Keys(knownCDCs())) }

// cdcTable has a line for each common data class: name, then attributes as name:FCs:types with ! behind the mandatory
// ones, then sub-data objects as +name, then names of which one is needed behind ?. Types in the table stand for the
// first letters that abbreviations gives.
const cdcTable = `
SPS stVal:ST:B! q:ST:Q! t:ST:T! subEna:SV:B subVal:SV:B subQ:SV:Q
DPS stVal:ST:P! q:ST:Q! t:ST:T! subEna:SV:B subVal:SV:P subQ:SV:Q
INS stVal:ST:IE! q:ST:Q! t:ST:T! subEna:SV:B subVal:SV:IE subQ:SV:Q units:CF:S
ENS stVal:ST:EI! q:ST:Q! t:ST:T! subEna:SV:B subVal:SV:EI subQ:SV:Q
ACT general:ST:B! phsA:ST:B phsB:ST:B phsC:ST:B neut:ST:B q:ST:Q! t:ST:T! originSrc:ST:S operTm:CF:T
ACD general:ST:B! dirGeneral:ST:E! phsA:ST:B dirPhsA:ST:E phsB:ST:B dirPhsB:ST:E phsC:ST:B dirPhsC:ST:E q:ST:Q! t:ST:T!
SEC cnt:ST:I! sev:ST:E! t:ST:T! addr:ST:O addInfo:ST:V
BCR actVal:ST:I frVal:ST:I q:ST:Q! t:ST:T! units:CF:S pulsQty:CF:F! frEna:CF:B strTm:CF:T frPd:CF:I frRs:CF:B ?actVal,frVal
HST hstVal:ST:I q:ST:Q! t:ST:T! numPts:CF:I
VSS stVal:ST:V! q:ST:Q! t:ST:T!
ORS stVal:ST:R! q:ST:Q! t:ST:T!
MV instMag:MX:S mag:MX:S! range:MX:E rangeAng:MX:E q:MX:Q! t:MX:T! subEna:SV:B subMag:SV:S subQ:SV:Q units:CF:S db:CF:I zeroDb:CF:I sVC:CF:S rangeC:CF:S smpRate:CF:I
CMV instCVal:MX:S cVal:MX:S! range:MX:E q:MX:Q! t:MX:T! subEna:SV:B subCVal:SV:S subQ:SV:Q units:CF:S db:CF:I dbAng:CF:I
SAV instMag:MX:S! q:MX:Q! t:MX:T units:CF:S sVC:CF:S min:CF:S max:CF:S
WYE angRef:CF:E ?phsA,phsB,phsC,neut,net,res
DEL angRef:CF:E ?phsAB,phsBC,phsCA
SEQ +c1! +c2! +c3! seqT:MX:E! phsRef:CF:E
HMV q:MX:Q t:MX:T numHar:CF:I numCyc:CF:I evalTm:CF:I units:CF:S
HWYE q:MX:Q t:MX:T numHar:CF:I numCyc:CF:I evalTm:CF:I units:CF:S
HDEL q:MX:Q t:MX:T numHar:CF:I numCyc:CF:I evalTm:CF:I units:CF:S
SPC stVal:ST:B q:ST:Q t:ST:T origin:ST:S ctlNum:ST:I stSeld:ST:B opRcvd:OR:B opOk:OR:B tOpOk:OR:T pulseConfig:CF:S ctlModel:CF:E! sboTimeout:CF:I sboClass:CF:E operTimeout:CF:I
DPC stVal:ST:P! q:ST:Q! t:ST:T! origin:ST:S ctlNum:ST:I stSeld:ST:B opRcvd:OR:B opOk:OR:B tOpOk:OR:T pulseConfig:CF:S ctlModel:CF:E! sboTimeout:CF:I sboClass:CF:E operTimeout:CF:I
INC stVal:ST:IE q:ST:Q t:ST:T origin:ST:S ctlNum:ST:I stSeld:ST:B ctlModel:CF:E! sboTimeout:CF:I sboClass:CF:E minVal:CF:I maxVal:CF:I stepSize:CF:I operTimeout:CF:I units:CF:S
ENC stVal:ST:EI q:ST:Q t:ST:T origin:ST:S ctlNum:ST:I stSeld:ST:B ctlModel:CF:E! sboTimeout:CF:I sboClass:CF:E operTimeout:CF:I
BSC valWTr:ST:S q:ST:Q t:ST:T origin:ST:S ctlNum:ST:I stSeld:ST:B persistent:CF:B! ctlModel:CF:E! sboTimeout:CF:I sboClass:CF:E minVal:CF:I maxVal:CF:I
ISC valWTr:ST:S q:ST:Q t:ST:T origin:ST:S ctlNum:ST:I stSeld:ST:B ctlModel:CF:E! sboTimeout:CF:I sboClass:CF:E minVal:CF:I maxVal:CF:I
APC mxVal:MX:S q:MX:Q t:MX:T origin:MX,ST:S ctlNum:MX,ST:I stSeld:MX,ST:B ctlModel:CF:E! sboTimeout:CF:I sboClass:CF:E units:CF:S db:CF:I minVal:CF:S maxVal:CF:S stepSize:CF:S operTimeout:CF:I
BAC mxVal:MX:S q:MX:Q t:MX:T origin:MX,ST:S ctlNum:MX,ST:I stSeld:MX,ST:B persistent:CF:B! ctlModel:CF:E! sboTimeout:CF:I sboClass:CF:E units:CF:S
SPG setVal:SP,SG,SE:B!
ING setVal:SP,SG,SE:IE! minVal:CF:I maxVal:CF:I stepSize:CF:I units:CF:S
ENG setVal:SP,SG,SE:EI!
ORG setSrcRef:SP,SG,SE:R! setTstRef:SP,SG,SE:R setSrcCB:SP,SG,SE:R intAddr:SP,SG,SE:V tstEna:SP,SG,SE:B purpose:DC,CF:V
TSG setTm:SP,SG,SE:T setCal:SP,SG,SE:S ?setTm,setCal
CUG cur:SP,SG,SE:C!
VSG setVal:SP,SG,SE:V!
ASG setMag:SP,SG,SE:S! units:CF:S sVC:CF:S minVal:CF:S maxVal:CF:S stepSize:CF:S
CURVE setCharact:SP,SG,SE:E! setParA:SP,SG,SE:F setParB:SP,SG,SE:F setParC:SP,SG,SE:F setParD:SP,SG,SE:F setParE:SP,SG,SE:F setParF:SP,SG,SE:F
CSG pointZ:CF,SP,SG,SE:F numPts:SP,SG,SE:I! crvPts:SP,SG,SE:S! xUnits:CF:S yUnits:CF:S
DPL vendor:DC:V! hwRev:DC:V swRev:DC:V serNum:DC:V model:DC:V location:DC:V
LPL vendor:DC:V! swRev:DC:V! d:DC:V dU:DC:U configRev:DC:V paramRev:ST:I valRev:ST:I ldNs:EX:V lnNs:EX:V
CSD xUnits:DC:S! xD:DC:V! yUnits:DC:S! yD:DC:V! numPts:DC:I! crvPts:DC:S!
CST objRef:SR:R! serviceType:SR:E! errorCode:SR:E! originatorID:SR:O t:SR:T!
BTS objRef:SR:R! serviceType:SR:E! errorCode:SR:E! originatorID:SR:O t:SR:T!
UTS objRef:SR:R! serviceType:SR:E! errorCode:SR:E! originatorID:SR:O t:SR:T!
LTS objRef:SR:R! serviceType:SR:E! errorCode:SR:E! originatorID:SR:O t:SR:T!
GTS objRef:SR:R! serviceType:SR:E! errorCode:SR:E! originatorID:SR:O t:SR:T!
MTS objRef:SR:R! serviceType:SR:E! errorCode:SR:E! originatorID:SR:O t:SR:T!
NTS objRef:SR:R! serviceType:SR:E! errorCode:SR:E! originatorID:SR:O t:SR:T!
STS objRef:SR:R! serviceType:SR:E! errorCode:SR:E! originatorID:SR:O t:SR:T!
CTS objRef:SR:R! serviceType:SR:E! errorCode:SR:E! originatorID:SR:O t:SR:T!
`

// abbreviations of the table. Numbers may have any width, for editions differ in it.
var abbreviations = map[rune][]Basic{
	'B': {BasicBool},
	'P': {BasicDbpos, BasicEnum},
	'I': {
		BasicInt8, BasicInt16, BasicInt24, BasicInt32, BasicInt64, BasicInt128, BasicInt8U, BasicInt16U, BasicInt24U,
		BasicInt32U, BasicInt64U,
	},
	'E': {BasicEnum, BasicTcmd},
	'F': {BasicFloat32, BasicFloat64},
	'Q': {BasicQuality},
	'T': {BasicTimestamp},
	'S': {BasicStruct},
	'V': {BasicVisString32, BasicVisString64, BasicVisString65, BasicVisString129, BasicVisString255, BasicObjRef},
	'U': {BasicUnicode255},
	'O': {BasicOctet16, BasicOctet64, BasicOctet6},
	'R': {BasicObjRef, BasicVisString129, BasicVisString255},
	'C': {BasicCurrency},
}

var knownCDCs = sync.OnceValue(func() map[string]*KnownCDC {
	all := make(map[string]*KnownCDC)
	for line := range strings.Lines(cdcTable) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		c := &KnownCDC{Name: words[0]}
		for _, w := range words[1:] {
			if list, ok := strings.CutPrefix(w, "?"); ok {
				c.OneOf = strings.Split(list, ",")
				continue
			}
			c.Attributes = append(c.Attributes, knownAttribute(w))
		}
		all[c.Name] = c
	}
	return all
})

func knownAttribute(w string) KnownAttribute {
	w, mandatory := strings.CutSuffix(w, "!")
	a := KnownAttribute{Mandatory: mandatory}
	if name, ok := strings.CutPrefix(w, "+"); ok {
		a.Name = name
		return a
	}
	parts := strings.Split(w, ":")
	a.Name = parts[0]
	for name := range strings.SplitSeq(parts[1], ",") {
		fc, _ := ParseFC(name)
		a.FCs = append(a.FCs, fc)
	}
	for _, letter := range parts[2] {
		a.Types = append(a.Types, abbreviations[letter]...)
	}
	return a
}
