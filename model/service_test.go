package model

import "testing"

// Where each part of the numbering is anchored: the numbers that two manufacturers agree upon.
func TestServiceNumbers(t *testing.T) {
	for number, name := range map[Service]string{
		0: "Unknown", 16: "SelectActiveSG", 24: "SetBRCBValues", 26: "SetURCBValues", 44: "SelectWithValue", 45: "Cancel", 46: "Operate",
		47: "CommandTermination", 54: "InternalChange", 55: "GetLogicalNodeDirectory", 56: "Service(56)", -1: "Service(-1)",
	} {
		if got := number.String(); got != name {
			t.Errorf("%d is %s, want %s", int8(number), got, name)
		}
	}
	for number, name := range map[ServiceError]string{
		0: "no-error", 3: "access-violation", 8: "instance-locked-by-other-client", 12: "failed-due-to-server-constraint", 13: "ServiceError(13)",
	} {
		if got := number.String(); got != name {
			t.Errorf("%d is %s, want %s", int8(number), got, name)
		}
	}
}
