package ied

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A Problem is one thing that is wrong with a scenario.
type Problem struct {
	File      string
	Line, Col int // from 1
	Msg       string
	Hint      string // what to do about it, "" when there is nothing to say
	Kind      error  // ErrScenario, ErrRef or ErrValue
}

func (p *Problem) Error() string { return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Col, p.Msg) }

// Unwrap gives Kind.
func (p *Problem) Unwrap() error { return p.Kind }

// ErrScenario is wrapped by what is wrong with the form of a scenario.
var ErrScenario = errors.New("ied: bad scenario")

// Limits of a scenario.
const (
	maxScenario = 4 << 20 // octets
	maxDepth    = 64      // nested maps and lists
	maxProblems = 50      // that are told
)

// A doc is a YAML node with its place.
type doc struct {
	pos   token.Position
	pairs []pair // of a map, in their order
	list  []doc  // of a list
	isMap bool
	isSeq bool
	leaf  any // bool, int64, uint64, float64, string; nil for nothing
}

type pair struct {
	key string
	pos token.Position
	val doc
}

// A reader of a document collects what is wrong with it.
type reader struct {
	file     string
	problems []*Problem
}

func (r *reader) add(pos token.Position, kind error, hint, format string, args ...any) {
	if len(r.problems) < maxProblems {
		r.problems = append(r.problems, &Problem{File: r.file, Line: pos.Line, Col: pos.Column, Msg: fmt.Sprintf(format, args...), Hint: hint, Kind: kind})
	}
}

// err gives all that was wrong, in the order of the file.
func (r *reader) err() error {
	slices.SortStableFunc(r.problems, func(a, b *Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
	errs := make([]error, len(r.problems))
	for i, p := range r.problems {
		errs[i] = p
	}
	return errors.Join(errs...)
}

// parse reads one document.
func (r *reader) parse(data []byte) (doc, bool) {
	start := token.Position{Line: 1, Column: 1}
	switch {
	case len(data) > maxScenario:
		r.add(start, ErrScenario, "", "larger than %d octets", maxScenario)
		return doc{}, false
	case nested(data) > 1000:
		r.add(start, ErrScenario, "", "nested deeper than 1000")
		return doc{}, false
	}
	f, err := parser.ParseBytes(data, 0)
	if err != nil {
		var ye yaml.Error
		if errors.As(err, &ye) && ye.GetToken() != nil && ye.GetToken().Position != nil {
			r.add(*ye.GetToken().Position, ErrScenario, "", "%s", ye.GetMessage())
		} else {
			r.add(start, ErrScenario, "", "%v", err)
		}
		return doc{}, false
	}
	if len(f.Docs) != 1 || f.Docs[0].Body == nil {
		r.add(start, ErrScenario, "a scenario has a list of steps", "want one YAML document")
		return doc{}, false
	}
	return r.node(f.Docs[0].Body, 0), len(r.problems) == 0
}

// nested gives how deep data may be nested by what costs an octet or two a level; the parser recurses.
func nested(data []byte) int {
	deepest, brackets, marks := 0, 0, 0
	for _, c := range data {
		switch c {
		case '[', '{':
			brackets++
		case ']', '}':
			brackets = max(brackets-1, 0)
		case '-', '?':
			marks++
		case ' ', '\t':
		default:
			marks = 0
		}
		deepest = max(deepest, brackets, marks)
	}
	return deepest
}

func (r *reader) node(n ast.Node, depth int) doc {
	d := doc{pos: token.Position{Line: 1, Column: 1}}
	if t := n.GetToken(); t != nil && t.Position != nil {
		d.pos = *t.Position
	}
	if depth > maxDepth {
		r.add(d.pos, ErrScenario, "", "nested deeper than %d", maxDepth)
		return d
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		d.isMap = true
		for _, v := range n.Values {
			r.pair(&d, v, depth)
		}
		if len(d.pairs) > 0 && !n.IsFlowStyle {
			d.pos = d.pairs[0].pos
		}
	case *ast.MappingValueNode:
		d.isMap = true
		r.pair(&d, n, depth)
		if len(d.pairs) > 0 {
			d.pos = d.pairs[0].pos
		}
	case *ast.SequenceNode:
		d.isSeq = true
		for _, v := range n.Values {
			d.list = append(d.list, r.node(v, depth+1))
		}
	case *ast.StringNode:
		d.leaf = n.Value
	case *ast.LiteralNode:
		d.leaf = n.Value.Value
	case *ast.IntegerNode:
		d.leaf = n.Value
		if s := n.Token.Value; len(s) > 1 && s[0] == '0' && strings.Trim(s, "0123456789") == "" {
			d.leaf = s // binary digits of a bit string, not octal
		}
	case *ast.FloatNode:
		d.leaf = n.Value
	case *ast.InfinityNode:
		d.leaf = n.Value
	case *ast.NanNode:
		d.leaf = math.NaN()
	case *ast.BoolNode:
		d.leaf = n.Value
	case *ast.NullNode:
	default:
		r.add(d.pos, ErrScenario, "write it out", "%s is not taken here", n.Type())
	}
	return d
}

func (r *reader) pair(d *doc, v *ast.MappingValueNode, depth int) {
	t := v.Key.GetToken()
	if t == nil || t.Position == nil {
		return
	}
	key, ok := v.Key.(*ast.StringNode)
	if !ok {
		r.add(*t.Position, ErrScenario, "", "a key is text")
		return
	}
	d.pairs = append(d.pairs, pair{key: key.Value, pos: *t.Position, val: r.node(v.Value, depth+1)})
}

// value gives a node as what assign takes.
func (d *doc) value() any {
	switch {
	case d.isMap:
		m := make(map[string]any, len(d.pairs))
		for i := range d.pairs {
			m[d.pairs[i].key] = d.pairs[i].val.value()
		}
		return m
	case d.isSeq:
		list := make([]any, len(d.list))
		for i := range d.list {
			list[i] = d.list[i].value()
		}
		return list
	}
	return d.leaf
}

// fields sees that a map has only keys of want, which it reads.
func (r *reader) fields(d *doc, what string, want map[string]func(*doc)) bool {
	if !d.isMap {
		r.add(d.pos, ErrScenario, "", "%s: want a map", what)
		return false
	}
	names := make([]string, 0, len(want))
	for n := range want {
		names = append(names, n)
	}
	for i := range d.pairs {
		p := &d.pairs[i]
		if f := want[p.key]; f != nil {
			f(&p.val)
		} else {
			r.add(p.pos, ErrScenario, didYouMean(p.key, sorted(names)), "%s has no key %q", what, p.key)
		}
	}
	return true
}

func (r *reader) duration(d *doc, least, most time.Duration) time.Duration {
	s, ok := d.leaf.(string)
	v, err := time.ParseDuration(s)
	if i, whole := d.leaf.(int64); whole && i == 0 {
		ok, err = true, nil
	}
	switch {
	case !ok || err != nil:
		r.add(d.pos, ErrScenario, "for example 5s, 500ms or 1m30s", "%s is not a duration", show(d.value()))
	case v < least || v > most:
		r.add(d.pos, ErrScenario, "", "%v is not within %v and %v", v, least, most)
	default:
		return v
	}
	return 0
}

func (r *reader) number(d *doc) float64 {
	switch v := d.leaf.(type) {
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case float64:
		return v
	}
	r.add(d.pos, ErrScenario, "", "%s is not a number", show(d.value()))
	return 0
}
