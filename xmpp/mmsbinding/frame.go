package mmsbinding

import (
	"bytes"
	"errors"
	"strconv"
	"strings"

	"github.com/gridward/gridward/xmpp/xmlscan"
)

// NS is the namespace of the association context of the unsecured frame.
const NS = "urn:gridward:61850-8-2:1"

// maxID is the largest association identifier (pattern d{1,3}).
const maxID = 999

// A pair names an association between two addresses: each end picks one half. Called is 0 before the called end has
// accepted.
type pair struct{ calling, called uint16 }

// String writes "12:7", or "12" before acceptance.
func (p pair) String() string {
	s := strconv.Itoa(int(p.calling))
	if p.called != 0 {
		s += ":" + strconv.Itoa(int(p.called))
	}
	return s
}

func parsePair(s string) (p pair, ok bool) {
	calling, called, both := strings.Cut(s, ":")
	if p.calling, ok = parseID(calling); !ok || !both {
		return p, ok
	}
	p.called, ok = parseID(called)
	return p, ok
}

func parseID(s string) (uint16, bool) {
	if len(s) == 0 || len(s) > 3 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && n >= 1 && n <= maxID
}

// A framing puts an encoded PDU into the child of a stanza and takes it out again. The unsecured frame is one; the end
// to end secured frame will be another, with the state of its session.
type framing interface {
	// wrap appends the child; an empty PDU is an abort.
	wrap(dst []byte, p pair, pdu []byte) ([]byte, error)
	// unwrap finds the child among those of a stanza. The PDU borrows from payload.
	unwrap(payload []byte) (p pair, pdu []byte, err error)
}

// Why a payload is no frame.
var (
	errNoFrame  = errors.New("mmsbinding: no association context")
	errBadFrame = errors.New("mmsbinding: malformed association context")
)

// clear is the unsecured frame.
type clearFrame struct{}

const (
	openTag  = "<assoc xmlns='" + NS + "' id='"
	closeTag = "</assoc>"
	abortTag = "' abort='true'/>"
	// overhead is what the frame adds to a PDU at most.
	overhead = len(openTag) + len("999:999'>") + len(closeTag)
)

func (clearFrame) wrap(dst []byte, p pair, pdu []byte) ([]byte, error) {
	dst = appendOpen(dst, p)
	if len(pdu) == 0 {
		return append(dst, abortTag...), nil
	}
	dst = append(dst, "'>"...)
	dst = append(dst, pdu...)
	return append(dst, closeTag...), nil
}

func appendOpen(dst []byte, p pair) []byte {
	dst = append(dst, openTag...)
	dst = strconv.AppendUint(dst, uint64(p.calling), 10)
	if p.called != 0 {
		dst = append(dst, ':')
		dst = strconv.AppendUint(dst, uint64(p.called), 10)
	}
	return dst
}

// unwrap accepts what another server may have made of the element: prefixes, quotes, further children of a message
// that the server put beside it. Two association contexts in one stanza are refused.
func (clearFrame) unwrap(payload []byte) (p pair, pdu []byte, err error) {
	if p, pdu, ok := asWritten(payload); ok {
		return p, pdu, nil
	}
	found := false
	for rest := payload; ; {
		child, next, ok := firstElement(rest)
		if !ok {
			if len(strings.TrimSpace(string(rest))) != 0 {
				return p, nil, errBadFrame
			}
			break
		}
		tok, terr := xmlscan.NewReader(child.raw(rest)).Next()
		if terr != nil || tok.Kind != xmlscan.Start {
			return p, nil, errBadFrame
		}
		if tok.Name.Space == NS && tok.Name.Local == "assoc" {
			if found {
				return p, nil, errBadFrame
			}
			found = true
			if p, ok = parsePair(tok.Attr("id")); !ok {
				return p, nil, errBadFrame
			}
			pdu = child.inner(rest)
			if len(pdu) == 0 && tok.Attr("abort") != "true" {
				return p, nil, errBadFrame
			}
		}
		rest = rest[next:]
	}
	if !found {
		return p, nil, errNoFrame
	}
	return p, pdu, nil
}

// asWritten recognises the one form that wrap writes, which a router that copies leaves as it is.
func asWritten(payload []byte) (p pair, pdu []byte, ok bool) {
	rest, ok := bytes.CutPrefix(payload, []byte(openTag))
	if !ok {
		return p, nil, false
	}
	end := bytes.IndexByte(rest[:min(len(rest), len("999:999'"))], '\'')
	if end < 0 {
		return p, nil, false
	}
	if p, ok = parsePair(string(rest[:end])); !ok {
		return p, nil, false
	}
	pdu, ok = bytes.CutPrefix(rest[end:], []byte("'>"))
	if !ok {
		return p, nil, false
	}
	pdu, ok = bytes.CutSuffix(pdu, []byte(closeTag))
	return p, pdu, ok && len(pdu) > 0 && !bytes.Contains(pdu, []byte("</assoc"))
}
