package conformance

import (
	"strconv"

	"github.com/gridward/gridward/mms"
)

// mmsServiceNames names the 85 bits of servicesSupported that IEC 61850-8-1 knows of, ISO 9506-2 7.5.2.
var mmsServiceNames = map[int]string{
	0: "status", 1: "getNameList", 2: "identify", 3: "rename", 4: "read", 5: "write", 6: "getVariableAccessAttributes",
	7: "defineNamedVariable", 11: "defineNamedVariableList", 12: "getNamedVariableListAttributes", 13: "deleteNamedVariableList",
	46: "obtainFile", 65: "readJournal", 66: "writeJournal", 67: "initializeJournal", 68: "reportJournalStatus", 69: "createJournal",
	70: "deleteJournal", 71: "getCapabilityList", 72: "fileOpen", 73: "fileRead", 74: "fileClose", 75: "fileRename", 76: "fileDelete",
	77: "fileDirectory", 78: "unsolicitedStatus", 79: "informationReport", 80: "eventNotification", 83: "conclude", 84: "cancel",
}

// mmsServices gives what both mappings propose and answer in initiate.
func mmsServices() Table {
	t := Table{
		Title: "MMS services (IEC 61850-8-1, IEC 61850-8-2)",
		Note:  "servicesSupported of initiate, the same in both directions and over both mappings. What is not listed is not supported.",
		Head:  []string{"bit", "service", "client and server"},
	}
	packed, n := mms.ServicesSupported.PackedBits(nil)
	for i := range n {
		name, known := mmsServiceNames[i]
		on := packed[i/8]&(0x80>>(i%8)) != 0
		if known || on {
			t.Rows = append(t.Rows, []string{strconv.Itoa(i), name, mark(on)})
		}
	}
	return t
}
