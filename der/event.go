package der

import (
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/jid"
)

// An Event is something that the operator of the agent should know: one of the types of this file.
type Event interface{ event() }

type (
	// LinkUp: the XMPP session is bound to a full JID.
	LinkUp struct {
		JID     jid.JID
		Resumed bool
	}
	// LinkDown: there is no session any more, or none could be had. Retry is when the next attempt is made, 0 when not
	// known.
	LinkDown struct {
		Err   error
		Retry time.Duration
	}
	// AssociationUp and AssociationDown: a client has associated, and is gone.
	AssociationUp   struct{ Peer *model.Principal }
	AssociationDown struct {
		Peer *model.Principal
		Err  error
	}
	// AssociationRefused: a peer tried to associate and was turned away.
	AssociationRefused struct {
		Peer string
		Why  error
	}
	// Commanded: a limit or set-point was accepted and its ramp has begun.
	Commanded struct {
		Object model.Ref
		Value  float64 // W
		Peer   *model.Principal
	}
	// CommandEnded: a command was refused, or has ended. AddCauseNone: it was carried out.
	CommandEnded struct {
		Object   model.Ref
		Peer     *model.Principal
		AddCause model.AddCause
	}
	// FailSafeChanged: the fail-safe limit begins or ceases to hold.
	FailSafeChanged struct {
		Active bool
		Limit  float64 // W
	}
	// HealthChanged: the device answers, does not answer in time, or has failed.
	HealthChanged struct{ Health Health }
	// Served is an event of the server.
	Served struct{ Event server.Event }
)

func (LinkUp) event()             {}
func (LinkDown) event()           {}
func (AssociationUp) event()      {}
func (AssociationDown) event()    {}
func (AssociationRefused) event() {}
func (Commanded) event()          {}
func (CommandEnded) event()       {}
func (FailSafeChanged) event()    {}
func (HealthChanged) event()      {}
func (Served) event()             {}

// Health is the value of the data object Health, IEC 61850-7-4.
type Health int8

// The values of Health.
const (
	HealthOK      Health = 1
	HealthWarning Health = 2 // the device does not answer
	HealthAlarm   Health = 3 // the device has failed
)

func (h Health) String() string {
	switch h {
	case HealthOK:
		return "ok"
	case HealthWarning:
		return "warning"
	case HealthAlarm:
		return "alarm"
	}
	return "unknown"
}
