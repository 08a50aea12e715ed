package model

import (
	"maps"
	"slices"
	"strings"
	"sync"
)

// A KnownClass is what this package knows of a logical node class of IEC 61850-7-4 or -7-420. Data objects that it does
// not list may be there all the same.
type KnownClass struct {
	Name    string
	Objects []KnownObject
}

// A KnownObject is one data object of a class.
type KnownObject struct {
	Name      string   // without the number at its end where Numbered
	CDCs      []string // any of these
	Mandatory bool
	Numbered  bool // may end in a number: Ind1, Ind2
}

// Class finds a logical node class. Every class has the common objects Mod, Beh, Health and NamPlt.
func Class(name string) (*KnownClass, bool) {
	c, ok := knownClasses()[name]
	return c, ok
}

// Classes gives the names of all classes that Class finds, sorted.
func Classes() []string { return slices.Sorted(maps.Keys(knownClasses())) }

// Object finds a data object of the class, with or without the number of a numbered one.
func (c *KnownClass) Object(name string) (*KnownObject, bool) {
	stem := strings.TrimRight(name, "0123456789")
	for i := range c.Objects {
		o := &c.Objects[i]
		if o.Name == name || o.Numbered && o.Name == stem {
			return o, true
		}
	}
	return nil, false
}

// classTable has a line for each class: data objects as name:CDCs, with ! behind the mandatory ones and * behind those
// that may be numbered. Edition 1 used INS and INC where edition 2 has ENS and ENC.
const classTable = `
LLN0 Mod:ENC,INC! Beh:ENS,INS! Health:ENS,INS NamPlt:LPL! LocKey:SPS Loc:SPS LocSta:SPC OpTmh:INS Diag:SPC LEDRs:SPC MltLev:SPG GrRef:ORG
LPHD PhyNam:DPL! PhyHealth:ENS,INS! Proxy:SPS! OutOv:SPS InOv:SPS NumPwrUp:INS WrmStr:INS WacTrg:INS PwrUp:SPS PwrDn:SPS PwrSupAlm:SPS RsStat:SPC Sim:SPC
LTRK SpcTrk:CTS DpcTrk:CTS IncTrk:CTS EncTrk:CTS ApcFTrk:CTS ApcIntTrk:CTS BscTrk:CTS IscTrk:CTS BacTrk:CTS GenTrk:CST UrcbTrk:UTS BrcbTrk:BTS LocbTrk:LTS GocbTrk:GTS MsvcbTrk:MTS UsvcbTrk:NTS SgcbTrk:STS
LTMS TmSrc:VSS! TmAcc:INS TmSyn:ENS TmChSt:SPS* TmSrcTyp:ENS
LTIM TmDT:SPS! TmOfsTmm:ING! TmUseDT:SPG! TmChgDayTm:TSG TmChgStdTm:TSG
LCCH ChLiv:SPS! RedChLiv:SPS OutOv:SPS InOv:SPS FerCh:INS RedFerCh:INS
LGOS St:SPS! SimSt:SPS NdsCom:SPS LastStNum:INS ConfRevNum:INS RxConfRevNum:INS GoCBRef:ORG DatSet:ORG GoID:VSG,VSS
LSVS St:SPS! SimSt:SPS NdsCom:SPS ConfRevNum:INS RxConfRevNum:INS SvCBRef:ORG DatSet:ORG SvID:VSG,VSS
XCBR Loc:SPS! OpCnt:INS! Pos:DPC! BlkOpn:SPC! BlkCls:SPC! LocKey:SPS LocSta:SPC CBOpCap:ENS,INS POWCap:ENS,INS MaxOpCap:ENS,INS ChaMotEna:SPC SumSwARs:BCR EEHealth:ENS,INS EEName:DPL
XSWI Loc:SPS! OpCnt:INS! Pos:DPC! BlkOpn:SPC! BlkCls:SPC! SwTyp:ENS,INS! LocKey:SPS LocSta:SPC SwOpCap:ENS,INS MaxOpCap:ENS,INS ChaMotEna:SPC EEHealth:ENS,INS EEName:DPL
CSWI Pos:DPC! PosA:DPC PosB:DPC PosC:DPC Loc:SPS LocKey:SPS LocSta:SPC OpCntRs:INC,INS OpOpn:ACT OpCls:ACT SelOpn:SPS SelCls:SPS
CILO EnaOpn:SPS! EnaCls:SPS!
PTRC Tr:ACT* Op:ACT* Str:ACD* TrMod:ENG,ING TrPlsTmms:ING OpCntRs:INC,INS
PTOC Str:ACD! Op:ACT! TmACrv:CURVE StrVal:ASG TmMult:ASG MinOpTmms:ING MaxOpTmms:ING OpDlTmms:ING RsDlTmms:ING DirMod:ENG,ING TmASt:CSD OpCntRs:INC,INS
PIOC Op:ACT! Str:ACD StrVal:ASG OpCntRs:INC,INS
PDIS Str:ACD! Op:ACT! DirMod:ENG,ING PoRch:ASG PhStr:ASG GndStr:ASG OpDlTmms:ING OpCntRs:INC,INS
PDIF Op:ACT! Str:ACD DifAClc:WYE RstA:WYE LinCapac:ASG LoSet:ING HiSet:ING OpCntRs:INC,INS
PTOV Str:ACD! Op:ACT TmVCrv:CURVE StrVal:ASG TmMult:ASG OpDlTmms:ING OpCntRs:INC,INS
PTUV Str:ACD! Op:ACT! TmVCrv:CURVE StrVal:ASG TmMult:ASG OpDlTmms:ING OpCntRs:INC,INS
RBRF Str:ACD OpEx:ACT OpIn:ACT FailMod:ENG,ING FailTmms:ING SPlTrTmms:ING TPTrTmms:ING DetValA:ASG OpCntRs:INC,INS
RREC Op:ACT! AutoRecSt:ENS,INS! BlkRec:SPC ChkRec:SPC Auto:SPS OpCls:ACT OpOpn:ACT Rec1Tmms:ING Rec2Tmms:ING RclTmms:ING
RDRE RcdMade:SPS! FltNum:INS! RcdTrg:SPC RcdStr:SPS GriFltNum:INS TrgMod:ENG,ING LevMod:ENG,ING PreTmms:ING PstTmms:ING MemFull:ING MaxNumRcd:ING
SCBR AbrAlm:SPS AbrWrn:SPS AccAbr:MV RctTmOpn:MV RctTmCls:MV OpTmOpn:MV OpTmCls:MV
MMXU TotW:MV TotVAr:MV TotVA:MV TotPF:MV Hz:MV PPV:DEL PNV:WYE PhV:WYE A:WYE W:WYE VAr:WYE VA:WYE PF:WYE Z:WYE AvAPhs:MV AvPPVPhs:MV AvPhVPhs:MV AvWPhs:MV ClcTotVA:ENG,ING PFSign:ENG,ING
MMXN Amp:MV Vol:MV Watt:MV VolAmpr:MV VolAmp:MV PwrFact:MV Imp:CMV Hz:MV
MMTR TotVAh:BCR TotWh:BCR TotVArh:BCR SupWh:BCR SupVArh:BCR DmdWh:BCR DmdVArh:BCR
MSQI SeqA:SEQ SeqV:SEQ DQ0Seq:SEQ ImbA:WYE ImbNgA:MV ImbNgV:MV ImbPPV:DEL ImbV:WYE ImbZroA:MV ImbZroV:MV MaxImbA:MV MaxImbPPV:MV MaxImbV:MV
TCTR AmpSv:SAV Amp:SAV ARtg:ASG HzRtg:ASG Rat:ASG Cor:ASG AngCor:ASG EEHealth:ENS,INS EEName:DPL
TVTR VolSv:SAV Vol:SAV FuFail:SPS VRtg:ASG HzRtg:ASG Rat:ASG Cor:ASG AngCor:ASG EEHealth:ENS,INS EEName:DPL
ATCC TapChg:BSC TapPos:ISC Loc:SPS CtlV:MV CtlA:MV LodA:MV CircA:MV PhAng:MV ParOp:SPC LTCBlk:SPC LTCDragRs:SPC VRed:SPC Auto:SPC,SPS HiTapPos:INS LoTapPos:INS BndCtr:ASG BndWid:ASG
YLTC TapChg:BSC TapPos:ISC EndPosR:SPS! EndPosL:SPS! OilFil:SPS MotDrvBlk:SPS OpCnt:INS EEHealth:ENS,INS EEName:DPL
CALH GrAlm:SPS GrWrn:SPS GrInd:SPS AlmLstOv:SPS
GGIO AnIn:MV* AnOut:APC* CntVal:BCR* IntIn:INS* Alm:SPS* Wrn:SPS* Ind:SPS* CntRs:BCR* SPCSO:SPC* DPCSO:DPC* ISCSO:INC* EEHealth:ENS,INS EEName:DPL Loc:SPS LocKey:SPS LocSta:SPC OpCntRs:INC,INS
GAPC Str:ACD* Op:ACT* SPCSO:SPC* DPCSO:DPC* ISCSO:INC* AnIn:MV* Ind:SPS* StrVal:ASG* Loc:SPS LocSta:SPC Auto:SPC OpCntRs:INC,INS
FSCH SchdSt:ENS! SchdEntr:INS ValMV:MV ValINS:INS ValSPS:SPS ValENS:ENS ActStrTm:TSG NxtStrTm:TSG SchdEnaErr:ENS EnaReq:SPC DsaReq:SPC SchdPrio:ING NumEntr:ING SchdIntv:ASG,ING StrTm:TSG* EvTrg:SPG ValASG:ASG* ValING:ING* ValSPG:SPG* ValENG:ENG* SchdReuse:SPG CtlEnt:ORG InSyn:ORG
FSCC Beh:ENS ActSchdRef:ORG,ORS CtlEnt:ORG Schd:ORG* ValMV:MV ValINS:INS ValSPS:SPS ValENS:ENS
DGEN
DSTO
DLOD
DECP
DPCC
DWMX
DWGC
DHFW
DLFW
DFPF
DVAR
DVVR
DVWC
DVRT
DTCD
DRCT
DRCS
DRCC
DSCH
DSCC
DPVC
ZBAT
ZINV
`

// commonObjects are those of every class but LPHD. Edition 1 demanded Mod, Health and NamPlt as well.
const commonObjects = "Beh:ENS,INS! Mod:ENC,INC Health:ENS,INS NamPlt:LPL"

var knownClasses = sync.OnceValue(func() map[string]*KnownClass {
	all := make(map[string]*KnownClass)
	for line := range strings.Lines(classTable) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		c := &KnownClass{Name: words[0]}
		for _, w := range words[1:] {
			c.Objects = append(c.Objects, knownObject(w))
		}
		if c.Name != "LPHD" {
			for w := range strings.FieldsSeq(commonObjects) {
				o := knownObject(w)
				if _, own := c.Object(o.Name); !own {
					c.Objects = append(c.Objects, o)
				}
			}
		}
		all[c.Name] = c
	}
	return all
})

func knownObject(w string) KnownObject {
	w, mandatory := strings.CutSuffix(w, "!")
	w, numbered := strings.CutSuffix(w, "*")
	name, cdcs, _ := strings.Cut(w, ":")
	return KnownObject{Name: name, CDCs: strings.Split(cdcs, ","), Mandatory: mandatory, Numbered: numbered}
}
