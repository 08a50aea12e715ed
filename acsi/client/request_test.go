package client_test

import (
	"errors"
	"testing"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func TestRequest(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		c := s.client("alice", client.Options{})
		answer, err := c.Request(t.Context(), &mms.Status{})
		noErr(t, err)
		if _, ok := answer.(*mms.StatusResponse); !ok {
			t.Errorf("status answered with %T", answer)
		}
		_, err = c.Request(t.Context(), &mms.GetNameList{Class: mms.ClassNamedVariable, Scope: mms.DomainSpecific, Domain: "nowhere"})
		var refused *mms.ServiceError
		if !errors.As(err, &refused) || refused.Class != mms.ErrAccess {
			t.Errorf("names of an unknown domain: %v", err)
		}
		if p := c.Params(); p.MaxPDU < 1000 || p.OutstandingOut < 1 {
			t.Errorf("parameters %+v", p)
		}
	})
}

// TestNoSelect: the server, not the client, refuses what was not selected.
func TestNoSelect(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		noErr(t, s.srv.Handle(object(4), newPlant()))
		c := s.client("alice", client.Options{})
		k, err := c.Control(t.Context(), object(4))
		noErr(t, err)
		_, err = k.Operate(t.Context(), model.Bool(true), client.OperateOptions{NoSelect: true})
		wantRefusal(t, "not selected", err, "operate", model.AddCauseNotSelected)
	})
}
