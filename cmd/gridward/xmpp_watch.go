package main

import (
	"context"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stream"
)

// xmppWatch turns the events of a router into log lines and login times. A peer cannot fill the log: of each kind of event
// so many a second are written, and how many were left out is said with the next.
type xmppWatch struct {
	log    *slog.Logger
	logins prometheus.Histogram

	mu     sync.Mutex
	limit  map[server.EventKind]*rate.Limiter
	missed map[server.EventKind]int
}

func newXMPPWatch(log *slog.Logger) *xmppWatch {
	return &xmppWatch{
		log: log, limit: map[server.EventKind]*rate.Limiter{}, missed: map[server.EventKind]int{},
		logins: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "gridward_xmpp_login_seconds", Help: "From accept to authenticated.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5, 30},
		}),
	}
}

func (w *xmppWatch) event(e server.Event) {
	if e.Kind == server.LoginOK {
		w.logins.Observe(e.Latency.Seconds())
	}
	level := levelOf(e)
	if !w.log.Enabled(context.Background(), level) {
		return
	}
	missed, ok := w.may(e.Kind)
	if !ok {
		return
	}
	attrs := make([]slog.Attr, 0, 6)
	if !e.JID.IsZero() {
		attrs = append(attrs, slog.String("jid", e.JID.String()))
	}
	if !e.To.IsZero() {
		attrs = append(attrs, slog.String("to", e.To.String()))
	}
	if e.Remote.IsValid() {
		attrs = append(attrs, slog.String("remote", e.Remote.String()))
	}
	if e.Reason != "" {
		attrs = append(attrs, slog.String("reason", e.Reason))
	}
	if e.Err != nil {
		attrs = append(attrs, slog.String("err", e.Err.Error()))
	}
	if missed > 0 {
		attrs = append(attrs, slog.Int("left_out", missed))
	}
	w.log.LogAttrs(context.Background(), level, e.Kind.String(), attrs...)
}

// may reports whether an event of this kind may be written now, and how many were not before.
func (w *xmppWatch) may(k server.EventKind) (missed int, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.limit[k]
	if l == nil {
		l = rate.NewLimiter(20, 200)
		w.limit[k] = l
	}
	if !l.Allow() {
		w.missed[k]++
		return 0, false
	}
	missed = w.missed[k]
	w.missed[k] = 0
	return missed, true
}

func levelOf(e server.Event) slog.Level {
	if e.Kind == server.StreamError && e.Reason == stream.SystemShutdown { // that is us, ending in order
		return slog.LevelDebug
	}
	switch e.Kind {
	case server.LoginOK, server.Unsolicited, server.Throttled:
		return slog.LevelDebug
	case server.SessionUp, server.SessionDown, server.SessionDetached, server.SessionResumed, server.PolicyReloaded:
		return slog.LevelInfo
	case server.ClonedIdentity:
		return slog.LevelError
	}
	return slog.LevelWarn
}
