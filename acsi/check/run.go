package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
)

// groups are the checks in their order.
var groups = []struct {
	name string
	run  func(*run, context.Context, *sheet)
}{
	{"associate", (*run).associate},
	{"vmd", (*run).vmd},
	{"directory", (*run).directory},
	{"types", (*run).types},
	{"read", (*run).read},
	{"errors", (*run).errors},
	{"write", (*run).write},
	{"datasets", (*run).dataSets},
	{"reports", (*run).reports},
	{"settings", (*run).settings},
	{"logs", (*run).logs},
	{"blocks", (*run).publishers},
	{"controls", (*run).controls},
	{"substitution", (*run).substitution},
	{"tracking", (*run).tracking},
	{"files", (*run).files},
	{"model", (*run).model},
}

// Groups names the groups of checks in the order in which they run.
func Groups() []string {
	names := make([]string, len(groups))
	for i := range groups {
		names[i] = groups[i].name
	}
	return names
}

// A run is one Run under way.
type run struct {
	opt Options
	c   *client.Client
	sum Summary

	domains []*domain // what load found

	undoing sync.Mutex
	undos   []*undo

	others chan struct{}  // capacity 1: guards c2
	c2     *client.Client // of a second client; nil: not needed yet

	printing sync.Mutex
}

// Run checks a server. The error is about the checking itself: no association, or ctx has ended. What fails is in the
// results.
func Run(ctx context.Context, opt Options) (Summary, error) {
	opt.setDefaults()
	if err := opt.Validate(); err != nil {
		return Summary{}, err
	}
	r := &run{opt: opt, others: make(chan struct{}, 1)}
	var err error
	if r.c, err = opt.Dial(ctx); err != nil {
		return Summary{}, err
	}
	defer func() { r.end() }()
	defer r.restore(ctx)
	if err := r.load(ctx); err != nil {
		return r.sum, err
	}
	for i, g := range groups {
		if !opt.wanted(g.name, "", "") {
			continue
		}
		opt.Progress(g.name, i, len(groups))
		s := &sheet{r: r, ctx: ctx, group: g.name, live: true}
		g.run(r, ctx, s)
		r.restore(ctx)
		if err := r.reconnect(ctx, s); err != nil {
			return r.sum, err
		}
	}
	opt.Progress("", len(groups), len(groups))
	return r.sum, ctx.Err()
}

// end gives the association back.
func (r *run) end() {
	release(r.c)
	if r.c2 != nil {
		release(r.c2)
	}
}

func release(c *client.Client) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = c.Release(ctx) // it is closed anyway
	c.Close()
	<-c.Done()
}

// reconnect opens a new association when the old one was lost, which is a failure of the server.
func (r *run) reconnect(ctx context.Context, s *sheet) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case <-r.c.Done():
	default:
		return nil
	}
	s.item("Associate", "", "the association outlives the checks of a group", "IEC 61850-7-2 8.3").fail("an association", describe(r.c.Err()))
	c, err := r.opt.Dial(ctx)
	if err != nil {
		return fmt.Errorf("check: association lost: %w", err)
	}
	r.c = c
	return nil
}

// An undo is what takes a change back.
type undo struct {
	what string
	f    func(context.Context, *client.Client) error
}

// later remembers how to take a change back, before it is made.
func (r *run) later(what string, f func(context.Context, *client.Client) error) *undo {
	r.undoing.Lock()
	defer r.undoing.Unlock()
	u := &undo{what, f}
	r.undos = append(r.undos, u)
	return u
}

// forget drops an undo: the change was taken back, or never made.
func (r *run) forget(u *undo) {
	r.undoing.Lock()
	defer r.undoing.Unlock()
	if i := slices.Index(r.undos, u); i >= 0 {
		r.undos = slices.Delete(r.undos, i, i+1)
	}
}

// undo takes one change back now. What fails stays for restore.
func (r *run) undo(ctx context.Context, u *undo) error {
	err := u.f(ctx, r.c)
	if err == nil {
		r.forget(u)
	}
	return err
}

// restore takes back whatever was not yet, newest first, even when ctx has ended or the association was lost.
func (r *run) restore(ctx context.Context) {
	r.undoing.Lock()
	left := r.undos
	r.undos = nil
	r.undoing.Unlock()
	if len(left) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	s := &sheet{r: r, ctx: ctx, group: "restore", live: true}
	r.others <- struct{}{}
	if r.c2 != nil { // after a loss it may have got what it was to be refused
		release(r.c2)
		r.c2 = nil
	}
	<-r.others
	for _, u := range slices.Backward(left) {
		err := u.f(ctx, r.c)
		if err != nil && !answered(err) { // the association was lost
			if c, dialled := r.opt.Dial(ctx); dialled == nil {
				r.c.Close()
				r.c = c
				err = u.f(ctx, r.c)
			}
		}
		for wait := 100 * time.Millisecond; errors.Is(err, mms.TemporarilyUnavailable) && wait < 4*time.Second; wait *= 2 {
			time.Sleep(wait) // the server may not have noticed yet that the association was lost which had reserved it
			err = u.f(ctx, r.c)
		}
		if err != nil {
			s.item("Restore", u.what, "what was changed is changed back", "").fail("the state before the checks", describe(err))
		}
	}
}

// other gives the association of a second client, which is opened when it is needed first. It is nil, and said so, when
// that cannot be had.
func (r *run) other(ctx context.Context, it *item) *client.Client {
	r.others <- struct{}{}
	defer func() { <-r.others }()
	if r.c2 == nil || r.c2.Err() != nil {
		r.c2 = r.second(ctx, it)
	}
	return r.c2
}

// second opens an association of its own.
func (r *run) second(ctx context.Context, it *item) *client.Client {
	c, err := r.opt.Dial(ctx)
	if err != nil {
		it.skip("no second association: " + describe(err))
		return nil
	}
	return c
}

// ask is a confirmed request for one kind of answer.
func ask[R mms.Service](ctx context.Context, c *client.Client, s mms.Service) (R, error) {
	var none R
	answer, err := c.Request(ctx, s)
	if err != nil {
		return none, err
	}
	a, ok := answer.(R)
	if !ok {
		return none, fmt.Errorf("%T answered with %T", s, answer)
	}
	return a, nil
}

// unsupported tells a service that the server does not have from one that failed.
func unsupported(err error) bool {
	var reject *mms.RejectReason
	if errors.As(err, &reject) {
		return reject.Class == mms.RejectConfirmedRequest && reject.Code == mms.RejectUnrecognizedService
	}
	var service *mms.ServiceError
	return errors.Is(err, mms.ObjectAccessUnsupported) ||
		errors.As(err, &service) && service.Class == mms.ErrAccess && service.Code == mms.AccessObjectUnsupported
}

// denied tells a refusal for want of rights, which says nothing about the server.
func denied(err error) bool {
	if errors.Is(err, mms.ObjectAccessDenied) {
		return true
	}
	var service *mms.ServiceError
	return errors.As(err, &service) && service.Class == mms.ErrAccess && service.Code == mms.AccessDenied
}

// answered tells an answer of the server, of whatever kind, from a failure of the association.
func answered(err error) bool {
	var service *mms.ServiceError
	var reject *mms.RejectReason
	var access *client.AccessError
	var control *client.ControlError
	return errors.As(err, &service) || errors.As(err, &reject) || errors.As(err, &access) || errors.As(err, &control)
}
