// Package asn1 lets a PDU describe itself once and be read and written in several encodings: ber (X.690) for IEC
// 61850-8-1, xer for IEC 61850-8-2, and jer for people. Because all of them walk the same description, the two mappings
// cannot drift apart.
//
// A description is a function that calls a Coder in the order of the ASN.1 type. Each call takes the component's Elem
// and the value to write, and gives the value to keep: the one just read, or the one passed in. Nothing is looked up by
// reflection and nothing is built while a PDU is walked.
//
//	func (p *readRequest) code(c asn1.Coder) {
//		c.Begin(elemRead)
//		p.WithResult = c.Bool(elemWithResult, p.WithResult)
//		p.Names = codeNames(c, p.Names)
//		c.End()
//	}
//
// This package is not an ASN.1 compiler and not for certificates; crypto/x509 and encoding/asn1 serve there.
package asn1

// Tag is class and number of a tag: the class in the two top bits, as in the identifier octet.
type Tag uint32

// None marks an element that has no tag of its own in BER: an untagged CHOICE, or a wrapper that only XER shows.
const None Tag = 1<<32 - 1

// Universal tags that are used.
const (
	TagInteger  Tag = 2
	TagOID      Tag = 6
	TagSequence Tag = 16
	TagGraphic  Tag = 25
	TagVisible  Tag = 26
)

const classShift = 30

// Context makes the context-specific tag [n].
func Context(n uint32) Tag { return 2<<classShift | Tag(n) }

// MakeTag makes a tag of a class 0 to 3 (universal, application, context, private).
func MakeTag(class uint8, number uint32) Tag { return Tag(class)<<classShift | Tag(number) }

// Class gives 0 to 3.
func (t Tag) Class() uint8 { return uint8(t >> classShift) }

// Number gives the number within the class.
func (t Tag) Number() uint32 { return uint32(t) & (1<<classShift - 1) }

// Form says what an element is besides a plain component.
type Form uint8

// The forms.
const (
	Plain   Form = iota
	Item         // wraps one item of a SEQUENCE OF CHOICE: shown by the dialects that wrap items, never by BER
	Element      // the item itself, of a SEQUENCE OF SEQUENCE or of a simple type: no name inside JSON arrays
	Root         // wraps a whole PDU: shown by the dialects that have a root element, never by BER
	Binary       // BER alone carries it
	Inner        // the type's own tag behind an explicit one: BER alone shows it, what it holds stands everywhere
)

// An Elem is one component of a type, or the type of the items of a list. Elems are package-level variables made by
// Schema.Add and never change.
type Elem struct {
	Tag      Tag
	Name     string // the component's identifier
	Basic    string // its name in the BASIC-XER dialect, "" when it is Name
	Key      string // by what a further dialect renames it, "" when it is Name
	Form     Form
	List     bool     // SEQUENCE OF
	Min, Max int64    // range of an INTEGER; both 0: what an int64 holds
	Default  *int64   // of a DEFAULT component (INTEGER, or BOOLEAN as 0 and 1); nil otherwise
	Enum     []string // identifiers of an enumeration, by number
	Alts     *Choice  // of a component without a tag: the alternatives that it begins with
	Show     Show     // what the octets mean to people
	index    int
}

// Index numbers the elements of a Schema.
func (e *Elem) Index() int { return e.index }

// Begins reports whether a component with tag t can be e.
func (e *Elem) Begins(t Tag) bool {
	return e.Tag == t || e.Alts != nil && e.Alts.Find(t) >= 0
}

// Show says how octets are shown to people.
type Show uint8

// The ways.
const (
	ShowHex       Show = iota
	ShowUTCTime        // 8 octets, IEC 61850-8-1
	ShowEntryTime      // 4 or 6 octets, ISO 9506-2 TimeOfDay
	ShowOID            // content octets of an OBJECT IDENTIFIER
)

// A Schema collects the elements of a protocol, so that a dialect can name them all.
type Schema struct{ elems []*Elem }

// Add registers an element and gives its lasting address.
func (s *Schema) Add(e Elem) *Elem {
	e.index = len(s.elems)
	s.elems = append(s.elems, &e)
	return &e
}

// Elems gives all elements in the order of their Index. The caller must not change them.
func (s *Schema) Elems() []*Elem { return s.elems }

// A Choice is the set of alternatives of a CHOICE type.
type Choice struct {
	Elems  []*Elem
	Open   bool      // an alternative that is not listed may be kept raw (BER)
	byTag  [128]int8 // context tags below 128: index + 1
	others bool      // some alternatives are not in byTag
}

// NewChoice makes a Choice of the alternatives. An alternative without a tag stands for those of its Alts.
func NewChoice(elems ...*Elem) *Choice {
	ch := &Choice{Elems: elems}
	for i, e := range elems {
		switch {
		case e.Tag != None && e.Tag.Class() == 2 && e.Tag.Number() < 128:
			ch.byTag[e.Tag.Number()] = int8(i + 1)
		case e.Alts != nil:
			for j, n := range e.Alts.byTag {
				if n != 0 && ch.byTag[j] == 0 {
					ch.byTag[j] = int8(i + 1)
				}
			}
			ch.others = ch.others || e.Alts.others
		default:
			ch.others = true
		}
	}
	return ch
}

// Find gives the index of the alternative that begins with t, -1 if there is none.
func (ch *Choice) Find(t Tag) int {
	if t.Class() == 2 && t.Number() < 128 {
		return int(ch.byTag[t.Number()]) - 1
	}
	if ch.others {
		for i, e := range ch.Elems {
			if e.Begins(t) {
				return i
			}
		}
	}
	return -1
}

// A Raw is an element that is kept as its octets and written back unchanged.
type Raw struct {
	Tag         Tag
	Constructed bool
	Content     string
}

// A Coder walks one PDU, reading or writing. The first error sticks: after it every call does nothing and gives zero
// values, Has and Next false, Choice -1. Not safe for concurrent use.
type Coder interface {
	// Reading reports the direction.
	Reading() bool
	// Begin enters a constructed element and End leaves it. Leaving refuses what was not read.
	Begin(e *Elem)
	End()
	// Has reports whether an OPTIONAL component is there: present when writing, what comes next when reading.
	Has(e *Elem, present bool) bool
	// Choice gives the alternative that comes next; when writing it is i. -1 without an error means a raw alternative
	// of an Open choice.
	Choice(ch *Choice, i int) int
	// Next reports whether a list has an item i; when writing, whether i is less than n.
	Next(i, n int) bool
	// Hint is how many items the list just entered seems to have, 0 when that is not known cheaply.
	Hint() int

	Bool(e *Elem, v bool) bool
	Int(e *Elem, v int64) int64
	Uint(e *Elem, v uint64) uint64
	Null(e *Elem)
	Octets(e *Elem, v string) string
	String(e *Elem, v string) string
	// OID takes and gives content octets; see OID.
	OID(e *Elem, content string) string
	// Bits takes and gives up to 64 bits as a number (the first bit on the wire is bit n-1), more of them packed.
	Bits(e *Elem, num uint64, packed string, n int) (uint64, string, int)
	// Float takes and gives IEEE 754 bits and their number, 32 or 64.
	Float(e *Elem, bits uint64, width int) (uint64, int)
	// Fixed takes and gives a big-endian number of n octets, at most 8: times.
	Fixed(e *Elem, num uint64, n int) (uint64, int)
	// Raw takes and gives whatever element comes next. Only BER can.
	Raw(r Raw) Raw

	// Fail records an error at the current place.
	Fail(cause error)
	Err() error
}

// FixedSize reports whether n octets are a size that Coder.Fixed may have for e.
func FixedSize(e *Elem, n int) bool {
	switch e.Show {
	case ShowUTCTime:
		return n == 8
	case ShowEntryTime:
		return n == 4 || n == 6
	}
	return n >= 0 && n <= 8
}
