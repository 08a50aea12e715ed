package mms

import "github.com/gridward/gridward/model"

// The bits of servicesSupported, ISO 9506-2 7.5.2, for what acsi/client and acsi/server do together.
var supported = []int{
	0, 1, 2, 4, 5, 6, // status, getNameList, identify, read, write, getVariableAccessAttributes
	11, 12, 13, // define-, getAttributes of and deleteNamedVariableList
	46,             // obtainFile
	65, 67, 68, 71, // readJournal, initializeJournal, reportJournalStatus, getCapabilityList
	72, 73, 74, 75, 76, 77, // fileOpen, -Read, -Close, -Rename, -Delete, -Directory
	79, 83, 84, // informationReport, conclude, cancel
}

// ServicesSupported is servicesSupported of initiate, in either direction.
var ServicesSupported = func() model.Value {
	packed := make([]byte, 11)
	for _, i := range supported {
		packed[i/8] |= 0x80 >> (i % 8)
	}
	return model.LongBits(string(packed), 85)
}()
