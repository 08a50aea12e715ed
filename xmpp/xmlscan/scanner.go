package xmlscan

import (
	"bytes"
	"sync"
)

// An Item says what a Scanner found.
type Item uint8

// The items of a stream.
const (
	None   Item = iota // nothing complete: feed more bytes
	Open               // the stream header: Scanner.Header
	Child              // a complete child of the stream: Scanner.Element
	Closed             // the end tag of the stream; nothing follows it
)

// A Header is the start tag of a stream.
type Header struct {
	Name    Name
	Default string            // default namespace declared by the header
	Attrs   map[string]string // attributes without namespace
	Lang    string            // xml:lang
}

// A Scanner cuts a stream into its header, its children and its end, and checks every byte by the rules of this
// package. Use: Feed bytes, then call Next until it returns None, then Feed again. The zero value is not ready: use
// NewScanner. A Scanner is not safe for concurrent use. While no child is incomplete it holds no buffer.
type Scanner struct {
	Header  Header
	Element *Element // of the item Child; valid until the next call

	state   state
	content string
	limit   int
	space   int   // white space since the last child
	off     int64 // stream offset of cur[0]
	cur     []byte
	root    string // qualified name of the header
	outer   []nsDecl
	w       *work // nil while nothing is incomplete
	err     *Error
	cdatas  uint64
}

type state uint8

const (
	stStart  state = iota // nothing but an XML declaration may come before the header
	stProlog              // the declaration is through
	stHeader              // inside the header
	stStream              // between children
	stChild               // inside a child
	stClosed
)

// work is the memory that scanning a child takes; it is pooled, because most sessions are idle.
type work struct {
	tokenizer
	buf  []byte
	top  []rawAttr // attributes of the element itself
	elem Element
}

var pool = sync.Pool{New: func() any { return new(work) }}

// keepBuf is the greatest buffer that goes back to the pool, in octets.
const keepBuf = 32 << 10

// NewScanner returns a scanner for a stream whose stanzas are in the content namespace (NSClient or NSServer) and at
// most limit octets long.
func NewScanner(content string, limit int) *Scanner {
	return &Scanner{content: content, limit: limit}
}

// SetLimit changes the greatest length of a child, in octets.
func (s *Scanner) SetLimit(limit int) { s.limit = limit }

// Partial reports whether a child, or the header, has begun and is not complete.
func (s *Scanner) Partial() bool { return len(s.cur) > 0 || s.state == stChild }

// ResetSpace forgets the white space counted so far: the stream was quiet for long enough that it was keep-alive.
func (s *Scanner) ResetSpace() { s.space = 0 }

// CDATA returns the number of CDATA sections accepted so far.
func (s *Scanner) CDATA() uint64 { return s.cdatas }

// Offset returns the number of octets of the stream that are done with.
func (s *Scanner) Offset() int64 { return s.off }

// Restart begins a new stream on the same connection (RFC 6120 4.3.3). It reports false when the peer has already
// sent something else than white space behind the element that caused the restart: bytes that must not be read
// in the new context.
func (s *Scanner) Restart() bool {
	if s.Element != nil {
		s.finish()
	}
	rest := bytes.TrimLeft(s.cur, " \t\r\n")
	ok := len(rest) == 0 && s.state != stChild && s.err == nil
	s.release()
	*s = Scanner{content: s.content, limit: s.limit, cdatas: s.cdatas}
	return ok
}

// Behind returns the number of octets that have been fed and lie behind the item that Next returned last.
func (s *Scanner) Behind() int {
	if s.Element != nil {
		return len(s.cur) - len(s.Element.Raw)
	}
	return len(s.cur)
}

// BlankBehind reports whether only white space is behind the item that Next returned last.
func (s *Scanner) BlankBehind() bool {
	return len(bytes.TrimLeft(s.cur[len(s.cur)-s.Behind():], " \t\r\n")) == 0
}

// Hold makes the scanner keep the bytes that it has not come to yet, so that the borrowed ones are free before Next
// has returned None. The last item is no longer valid.
func (s *Scanner) Hold() {
	if s.err != nil {
		return
	}
	if s.Element != nil {
		s.finish()
	}
	s.park()
}

// Feed gives the scanner the bytes that came next. They are borrowed until Next returns None or an error.
func (s *Scanner) Feed(p []byte) {
	if len(s.cur) > 0 {
		s.Hold() // bytes that wait for more lie in the buffer from here on, beginning at cur[0]
	}
	if len(s.cur) > 0 {
		s.w.buf = append(s.w.buf, p...)
		s.cur = s.w.buf
		return
	}
	s.cur = p
}

// Next returns the next item. An error is an *Error; it is final.
func (s *Scanner) Next() (Item, error) {
	if s.err != nil {
		return None, s.err
	}
	if s.Element != nil { // of the call before
		s.finish()
	}
	var it Item
	var ok bool
	switch s.state {
	case stStart, stProlog, stHeader:
		it, ok = s.header()
	case stStream, stChild:
		it, ok = s.child()
	case stClosed:
		s.off += int64(len(s.cur))
		s.cur = nil
		it, ok = None, true
	}
	if !ok {
		s.release()
		s.cur = nil
		return None, s.err
	}
	if it == None {
		s.park()
	}
	return it, nil
}

// fail records the error at cur[at].
func (s *Scanner) fail(at int, r Rule) (Item, bool) {
	s.err = &Error{Rule: r, Offset: s.off + int64(at)}
	return None, false
}

// consume drops the first n bytes.
func (s *Scanner) consume(n int) {
	s.cur = s.cur[n:]
	s.off += int64(n)
}

// begin takes working memory for the element at cur[0].
func (s *Scanner) begin() *work {
	if s.w == nil {
		s.w = pool.Get().(*work)
	}
	s.w.reset()
	s.w.outer = s.outer
	return s.w
}

// finish ends the element that Next returned last.
func (s *Scanner) finish() {
	n := len(s.Element.Raw)
	s.Element = nil
	s.consume(n)
	s.space = 0
	s.state = stStream
}

// park keeps the bytes of an incomplete item, or gives the working memory back when there are none.
func (s *Scanner) park() {
	if len(s.cur) == 0 {
		s.release()
		s.cur = nil
		return
	}
	if s.w == nil {
		s.begin()
	}
	if len(s.w.buf) == 0 || &s.w.buf[0] != &s.cur[0] {
		s.w.buf = append(s.w.buf[:0], s.cur...) // moves down when cur lies in buf
		s.cur = s.w.buf
	}
	s.w.buf = s.cur
}

func (s *Scanner) release() {
	if s.w == nil {
		return
	}
	w := s.w
	s.w, s.Element = nil, nil
	if cap(w.buf) > keepBuf {
		w.buf = nil
	}
	w.buf = w.buf[:0]
	w.outer = nil
	w.elem.Raw = nil
	pool.Put(w)
}

// child scans between and inside the children of the stream.
func (s *Scanner) child() (Item, bool) {
	if s.state == stStream {
		n := 0
		for n < len(s.cur) && class[s.cur[n]]&cSpace != 0 {
			n++
		}
		if s.space += n; s.space > MaxSpace {
			return s.fail(n, RuleSpace)
		}
		s.consume(n)
		if len(s.cur) == 0 {
			return None, true
		}
		if s.cur[0] != '<' {
			if c := s.cur[0]; class[c]&(cText|cValue) == 0 && c != '&' && c < 0x80 {
				return s.fail(0, RuleChar)
			}
			return s.fail(0, RuleText)
		}
		if len(s.cur) == 1 {
			return None, true
		}
		if s.cur[1] == '/' {
			return s.end()
		}
		s.begin()
		s.state = stChild
	}
	return s.element()
}

// end scans the end tag of the stream.
func (s *Scanner) end() (Item, bool) {
	want := "</" + s.root
	n := min(len(want), len(s.cur))
	if string(s.cur[:n]) != want[:n] {
		return s.fail(n, RuleSyntax)
	}
	for ; n < len(s.cur); n++ {
		switch c := s.cur[n]; {
		case c == '>':
			s.consume(n + 1)
			s.state = stClosed
			return Closed, true
		case class[c]&cSpace == 0:
			return s.fail(n, RuleSyntax)
		case n > maxEndTag:
			return s.fail(n, RuleName)
		}
	}
	return None, true
}

// element scans on in a child of the stream until it is complete.
func (s *Scanner) element() (Item, bool) {
	w, b := s.w, s.cur
	for {
		k, ok := w.step(b)
		if !ok {
			return s.fail(w.at, w.rule)
		}
		if w.pos > s.limit || k == tokMore && len(b) > s.limit {
			return s.fail(s.limit, RuleStanzaSize)
		}
		switch k {
		case tokMore:
			return None, true
		case tokStart, tokEmpty:
			if w.started(b, k, s.content); len(w.elem.children) > MaxChildren {
				return s.fail(int(w.tok.start), RuleChildren)
			}
		case tokEnd:
			w.ended(b, s.content)
		case tokText:
			w.elem.text = w.elem.text || len(w.stack) == 1 && !w.blank
		case tokCDATA:
			if len(w.stack) == 0 {
				return s.fail(0, RuleText)
			}
			if !w.inCDATA {
				s.cdatas++
				w.elem.text = w.elem.text || len(w.stack) == 1
				w.elem.cdatas = append(w.elem.cdatas, span{uint32(w.cdata), uint32(w.pos)})
			}
		}
		if len(w.stack) == 0 {
			w.complete(b[:w.pos])
			w.elem.limit = s.limit
			s.Element = &w.elem
			return Child, true
		}
	}
}
