package conformance

// An Issue is a technical issue (tissue) on the standard and what was done about it.
type Issue struct {
	Part string
	No   string
	What string
	Done string // "" : does not apply
	Test string // "folder:TestName", "" where none shows it alone
}

// TICS gives the technical issues implementation conformance statement.
func TICS() Document {
	t := Table{
		Title: "Technical issues",
		Note:  "Numbers and titles are those of the public list of technical issues on edition 1, which edition 2 takes in.",
		Head:  []string{"part", "issue", "title", "behaviour", "test"},
	}
	for _, i := range issues {
		done := i.Done
		if done == "" {
			done = "does not apply"
		}
		t.Rows = append(t.Rows, []string{i.Part, i.No, i.What, done, test(i.Test)})
	}
	return Document{
		Name: "tics", Title: "Technical issues conformance statement (TICS)",
		Intro:  "What changes the behaviour of a client or a server is listed; editorial issues are not.",
		Tables: []Table{t},
	}
}

var issues = []Issue{
	{"7-2", "30", "control parameter T", "T is the time at which the client sent the command", "acsi/client:TestStaleCommand"},
	{"7-2", "44", "AddCause - object not selected", "18 object-not-selected", "acsi/server:TestSelectBeforeOperateNormal"},
	{"7-2", "45", "missing AddCauses", "0 to 27 are known and said by name", ""},
	{"7-2", "46", "synchro check cancel", "a check that does not release refuses the command with 11", "acsi/server:TestAnswersOfRefusedCommands"},
	{"7-2", "49, 190, 278, 349", "BRCB: EntryID and TimeOfEntry", "EntryID is the server's, TimeOfEntry the time of the event", "acsi/server:TestEntryIDsGrow"},
	{"7-2", "191", "BRCB: integrity and buffering reports", "integrity is buffered, GI is not while nobody has enabled the block", "acsi/server:TestBufferingIntegrityButNotGIWhileDisabled"},
	{"7-2", "166", "DataRef attribute in log", "entries carry the reference of each member", "acsi/server:TestLogEntries"},
	{"7-2", "185", "logging: integrity period", "IntgPd of the log control block", "acsi/server:TestLogTriggers"},
	{"7-2", "275", "confusing statement on GI usage", "GI resets to false by itself", "acsi/server:TestUnbufferedReport"},
	{"7-2", "297, 298", "sequence number, type of SqNum", "URCB 8 bits, BRCB 16 bits, both wrap to 0", "acsi/server:TestSequenceNumbersWrap"},
	{"7-2", "300", "attribute Resv in BRCB", "ResvTms", "acsi/server:TestReservations"},
	{"7-2", "322", "write configuration attribute of BRCBs", "while RptEna is false only", "acsi/server:TestWritesToControlBlocks"},
	{"7-2", "329, 335", "reporting and BufOvl, clearing of BufOvl", "set in the first report after the loss, then clear", "acsi/server:TestBufferOverflow"},
	{"7-2", "332", "ambiguity in use of trigger options", "the trigger of the attribute and that of the block must both be set", "acsi/server:TestTriggerOptions"},
	{"7-2", "348", "URCB class and report", "neither EntryID nor BufOvfl in reports of an unbuffered block", "acsi/server:TestUnbufferedReport"},
	{"8-1", "116", "GetNameList with empty response", "an empty list is an answer", "acsi/server:TestNameLists"},
	{"8-1", "165", "improper error response for GetDataSetValues", "an unknown data set is object-non-existent", ""},
	{"8-1", "183", "GetNameList error handling", "an unknown domain is object-non-existent", "acsi/server:TestNameLists"},
	{"8-1", "246", "control negative response (SBOns) with LastApplError", "LastApplError travels before every negative answer", "acsi/server:TestAnswersOfRefusedCommands"},
	{"8-1", "545", "skip file directories with no files", "folders are listed with a / at the end of their names, empty ones too", "acsi/client:TestFileDirectory"},
}
