package xmlscan

import (
	"bytes"
	"strings"
)

// maxDecl is the greatest length of an XML declaration.
const maxDecl = 256

// header scans the prolog and the start tag of the stream.
func (s *Scanner) header() (Item, bool) {
	if s.state == stStart {
		if done, ok := s.declaration(); !done || !ok {
			return None, ok
		}
		s.state = stProlog
	}
	if s.state == stProlog {
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
			return s.fail(0, RuleSyntax)
		}
		s.begin()
		s.w.outer = nil
		s.state = stHeader
	}
	w, b := s.w, s.cur
	k, ok := w.step(b)
	switch {
	case !ok:
		return s.fail(w.at, w.rule)
	case k == tokMore && len(b) > s.limit || w.pos > s.limit:
		return s.fail(s.limit, RuleStanzaSize)
	case k == tokMore:
		return None, true
	case k != tokStart && k != tokEmpty:
		return s.fail(0, RuleSyntax)
	}
	s.open(b)
	s.consume(w.pos)
	s.space = 0
	s.state = stStream
	if k == tokEmpty {
		s.state = stClosed
	}
	if len(s.cur) == 0 {
		s.release()
	} else {
		s.w.buf = s.w.buf[:0] // cur may still lie in it: the next park moves it down
	}
	return Open, true
}

// open keeps what the header says.
func (s *Scanner) open(b []byte) {
	w := s.w
	s.root = string(w.name.of(b))
	s.Header = Header{Name: Name{w.uri(b, w.code), intern(w.local(b))}, Attrs: make(map[string]string, len(w.attrs))}
	s.outer = make([]nsDecl, w.tagDecls)
	for i := range s.outer {
		s.outer[i] = nsDecl{intern(w.ns[:i+1][i].prefix.of(b)), w.uri(b, i)}
		if s.outer[i].prefix == "" {
			s.Header.Default = s.outer[i].uri
		}
	}
	for i := range w.attrs {
		a := &w.attrs[i]
		v := string(unescapeValue(nil, a.value.of(b)))
		switch w.uri(b, a.code) {
		case "":
			s.Header.Attrs[string(a.local.of(b))] = v
		case NSXML:
			if string(a.local.of(b)) == "lang" {
				s.Header.Lang = v
			}
		}
	}
}

// declaration skips an XML declaration at the very start (XML 1.0 2.8). done is false when more bytes are needed.
func (s *Scanner) declaration() (done, ok bool) {
	const start = "<?xml"
	b := s.cur
	if len(b) == 0 {
		return false, true
	}
	if b[0] >= 0x80 || b[0] == 0 {
		s.fail(0, RuleEncoding) // byte order mark, UTF-16, UTF-32
		return false, false
	}
	if n := min(len(b), len(start)); string(b[:n]) != start[:n] {
		return true, true // no declaration; what is wrong, if anything, is found by the tokenizer
	}
	if len(b) <= len(start) {
		return false, true
	}
	if class[b[len(start)]]&cSpace == 0 {
		s.fail(0, RulePI)
		return false, false
	}
	end := bytes.Index(b[:min(len(b), maxDecl)], []byte("?>"))
	if end < 0 {
		if len(b) >= maxDecl {
			s.fail(0, RuleSyntax)
			return false, false
		}
		return false, true
	}
	if r := checkDecl(string(b[len(start):end])); r != RuleNone {
		s.fail(0, r)
		return false, false
	}
	s.consume(end + 2)
	return true, true
}

// checkDecl checks the pseudo-attributes of an XML declaration: version, encoding, standalone, in this order.
func checkDecl(d string) Rule {
	next := 0
	for {
		t := strings.TrimLeft(d, " \t\r\n")
		if t == "" {
			if next == 0 {
				return RuleSyntax
			}
			return RuleNone
		}
		if len(t) == len(d) {
			return RuleSyntax
		}
		name, rest, found := strings.Cut(t, "=")
		rest = strings.TrimLeft(rest, " \t\r\n")
		if !found || rest == "" || rest[0] != '\'' && rest[0] != '"' {
			return RuleSyntax
		}
		end := strings.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return RuleSyntax
		}
		v := rest[1 : 1+end]
		d = rest[end+2:]
		switch name = strings.TrimRight(name, " \t\r\n"); {
		case name == "version" && next == 0:
			if v != "1.0" {
				return RuleSyntax
			}
			next = 1
		case name == "encoding" && next == 1:
			if !strings.EqualFold(v, "UTF-8") {
				return RuleEncoding
			}
			next = 2
		case name == "standalone" && (next == 1 || next == 2):
			if v != "yes" && v != "no" {
				return RuleSyntax
			}
			next = 3
		default:
			return RuleSyntax
		}
	}
}
