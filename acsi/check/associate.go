package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/mms"
)

// associate looks at the association that is up, and opens, releases and aborts others.
func (r *run) associate(ctx context.Context, s *sheet) {
	p := r.c.Params()
	if it := s.item("Associate", "", "initiate negotiates usable limits", "IEC 61850-8-1 10, ISO 9506-2 8.2"); it != nil {
		switch {
		case p.MaxPDU < 1000:
			it.fail("PDUs of at least 1,000 octets", fmt.Sprint(p.MaxPDU))
		case p.OutstandingOut < 1:
			it.fail("at least one outstanding request", fmt.Sprint(p.OutstandingOut))
		default:
			it.passed(fmt.Sprintf("%d octets, %d requests outstanding, nesting %d", p.MaxPDU, p.OutstandingOut, p.Nesting))
		}
	}
	it := s.item("Associate", "", "a second association beside the first", "IEC 61850-7-2 8.2")
	if it == nil {
		return
	}
	c := r.second(ctx, it)
	if c == nil {
		return
	}
	_, err := c.Identify(ctx)
	if err != nil && !answered(err) {
		it.fail("an answer on the second association", describe(err))
		c.Close()
		return
	}
	it.pass()
	rel := s.item("Release", "", "release is answered and ends the association", "IEC 61850-7-2 8.3.4, ISO 9506-2 8.3")
	if err := within5(ctx, c.Release); err != nil {
		rel.fail("a positive answer to conclude", describe(err))
	} else {
		rel.verdict("the association at an end", waitEnd(ctx, c.Done(), func() string {
			if err := c.Err(); !errors.Is(err, mms.ErrReleased) {
				return describe(err)
			}
			return ""
		}))
	}
	c.Close()
	r.abort(ctx, s)
}

// abort ends an association without asking, and sees that the server takes the next one.
func (r *run) abort(ctx context.Context, s *sheet) {
	it := s.item("Abort", "", "after an abort the server accepts a new association and serves the others", "IEC 61850-7-2 8.3.3")
	if it == nil {
		return
	}
	for range 2 {
		c := r.second(ctx, it)
		if c == nil {
			return
		}
		c.Close()
		<-c.Done()
	}
	_, err := r.c.Identify(ctx)
	if err != nil && !answered(err) {
		it.fail("an answer on the first association", describe(err))
		return
	}
	it.pass()
}

// vmd looks at what the server says about itself.
func (r *run) vmd(ctx context.Context, s *sheet) {
	if it := s.item("Identify", "", "identify names vendor, model and revision", "ISO 9506-2 10.5"); it != nil {
		id, err := r.c.Identify(ctx)
		switch {
		case it.failed("vendor, model and revision", err):
		case id.Vendor == "" && id.Model == "":
			it.fail("vendor or model", "both empty")
		default:
			it.passed(fmt.Sprintf("%s, %s, %s", id.Vendor, id.Model, id.Revision))
		}
	}
	if it := s.item("Status", "", "status is operational", "ISO 9506-2 10.3"); it != nil {
		a, err := ask[*mms.StatusResponse](ctx, r.c, &mms.Status{})
		switch {
		case it.failed("a status", err):
		case a.Logical > 3 || a.Physical > 3:
			it.fail("logical 0 to 3, physical 0 to 3", fmt.Sprintf("logical %d, physical %d", a.Logical, a.Physical))
		default:
			it.passed(fmt.Sprintf("logical status %d, physical status %d", a.Logical, a.Physical))
		}
	}
}

func within5(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return f(ctx)
}

func waitEnd(ctx context.Context, done <-chan struct{}, then func() string) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	select {
	case <-done:
		return then()
	case <-ctx.Done():
		return "still there after 5 s"
	}
}
