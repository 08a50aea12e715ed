package scl

import (
	"math"

	"github.com/gridward/gridward/model"
)

// goose compiles a GSEControl, IEC 61850-6 9.3.10, with its address of the Communication section.
func (b *builder) goose(n builtNode, e *Element) {
	if t := e.Attr("type"); t != "" && t != "GOOSE" {
		return // GSSE, withdrawn
	}
	g := &model.GooseControl{
		Name: e.Attr("name"), ID: e.Attr("appID"), DataSet: e.Attr("datSet"), ConfRev: b.confRev(e),
		FixedOffs: e.boolean("fixedOffs", false, b.sink), SecurityEnable: e.Attr("securityEnable"),
	}
	if a := b.addressOf(n, "GSE", g.Name); a != nil {
		g.Address, g.MinTime, g.MaxTime = b.multicast(a), a.MinTime, a.MaxTime
	}
	n.node.Goose = append(n.node.Goose, g)
}

// samples compiles a SampledValueControl, IEC 61850-6 9.3.11.
func (b *builder) samples(n builtNode, e *Element) {
	s := &model.SampledValueControl{
		Name: e.Attr("name"), ID: e.Attr("smvID"), DataSet: e.Attr("datSet"), ConfRev: b.confRev(e),
		Multicast:      e.boolean("multicast", true, b.sink),
		SmpRate:        uint32(e.number("smpRate", 0, math.MaxUint32, b.sink)),
		NoASDU:         uint32(e.number("nofASDU", 1, math.MaxUint16, b.sink)),
		SmpMod:         e.Attr("smpMod"),
		SecurityEnable: e.Attr("securityEnable"),
	}
	switch s.SmpMod {
	case "":
		s.SmpMod = "SmpPerPeriod"
	case "SmpPerPeriod", "SmpPerSec", "SecPerSmp":
	default:
		b.error(e, "use SmpPerPeriod, SmpPerSec or SecPerSmp", "smpMod=%q is unknown", s.SmpMod)
	}
	if o := e.Child("SmvOpts"); o != nil {
		s.RefreshTime = o.boolean("refreshTime", false, b.sink)
		s.SampleSynchronized = o.boolean("sampleSynchronized", true, b.sink)
		s.SampleRate = o.boolean("sampleRate", false, b.sink)
		s.DataSetName = o.boolean("dataSet", false, b.sink)
		s.Security = o.boolean("security", false, b.sink)
	}
	if a := b.addressOf(n, "SMV", s.Name); a != nil {
		s.Address = b.multicast(a)
	}
	n.node.Samples = append(n.node.Samples, s)
}

// addressOf finds the GSE or SMV element of a control block under the access point that is compiled.
func (b *builder) addressOf(n builtNode, kind, name string) *ControlAddress {
	return b.addresses[addressKey{kind, n.device.Inst, name}]
}

type addressKey struct{ kind, ldInst, cbName string }

// controlAddresses lists the GSE and SMV elements of an access point, the first where there are several.
func controlAddresses(aps []*ConnectedAP) map[addressKey]*ControlAddress {
	all := make(map[addressKey]*ControlAddress)
	for _, ap := range aps {
		for _, list := range [...][]*ControlAddress{ap.GSE, ap.SMV} {
			for _, a := range list {
				key := addressKey{a.Element.Name, a.LDInst, a.CBName}
				if _, dup := all[key]; !dup {
					all[key] = a
				}
			}
		}
	}
	return all
}

func (b *builder) multicast(a *ControlAddress) model.MulticastAddress {
	m, ok := a.Address.Multicast()
	if !ok {
		for _, p := range a.Address {
			if msg, hint := checkP(p); msg != "" {
				b.error(p.Element, hint, "%s", msg)
			}
		}
	}
	return m
}
