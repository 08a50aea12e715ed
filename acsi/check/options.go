package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/model"
)

// Options of a Run. Dial is required.
type Options struct {
	// Dial opens an association. It is called for the association that is checked, for the ones of a second client, and
	// again when an association was lost.
	Dial func(ctx context.Context) (*client.Client, error)
	// Model is what SCL says about the server; nil: nothing is compared with it.
	Model *model.Server

	AllowWrites   bool        // services that change something, where it can be changed back
	AllowControls []model.Ref // data objects that may be operated and substituted, at their present value

	// Only and Skip select checks: the name of a group, of a service, or a pattern with * of an object reference.
	Only, Skip []string

	Parallel int           // requests at a time, as far as the server takes them; 0: 8
	Wait     time.Duration // for a report; 0: 5 s

	Each     func(Result)                        // every result as it comes, from one goroutine at a time; nil: none
	Progress func(group string, done, total int) // nil: none
}

// ErrOptions is wrapped by what Run says about its options.
var ErrOptions = errors.New("check: bad options")

func (o *Options) setDefaults() {
	if o.Parallel == 0 {
		o.Parallel = 8
	}
	if o.Wait == 0 {
		o.Wait = 5 * time.Second
	}
	if o.Each == nil {
		o.Each = func(Result) {}
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
}

// Validate tells what is wrong with o.
func (o *Options) Validate() error {
	if o.Dial == nil {
		return fmt.Errorf("%w: no Dial", ErrOptions)
	}
	for _, p := range slices.Concat(o.Only, o.Skip) {
		if p == "" || !objectPattern(p) && !slices.Contains(Groups(), p) && !service(p) {
			return fmt.Errorf("%w: %q is no group, no service and no pattern of references (groups: %s)",
				ErrOptions, p, strings.Join(Groups(), ", "))
		}
	}
	return nil
}

// objectPattern tells a pattern of references from the name of a group or service.
func objectPattern(p string) bool { return strings.ContainsAny(p, "/.*@") }

// service accepts the names of ACSI services, which are words in capitals and small letters.
func service(p string) bool { return p != "" && 'A' <= p[0] && p[0] <= 'Z' }

// match tells whether a pattern selects a check. An empty service or object stands for any.
func match(p, group, svc, object string) bool {
	switch {
	case objectPattern(p):
		return object == "" || glob(p, object)
	case service(p):
		return svc == "" || strings.EqualFold(p, svc)
	}
	return p == group
}

// glob matches with * for anything; a pattern without one also names all that is below it.
func glob(p, s string) bool {
	first, rest, star := strings.Cut(p, "*")
	if !star {
		below, ok := strings.CutPrefix(s, p)
		return ok && (below == "" || strings.ContainsAny(below[:1], "/.[("))
	}
	if !strings.HasPrefix(s, first) {
		return false
	}
	s = s[len(first):]
	for {
		part, more, star := strings.Cut(rest, "*")
		if !star {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], more
	}
}

// wanted tells whether Only and Skip let a check run. An empty service or object: whether any of the group may.
func (o *Options) wanted(group, svc, object string) bool {
	for _, p := range o.Skip {
		if match(p, group, svc, object) && (svc != "" || !service(p)) && (object != "" || !objectPattern(p)) {
			return false
		}
	}
	return len(o.Only) == 0 || slices.ContainsFunc(o.Only, func(p string) bool { return match(p, group, svc, object) })
}
