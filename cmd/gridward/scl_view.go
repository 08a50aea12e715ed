package main

import (
	"strconv"

	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

// What 'scl show' prints. The JSON keys are those of SCL.
type sclView struct {
	File        string       `json:"file"`
	Edition     string       `json:"edition"`
	Header      scl.Header   `json:"header"`
	SubNetworks []sclNetwork `json:"subNetworks"`
	IEDs        []sclIED     `json:"ieds"`
}

type sclNetwork struct {
	Name         string         `json:"name"`
	Type         string         `json:"type,omitempty"`
	Desc         string         `json:"desc,omitempty"`
	AccessPoints []sclConnected `json:"connectedAPs"`
}

type sclConnected struct {
	IED     string            `json:"iedName"`
	AP      string            `json:"apName"`
	Address map[string]string `json:"address"`
}

type sclIED struct {
	Name          string           `json:"name"`
	Type          string           `json:"type,omitempty"`
	Manufacturer  string           `json:"manufacturer,omitempty"`
	ConfigVersion string           `json:"configVersion,omitempty"`
	Desc          string           `json:"desc,omitempty"`
	AccessPoints  []sclAccessPoint `json:"accessPoints"`
}

type sclAccessPoint struct {
	Name     string      `json:"name"`
	ServerAt string      `json:"serverAt,omitempty"`
	Server   bool        `json:"server"`
	LDevices []sclDevice `json:"lDevices,omitempty"` // only of the servers that were asked for
}

type sclDevice struct {
	Name string    `json:"ldName"`
	Inst string    `json:"inst"`
	Desc string    `json:"desc,omitempty"`
	LNs  []sclNode `json:"lns"`
}

type sclNode struct {
	Name     string       `json:"name"`
	Type     string       `json:"lnType"`
	Desc     string       `json:"desc,omitempty"`
	Objects  []sclObject  `json:"dos"`
	DataSets []sclDataSet `json:"dataSets,omitempty"`
	Reports  []sclReport  `json:"reportControls,omitempty"`
	Logs     []sclLog     `json:"logControls,omitempty"`
	Goose    []sclGoose   `json:"gseControls,omitempty"`
	Samples  []sclSamples `json:"sampledValueControls,omitempty"`
	Settings *sclSettings `json:"settingControl,omitempty"`
}

type sclObject struct {
	Name   string    `json:"name"`
	CDC    string    `json:"cdc"`
	Type   string    `json:"type"`
	Desc   string    `json:"desc,omitempty"`
	Leaves []sclLeaf `json:"das"`
}

type sclLeaf struct {
	Name    string   `json:"name"` // below the data object
	FC      string   `json:"fc"`
	BType   string   `json:"bType"`
	Enum    string   `json:"type,omitempty"`
	Trigger []string `json:"trgOps,omitempty"`
	SAddr   string   `json:"sAddr,omitempty"`
	Value   any      `json:"val"`
	text    string
}

type sclDataSet struct {
	Name    string   `json:"name"`
	Members []string `json:"members"`
}

type sclReport struct {
	Name      string   `json:"name"`
	RptID     string   `json:"rptID"`
	DataSet   string   `json:"datSet"`
	Buffered  bool     `json:"buffered"`
	ConfRev   uint32   `json:"confRev"`
	BufTm     int64    `json:"bufTm"`  // ms
	IntgPd    int64    `json:"intgPd"` // ms
	TrgOps    []string `json:"trgOps"`
	OptFields []string `json:"optFields"`
	Owner     string   `json:"owner,omitempty"`
}

type sclLog struct {
	Name    string   `json:"name"`
	Log     string   `json:"logName"`
	DataSet string   `json:"datSet"`
	Enabled bool     `json:"logEna"`
	IntgPd  int64    `json:"intgPd"` // ms
	TrgOps  []string `json:"trgOps"`
}

type sclGoose struct {
	Name    string      `json:"name"`
	ID      string      `json:"goID"`
	DataSet string      `json:"datSet"`
	ConfRev uint32      `json:"confRev"`
	Address *sclAddress `json:"address,omitempty"`
	MinTime int64       `json:"minTime,omitempty"` // ms
	MaxTime int64       `json:"maxTime,omitempty"` // ms
}

type sclSamples struct {
	Name      string      `json:"name"`
	ID        string      `json:"svID"`
	DataSet   string      `json:"datSet"`
	ConfRev   uint32      `json:"confRev"`
	Multicast bool        `json:"multicast"`
	SmpRate   uint32      `json:"smpRate"`
	SmpMod    string      `json:"smpMod"`
	NoASDU    uint32      `json:"noASDU"`
	Address   *sclAddress `json:"address,omitempty"`
}

type sclAddress struct {
	MAC      string `json:"mac"`
	APPID    string `json:"appid"`
	VLAN     uint16 `json:"vlan"`
	Priority uint8  `json:"priority"`
}

type sclSettings struct {
	NumOfSG uint8  `json:"numOfSGs"`
	ActSG   uint8  `json:"actSG"`
	ResvTms uint16 `json:"resvTms,omitempty"`
}

// newSCLView describes a file without its servers.
func newSCLView(f *scl.File) *sclView {
	v := &sclView{File: f.Name, Edition: f.Edition.String(), Header: f.Header, SubNetworks: []sclNetwork{}, IEDs: []sclIED{}}
	if f.Communication != nil {
		for _, n := range f.Communication.SubNetworks {
			net := sclNetwork{Name: n.Name, Type: n.Type, Desc: n.Desc, AccessPoints: []sclConnected{}}
			for _, ap := range n.AccessPoints {
				a := sclConnected{IED: ap.IED, AP: ap.AP, Address: map[string]string{}}
				for _, p := range ap.Address {
					a.Address[p.Type] = p.Value
				}
				net.AccessPoints = append(net.AccessPoints, a)
			}
			v.SubNetworks = append(v.SubNetworks, net)
		}
	}
	for _, i := range f.IEDs() {
		ied := sclIED{Name: i.Name, Type: i.Type, Manufacturer: i.Manufacturer, ConfigVersion: i.ConfigVersion, Desc: i.Desc, AccessPoints: []sclAccessPoint{}}
		for _, a := range i.AccessPoints {
			ied.AccessPoints = append(ied.AccessPoints, sclAccessPoint{Name: a.Name, ServerAt: a.ServerAt, Server: a.HasServer()})
		}
		v.IEDs = append(v.IEDs, ied)
	}
	return v
}

func viewDevices(srv *model.Server) []sclDevice {
	var out []sclDevice
	for _, d := range srv.Devices {
		v := sclDevice{Name: d.Name, Inst: d.Inst, Desc: d.Desc, LNs: []sclNode{}}
		for _, n := range d.Nodes {
			v.LNs = append(v.LNs, viewNode(srv, d, n))
		}
		out = append(out, v)
	}
	return out
}

func viewNode(srv *model.Server, d *model.LogicalDevice, n *model.LogicalNode) sclNode {
	v := sclNode{Name: n.Name(), Type: n.TypeID, Desc: n.Desc, Objects: []sclObject{}}
	for i := range n.Objects {
		v.Objects = append(v.Objects, viewObject(srv, &n.Objects[i]))
	}
	for _, s := range n.DataSets {
		ds := sclDataSet{Name: s.Name, Members: []string{}}
		for _, m := range s.Members {
			ds.Members = append(ds.Members, m.String())
		}
		v.DataSets = append(v.DataSets, ds)
	}
	viewControls(&v, n)
	return v
}

func viewObject(srv *model.Server, o *model.Object) sclObject {
	v := sclObject{Name: o.Name, CDC: o.Type.CDC, Type: o.Type.ID, Desc: o.Desc, Leaves: []sclLeaf{}}
	t := model.Target{Object: o, Type: o.Type, Slot: o.Slot}
	for l := range t.Leaves(model.Ref{}, model.FCNone) {
		name := l.Ref.Path[1:] // below the object, after the dot
		leaf := sclLeaf{
			Name: name, FC: l.Ref.FC.String(), BType: l.Type.Basic.String(), SAddr: o.SAddr[name],
			Value: srv.Initial[l.Slot].Plain(l.Type), text: srv.Initial[l.Slot].Text(l.Type),
		}
		if leaf.text == "" {
			leaf.text = `""`
		}
		if l.Trigger != 0 {
			leaf.Trigger = l.Trigger.Names()
		}
		if l.Type.Enum != nil {
			leaf.Enum = l.Type.Enum.ID
		}
		v.Leaves = append(v.Leaves, leaf)
	}
	return v
}

func viewControls(v *sclNode, n *model.LogicalNode) {
	for _, r := range n.Reports {
		v.Reports = append(v.Reports, sclReport{
			Name: r.Name, RptID: r.RptID, DataSet: r.DataSet, Buffered: r.Buffered, ConfRev: r.ConfRev, BufTm: r.BufferTime.Milliseconds(),
			IntgPd: r.IntegrityPd.Milliseconds(), TrgOps: r.Triggers.Names(), OptFields: r.OptFields.Names(), Owner: r.Owner,
		})
	}
	for _, l := range n.Logs {
		v.Logs = append(v.Logs, sclLog{
			Name: l.Name, Log: l.Log, DataSet: l.DataSet, Enabled: l.Enabled, IntgPd: l.IntegrityPd.Milliseconds(), TrgOps: l.Triggers.Names(),
		})
	}
	for _, g := range n.Goose {
		v.Goose = append(v.Goose, sclGoose{
			Name: g.Name, ID: g.ID, DataSet: g.DataSet, ConfRev: g.ConfRev, Address: viewAddress(g.Address),
			MinTime: g.MinTime.Milliseconds(), MaxTime: g.MaxTime.Milliseconds(),
		})
	}
	for _, s := range n.Samples {
		v.Samples = append(v.Samples, sclSamples{
			Name: s.Name, ID: s.ID, DataSet: s.DataSet, ConfRev: s.ConfRev, Multicast: s.Multicast, SmpRate: s.SmpRate, SmpMod: s.SmpMod,
			NoASDU: s.NoASDU, Address: viewAddress(s.Address),
		})
	}
	if s := n.SettingGroups; s != nil {
		v.Settings = &sclSettings{NumOfSG: s.NumOfSG, ActSG: s.ActSG, ResvTms: s.ResvTms}
	}
}

func viewAddress(a model.MulticastAddress) *sclAddress {
	if !a.Set {
		return nil
	}
	return &sclAddress{MAC: a.String(), APPID: "0x" + strconv.FormatUint(uint64(a.AppID)|1<<16, 16)[1:], VLAN: a.VLAN, Priority: a.Priority}
}
