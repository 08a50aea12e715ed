package xmlscan

// started notes a start tag: of the element itself, of a direct child, or deeper.
func (w *work) started(b []byte, k tokenKind, content string) {
	e := &w.elem
	depth := len(w.stack) // behind the tag
	if k == tokStart {
		depth--
	}
	switch depth {
	case 0:
		w.stanzaNS = w.tagDecls
		w.mask = 0
		w.top = append(w.top[:0], w.attrs...)
		*e = Element{attrs: e.attrs[:0], children: e.children[:0], cdatas: e.cdatas[:0]}
		e.name, e.code = w.localSpan(), w.code
		e.inner = span{w.tok.end, w.tok.end}
	case 1:
		c := child{all: w.tok, nameEnd: w.name.end, local: w.localSpan(), code: w.code}
		if c.code >= w.stanzaNS && c.code < codeOuter {
			c.bind = w.ns[:c.code+1][c.code]
		}
		e.children = append(e.children, c)
		if k == tokEmpty {
			w.endChild(b, content)
		}
	}
}

// ended notes an end tag.
func (w *work) ended(b []byte, content string) {
	switch len(w.stack) {
	case 0:
		w.elem.inner.end = w.tok.start
	case 1:
		w.elem.children[len(w.elem.children)-1].all.end = w.tok.end
		w.endChild(b, content)
	}
}

// endChild settles what the child that just ended relies upon. The default namespace does not count when it is the
// content namespace, because whoever writes the child again writes it there.
func (w *work) endChild(b []byte, content string) {
	mask := w.mask
	w.mask = 0
	if mask == 0 {
		return
	}
	for i := range w.stanzaNS {
		if mask&(1<<i) != 0 && w.ns[:i+1][i].prefix.len() == 0 && w.uri(b, i) == content {
			mask &^= 1 << i
		}
	}
	for i, d := range w.outer {
		if d.prefix == "" && d.uri == content {
			mask &^= 1 << (MaxNamespaces + i)
		}
	}
	w.elem.children[len(w.elem.children)-1].mask = mask
}

// complete makes the element ready for its user, now that its bytes stay where they are.
func (w *work) complete(raw []byte) {
	e := &w.elem
	e.Raw, e.t = raw, &w.tokenizer
	e.Name = Name{w.uri(raw, e.code), intern(e.name.of(raw))}
	for i := range w.top {
		a := &w.top[i]
		v := a.value.of(raw)
		if !a.plain {
			v = unescapeValue(nil, v)
		}
		e.attrs = append(e.attrs, Attr{w.uri(raw, a.code), a.local.of(raw), v})
	}
}
