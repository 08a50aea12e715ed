package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/gridward/gridward/center/dispatch"
	"github.com/gridward/gridward/center/fleet"
)

// Events are of four kinds:
//
//	snapshot  everything: the first event, unless the client continues where it stopped
//	ders      the DERs that changed
//	fleet     totals, once a second
//	command   a command that was given or has got further

// snapshot is the data of a snapshot event.
type snapshot struct {
	Time     time.Time          `json:"time"`
	Fleet    fleet.Totals       `json:"fleet"`
	DERs     []fleet.Summary    `json:"ders"`
	Commands []dispatch.Command `json:"commands"` // the newest first
}

// Run gathers changes into events until ctx ends.
func (a *API) Run(ctx context.Context) error {
	tick := time.NewTicker(a.cfg.Push)
	defer tick.Stop()
	_, version := a.fleet.Changed(0)
	var last time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			var changed []fleet.Summary
			if changed, version = a.fleet.Changed(version); len(changed) > 0 {
				a.hub.publish("ders", derList{now.UTC(), changed})
			}
			if now.Sub(last) >= time.Second-a.cfg.Push/2 {
				last = now
				a.hub.publish("fleet", a.fleet.Totals())
			}
		}
	}
}

// events serves a stream of server-sent events.
func (a *API) events(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		return
	}
	if !a.hub.join(a.cfg.Streams) {
		w.Header().Set("Retry-After", "10")
		fail(w, r, http.StatusServiceUnavailable, "too-many-streams", "Too many event streams are open", "close one, or come back later")
		return
	}
	defer a.hub.leave()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	s := &stream{w: w, c: http.NewResponseController(w), hub: a.hub, wait: a.cfg.WriteWait}
	seq, resume := a.hub.parse(r.Header.Get("Last-Event-ID"))
	if s.raw([]byte("retry: 2000\n\n")) != nil {
		return
	}
	beat := time.NewTicker(a.cfg.Heartbeat)
	defer beat.Stop()
	for {
		list, kept, wake := a.hub.after(seq)
		if !resume || !kept {
			if seq = a.hub.newest(); s.send(seq, "snapshot", a.snapshot()) != nil {
				return
			}
			resume = true
			continue
		}
		for i := range list {
			if s.event(&list[i]) != nil {
				return
			}
			seq = list[i].seq
		}
		if len(list) > 0 {
			continue
		}
		select {
		case <-wake:
		case <-beat.C:
			if s.raw([]byte(": still here\n\n")) != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

func (a *API) snapshot() snapshot {
	return snapshot{time.Now().UTC(), a.fleet.Totals(), a.fleet.List(), a.dispatch.List("", defaultCommands)}
}

// stream writes events to one client.
type stream struct {
	w    http.ResponseWriter
	c    *http.ResponseController
	hub  *hub
	wait time.Duration
	buf  []byte
}

func (s *stream) send(seq uint64, kind string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.event(&event{seq, kind, data})
}

func (s *stream) event(e *event) error {
	b := append(s.buf[:0], "id: "...)
	b = append(b, s.hub.id(e.seq)...)
	b = append(b, "\nevent: "...)
	b = append(b, e.kind...)
	b = append(b, "\ndata: "...)
	b = append(b, e.data...) // JSON on one line
	b = append(b, "\n\n"...)
	s.buf = b
	return s.raw(b)
}

// raw writes and flushes; a client that does not read for longer than wait is given up.
func (s *stream) raw(b []byte) error {
	if err := s.c.SetWriteDeadline(time.Now().Add(s.wait)); err != nil && !isUnsupported(err) {
		return err
	}
	if _, err := s.w.Write(b); err != nil {
		return err
	}
	return s.c.Flush()
}
