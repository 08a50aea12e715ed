package main

import (
	"context"
	"log/slog"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
)

// auditLog writes what was changed, what was to be changed and who was there to the log.
type auditLog struct {
	ctx context.Context
	log *slog.Logger
}

// Record makes auditLog a server.Audit.
func (a auditLog) Record(r server.AuditRecord) {
	level, result := slog.LevelInfo, "done"
	if r.Err != nil {
		level, result = slog.LevelWarn, r.Err.Error()
	}
	if r.AddCause != model.AddCauseNone {
		result = r.AddCause.String()
	}
	peer := ""
	if r.Principal != nil {
		peer = r.Principal.Name
	}
	a.log.Log(a.ctx, level, "audit", "peer", peer, "association", r.Association, "service", r.Service, "object", r.Ref.String(),
		"right", r.Right.String(), "result", result)
}
