package check

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/gridward/gridward/model"
)

// A sheet takes the results of a group, or of a part of it that runs beside others.
type sheet struct {
	r       *run
	ctx     context.Context
	group   string
	live    bool // results leave at once; otherwise they wait in results
	results []Result
}

// An item is one check under way. A nil one, which Only and Skip do not want, does nothing.
type item struct {
	s    *sheet
	r    Result
	done bool
}

// item begins a check; nil when it is not wanted.
func (s *sheet) item(service, object, rule, clause string) *item {
	if s.group != "restore" && !s.r.opt.wanted(s.group, service, object) {
		return nil
	}
	return &item{s: s, r: Result{Group: s.group, Service: service, Object: object, Rule: rule, Clause: clause}}
}

func (s *sheet) put(r Result) {
	if s.ctx.Err() != nil {
		return // what is cut short says nothing
	}
	if !s.live {
		s.results = append(s.results, r)
		return
	}
	s.r.print(r)
}

func (r *run) print(res Result) {
	r.printing.Lock()
	defer r.printing.Unlock()
	r.sum.add(res)
	r.opt.Each(res)
}

// end gives the result, once.
func (it *item) end(o Outcome) {
	if it == nil || it.done {
		return
	}
	it.done = true
	it.r.Outcome = o
	it.s.put(it.r)
}

func (it *item) pass() { it.end(Pass) }

func (it *item) passed(why string) {
	if it != nil {
		it.r.Reason = why
	}
	it.end(Pass)
}

func (it *item) skip(why string) {
	if it != nil {
		it.r.Reason = why
	}
	it.end(Skip)
}

func (it *item) fail(expected, got string) {
	if it != nil {
		it.r.Expected, it.r.Got = expected, got
	}
	it.end(Fail)
}

// failed reports whether err ended the check: it is skipped where the server has no such service or grants no right to
// it, and fails otherwise.
func (it *item) failed(expected string, err error) bool {
	switch {
	case err == nil:
		return false
	case unsupported(err):
		it.skip("the server does not have the service")
	case denied(err):
		it.skip("the server denies access")
	default:
		it.fail(expected, describe(err))
	}
	return true
}

// verdict passes when bad is empty.
func (it *item) verdict(expected, bad string) {
	if bad == "" {
		it.pass()
		return
	}
	it.fail(expected, bad)
}

// each runs f for 0 to n-1, some at a time, and hands the results on in their order.
func (s *sheet) each(n int, f func(i int, s *sheet)) {
	r := s.r
	width := max(1, min(r.opt.Parallel, r.c.Params().OutstandingOut, n))
	parts := make([]*sheet, n)
	next, shown := 0, 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	for range width {
		wg.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= n || s.ctx.Err() != nil || r.c.Err() != nil {
					return
				}
				part := &sheet{r: r, ctx: s.ctx, group: s.group}
				f(i, part)
				mu.Lock()
				parts[i] = part
				for shown < n && parts[shown] != nil {
					for _, res := range parts[shown].results {
						s.put(res)
					}
					parts[shown].results = nil
					shown++
				}
				r.opt.Progress(s.group, shown, n)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for _, p := range parts[min(shown, n):] { // one in the middle did not run: the association was lost
		if p != nil {
			for _, res := range p.results {
				s.put(res)
			}
		}
	}
}

// describe gives an error without the package's names in front.
func describe(err error) string {
	if err == nil {
		return "success"
	}
	text := err.Error()
	for _, prefix := range []string{"acsi/client: ", "mms: "} {
		text = strings.ReplaceAll(text, prefix, "")
	}
	return text
}

// some names a few of many.
func some(list []string) string {
	if len(list) <= 3 {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:3], ", "), len(list)-3)
}

// missing gives what is in a but not in b.
func missing(a, b []string) []string {
	in := make(map[string]bool, len(b))
	for _, s := range b {
		in[s] = true
	}
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return in[s] })
}

// differs describes the difference of two lists that should hold the same names, "" when they do.
func differs(want, got []string) string {
	var parts []string
	if m := missing(want, got); len(m) > 0 {
		parts = append(parts, "missing "+some(m))
	}
	if m := missing(got, want); len(m) > 0 {
		parts = append(parts, "not expected "+some(m))
	}
	if len(parts) == 0 && len(want) != len(got) {
		parts = append(parts, "some twice")
	}
	return strings.Join(parts, "; ")
}

// show prints a value in a few words.
func show(v model.Value) string {
	text := fmt.Sprint(v)
	if len(text) > 80 {
		text = text[:77] + "..."
	}
	return text
}
