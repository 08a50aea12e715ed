package mms

import (
	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/ber"
)

// ReadJournal-Response, JournalEntry and EntryContent, ISO 9506-2 16.2 and 16.3. originatingApplication is tagged explicitly.
var (
	respReadJournal    = elem(65, "readJournal")
	journalEntries     = list(0, "listOfJournalEntry")
	journalMoreFollows = defaulted(1, "moreFollows", 1, 0)
	journalEntry       = element(asn1.TagSequence, "JournalEntry")
	entryIdentifier    = elem(0, "entryIdentifier")
	entryApplication   = elem(1, "originatingApplication")
	applicationInner   = inner(asn1.TagSequence)
	applicationParts   = [...]*asn1.Elem{
		binary(0, "ap-title"), binary(1, "ap-invocation-id"), binary(2, "ae-qualifier"), binary(3, "ae-invocation-id"),
	}
	entryContent    = elem(2, "entryContent")
	occurrenceTime  = timeOfDay(0, "occurrenceTime")
	entryDetail     = binary(1, "additionalDetail")
	entryForm       = choice("entryForm", entryFormChoice)
	entryData       = elem(2, "data")
	entryAnnotation = elem(3, "annotation")
	entryFormChoice = asn1.NewChoice(entryData, entryAnnotation)
	entryEvent      = binary(0, "event")
	entryVariables  = list(1, "listOfVariables")
	entryVariable   = element(asn1.TagSequence, "SEQUENCE")
	variableTag     = elem(0, "variableTag")
	variableValue   = elem(1, "valueSpecification")
)

func (s ReadJournalResponse) code(c asn1.Coder) ReadJournalResponse {
	c.Begin(respReadJournal)
	c.Begin(journalEntries)
	s.Entries = codeList(c, s.Entries, codeJournalEntry)
	c.End()
	s.MoreFollows = c.Bool(journalMoreFollows, s.MoreFollows)
	c.End()
	return s
}

func codeJournalEntry(c asn1.Coder, j JournalEntry) JournalEntry {
	c.Begin(journalEntry)
	j.ID = c.Octets(entryIdentifier, j.ID)
	if c.Has(entryApplication, j.Application != nil) {
		c.Begin(entryApplication)
		j.Application = codeApplication(c, j.Application)
		c.End()
	}
	c.Begin(entryContent)
	j.Time = codeTimeOfDay(c, occurrenceTime, j.Time)
	j.Detail = codeBinary(c, entryDetail, j.Detail)
	c.Begin(entryForm)
	j = codeEntryForm(c, j)
	c.End()
	c.End()
	c.End()
	return j
}

// codeApplication walks an ApplicationReference, whose titles are kept as octets. Reading, it may stand without its own tag.
func codeApplication(c asn1.Coder, content []byte) []byte {
	tagged := c.Has(applicationInner, true)
	if tagged {
		c.Begin(applicationInner)
	}
	if c.Reading() {
		content = []byte{}
		for _, e := range applicationParts {
			if c.Has(e, false) {
				content = ber.AppendRaw(content, c.Raw(asn1.Raw{}))
			}
		}
	} else {
		for len(content) > 0 && c.Err() == nil {
			raw, rest, err := ber.NextRaw(content)
			if err != nil {
				c.Fail(err)
			}
			c.Raw(raw)
			content = rest
		}
	}
	if tagged {
		c.End()
	}
	return content
}

func codeEntryForm(c asn1.Coder, j JournalEntry) JournalEntry {
	i := 0
	if j.IsAnnotation {
		i = 1
	}
	switch c.Choice(entryFormChoice, i) {
	case 0:
		c.Begin(entryData)
		j.Event = codeBinary(c, entryEvent, j.Event)
		if c.Has(entryVariables, j.Variables != nil) {
			c.Begin(entryVariables)
			j.Variables = codeList(c, given(j.Variables), codeJournalVariable)
			c.End()
		}
		c.End()
	case 1:
		j.IsAnnotation = true
		j.Annotation = c.String(entryAnnotation, j.Annotation)
	}
	return j
}

func codeJournalVariable(c asn1.Coder, v JournalVariable) JournalVariable {
	c.Begin(entryVariable)
	v.Tag = c.String(variableTag, v.Tag)
	c.Begin(variableValue)
	v.Value = codeData(c, v.Value)
	c.End()
	c.End()
	return v
}
