package valuetext

import (
	"strings"
	"sync"

	"github.com/gridward/gridward/model"
)

// enumTable has the enumerations that IEC 61850-7-3 and -7-4 fix: id, ordinal of the first name, names. A name that is
// empty leaves its ordinal out.
const enumTable = `
Beh 1 on|blocked|test|test/blocked|off
Health 1 Ok|Warning|Alarm
CtlModels 0 status-only|direct-with-normal-security|sbo-with-normal-security|direct-with-enhanced-security|sbo-with-enhanced-security
SboClasses 0 operate-once|operate-many
OrCat 0 not-supported|bay-control|station-control|remote-control|automatic-bay|automatic-station|automatic-remote|maintenance|process
Dir 0 unknown|forward|backward|both
Range 0 normal|high|low|high-high|low-low
PhaseReference 0 A|B|C
Sequence 0 pos-neg-zero|dir-quad-zero
Multiplier -24 y|||z|||a|||f|||p|||n|||µ|||m|c|d||da|h|k|||M|||G|||T|||P|||E|||Z|||Y
SIUnit 1 none|m|kg|s|A|K|mol|cd|deg|rad|sr||||||||||Gy|Bq|°C|Sv|F|C|S|H|V|ohm|J|N|Hz|lx|Lm|Wb|T|W|Pa||m²|m³|m/s|m/s²|m³/s|m/m³|M|kg/m³|m²/s|W/m K|J/K|ppm|1/s|rad/s|W/m²|J/m²|S/m|K/s|Pa/s|J/kg K|VA|Watts|VAr|phi|cos(phi)|Vs|V²|As|A²|A²t|VAh|Wh|VArh|V/Hz|Hz/s|char|char/s|kgm²|dB|J/Wh|W/s|l/s|dBm|h|min|Ohm/m|percent/s|A/V|A/Vs
`

var enums = sync.OnceValue(func() map[string]*model.Enum {
	all := make(map[string]*model.Enum)
	for line := range strings.Lines(enumTable) {
		id, rest, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !ok {
			continue
		}
		number, names, _ := strings.Cut(rest, " ")
		ordinal := int32(0)
		for _, c := range strings.TrimPrefix(number, "-") {
			ordinal = 10*ordinal + c - '0'
		}
		if number[0] == '-' {
			ordinal = -ordinal
		}
		e := &model.Enum{ID: id, Names: make(map[int32]string), Values: make(map[string]int32)}
		for name := range strings.SplitSeq(names, "|") {
			if name != "" {
				e.Names[ordinal], e.Values[name] = name, ordinal
			}
			ordinal++
		}
		all[id] = e
	}
	return all
})

// enumOf gives the enumeration of attributes that always have the same one.
var enumOf = map[string]string{
	"ctlModel": "CtlModels", "sboClass": "SboClasses", "orCat": "OrCat", "range": "Range", "rangeAng": "Range", "seqT": "Sequence",
	"phsRef": "PhaseReference", "dirGeneral": "Dir", "dirPhsA": "Dir", "dirPhsB": "Dir", "dirPhsC": "Dir", "dirNeut": "Dir",
	"SIUnit": "SIUnit", "multiplier": "Multiplier",
}

// enumOfObject gives that of data objects whose value always has the same one.
var enumOfObject = map[string]string{"Beh": "Beh", "Mod": "Beh", "Health": "Health", "PhyHealth": "Health", "EEHealth": "Health"}

func standardEnum(object, name string) *model.Enum {
	if id, ok := enumOf[name]; ok {
		return enums()[id]
	}
	switch name {
	case "stVal", "ctlVal", "subVal":
		if id, ok := enumOfObject[object]; ok {
			return enums()[id]
		}
	}
	return nil
}

// Unit gives the symbol of a unit from the ordinals of SIUnit and multiplier (IEC 61850-7-3 annex A): "kW", "%". It is ""
// when there is none or it is not known.
func Unit(unit, multiplier int64) string {
	name := enums()["SIUnit"].Names[int32(unit)]
	switch {
	case unit != int64(int32(unit)) || name == "" || name == "none":
		return ""
	case name == "Watts":
		name = "W"
	case name == "ohm":
		name = "Ω"
	}
	if multiplier == 0 {
		return name
	}
	prefix := enums()["Multiplier"].Names[int32(multiplier)]
	if multiplier != int64(int32(multiplier)) || prefix == "" {
		return ""
	}
	return prefix + name
}
