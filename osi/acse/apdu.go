package acse

import (
	"fmt"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/ber"
)

// MMSContext is the application context name of MMS, ISO 9506-2.
var MMSContext = asn1.MustOID("1.0.9506.2.3")

var transferBER = asn1.MustOID("2.1.1")

// An APDU is one of the types of this package: *Request, *Response, *Release, *Abort.
type APDU interface{ code(c asn1.Coder) }

// A User is one EXTERNAL of the user information: a PDU and the presentation context that it belongs to.
type User struct {
	Context int // indirect-reference; 0: not given
	PDU     []byte
}

// A Request is AARQ [APPLICATION 0].
type Request struct {
	ContextName     asn1.OID
	Called, Calling Title
	Auth            Auth
	User            []User
}

// Results of an AARE.
const (
	Accepted          = 0
	RejectedPermanent = 1
	RejectedTransient = 2
)

// A Response is AARE [APPLICATION 1].
type Response struct {
	ContextName asn1.OID
	Result      int
	Diagnostic  Diagnostic
	Responding  Title
	Auth        Auth
	User        []User
}

// A Release is RLRQ [APPLICATION 2], or RLRE [APPLICATION 3].
type Release struct {
	Answer    bool // RLRE
	Reason    int  // 0 normal
	HasReason bool
	User      []User
}

// Diagnostics of an ABRT.
const (
	AbortNoReason       = 1
	AbortProtocolError  = 2
	AbortAuthentication = 5 // authentication-failure
	AbortNeeded         = 6 // authentication-required
)

// An Abort is ABRT [APPLICATION 4].
type Abort struct {
	Provider   bool // abort-source is the service provider
	Diagnostic int  // 0: not given
	User       []User
}

// Append appends the BER of p to b.
func Append(b []byte, p APDU) ([]byte, error) {
	var w ber.Writer
	w.Reset(b)
	p.code(&w)
	if err := w.Err(); err != nil {
		return b, fmt.Errorf("acse: %w", err)
	}
	return w.Bytes(), nil
}

// Parse reads the APDU that b holds and copies what it keeps.
func Parse(b []byte) (APDU, error) {
	var r ber.Reader
	r.Reset(string(b), ber.Limits{})
	var p APDU
	switch r.Choice(apduChoice, 0) {
	case 0:
		p = &Request{}
	case 1:
		p = &Response{}
	case 2:
		p = &Release{}
	case 3:
		p = &Release{Answer: true}
	case 4:
		p = &Abort{}
	default:
		return nil, fmt.Errorf("acse: %w", r.Err())
	}
	p.code(&r)
	if err := r.Finish(); err != nil {
		return nil, fmt.Errorf("acse: %w", err)
	}
	return p, nil
}

func codeContextName(c asn1.Coder, name asn1.OID) asn1.OID {
	c.Begin(elemContextName)
	name = asn1.OID(c.OID(elemOID, string(name)))
	c.End()
	return name
}

func (p *Request) code(c asn1.Coder) {
	e := &request
	c.Begin(elemAARQ)
	skip(c, elemVersion)
	p.ContextName = codeContextName(c, p.ContextName)
	p.Called = codeTitle(c, e.called, e.calledAE, p.Called)
	skip(c, e.calledIDs...)
	p.Calling = codeTitle(c, e.calling, e.callingAE, p.Calling)
	skip(c, e.callingIDs...)
	p.Auth = codeAuth(c, e, p.Auth)
	skip(c, e.lists...)
	p.User = codeUsers(c, p.User)
	c.End()
}

func (p *Response) code(c asn1.Coder) {
	e := &response
	c.Begin(elemAARE)
	skip(c, elemVersion)
	p.ContextName = codeContextName(c, p.ContextName)
	c.Begin(elemResult)
	p.Result = int(c.Int(elemInt, int64(p.Result)))
	c.End()
	c.Begin(elemDiagnostic)
	i := 0
	if p.Diagnostic.Provider {
		i = 1
	}
	if i = c.Choice(sourceChoice, i); i >= 0 {
		p.Diagnostic.Provider = i == 1
		c.Begin(sourceChoice.Elems[i])
		p.Diagnostic.Code = int(c.Int(elemInt, int64(p.Diagnostic.Code)))
		c.End()
	}
	c.End()
	p.Responding = codeTitle(c, e.calling, e.callingAE, p.Responding)
	skip(c, e.callingIDs...)
	p.Auth = codeAuth(c, e, p.Auth)
	skip(c, e.lists...)
	p.User = codeUsers(c, p.User)
	c.End()
}

func (p *Release) code(c asn1.Coder) {
	e := elemRLRQ
	if p.Answer {
		e = elemRLRE
	}
	c.Begin(e)
	if c.Has(elemReason, p.HasReason) {
		p.HasReason = true
		p.Reason = int(c.Int(elemReason, int64(p.Reason)))
	}
	p.User = codeUsers(c, p.User)
	c.End()
}

func (p *Abort) code(c asn1.Coder) {
	c.Begin(elemABRT)
	source := int64(0)
	if p.Provider {
		source = 1
	}
	p.Provider = c.Int(elemSource, source) == 1
	if c.Has(elemAbortWhy, p.Diagnostic != 0) {
		p.Diagnostic = int(c.Int(elemAbortWhy, int64(p.Diagnostic)))
	}
	p.User = codeUsers(c, p.User)
	c.End()
}

// maxUsers is how many EXTERNALs the user information may have.
const maxUsers = 4

func codeUsers(c asn1.Coder, users []User) []User {
	if !c.Has(elemUserInfo, len(users) > 0) {
		return nil
	}
	return asn1.List(c, elemUserInfo, users, maxUsers, "EXTERNALs", (*User).code)
}

func (u *User) code(c asn1.Coder) {
	c.Begin(elemEXTERNAL)
	if c.Has(elemDirect, true) {
		c.OID(elemDirect, string(transferBER))
	}
	if c.Has(elemIndirect, u.Context != 0) {
		n := c.Int(elemIndirect, int64(u.Context))
		if n < 1 || n > 32767 {
			c.Fail(asn1.ErrRange)
		}
		u.Context = int(n)
	}
	skip(c, elemDescriptor)
	switch c.Choice(externalChoice, 0) {
	case 0:
		r := c.Raw(asn1.Raw{Tag: elemSingle.Tag, Constructed: true, Content: string(u.PDU)})
		u.PDU = []byte(r.Content)
	case 1:
		u.PDU = []byte(c.Octets(elemOctets, string(u.PDU)))
	case 2:
		c.Fail(asn1.ErrUnsupported)
	}
	c.End()
}
