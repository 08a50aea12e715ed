package client

import (
	"encoding/hex"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// An EntryID names an entry in the buffer of a report control block: the octets of the server, "" for none.
type EntryID string

// String gives the octets in hexadecimal.
func (id EntryID) String() string { return hex.EncodeToString([]byte(id)) }

// ParseEntryID reads what String writes.
func ParseEntryID(s string) (EntryID, error) {
	b, err := hex.DecodeString(s)
	return EntryID(b), err
}

// A Reason says why an entry is in a report, IEC 61850-7-2 17.2.3.2.2.9. Bit i of the wire's bit string, from the left,
// is bit 6-i.
type Reason uint8

// The reasons. Several may be set.
const (
	ReasonDataChange    Reason = 1 << 5
	ReasonQualityChange Reason = 1 << 4
	ReasonDataUpdate    Reason = 1 << 3
	ReasonIntegrity     Reason = 1 << 2
	ReasonGI            Reason = 1 << 1
	ReasonApplication   Reason = 1 << 0
	reasonBits                 = 7
)

var reasonNames = [...]string{
	"application-trigger", "general-interrogation", "integrity", "data-update", "quality-change", "data-change",
}

// String gives the names of the reasons with plus signs between them, "" for none.
func (r Reason) String() string {
	var names []string
	for i := len(reasonNames) - 1; i >= 0; i-- {
		if r&(1<<i) != 0 {
			names = append(names, reasonNames[i])
		}
	}
	return strings.Join(names, "+")
}

// A Report is one report, its segments put together. It belongs to the handler that gets it.
type Report struct {
	RptID       string
	DataSet     string // as the server names it, "" when not sent
	SqNum       uint16
	HasSqNum    bool
	Segments    int       // in how many parts it came, at least 1
	TimeOfEntry time.Time // zero when not sent
	EntryID     EntryID
	BufOvfl     bool   // the server's buffer overflowed before this report
	ConfRev     uint32 // 0 when not sent
	Gap         bool   // the sequence number jumped: reports before this one are missing
	Entries     []Entry
}

// An Entry is one member of the data set in a report.
type Entry struct {
	Ref    model.Ref
	Value  model.Value
	Reason Reason // 0 when not sent
}

// A part is one information report: a report or a segment of one.
type part struct {
	Report
	opt     model.OptFields
	subSq   uint32
	more    bool
	members int // bits of the inclusion string
}

// cursor walks the access results of a report. The first error sticks.
type cursor struct {
	results []mms.AccessResult
	next    int
	err     error
}

func (c *cursor) fail(what string) {
	if c.err == nil {
		c.err = fmt.Errorf("%w: result %d: %s", ErrReport, c.next, what)
	}
}

func (c *cursor) peek() model.Kind {
	if c.next < len(c.results) {
		return c.results[c.next].Value.Kind()
	}
	return model.KindNone
}

func (c *cursor) value(what string) model.Value {
	if c.err != nil {
		return model.Value{}
	}
	if c.next >= len(c.results) || c.results[c.next].Failed {
		c.fail("no " + what)
		return model.Value{}
	}
	c.next++
	return c.results[c.next-1].Value
}

func (c *cursor) text(what string) string {
	s, ok := c.value(what).AsText()
	if !ok {
		c.fail(what + " is no string")
	}
	return s
}

func (c *cursor) uint(what string) uint64 {
	n, ok := c.value(what).AsUint()
	if !ok {
		c.fail(what + " is no unsigned number")
	}
	return n
}

func (c *cursor) boolean(what string) bool {
	b, ok := c.value(what).AsBool()
	if !ok {
		c.fail(what + " is no boolean")
	}
	return b
}

// bits gives a bit string of at most want bits, aligned to want.
func (c *cursor) bits(what string, want int) uint64 {
	v, n, ok := c.value(what).AsBits()
	if !ok || n > want+8 {
		c.fail(what + " is no bit string")
		return 0
	}
	if n > want {
		return v >> (n - want)
	}
	return v << (want - n)
}

// parsePart reads an information report of the variable list RPT, IEC 61850-8-1 17.1.2. Its order is: RptID, OptFlds,
// then what OptFlds announces, then the inclusion bit string, references, values and reasons of what is included.
// Servers that announce buffer overflow and entry identification in unbuffered reports without sending them are
// understood.
func parsePart(results []mms.AccessResult, member func(p *part, i int) (model.Ref, bool)) (*part, error) {
	c := &cursor{results: results}
	p := &part{}
	p.RptID = c.text("RptID")
	p.opt = model.OptFields(c.bits("OptFlds", model.OptFieldsBits))
	p.header(c)
	included := p.inclusion(c)
	if c.err != nil {
		return p, c.err
	}
	p.entries(c, included, member)
	if c.err == nil && c.next != len(results) {
		c.fail("more results than announced")
	}
	return p, c.err
}

func (p *part) header(c *cursor) {
	if p.opt&model.OptSeqNum != 0 {
		p.SqNum, p.HasSqNum = uint16(c.uint("SqNum")), true
	}
	if p.opt&model.OptTimeStamp != 0 {
		t, ok := c.value("TimeOfEntry").AsEntryTime()
		if !ok {
			c.fail("TimeOfEntry is no binary time")
		}
		p.TimeOfEntry = t.Time()
	}
	if p.opt&model.OptDataSet != 0 {
		p.DataSet = c.text("DatSet")
	}
	if p.opt&model.OptBufOvfl != 0 && c.peek() == model.KindBool {
		p.BufOvfl = c.boolean("BufOvfl")
	}
	if p.opt&model.OptEntryID != 0 && c.peek() == model.KindOctets {
		p.EntryID = EntryID(strings.Clone(c.text("EntryID")))
	}
	if p.opt&model.OptConfRev != 0 {
		p.ConfRev = uint32(c.uint("ConfRev"))
	}
	if p.opt&model.OptSegmentation != 0 && (c.peek() == model.KindUint || c.peek() == model.KindInt) {
		p.subSq = uint32(c.uint("SubSqNum"))
		p.more = c.boolean("MoreSegmentsFollow")
	}
}

// inclusion gives the packed inclusion bits.
func (p *part) inclusion(c *cursor) []byte {
	v := c.value("inclusion bit string")
	if v.Kind() != model.KindBits {
		c.fail("inclusion is no bit string")
		return nil
	}
	packed, n := v.PackedBits(nil)
	p.members = n
	return packed
}

func (p *part) entries(c *cursor, included []byte, member func(p *part, i int) (model.Ref, bool)) {
	n := 0
	for _, b := range included {
		n += bits.OnesCount8(b)
	}
	if n > len(c.results) {
		c.fail("inclusion names more members than values follow")
		return
	}
	p.Entries = make([]Entry, 0, n)
	for i := range p.members {
		if included[i/8]&(0x80>>(i%8)) == 0 {
			continue
		}
		ref, ok := member(p, i)
		if !ok && p.opt&model.OptDataRef == 0 {
			c.fail(fmt.Sprintf("data set has no member %d", i))
			return
		}
		p.Entries = append(p.Entries, Entry{Ref: ref})
	}
	if p.opt&model.OptDataRef != 0 {
		for i := range p.Entries {
			name := c.text("data reference")
			domain, item, _ := strings.Cut(name, "/")
			if ref, err := model.ParseItem(domain, item); err == nil && p.Entries[i].Ref == (model.Ref{}) {
				p.Entries[i].Ref = ref
			}
		}
	}
	for i := range p.Entries {
		p.Entries[i].Value = c.value("value").Clone()
	}
	if p.opt&model.OptReasonCode != 0 {
		for i := range p.Entries {
			p.Entries[i].Reason = Reason(c.bits("reason code", reasonBits))
		}
	}
}
