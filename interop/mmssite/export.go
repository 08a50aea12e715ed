package mmssite

import (
	"strings"

	"github.com/gridward/gridward/model"
)

// Export describes a model to programs that cannot read SCL: devices, nodes, objects, fields with their values, data
// sets and report control blocks, as JSON.
func Export(m *model.Server) map[string]any {
	devices := []any{}
	for _, d := range m.Devices {
		x := exporter{m: m, d: d}
		nodes := []any{}
		for _, n := range d.Nodes {
			nodes = append(nodes, x.node(n))
		}
		devices = append(devices, map[string]any{"inst": d.Inst, "nodes": nodes, "settings": x.settings})
	}
	return map[string]any{"ied": m.IED, "devices": devices}
}

type exporter struct {
	m        *model.Server
	d        *model.LogicalDevice
	settings []string
}

func (x *exporter) node(n *model.LogicalNode) map[string]any {
	out := map[string]any{"name": n.Name()}
	objects := []any{}
	for _, o := range n.Objects {
		objects = append(objects, map[string]any{"name": o.Name, "fields": x.fields(o.Type, o.Slot, n.Name()+"."+o.Name)})
	}
	out["objects"] = objects
	sets := []any{}
	for _, ds := range n.DataSets {
		members := []string{}
		for _, r := range ds.Members {
			name := r.Item()
			if r.LDevice != x.d.Name {
				name = strings.TrimPrefix(r.LDevice, x.m.IED) + "/" + name
			}
			members = append(members, name)
		}
		sets = append(sets, map[string]any{"name": ds.Name, "members": members})
	}
	out["dataSets"] = sets
	reports := []any{}
	for _, r := range n.Reports {
		reports = append(reports, map[string]any{
			"name": r.Name, "rptID": r.RptID, "buffered": r.Buffered, "dataSet": r.DataSet, "confRev": r.ConfRev,
			"trgOps": triggers(r.Triggers), "optFlds": optFields(r.OptFields),
			"bufTm": r.BufferTime.Milliseconds(), "intgPd": r.IntegrityPd.Milliseconds(),
		})
	}
	out["reports"] = reports
	if n.SettingGroups != nil {
		out["groups"] = n.SettingGroups.NumOfSG
	}
	return out
}

func (x *exporter) fields(t *model.Type, slot int, path string) []any {
	out := []any{}
	for i := range t.Fields {
		f := &t.Fields[i]
		m := map[string]any{"name": f.Name, "basic": f.Type.Basic.String()}
		if f.FC == model.FCNone && t.CDC != "" {
			m["do"] = true
		}
		at := path + "." + f.Name
		switch {
		case len(f.Type.Fields) > 0:
			m["fields"] = x.fields(f.Type, slot+f.Slot, at)
		default:
			m["value"] = JSON(x.m.Initial[slot+f.Slot])
		}
		if f.Count > 0 {
			m["count"] = f.Count
		}
		if f.FC != model.FCNone {
			m["trg"] = triggers(f.Trigger)
		}
		switch f.FC {
		case model.FCNone:
			out = append(out, m)
		case model.SG, model.SE:
			// the value that is in force, and the one that is edited
			for _, fc := range []string{"SG", "SE"} {
				c := map[string]any{"fc": fc}
				for k, v := range m {
					c[k] = v
				}
				out = append(out, c)
			}
			for l := range (model.Target{Type: f.Type, Slot: slot + f.Slot}).Leaves(model.Ref{Path: at}, model.FCNone) {
				x.settings = append(x.settings, l.Ref.Path)
			}
		default:
			m["fc"] = f.FC.String()
			out = append(out, m)
		}
	}
	return out
}

// triggers gives the bits from the least significant: dchg, qchg, dupd, integrity, gi.
func triggers(t model.Triggers) (out int) {
	for i, bit := range []model.Triggers{model.TrgDataChange, model.TrgQualityChange, model.TrgDataUpdate, model.TrgIntegrity, model.TrgGI} {
		if t&bit != 0 {
			out |= 1 << i
		}
	}
	return out
}

// optFields gives the bits from the least significant.
func optFields(o model.OptFields) (out int) {
	for i, bit := range []model.OptFields{
		model.OptSeqNum, model.OptTimeStamp, model.OptReasonCode, model.OptDataSet, model.OptDataRef, model.OptBufOvfl,
		model.OptEntryID, model.OptConfRev,
	} {
		if o&bit != 0 {
			out |= 1 << i
		}
	}
	return out
}
