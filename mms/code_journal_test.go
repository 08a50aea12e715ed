package mms

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/model"
)

// journalSamples is one PDU of every journal service and of getCapabilityList, and of what is OPTIONAL in them.
func journalSamples() map[string]PDU {
	name := InDomain("DER1LD0", "LLN0$log")
	const from, to = model.EntryTime(0x002932E03A7B), model.EntryTime(0x052932E03A7C)
	return map[string]PDU{
		"journal read": &ConfirmedRequest{InvokeID: 9, Service: &ReadJournal{
			Journal: name, Start: &JournalStart{Time: from}, Stop: &JournalStop{Time: to},
		}},
		"journal after": &ConfirmedRequest{InvokeID: 9, Service: &ReadJournal{
			Journal: name, Stop: &JournalStop{ByCount: true, Count: -3}, Variables: []string{"LD/MMXU1$MX$TotW"},
			After: &JournalPlace{Time: from, Entry: "\x00\x00\x00\x00\x00\x00\x00\x07"},
		}},
		"journal from": &ConfirmedRequest{InvokeID: 9, Service: &ReadJournal{
			Journal: ObjectName{Item: "a"}, Start: &JournalStart{ByEntry: true, Entry: "x"}, Variables: []string{},
		}},
		"journal all": &ConfirmedRequest{InvokeID: 9, Service: &ReadJournal{Journal: ObjectName{Scope: AASpecific, Item: "a"}}},
		"journal ok": &ConfirmedResponse{InvokeID: 9, Service: &ReadJournalResponse{MoreFollows: true, Entries: []JournalEntry{
			{ID: "\x01", Application: []byte{}, Time: from, Variables: []JournalVariable{
				{Tag: "DER1LD0/MMXU1$MX$TotW$mag$f", Value: model.Float32(1.5)},
				{Tag: "DER1LD0/MMXU1$MX$TotW$mag$f$ReasonCode", Value: model.Bits(0b0100000, 7)},
			}},
			{ID: "", Application: []byte{}, Time: to, Variables: []JournalVariable{}},
			{ID: "\x03", Application: []byte{}, Time: to},
			{ID: "\x04", Application: []byte{}, Time: to, IsAnnotation: true, Annotation: "note <ü>"},
		}}},
		"journal bare": &ConfirmedResponse{InvokeID: 9, Service: &ReadJournalResponse{Entries: []JournalEntry{
			{ID: "\x01", Time: to, IsAnnotation: true},
		}}},
		"journal empty":     &ConfirmedResponse{InvokeID: 9, Service: &ReadJournalResponse{}},
		"journal clear":     &ConfirmedRequest{InvokeID: 9, Service: &InitializeJournal{Journal: name}},
		"journal clear to":  &ConfirmedRequest{InvokeID: 9, Service: &InitializeJournal{name, &JournalPlace{Time: to, Entry: "", HasEntry: true}}},
		"journal clear at":  &ConfirmedRequest{InvokeID: 9, Service: &InitializeJournal{name, &JournalPlace{Time: to}}},
		"journal clear ok":  &ConfirmedResponse{InvokeID: 9, Service: &InitializeJournalResponse{Deleted: 1<<32 - 1}},
		"journal status":    &ConfirmedRequest{InvokeID: 9, Service: &ReportJournalStatus{name}},
		"journal status ok": &ConfirmedResponse{InvokeID: 9, Service: &ReportJournalStatusResponse{Current: 7, Deletable: true}},
		"capability":        &ConfirmedRequest{InvokeID: 9, Service: &GetCapabilityList{}},
		"capability from":   &ConfirmedRequest{InvokeID: 9, Service: &GetCapabilityList{"a"}},
		"capability ok":     &ConfirmedResponse{InvokeID: 9, Service: &GetCapabilityListResponse{[]string{"a", "b"}, true}},
		"capability none":   &ConfirmedResponse{InvokeID: 9, Service: &GetCapabilityListResponse{}},
	}
}

// What only BER carries in a journal entry is kept: titles of the application (also those that stand without the tag of
// their SEQUENCE), additionalDetail and the event of a data entry.
func TestJournalEntryKeepsOctets(t *testing.T) {
	for _, c := range []struct{ name, application, back string }{
		{"with titles", "a1083006a004060228ca", ""},
		{"without the tag", "a106a004060228ca", "a1083006a004060228ca"},
		{"empty", "a1023000", ""},
		{"empty without the tag", "a100", "a1023000"},
	} {
		in := journalAnswer(t, c.application)
		p, err := ParseBER(in, Limits{})
		if err != nil || isRaw(p) {
			t.Errorf("%s: %v, %v", c.name, p, err)
			continue
		}
		back := in
		if c.back != "" {
			back = journalAnswer(t, c.back)
		}
		if out, err := AppendBER(nil, p); err != nil || !bytes.Equal(out, back) {
			t.Errorf("%s: %x written as %x, not %x: %v", c.name, in, out, back, err)
		}
		e := p.(*ConfirmedResponse).Service.(*ReadJournalResponse).Entries[0]
		if d := cmp.Diff([]JournalVariable{{Tag: "A", Value: model.Bool(true)}}, e.Variables, equal); d != "" || e.Event == nil || e.Detail == nil {
			t.Errorf("%s: %+v\n%s", c.name, e, d)
		}
		if _, err := AppendXER(nil, p, GW1); err == nil {
			t.Errorf("%s: has a form in XER", c.name)
		}
	}
}

// journalAnswer is a readJournal response with one entry that has the given originatingApplication.
func journalAnswer(t *testing.T, application string) []byte {
	t.Helper()
	wrap := func(tag string, parts ...[]byte) []byte {
		content := bytes.Join(parts, nil)
		return append(append(unhex(t, tag), byte(len(content))), content...)
	}
	variable := wrap("30", unhex(t, "800141"), wrap("a1", unhex(t, "8301ff")))
	data := wrap("a2", unhex(t, "a003820101"), wrap("a1", variable))
	entry := wrap("30", unhex(t, "800107"), unhex(t, application), wrap("a2", unhex(t, "8006002932e03a7b"), unhex(t, "a103800105"), data))
	return wrap("a1", unhex(t, "020105"), wrap("bf41", wrap("a0", entry)))
}

// Times of other lengths than six octets are kept as they came.
func TestJournalTimesWithoutDate(t *testing.T) {
	in := unhex(t, "a014020101bf430ea00480026c6fa1068004002932e0")
	p, err := ParseBER(in, Limits{})
	if err != nil || !isRaw(p) {
		t.Fatalf("%v, %v", p, err)
	}
	if out, err := AppendBER(nil, p); err != nil || !bytes.Equal(out, in) {
		t.Errorf("%x written as %x, %v", in, out, err)
	}
}
