package fleet

import "github.com/gridward/gridward/model"

// Role is what a data object means to an operator, whatever its logical node.
type Role string

// The roles. Powers are in W, reactive power in var, frequency in Hz, voltage in V, state of charge in %.
const (
	ActivePower   Role = "activePower"
	ReactivePower Role = "reactivePower"
	Frequency     Role = "frequency"
	Voltage       Role = "voltage"
	StateOfCharge Role = "stateOfCharge"
	Setpoint      Role = "setpoint" // of active power, in force at the DER
	Limit         Role = "limit"    // of active power, in force at the DER
	Rating        Role = "rating"   // largest active power
	Health        Role = "health"   // of the DER as a whole
	Behaviour     Role = "behaviour"
)

// wellKnown finds roles in a model: data objects of IEC 61850-7-4 and 7-420 by logical node class. The first line that
// fits wins, then the first node in the order of the model.
var wellKnown = []struct {
	role   Role
	class  string
	object string
}{
	{ActivePower, "MMXU", "TotW"},
	{ActivePower, "MMXN", "Watt"},
	{ActivePower, "MMDC", "Watt"},
	{ReactivePower, "MMXU", "TotVAr"},
	{ReactivePower, "MMXN", "VolAmpr"},
	{Frequency, "MMXU", "Hz"},
	{Frequency, "MMXN", "Hz"},
	{Voltage, "MMXU", "PhV.phsA"},
	{Voltage, "MMXU", "PNV.phsA"},
	{Voltage, "MMXN", "Vol"},
	{StateOfCharge, "DSTO", "SocUsePct"},
	{StateOfCharge, "DSTO", "SocPct"},
	{StateOfCharge, "DBAT", "SocPct"},
	{StateOfCharge, "ZBAT", "SocPct"},
	{StateOfCharge, "DEEV", "SocPct"},
	{StateOfCharge, "DEEV", "Soc"},
	{Setpoint, "DWGC", "WSpt"},
	{Setpoint, "DWGC", "WGnSpt"},
	{Limit, "DWMX", "WMaxSpt"},
	{Limit, "DWMX", "WLimSpt"},
	{Rating, "DGEN", "WMaxRtg"},
	{Rating, "DSTO", "WMaxRtg"},
	{Rating, "DLOD", "WMaxRtg"},
	{Rating, "DESE", "WMaxRtg"},
	{Rating, "DPMC", "WMaxRtg"},
	{Health, "LLN0", "Health"},
	{Health, "LPHD", "PhyHealth"},
	{Behaviour, "LLN0", "Beh"},
}

// roles maps the data objects of srv that have a role to it; each role occurs at most once. The references have no FC.
func roles(srv *model.Server) map[model.Ref]Role {
	found := map[model.Ref]Role{}
	have := map[Role]bool{}
	for _, w := range wellKnown {
		if have[w.role] {
			continue
		}
		if ref, ok := firstObject(srv, w.class, w.object); ok {
			found[ref], have[w.role] = w.role, true
		}
	}
	return found
}

func firstObject(srv *model.Server, class, object string) (model.Ref, bool) {
	for _, d := range srv.Devices {
		for _, n := range d.Nodes {
			if n.Class != class {
				continue
			}
			if _, ok := n.Find(object, model.FCNone); ok {
				return model.Ref{LDevice: d.Name, LN: n.Name(), Path: object}, true
			}
		}
	}
	return model.Ref{}, false
}

// ordinals are the names of enumerations that a model read over MMS does not reveal, IEC 61850-7-4.
var ordinals = map[string][]string{
	"Health": {1: "ok", 2: "warning", 3: "alarm"},
	"Beh":    {1: "on", 2: "blocked", 3: "test", 4: "test/blocked", 5: "off"},
	"Mod":    {1: "on", 2: "blocked", 3: "test", 4: "test/blocked", 5: "off"},
}

func init() { ordinals["PhyHealth"] = ordinals["Health"] }

// siUnits are the symbols of SIUnit, IEC 61850-7-3 annex A, that occur in DERs.
var siUnits = map[int64]string{
	2: "m", 3: "kg", 4: "s", 5: "A", 6: "K", 9: "°", 10: "rad", 23: "°C", 25: "F", 29: "V", 30: "Ω", 31: "J", 33: "Hz", 34: "lx",
	38: "W", 39: "Pa", 43: "m/s", 45: "m³/s", 55: "W/m²", 61: "VA", 62: "W", 63: "var", 65: "cos φ", 71: "VAh", 72: "Wh",
	73: "varh", 74: "V/Hz", 75: "Hz/s", 81: "W/s", 84: "h", 85: "min",
}

// usualUnits are the symbols for roles whose data object says nothing.
var usualUnits = map[Role]string{
	ActivePower: "W", ReactivePower: "var", Frequency: "Hz", Voltage: "V", StateOfCharge: "%", Setpoint: "W", Limit: "W", Rating: "W",
}
