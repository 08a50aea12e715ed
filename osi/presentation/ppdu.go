package presentation

import (
	"fmt"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/ber"
)

// Abstract and transfer syntaxes.
var (
	ACSE = asn1.MustOID("2.2.1.0.1")    // ACSE, X.227
	MMS  = asn1.MustOID("1.0.9506.2.1") // MMS, ISO 9506-2
	BER  = asn1.MustOID("2.1.1")        // Basic Encoding Rules
)

// A Context is one item of the context definition list, X.226 8.2.
type Context struct {
	ID        int // 1 to 32,767, odd from the calling end
	Abstract  asn1.OID
	Transfers []asn1.OID
}

// Results of a context.
const (
	Acceptance        = 0
	UserRejection     = 1
	ProviderRejection = 2
)

// Reasons of a provider that rejects a context.
const (
	NoReason            = 0
	UnknownAbstract     = 1
	UnknownTransfer     = 2
	TooManyContexts     = 3 // local limit
	ReasonNotGiven  int = -1
)

// A Result answers one Context, in the same place of the list.
type Result struct {
	Result   int
	Transfer asn1.OID
	Reason   int // of a rejection; ReasonNotGiven
}

// MaxContexts is how many contexts a list may have.
const MaxContexts = 32

// MaxSelector is the longest PSEL that is taken, in octets.
const MaxSelector = 32

// A Connect is CP in normal mode.
type Connect struct {
	Calling, Called []byte // PSEL; nil: not given
	Contexts        []Context
	User            []PDV
}

// An Accept is CPA in normal mode.
type Accept struct {
	Responding []byte
	Results    []Result
	User       []PDV
}

// A Refuse is CPR in normal mode.
type Refuse struct {
	Responding []byte
	Results    []Result
	Reason     int // provider-reason; ReasonNotGiven
	User       []PDV
}

// An Abort is ARU in normal mode, or ARP when Provider is set.
type Abort struct {
	Provider bool
	Reason   int // ARP
	User     []PDV
}

// Append appends the PPDU to b.
func (p *Connect) Append(b []byte) ([]byte, error) {
	return appendPPDU(b, func(c asn1.Coder) { p.code(c) })
}

// Append appends the PPDU to b.
func (p *Accept) Append(b []byte) ([]byte, error) {
	return appendPPDU(b, func(c asn1.Coder) { p.code(c) })
}

// Append appends the PPDU to b.
func (p *Refuse) Append(b []byte) ([]byte, error) {
	return appendPPDU(b, func(c asn1.Coder) { p.code(c) })
}

// Append appends the PPDU to b.
func (p *Abort) Append(b []byte) ([]byte, error) {
	return appendPPDU(b, func(c asn1.Coder) { p.code(c) })
}

// ParseConnect reads a CP. Like the other parsers it copies what it keeps.
func ParseConnect(b []byte) (p Connect, err error) {
	err = parse(b, func(c asn1.Coder) { p.code(c) })
	return p, err
}

// ParseAccept reads a CPA.
func ParseAccept(b []byte) (p Accept, err error) {
	err = parse(b, func(c asn1.Coder) { p.code(c) })
	return p, err
}

// ParseRefuse reads a CPR.
func ParseRefuse(b []byte) (p Refuse, err error) {
	err = parse(b, func(c asn1.Coder) { p.code(c) })
	return p, err
}

// ParseAbort reads an ARU or ARP.
func ParseAbort(b []byte) (p Abort, err error) {
	p.Provider = len(b) > 0 && b[0] == 0x30
	err = parse(b, func(c asn1.Coder) { p.code(c) })
	return p, err
}

func appendPPDU(b []byte, code func(asn1.Coder)) ([]byte, error) {
	var w ber.Writer
	w.Reset(b)
	code(&w)
	if err := w.Err(); err != nil {
		return b, fmt.Errorf("presentation: %w", err)
	}
	return w.Bytes(), nil
}

func parse(b []byte, code func(asn1.Coder)) error {
	var r ber.Reader
	r.Reset(string(b), ber.Limits{})
	code(&r)
	if err := r.Finish(); err != nil {
		return fmt.Errorf("presentation: %w", err)
	}
	return nil
}

func (p *Connect) code(c asn1.Coder) {
	set(c, func() {
		skip(c, elemVersion)
		p.Calling = selector(c, elemCalling, p.Calling)
		p.Called = selector(c, elemCalled, p.Called)
		p.Contexts = codeContexts(c, p.Contexts)
		rest(c)
		p.User = codeUser(c, p.User)
	})
}

func (p *Accept) code(c asn1.Coder) {
	set(c, func() {
		skip(c, elemVersion)
		p.Responding = selector(c, elemResponding, p.Responding)
		p.Results = codeResults(c, p.Results)
		rest(c)
		p.User = codeUser(c, p.User)
	})
}

// set walks CP or CPA: mode selector and parameters, which peers may have in either order.
func set(c asn1.Coder, normal func()) {
	c.Begin(elemCP)
	if !c.Reading() || c.Has(elemMode, true) {
		codeMode(c)
		c.Begin(elemNormal)
		normal()
		c.End()
	} else {
		c.Begin(elemNormal)
		normal()
		c.End()
		codeMode(c)
	}
	c.End()
}

// codeMode walks the mode selector, which must say normal mode.
func codeMode(c asn1.Coder) {
	c.Begin(elemMode)
	if c.Int(elemModeVal, 1) != 1 && c.Err() == nil {
		c.Fail(fmt.Errorf("%w: not normal mode", asn1.ErrUnsupported))
	}
	c.End()
}

func (p *Refuse) code(c asn1.Coder) {
	c.Begin(elemCPR)
	skip(c, elemVersion)
	p.Responding = selector(c, elemResponding, p.Responding)
	p.Results = codeResults(c, p.Results)
	skip(c, elemsRest[1])
	if c.Has(elemWhy, p.Reason != ReasonNotGiven) {
		p.Reason = int(c.Int(elemWhy, int64(p.Reason)))
	} else {
		p.Reason = ReasonNotGiven
	}
	p.User = codeUser(c, p.User)
	c.End()
}

func (p *Abort) code(c asn1.Coder) {
	if p.Provider {
		c.Begin(elemARP)
		if c.Has(elemARPWhy, true) {
			p.Reason = int(c.Int(elemARPWhy, int64(p.Reason)))
		}
		skip(c, elemARPEvent)
		c.End()
		return
	}
	c.Begin(elemARU)
	if c.Has(elemIDs, !c.Reading()) {
		codeIDs(c, p.User)
	}
	p.User = codeUser(c, p.User)
	c.End()
}

// codeIDs walks the list of contexts that the user data of an abort is in.
func codeIDs(c asn1.Coder, user []PDV) {
	c.Begin(elemIDs)
	for i := 0; c.Next(i, len(user)); i++ {
		c.Begin(elemItem)
		id := 0
		if !c.Reading() {
			id = user[i].Context
		}
		c.Int(elemID, int64(id))
		if c.Reading() || c.Err() == nil {
			c.OID(elemTransfer, string(BER))
		}
		c.End()
	}
	c.End()
}

func rest(c asn1.Coder) {
	for _, e := range elemsRest {
		skip(c, e)
	}
}

func selector(c asn1.Coder, e *asn1.Elem, sel []byte) []byte {
	if !c.Has(e, sel != nil) {
		return nil
	}
	s := c.Octets(e, string(sel))
	if len(s) > MaxSelector {
		c.Fail(fmt.Errorf("%w: selector of %d octets", asn1.ErrTooLong, len(s)))
	}
	return []byte(s)
}

func codeContexts(c asn1.Coder, list []Context) []Context {
	if !c.Has(elemContexts, len(list) > 0) {
		return nil
	}
	return asn1.List(c, elemContexts, list, MaxContexts, "contexts", (*Context).code)
}

func (x *Context) code(c asn1.Coder) {
	c.Begin(elemItem)
	x.ID = int(c.Int(elemID, int64(x.ID)))
	x.Abstract = asn1.OID(c.OID(elemAbstract, string(x.Abstract)))
	c.Begin(elemTransfers)
	for i := 0; c.Next(i, len(x.Transfers)); i++ {
		if !c.Reading() {
			c.OID(elemTransfer, string(x.Transfers[i]))
			continue
		}
		t := c.OID(elemTransfer, "")
		if i < MaxContexts {
			x.Transfers = append(x.Transfers, asn1.OID(t))
		}
	}
	c.End()
	c.End()
}

func codeResults(c asn1.Coder, list []Result) []Result {
	if !c.Has(elemResults, len(list) > 0) {
		return nil
	}
	return asn1.List(c, elemResults, list, MaxContexts, "results", (*Result).code)
}

func (x *Result) code(c asn1.Coder) {
	c.Begin(elemItem)
	x.Result = int(c.Int(elemResult, int64(x.Result)))
	if c.Has(elemResultTr, x.Transfer != "") {
		x.Transfer = asn1.OID(c.OID(elemResultTr, string(x.Transfer)))
	}
	if c.Has(elemResultWhy, x.Result != Acceptance && x.Reason != ReasonNotGiven) {
		x.Reason = int(c.Int(elemResultWhy, int64(x.Reason)))
	} else {
		x.Reason = ReasonNotGiven
	}
	c.End()
}
