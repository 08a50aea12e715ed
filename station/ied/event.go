package ied

import (
	"net"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/jid"
)

// An Event is something that the operator of the IED should know: one of the types of this file.
type Event interface{ event() }

type (
	// Listening: connections are accepted from now on.
	Listening struct {
		Addr net.Addr
		TLS  bool
	}
	// LinkUp: the XMPP session is bound to a full JID.
	LinkUp struct {
		JID     jid.JID
		Resumed bool
	}
	// LinkDown: there is no XMPP session any more, or none could be had. Retry is when the next attempt is made, 0 when
	// not known.
	LinkDown struct {
		Err   error
		Retry time.Duration
	}
	// AssociationRefused: a connection, or a peer over XMPP, did not come to an association.
	AssociationRefused struct {
		Peer string
		Why  error
	}
	// LineRefused: a line of Config.Lines had no effect.
	LineRefused struct {
		Line int // from 1
		Err  error
	}
	// LinesEnded: there are no more lines; Err is nil at their proper end.
	LinesEnded struct{ Err error }
	// ScenarioEnded: the last step has been taken, and the scenario does not repeat.
	ScenarioEnded struct{}
	// Scheduled: a schedule has changed its state.
	Scheduled struct {
		Schedule model.Ref // its logical node
		State    string
		Err      error // why it could not be enabled, if that is what happened
	}
	// Served is an event of the server.
	Served struct{ Event server.Event }
)

func (Listening) event()          {}
func (LinkUp) event()             {}
func (LinkDown) event()           {}
func (AssociationRefused) event() {}
func (LineRefused) event()        {}
func (LinesEnded) event()         {}
func (ScenarioEnded) event()      {}
func (Scheduled) event()          {}
func (Served) event()             {}
