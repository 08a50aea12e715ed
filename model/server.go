package model

import "time"

// A Server is the tree of one access point of an IED, as SCL describes it (IEC 61850-6 9.3) or a peer reveals it. It is
// immutable; the values live with whoever serves them, in a flat array indexed by slot.
type Server struct {
	IED         string
	AccessPoint string
	Vendor      string
	IEDType     string
	ConfigRev   string
	Devices     []*LogicalDevice
	Initial     []Value // one per slot: from Val elements of DAI, of DA, or the zero of the type
	Services    Services

	// Groups holds the configured values of setting groups, by the slot of the attribute (FC SG or SE): the value of
	// group 1 first. It may be shorter than NumOfSG; nil when the file gives none.
	Groups map[int][]Value
}

// A LogicalDevice is a domain of MMS.
type LogicalDevice struct {
	Name  string // LDName: ldName of SCL, or the IED's name followed by Inst
	Inst  string
	Desc  string
	Nodes []*LogicalNode // LLN0 first
}

// A LogicalNode, IEC 61850-7-4.
type LogicalNode struct {
	Prefix, Class, Inst string
	TypeID              string
	Desc                string
	Objects             []Object
	DataSets            []*DataSet
	Reports             []*ReportControl // one per instance, indexed names already expanded
	Logs                []*LogControl
	LogNames            []string // of the logs that it holds
	Goose               []*GooseControl
	Samples             []*SampledValueControl
	SettingGroups       *SettingControl // LLN0 only
}

// Name gives prefix, class and instance together.
func (n *LogicalNode) Name() string { return n.Prefix + n.Class + n.Inst }

// An Object is a data object (DO) in a logical node.
type Object struct {
	Name string
	Type *Type
	Slot int // of its first leaf, absolute
	Desc string
	// Overrides of DAI, by path below the object ("mag.f"); nil when there is none.
	SAddr   map[string]string
	ValKind map[string]string
}

// A DataSet, IEC 61850-7-2 13.
type DataSet struct {
	Name    string // without the logical node
	Members []Ref  // FCD or FCDA, always with an FC
	Desc    string
}

// A ReportControl is one report control block, IEC 61850-7-2 17.
type ReportControl struct {
	Name        string // as clients see it: with two digits of index when the SCL says indexed
	RptID       string
	DataSet     string // name of a data set of the same logical node, "" when there is none
	Buffered    bool
	ConfRev     uint32
	OptFields   OptFields
	Triggers    Triggers
	BufferTime  time.Duration // milliseconds on the wire
	IntegrityPd time.Duration // milliseconds on the wire
	Owner       string        // client named by RptEnabled/ClientLN for this instance, "" when free
}

// A LogControl is one log control block, IEC 61850-7-2 18.
type LogControl struct {
	Name, Log, DataSet string
	LogLN              string // node that holds the log, "" for LLN0
	LogLD              string // inst of the logical device that holds the log, "" for the block's own
	Enabled            bool
	ReasonCode         bool
	Triggers           Triggers
	IntegrityPd        time.Duration
}

// A GooseControl is one GOOSE control block with its address, IEC 61850-7-2 19.
type GooseControl struct {
	Name, ID, DataSet string
	ConfRev           uint32
	FixedOffs         bool
	SecurityEnable    string // None, Signature, SignatureAndEncryption
	Address           MulticastAddress
	MinTime, MaxTime  time.Duration
}

// A SampledValueControl is one multicast or unicast sampled value control block, IEC 61850-7-2 20.
type SampledValueControl struct {
	Name, ID, DataSet string
	ConfRev           uint32
	Multicast         bool
	SmpRate           uint32
	SmpMod            string // SmpPerPeriod, SmpPerSec, SecPerSmp
	NoASDU            uint32
	RefreshTime       bool
	SampleSynchronized, SampleRate, DataSetName,
	Security bool
	SecurityEnable string
	Address        MulticastAddress
}

// A MulticastAddress is the PhyComAddr of a GOOSE or sampled value control block (SCL P-types MAC-Address, APPID,
// VLAN-ID, VLAN-PRIORITY).
type MulticastAddress struct {
	MAC      [6]byte
	AppID    uint16
	VLAN     uint16
	Priority uint8
	Set      bool // an address was configured
}

// A SettingControl says how many setting groups a logical device has.
type SettingControl struct {
	NumOfSG, ActSG uint8
	ResvTms        uint16
}

// Services are the limits that SCL's Services element announces; zero means "not announced".
type Services struct {
	MaxDataSets, MaxDataSetMembers     int // DynDataSet max, maxAttributes
	ConfDataSets, ConfDataSetMembers   int
	MaxReports                         int
	BufferedConf                       bool
	RptIDWrite, DataSetWrite           bool // ReportSettings rptID, datSet = Dyn
	OptFieldsWrite, BufTimeWrite       bool
	TriggerWrite, IntegrityPeriodWrite bool
	OwnerAttribute, ReserveTime        bool // ReportSettings owner, resvTms
	GseIDWrite, GseDataSetWrite        bool // GSESettings appID, datSet = Dyn
	SmvIDWrite, SmvDataSetWrite        bool // SMVSettings svID, datSet = Dyn
	SmvOptFieldsWrite, SmvRateWrite    bool // SMVSettings optFields, smpRate = Dyn
	SmvASDUWrite                       bool // SMVSettings nofASDU = Dyn
	LogEnaWrite, LogDataSetWrite       bool // LogSettings logEna, datSet = Dyn
	LogTriggerWrite, LogPeriodWrite    bool // LogSettings trgOps, intgPd = Dyn
	SettingReserveTime                 bool // SettingGroups: SGEdit or ConfSG resvTms
	FileHandling                       bool
	NameLength                         int
}

// Leaf is a leaf attribute found by Walk.
type Leaf struct {
	Ref     Ref // with its FC
	Type    *Type
	Slot    int
	Trigger Triggers
}

// Device finds a logical device by its LDName.
func (s *Server) Device(name string) (*LogicalDevice, bool) {
	for _, d := range s.Devices {
		if d.Name == name {
			return d, true
		}
	}
	return nil, false
}

// Node finds a logical node by prefix, class and instance together.
func (d *LogicalDevice) Node(name string) (*LogicalNode, bool) {
	for _, n := range d.Nodes {
		if n.Name() == name {
			return n, true
		}
	}
	return nil, false
}

// Object finds a data object by name.
func (n *LogicalNode) Object(name string) (*Object, bool) {
	for i := range n.Objects {
		if n.Objects[i].Name == name {
			return &n.Objects[i], true
		}
	}
	return nil, false
}

// DataSet finds a data set by name.
func (n *LogicalNode) DataSet(name string) (*DataSet, bool) {
	for _, d := range n.DataSets {
		if d.Name == name {
			return d, true
		}
	}
	return nil, false
}
