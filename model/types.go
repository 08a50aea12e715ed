package model

// Basic is a basic type of IEC 61850-7-2 6.1 and 7-3 6, by the names of SCL's bType (IEC 61850-6 table 45).
type Basic uint8

// The basic types. BasicStruct marks a Type with Fields.
const (
	BasicNone Basic = iota
	BasicStruct
	BasicBool
	BasicInt8
	BasicInt16
	BasicInt24
	BasicInt32
	BasicInt64
	BasicInt128
	BasicInt8U
	BasicInt16U
	BasicInt24U
	BasicInt32U
	BasicInt64U
	BasicFloat32
	BasicFloat64
	BasicEnum
	BasicDbpos
	BasicTcmd
	BasicQuality
	BasicTimestamp
	BasicVisString32
	BasicVisString64
	BasicVisString65
	BasicVisString129
	BasicVisString255
	BasicObjRef
	BasicCurrency
	BasicUnicode255
	BasicOctet16
	BasicOctet64
	BasicOctet6
	BasicEntryTime
	BasicEntryID
	BasicCheck
	BasicTrgOps
	BasicOptFlds
	BasicSvOptFlds
	BasicPhyComAddr
	BasicLogOptFlds
	NumBasic
)

var basicNames = [NumBasic]string{
	"", "Struct", "BOOLEAN", "INT8", "INT16", "INT24", "INT32", "INT64", "INT128", "INT8U", "INT16U", "INT24U",
	"INT32U", "INT64U", "FLOAT32", "FLOAT64", "Enum", "Dbpos", "Tcmd", "Quality", "Timestamp", "VisString32",
	"VisString64", "VisString65", "VisString129", "VisString255", "ObjRef", "Currency", "Unicode255", "Octet16",
	"Octet64", "Octet6", "EntryTime", "EntryID", "Check", "TrgOps", "OptFlds", "SvOptFlds", "PhyComAddr", "LogOptFlds",
}

// String gives the name that SCL uses in bType.
func (b Basic) String() string {
	if b < NumBasic {
		return basicNames[b]
	}
	return "unknown"
}

// ParseBasic reads a bType.
func ParseBasic(s string) (Basic, bool) {
	for b := BasicStruct; b < NumBasic; b++ {
		if basicNames[b] == s {
			return b, true
		}
	}
	return BasicNone, false
}

// Layout says how a basic type travels in MMS (IEC 61850-8-1 8.1 and mms TypeDescription): its Kind and its size,
// which is bits for integers, floats and bit strings, octets for strings and times. A negative size is a maximum.
// Enumerations are INT8 here; Type.Layout widens them.
func (b Basic) Layout() (Kind, int) {
	switch b {
	case BasicBool:
		return KindBool, 1
	case BasicInt8, BasicEnum:
		return KindInt, 8
	case BasicInt16:
		return KindInt, 16
	case BasicInt24, BasicInt32:
		return KindInt, 32
	case BasicInt64:
		return KindInt, 64
	case BasicInt128:
		return KindInt, 128
	case BasicInt8U:
		return KindUint, 8
	case BasicInt16U:
		return KindUint, 16
	case BasicInt24U, BasicInt32U:
		return KindUint, 32
	case BasicInt64U:
		return KindUint, 64
	case BasicFloat32:
		return KindFloat, 32
	case BasicFloat64:
		return KindFloat, 64
	case BasicDbpos, BasicTcmd, BasicCheck:
		return KindBits, 2
	case BasicQuality:
		return KindBits, -QualityBits
	case BasicTrgOps:
		return KindBits, -6
	case BasicOptFlds, BasicSvOptFlds:
		return KindBits, -10
	case BasicLogOptFlds:
		return KindBits, -2
	case BasicTimestamp:
		return KindTime, 8
	case BasicEntryTime:
		return KindEntryTime, 6
	case BasicVisString32:
		return KindString, -32
	case BasicVisString64:
		return KindString, -64
	case BasicVisString65:
		return KindString, -65
	case BasicVisString129, BasicObjRef:
		return KindString, -129
	case BasicVisString255:
		return KindString, -255
	case BasicCurrency:
		return KindString, -3
	case BasicUnicode255:
		return KindUnicode, -255
	case BasicOctet16:
		return KindOctets, -16
	case BasicOctet64:
		return KindOctets, -64
	case BasicOctet6:
		return KindOctets, -6
	case BasicEntryID:
		return KindOctets, 8
	}
	return KindNone, 0
}

// An Enum is an enumeration of DataTypeTemplates (or a known one of IEC 61850-7-3, -7-4).
type Enum struct {
	ID     string
	Names  map[int32]string
	Values map[string]int32
}

// A Type is the shape of a data object, a structured attribute or a leaf. Types are immutable and shared by all
// instances. A leaf has no Fields.
type Type struct {
	ID     string  // id in DataTypeTemplates, "" for a leaf
	CDC    string  // common data class of a data object type, "" otherwise
	Basic  Basic   // BasicStruct when there are Fields
	Enum   *Enum   // of BasicEnum
	Fields []Field // components in the order of the template
	Slots  int     // number of leaf values, 1 for a leaf; array elements count each
}

// A Field is one component: a data object or sub-data object (FC FCNone), a data attribute (with its FC), or an
// attribute of a structure (FC inherited, FCNone).
type Field struct {
	Name    string
	FC      FC
	Type    *Type
	Count   int      // elements of an array; 0: not an array
	Slot    int      // first leaf, relative to the parent
	Trigger Triggers // dchg, qchg, dupd of SCL; attributes of a structure inherit those of their DA
	SAddr   string
	ValKind string // Spec, Conf, RO, Set; "" when not given
	Trans   bool   // transient data object
}

// Field finds a component by name.
func (t *Type) Field(name string) (*Field, bool) {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return &t.Fields[i], true
		}
	}
	return nil, false
}

// Layout is Basic.Layout with enumerations widened to what their ordinals need.
func (t *Type) Layout() (Kind, int) {
	if t.Basic == BasicEnum && t.Enum != nil {
		for v := range t.Enum.Names {
			if v > 127 || v < -128 {
				return KindInt, 16
			}
		}
	}
	return t.Basic.Layout()
}

// Triggers are trigger options, IEC 61850-7-2 17.2.2.11: which events of a member cause a report. Bit i of the wire's
// bit string, from the left, is bit 5-i; bit 0 is reserved there.
type Triggers uint8

// The trigger options.
const (
	TrgDataChange    Triggers = 1 << 4
	TrgQualityChange Triggers = 1 << 3
	TrgDataUpdate    Triggers = 1 << 2
	TrgIntegrity     Triggers = 1 << 1
	TrgGI            Triggers = 1 << 0
	// TriggersBits is the length of the bit string.
	TriggersBits = 6
)

// OptFields are the optional fields of a report, IEC 61850-7-2 17.2.2.8. Bit i of the wire's bit string, from the left,
// is bit 9-i; bit 0 is reserved there.
type OptFields uint16

// The optional fields.
const (
	OptSeqNum       OptFields = 1 << 8
	OptTimeStamp    OptFields = 1 << 7
	OptReasonCode   OptFields = 1 << 6
	OptDataSet      OptFields = 1 << 5
	OptDataRef      OptFields = 1 << 4
	OptBufOvfl      OptFields = 1 << 3
	OptEntryID      OptFields = 1 << 2
	OptConfRev      OptFields = 1 << 1
	OptSegmentation OptFields = 1 << 0
	// OptFieldsBits is the length of the bit string.
	OptFieldsBits = 10
)
