// Package sm implements stream management (XEP-0198): counting handled stanzas, the bounded queue of stanzas that the
// peer has not acknowledged, and what resuming a stream does to them. It has no I/O and no clock.
//
// One rule is ours: a request (iq get or set) that waits for a detached session is not kept for long and is never
// delivered late, because a control command that arrives a minute after it was given is worse than a lost one.
package sm

import (
	"errors"
	"strconv"
	"time"

	"github.com/gridward/gridward/xmpp/xmlscan"
)

// NS is the namespace of XEP-0198 version 1.6.
const NS = "urn:xmpp:sm:3"

// Defaults and bounds.
const (
	MaxStanzas   = 256              // in the queue of a detached session
	MaxBytes     = 1 << 20          // in a queue
	AckStanzas   = 16               // after so many stanzas an acknowledgement is asked for
	AckInterval  = 5 * time.Second  // ... or after this time
	ResumeMax    = 60 * time.Second // how long a detached session waits
	ResumeBound  = 300 * time.Second
	HoldIQ       = 10 * time.Second // how long a request may wait for a detached session
	maxIDLen     = 256
	maxResumeSec = 1 << 20
)

// Errors of this package.
var (
	ErrFull   = errors.New("sm: queue is full")
	ErrAck    = errors.New("sm: peer acknowledges stanzas that were not sent")
	ErrSyntax = errors.New("sm: malformed element")
)

// A Kind names the elements of the namespace.
type Kind uint8

// The elements.
const (
	Request Kind = iota + 1 // <r/>
	Ack                     // <a h=''/>
	Enable
	Enabled
	Resume
	Resumed
	Failed
)

// An Element is one of the elements of XEP-0198, parsed.
type Element struct {
	Kind     Kind
	H        uint32 // Ack, Resume, Resumed; Failed when HasH
	HasH     bool
	ID       string        // Enabled: id; Resume, Resumed: previd
	Resume   bool          // Enable, Enabled: resumption wanted or possible
	Max      time.Duration // Enable, Enabled: longest pause; 0 = not said
	Location string        // Enabled: where to reconnect to
	Cond     string        // Failed: stanza error condition
}

var kinds = map[string]Kind{"r": Request, "a": Ack, "enable": Enable, "enabled": Enabled, "resume": Resume, "resumed": Resumed, "failed": Failed}

// Parse reads an element of the namespace NS.
func Parse(e *xmlscan.Element) (Element, error) {
	el := Element{Kind: kinds[e.Name.Local]}
	if el.Kind == 0 || e.Name.Space != NS {
		return el, ErrSyntax
	}
	if v, ok := e.Attr("h"); ok {
		h, err := strconv.ParseUint(string(v), 10, 32)
		if err != nil {
			return el, ErrSyntax
		}
		el.H, el.HasH = uint32(h), true
	}
	if v, ok := e.Attr("max"); ok {
		n, err := strconv.ParseUint(string(v), 10, 32)
		if err != nil {
			return el, ErrSyntax
		}
		el.Max = time.Duration(min(n, maxResumeSec)) * time.Second
	}
	v, _ := e.Attr("resume")
	el.Resume = string(v) == "true" || string(v) == "1"
	attr := "id"
	if el.Kind == Resume || el.Kind == Resumed {
		attr = "previd"
	}
	v, _ = e.Attr(attr)
	el.ID = string(v)
	v, _ = e.Attr("location")
	el.Location = string(v)
	if el.Kind == Failed {
		for i := range e.Len() {
			if n := e.Child(i); n.Space == "urn:ietf:params:xml:ns:xmpp-stanzas" && n.Local != "text" {
				el.Cond = n.Local
			}
		}
	}
	switch {
	case len(el.ID) > maxIDLen, len(el.Location) > maxIDLen,
		!el.HasH && (el.Kind == Ack || el.Kind == Resume || el.Kind == Resumed),
		el.ID == "" && (el.Kind == Resume || el.Kind == Resumed || el.Kind == Enabled && el.Resume):
		return el, ErrSyntax
	}
	return el, nil
}

// Append appends the element as XML.
func (el Element) Append(b []byte) []byte {
	switch el.Kind {
	case Request:
		return append(b, "<r xmlns='"+NS+"'/>"...)
	case Ack:
		return el.h(append(b, "<a xmlns='"+NS+"'"...))
	case Enable, Enabled:
		b = append(b, "<enable"...)
		if el.Kind == Enabled {
			b = append(b, 'd')
		}
		b = append(b, " xmlns='"+NS+"'"...)
		if el.ID != "" {
			b = xmlscan.AppendAttr(b, "id", el.ID)
		}
		if el.Resume {
			b = append(b, " resume='true'"...)
		}
		if el.Max > 0 {
			b = xmlscan.AppendAttr(b, "max", strconv.Itoa(int(el.Max/time.Second)))
		}
		if el.Location != "" {
			b = xmlscan.AppendAttr(b, "location", el.Location)
		}
		return append(b, "/>"...)
	case Resume, Resumed:
		b = append(b, "<resume"...)
		if el.Kind == Resumed {
			b = append(b, 'd')
		}
		b = append(b, " xmlns='"+NS+"'"...)
		b = xmlscan.AppendAttr(b, "previd", el.ID)
		return el.h(b)
	case Failed:
		b = append(b, "<failed xmlns='"+NS+"'"...)
		if el.HasH {
			b = append(b, " h='"...)
			b = strconv.AppendUint(b, uint64(el.H), 10)
			b = append(b, '\'')
		}
		b = append(b, "><"...)
		b = append(b, el.Cond...)
		return append(b, " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"...)
	}
	return b
}

func (el Element) h(b []byte) []byte {
	b = append(b, " h='"...)
	b = strconv.AppendUint(b, uint64(el.H), 10)
	return append(b, "'/>"...)
}
