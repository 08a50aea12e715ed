package scl

import (
	"strings"

	"github.com/gridward/gridward/model"
)

// Enumerations of IEC 61850-7-3 and -7-4 that files refer to without defining them, by the ids that edition 1 and 2 tools
// use. Values are in the order of their ordinals, from first.
var wellKnown = []struct {
	ids   string
	first int32
	names string
}{
	{"Mod Beh BehaviourModeKind BehaviorModeKind", 1, "on|blocked|test|test/blocked|off"},
	{"Health HealthKind", 1, "Ok|Warning|Alarm"},
	{
		"ctlModel CtlModel CtlModelKind CtlModels ctlModelKind", 0,
		"status-only|direct-with-normal-security|sbo-with-normal-security|direct-with-enhanced-security|sbo-with-enhanced-security",
	},
	{"sboClass SboClass SboClassKind SboClasses", 0, "operate-once|operate-many"},
	{
		"orCat orCategory OrCat OrCategory OriginatorCategoryKind", 0,
		"not-supported|bay-control|station-control|remote-control|automatic-bay|automatic-station|automatic-remote|maintenance|process",
	},
	{"dir Dir FaultDirectionKind", 0, "unknown|forward|backward|both"},
	{"range Range RangeKind", 0, "normal|high|low|high-high|low-low"},
	{"phsRef PhaseReferenceKind", 0, "A|B|C"},
	{"seqT SequenceKind", 0, "pos-neg-zero|dir-quad-zero"},
}

var knownEnums = makeKnownEnums()

func makeKnownEnums() map[string]*model.Enum {
	all := make(map[string]*model.Enum)
	for _, w := range wellKnown {
		e := &model.Enum{Names: make(map[int32]string), Values: make(map[string]int32)}
		for i, name := range strings.Split(w.names, "|") {
			e.Names[w.first+int32(i)] = name
			e.Values[name] = w.first + int32(i)
		}
		for _, id := range strings.Fields(w.ids) {
			one := *e
			one.ID = id
			all[id] = &one
		}
	}
	return all
}

// knownEnum finds an enumeration of the standard, nil when the id is not one of those.
func knownEnum(id string) *model.Enum { return knownEnums[id] }
