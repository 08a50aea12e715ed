package fleettest

import (
	"time"

	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/model"
)

// leaf, structure and object build types as a client reads them over MMS.
func leaf(b model.Basic) *model.Type { return &model.Type{Basic: b, Slots: 1} }

func structure(fields ...model.Field) *model.Type {
	t := &model.Type{Basic: model.BasicStruct}
	for _, f := range fields {
		f.Slot = t.Slots
		t.Slots += f.Type.Slots
		t.Fields = append(t.Fields, f)
	}
	return t
}

func attr(name string, fc model.FC, t *model.Type) model.Field {
	return model.Field{Name: name, FC: fc, Type: t}
}

func part(name string, t *model.Type) model.Field { return model.Field{Name: name, Type: t} }

var (
	float  = leaf(model.BasicFloat32)
	analog = structure(part("f", float))
	units  = attr("units", model.CF, structure(part("SIUnit", leaf(model.BasicInt8)), part("multiplier", leaf(model.BasicInt8))))

	mv = structure(attr("mag", model.MX, analog), attr("q", model.MX, leaf(model.BasicQuality)),
		attr("t", model.MX, leaf(model.BasicTimestamp)), units)
	cmv = structure(attr("cVal", model.MX, structure(part("mag", analog))), attr("q", model.MX, leaf(model.BasicQuality)),
		attr("t", model.MX, leaf(model.BasicTimestamp)))
	wye = structure(part("phsA", cmv))
	ens = structure(attr("stVal", model.ST, leaf(model.BasicInt8)), attr("q", model.ST, leaf(model.BasicQuality)),
		attr("t", model.ST, leaf(model.BasicTimestamp)))
	asg = structure(attr("setMag", model.SP, analog))
	lpl = structure(attr("vendor", model.DC, leaf(model.BasicVisString255)), attr("configRev", model.DC, leaf(model.BasicVisString255)))
	apc = structure(attr("mxVal", model.MX, analog), attr("q", model.MX, leaf(model.BasicQuality)),
		attr("t", model.MX, leaf(model.BasicTimestamp)),
		attr("Oper", model.CO, structure(part("ctlVal", analog), part("ctlNum", leaf(model.BasicInt8U)),
			part("T", leaf(model.BasicTimestamp)), part("Test", leaf(model.BasicBool)), part("Check", leaf(model.BasicCheck)))),
		attr("ctlModel", model.CF, leaf(model.BasicInt8)), attr("minVal", model.CF, analog), attr("maxVal", model.CF, analog))
)

// ratingClass is the logical node that carries the rating of a kind.
var ratingClass = map[fleet.Kind]string{
	fleet.KindPV: "DGEN", fleet.KindBattery: "DSTO", fleet.KindLoad: "DLOD", fleet.KindChargePoint: "DESE",
}

// device is the name of the one logical device.
const device = "DERLD0"

func ref(ln, path string, fc model.FC) model.Ref {
	return model.Ref{LDevice: device, LN: ln, Path: path, FC: fc}
}

func hasSetpoint(k fleet.Kind) bool { return k != fleet.KindLoad }

// Model builds the model of a kind.
func Model(k fleet.Kind) *model.Server {
	slot := 0
	node := func(class, inst string, objects ...model.Object) *model.LogicalNode {
		for i := range objects {
			objects[i].Slot = slot
			slot += objects[i].Type.Slots
		}
		return &model.LogicalNode{Class: class, Inst: inst, Objects: objects}
	}
	do := func(name string, t *model.Type) model.Object { return model.Object{Name: name, Type: t} }
	lln0 := node("LLN0", "", do("Beh", ens), do("Health", ens), do("NamPlt", lpl))
	nodes := []*model.LogicalNode{
		lln0,
		node("MMXU", "1", do("TotW", mv), do("TotVAr", mv), do("Hz", mv), do("PhV", wye)),
		node("DWMX", "1", do("WMaxSpt", apc)),
	}
	events := []model.Ref{ref("LLN0", "Beh", model.ST), ref("LLN0", "Health", model.ST), ref("MMXU1", "TotW", model.MX), ref("DWMX1", "WMaxSpt", model.MX)}
	meas := []model.Ref{
		ref("MMXU1", "TotW", model.MX), ref("MMXU1", "TotVAr", model.MX), ref("MMXU1", "Hz", model.MX), ref("MMXU1", "PhV", model.MX),
	}
	if hasSetpoint(k) {
		nodes = append(nodes, node("DWGC", "1", do("WSpt", apc)))
		events = append(events, ref("DWGC1", "WSpt", model.MX))
	}
	rating := []model.Object{do("WMaxRtg", asg)}
	switch k {
	case fleet.KindPV:
		nodes = append(nodes, node("MMET", "1", do("HorInsol", mv)))
	case fleet.KindBattery:
		rating = append(rating, do("SocUsePct", mv))
		meas = append(meas, ref("DSTO1", "SocUsePct", model.MX))
	case fleet.KindChargePoint:
		nodes = append(nodes, node("DEEV", "1", do("SocPct", mv)))
		meas = append(meas, ref("DEEV1", "SocPct", model.MX))
	}
	nodes = append(nodes, node(ratingClass[k], "1", rating...))
	lln0.DataSets = []*model.DataSet{{Name: "Events", Members: events}, {Name: "Meas", Members: meas}}
	lln0.Reports = []*model.ReportControl{
		{Name: "urcbEV01", DataSet: "Events"}, // passed over: there is a buffered one
		{Name: "brcbEV01", DataSet: "Events", Buffered: true, Triggers: model.TrgDataChange | model.TrgGI},
		{Name: "brcbEV02", DataSet: "Events", Buffered: true, Triggers: model.TrgDataChange | model.TrgGI},
		{Name: "urcbMX01", DataSet: "Meas", Triggers: model.TrgIntegrity | model.TrgGI, IntegrityPd: 5 * time.Second},
		{Name: "urcbMX02", DataSet: "Meas", Triggers: model.TrgIntegrity | model.TrgGI, IntegrityPd: 5 * time.Second},
	}
	return &model.Server{Devices: []*model.LogicalDevice{{Name: device, Nodes: nodes}}}
}
