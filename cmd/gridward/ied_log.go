package main

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/station/ied"
)

// logIED writes an event of the IED to the log; what is wrong with a line of the standard input goes to the standard error
// as it is, like the error of a command.
func logIED(cmd *cobra.Command, log *slog.Logger, e ied.Event) {
	ctx := cmd.Context()
	switch e := e.(type) {
	case ied.Listening:
		mode := "tcp"
		if e.TLS {
			mode = "tls"
		}
		log.InfoContext(ctx, "listening", "address", e.Addr.String(), "mode", mode)
	case ied.LinkUp:
		log.InfoContext(ctx, "online", "jid", e.JID.String(), "resumed", e.Resumed)
	case ied.LinkDown:
		log.WarnContext(ctx, "offline", "err", e.Err, "retry", e.Retry)
	case ied.AssociationRefused:
		log.WarnContext(ctx, "association refused", "peer", e.Peer, "why", e.Why)
	case ied.LineRefused:
		_, _ = cli.Fprintf(cmd.ErrOrStderr(), "gridward: <stdin>:%d: %s\n", e.Line, e.Err)
		if hint := lineHint(e.Err); hint != "" {
			_, _ = cli.Fprintf(cmd.ErrOrStderr(), "hint: %s\n", hint)
		}
	case ied.LinesEnded:
		log.InfoContext(ctx, "no more values from the standard input", "err", e.Err)
	case ied.ScenarioEnded:
		log.InfoContext(ctx, "the scenario has ended")
	case ied.Scheduled:
		if e.Err != nil {
			log.WarnContext(ctx, "schedule", "schedule", e.Schedule.String(), "state", e.State, "err", e.Err)
			return
		}
		log.InfoContext(ctx, "schedule", "schedule", e.Schedule.String(), "state", e.State)
	case ied.Served:
		logServer(cmd, log, e.Event)
	}
}

func lineHint(err error) string {
	var re *ied.RefError
	var ve *ied.ValueError
	switch {
	case errors.As(err, &re):
		return re.Hint
	case errors.As(err, &ve):
		return ve.Hint
	}
	return ""
}

// logServer writes what an operator wants to see of the server.
func logServer(cmd *cobra.Command, log *slog.Logger, e server.Event) {
	ctx := cmd.Context()
	switch e := e.(type) {
	case server.Associated:
		log.InfoContext(ctx, "associated", "peer", e.Principal.Name, "proof", e.Principal.Proof.String())
	case server.Ended:
		log.InfoContext(ctx, "association ended", "peer", e.Principal.Name, "cause", e.Cause)
	case server.Denied:
		log.WarnContext(ctx, "denied", "peer", e.Principal.Name, "service", e.Service, "object", e.Ref.String(), "right", e.Right.String())
	case server.Commanded:
		level := slog.LevelInfo
		if e.AddCause != model.AddCauseNone {
			level = slog.LevelWarn
		}
		who := ""
		if e.Command.Principal != nil {
			who = e.Command.Principal.Name
		}
		log.Log(ctx, level, "command", "object", e.Command.Ref.String(), "value", e.Command.Value.Text(nil), "cause", e.AddCause.String(), "peer", who)
	default:
		log.DebugContext(ctx, "server", "event", fmt.Sprintf("%T", e), "details", fmt.Sprintf("%+v", e))
	}
}

// absolute makes a path that a later change of folder, or a configuration elsewhere, does not move.
func absolute(p string) string {
	if a, err := filepath.Abs(p); err == nil {
		return a
	}
	return p
}
