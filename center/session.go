package center

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/model"
)

// releaseTime is how long a DER may take to answer a conclude.
const releaseTime = 2 * time.Second

// reserveTime is how long a DER keeps a buffered report control block for us after a loss, in s.
const reserveTime = 300

// session makes an ACSI client a fleet.Session.
type session struct{ *client.Client }

// Read reads attributes.
func (s *session) Read(ctx context.Context, refs ...model.Ref) ([]fleet.Result, error) {
	results, err := s.Client.Read(ctx, refs...)
	if err != nil {
		return nil, err
	}
	out := make([]fleet.Result, len(results))
	for i, r := range results {
		out[i] = fleet.Result(r)
	}
	return out, nil
}

// Subscribe enables a report control block.
func (s *session) Subscribe(ctx context.Context, rcb model.Ref, opt fleet.SubscribeOptions, handler func(*fleet.Report)) (bool, error) {
	sub, err := s.Client.Subscribe(ctx, rcb, client.ReportOptions{
		EntryID: client.EntryID(opt.EntryID), IntegrityPd: opt.IntegrityPd, BufTm: opt.BufTm, GI: true, ResvTms: reserveTime,
	}, func(r *client.Report) { handler(report(r)) })
	switch {
	case errors.Is(err, client.ErrReserved):
		return false, fmt.Errorf("%w: %w", fleet.ErrReserved, err)
	case err != nil:
		return false, err
	}
	return sub.Resynced(), nil
}

func report(r *client.Report) *fleet.Report {
	out := &fleet.Report{EntryID: string(r.EntryID), BufOvfl: r.BufOvfl, Gap: r.Gap, Entries: make([]fleet.ReportEntry, len(r.Entries))}
	for i, e := range r.Entries {
		out.Entries[i] = fleet.ReportEntry{Ref: e.Ref, Value: e.Value}
	}
	return out
}

// Operate gives a controllable object a value.
func (s *session) Operate(ctx context.Context, object model.Ref, value float64, opt fleet.OperateOptions) (bool, error) {
	k, err := s.Control(ctx, object)
	if err != nil {
		return false, refusal(err)
	}
	o := client.OperateOptions{Test: opt.Test}
	if opt.OrIdent != "" {
		o.Origin = &client.Origin{Cat: client.OrRemoteControl, Ident: opt.OrIdent}
	}
	t, err := k.Operate(ctx, model.Float32(float32(value)), o)
	if err != nil {
		return false, refusal(err)
	}
	return t.Enhanced, nil
}

// refusal makes a peer's no a *fleet.Refusal and leaves other errors alone.
func refusal(err error) error {
	var e *client.ControlError
	if !errors.As(err, &e) {
		return err
	}
	cause := e.AddCause
	if !e.HasAddCause {
		cause = model.AddCauseUnknown
	}
	return &fleet.Refusal{Step: e.Step, AddCause: cause, Err: e.Err}
}

// Close releases the association, or aborts it when the DER does not answer.
func (s *session) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), releaseTime)
	defer cancel()
	_ = s.Release(ctx) // whether it answered or not, it is over
	s.Client.Close()
}
