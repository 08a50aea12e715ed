package model

import "fmt"

// FC is a functional constraint, IEC 61850-7-2 and 8-1.
type FC uint8

// The functional constraints in the order in which a server lists them (IEC 61850-8-1). FCNone stands for
// "not given": in a Ref it means every functional constraint.
const (
	FCNone FC = iota
	ST        // status
	MX        // measurands
	CO        // control
	SP        // set points outside setting groups
	SG        // setting group, active values
	SE        // setting group, edited values
	SV        // substitution
	CF        // configuration
	DC        // description
	SR        // service response (tracking)
	OR        // operate received
	BL        // blocking
	EX        // extended definition
	BR        // buffered report control
	RP        // unbuffered report control
	LG        // log control
	GO        // GOOSE control
	MS        // multicast sampled value control
	US        // unicast sampled value control

	// NumFC is the number of functional constraints, FCNone included.
	NumFC
)

var fcNames = [NumFC]string{
	"", "ST", "MX", "CO", "SP", "SG", "SE", "SV", "CF", "DC", "SR", "OR", "BL", "EX", "BR", "RP", "LG", "GO", "MS", "US",
}

// String gives the two letters, or "" for FCNone.
func (f FC) String() string {
	if f < NumFC {
		return fcNames[f]
	}
	return fmt.Sprintf("FC(%d)", uint8(f))
}

// ParseFC reads two upper-case letters. It reports false for anything that is not a functional constraint.
func ParseFC(s string) (FC, bool) {
	if len(s) != 2 {
		return FCNone, false
	}
	for f := ST; f < NumFC; f++ {
		if fcNames[f] == s {
			return f, true
		}
	}
	return FCNone, false
}
