package tui

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/model"
)

// A Session is an association with a server as the screen needs it. It is safe for concurrent use.
type Session interface {
	Identify(ctx context.Context) (string, error)
	Devices(ctx context.Context) ([]string, error)
	Nodes(ctx context.Context, ld string) ([]string, error)
	Node(ctx context.Context, ld, ln string) (*catalog.Node, error)
	Read(ctx context.Context, refs []model.Ref) ([]client.Result, error)
	Write(ctx context.Context, ref model.Ref, v model.Value) error
	// Operate commands a data object and says how it ended.
	Operate(ctx context.Context, do model.Ref, v model.Value, test bool) (string, error)
	// Subscribe enables a report control block; stop disables it.
	Subscribe(ctx context.Context, rcb model.Ref, handler func(*client.Report)) (stop func(context.Context) error, err error)
	Done() <-chan struct{}
	Err() error
	Close()
}

// NewSession makes a Session of an association. end is called by Close, once.
func NewSession(c *client.Client, end func()) Session {
	return &session{c: c, names: catalog.New(c), end: sync.OnceFunc(end)}
}

type session struct {
	c     *client.Client
	names *catalog.Catalog
	end   func()
}

func (s *session) Identify(ctx context.Context) (string, error) {
	id, err := s.c.Identify(ctx)
	return id.Vendor + " " + id.Model + " " + id.Revision, err
}

func (s *session) Devices(ctx context.Context) ([]string, error) { return s.names.Devices(ctx) }

func (s *session) Nodes(ctx context.Context, ld string) ([]string, error) {
	return s.names.Nodes(ctx, ld)
}

func (s *session) Node(ctx context.Context, ld, ln string) (*catalog.Node, error) {
	return s.names.Node(ctx, ld, ln)
}

func (s *session) Read(ctx context.Context, refs []model.Ref) ([]client.Result, error) {
	return s.c.Read(ctx, refs...)
}

func (s *session) Write(ctx context.Context, ref model.Ref, v model.Value) error {
	return s.c.Write(ctx, ref, v)
}

func (s *session) Operate(ctx context.Context, do model.Ref, v model.Value, test bool) (string, error) {
	k, err := s.c.Control(ctx, do)
	if err != nil {
		return "", err
	}
	term, err := k.Operate(ctx, v, client.OperateOptions{Test: test})
	switch {
	case err != nil:
		return "", err
	case term.Enhanced:
		return fmt.Sprintf("%s: command terminated well (%s)", do, k.Model()), nil
	}
	return fmt.Sprintf("%s: command accepted (%s)", do, k.Model()), nil
}

func (s *session) Subscribe(ctx context.Context, rcb model.Ref, handler func(*client.Report)) (func(context.Context) error, error) {
	sub, err := s.c.Subscribe(ctx, rcb, client.ReportOptions{}, handler)
	if err != nil {
		return nil, err
	}
	if err := sub.GI(ctx); err != nil {
		var refused *client.AccessError
		if !errors.As(err, &refused) { // GI may not be among its triggers
			return nil, err
		}
	}
	return sub.Close, nil
}

func (s *session) Done() <-chan struct{} { return s.c.Done() }
func (s *session) Err() error            { return s.c.Err() }
func (s *session) Close()                { s.end() }
