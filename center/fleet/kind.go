package fleet

import "github.com/gridward/gridward/model"

// Kind is what a DER is.
type Kind string

// The kinds.
const (
	KindUnknown     Kind = "unknown"
	KindPV          Kind = "pv"
	KindBattery     Kind = "battery"
	KindLoad        Kind = "load"
	KindChargePoint Kind = "chargepoint"
	KindGenerator   Kind = "generator"
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{KindPV, KindBattery, KindLoad, KindChargePoint, KindGenerator, KindUnknown}
}

func (k Kind) valid() bool {
	for _, v := range Kinds() {
		if k == v {
			return true
		}
	}
	return false
}

// kindClasses tells kinds by logical node classes of IEC 61850-7-420 (editions 1 and 2), the most telling first: a
// photovoltaic plant has a DGEN beside the classes of its parts, and a charge point may have a DSTO for the vehicle.
var kindClasses = []struct {
	class string
	kind  Kind
}{
	{"DEEV", KindChargePoint}, // electric vehicle
	{"DESE", KindChargePoint}, // supply equipment
	{"DEVS", KindChargePoint},
	{"DBAT", KindBattery},
	{"ZBAT", KindBattery},
	{"ZBTC", KindBattery},
	{"DSTO", KindBattery}, // storage
	{"DPVA", KindPV},      // array
	{"DPVM", KindPV},
	{"DPVC", KindPV},
	{"DPHV", KindPV},
	{"DLOD", KindLoad},
	{"DCIP", KindGenerator}, // reciprocating engine
	{"DFCL", KindGenerator}, // fuel cell
	{"DWND", KindGenerator},
	{"WTUR", KindGenerator},
	{"DHYD", KindGenerator},
}

// KindOf finds the kind of a DER in its model. A generator (DGEN) with meteorology (MMET) of its own is taken for a
// photovoltaic plant.
func KindOf(srv *model.Server) Kind {
	classes := map[string]bool{}
	for _, d := range srv.Devices {
		for _, n := range d.Nodes {
			classes[n.Class] = true
		}
	}
	for _, k := range kindClasses {
		if classes[k.class] {
			return k.kind
		}
	}
	switch {
	case classes["DGEN"] && classes["MMET"]:
		return KindPV
	case classes["DGEN"]:
		return KindGenerator
	}
	return KindUnknown
}
