package vectors

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// An MMS vector is one PDU of ISO 9506-2 in the encodings of IEC 61850-8-1 and -8-2, or input that must be refused.
type MMS struct {
	Name       string `json:"name"`
	Provenance string `json:"provenance"`      // who made it and what it was checked against
	BER        string `json:"ber,omitempty"`   // hex
	XER        string `json:"xer,omitempty"`   // dialect gw1
	Basic      string `json:"basic,omitempty"` // dialect basic
	// Refuse is empty for good input, which is the same PDU in all encodings that are given and is written as it stands
	// here. Otherwise it is why the one encoding that is given must be refused: truncated, trailing, unexpected, missing,
	// range, malformed, deep, long, unknown, not-xml, restricted.
	Refuse string `json:"refuse,omitempty"`
	Offset int    `json:"offset,omitempty"` // of a refusal, octets from the start
}

//go:embed mms.json
var mmsJSON []byte

// MMSVectors gives all vectors of MMS PDUs. The names are unique.
func MMSVectors() ([]MMS, error) {
	var v []MMS
	if err := json.Unmarshal(mmsJSON, &v); err != nil {
		return nil, fmt.Errorf("vectors: mms.json: %w", err)
	}
	return v, nil
}
