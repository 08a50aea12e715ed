package device

import "time"

// Operating is the operating state of a device.
type Operating uint8

// The operating states.
const (
	Off        Operating = iota // nothing to do: night, no vehicle
	Standby                     // ready, no power
	Generating                  // into the grid, as much as it can
	Curtailed                   // held down by a limit or set-point
	Charging                    // a battery or vehicle is being charged
	Consuming                   // a load draws what it wants
	Fault                       // failed
)

var operatingNames = [...]string{"off", "standby", "generating", "curtailed", "charging", "consuming", "fault"}

func (o Operating) String() string {
	if int(o) < len(operatingNames) {
		return operatingNames[o]
	}
	return "unknown"
}

// State is what a device shows at a moment. Powers are in the producer frame.
type State struct {
	Time      time.Time // of the last step that moved the device
	Failed    bool      // nothing below is to be believed
	Operating Operating

	W, VAr, VA float64 // total powers
	PF         float64 // signed as W; 1 when there is no power
	Hz         float64
	PhV        [3]float64 // V, phase to neutral
	PPV        [3]float64 // V, phase to phase: AB, BC, CA
	A          [3]float64 // A
	PhW        [3]float64 // W a phase; they add up to W

	ExportWh, ImportWh float64 // metered since the start

	Rated              float64 // of the configuration
	Limit, LimitGoal   float64 // the limit in force, and the one it is ramping to
	Target, TargetGoal float64 // the set-point in force, and the one it is ramping to
	Dispatched         bool    // a set-point was given from outside

	Available  float64 // W that the device could give or take now without limit and set-point
	Irradiance float64 // W/m², global horizontal
	Ambient    float64 // °C
	SoC        float64 // of the battery or the connected vehicle, 0 to 1
	StoredWh   float64
	LostWh     float64 // conversion and self-discharge of a battery
	Vehicle    bool    // connected
	SessionWh  float64 // delivered in this session
	SessionID  uint32  // of the connected vehicle
}
