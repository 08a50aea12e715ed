package api

import (
	_ "embed"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gridward/gridward/center/dispatch"
	"github.com/gridward/gridward/center/fleet"
)

//go:embed openapi.json
var openAPI []byte

// Fleet is what the interface shows of a fleet.Fleet.
type Fleet interface {
	List() []fleet.Summary
	Changed(since uint64) ([]fleet.Summary, uint64)
	Detail(id string) (fleet.Detail, error)
	Get(id string) (fleet.Summary, error)
	Model(id string) (fleet.Model, error)
	Trend(id string) (fleet.Trend, error)
	TotalTrend() fleet.Trend
	Totals() fleet.Totals
	Hold(id string, on bool) error
}

// Config of an API. Zero values get the defaults named here.
type Config struct {
	Hosts      []string      // names and addresses under which we are reached, beside those of loopback
	Push       time.Duration // how often changes are gathered into an event; default 500 ms
	Heartbeat  time.Duration // comment on a stream where nothing happens; default 15 s
	WriteWait  time.Duration // how long a client may take to read an answer, or an event; default 10 s
	Streams    int           // streams at once; default 64
	EventBytes int           // octets of events kept for those who come back; default 4 MiB
	Version    string
}

func (c Config) withDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&c.Push, 500*time.Millisecond)
	def(&c.Heartbeat, 15*time.Second)
	def(&c.WriteWait, 10*time.Second)
	if c.Streams <= 0 {
		c.Streams = 64
	}
	if c.EventBytes <= 0 {
		c.EventBytes = 4 << 20
	}
	return c
}

// An API serves one fleet. Make it with New, run it with Run, and serve Handler.
type API struct {
	cfg      Config
	fleet    Fleet
	dispatch *dispatch.Dispatcher
	hub      *hub
	metrics  *metrics
}

// New makes an API. The dispatcher's OnChange should be API.CommandChanged; SetDispatcher gives it afterwards.
func New(cfg Config, f Fleet) *API {
	cfg = cfg.withDefaults()
	a := &API{cfg: cfg, fleet: f, hub: newHub(cfg.EventBytes)}
	a.metrics = newMetrics(a)
	return a
}

// SetDispatcher says where commands go. It must be called before Handler is served.
func (a *API) SetDispatcher(d *dispatch.Dispatcher) { a.dispatch = d }

// Collect adds metrics of somebody else to /metrics.
func (a *API) Collect(c prometheus.Collector) error { return a.metrics.registry.Register(c) }

// CommandChanged tells all streams of a command.
func (a *API) CommandChanged(c dispatch.Command) { a.hub.publish("command", c) }

// A Route is one path with its methods.
type Route struct {
	Path    string // as in openapi.json
	Methods map[string]http.HandlerFunc
}

// Routes lists everything that openapi.json describes.
func (a *API) Routes() []Route {
	get := func(h http.HandlerFunc) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{http.MethodGet: h}
	}
	post := func(h http.HandlerFunc) map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{http.MethodPost: h}
	}
	return []Route{
		{"/healthz", get(a.health)},
		{"/metrics", get(a.metrics.handler.ServeHTTP)},
		{"/api/v1/openapi.json", get(a.document)},
		{"/api/v1/fleet", get(a.totals)},
		{"/api/v1/fleet/trend", get(a.totalTrend)},
		{"/api/v1/ders", get(a.list)},
		{"/api/v1/ders/{id}", get(a.detail)},
		{"/api/v1/ders/{id}/model", get(a.model)},
		{"/api/v1/ders/{id}/trend", get(a.trend)},
		{"/api/v1/ders/{id}/setpoint", post(a.setpoint)},
		{"/api/v1/ders/{id}/hold", post(a.hold)},
		{"/api/v1/commands", get(a.commands)},
		{"/api/v1/commands/{id}", get(a.command)},
		{"/api/v1/events", get(a.events)},
	}
}

// Handler serves the interface, and the dashboard's files from web if it is not nil.
func (a *API) Handler(web fs.FS) http.Handler {
	mux := http.NewServeMux()
	for _, route := range a.Routes() {
		mux.HandleFunc(route.Path, a.metrics.count(route.Path, byMethod(route.Methods)))
	}
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, r, http.StatusNotFound, "not-found", "There is nothing here", "see /api/v1/openapi.json")
	})
	mux.Handle("/", files(web))
	return a.guard(mux)
}

// byMethod picks the handler for a method; HEAD is served by that of GET.
func byMethod(methods map[string]http.HandlerFunc) http.HandlerFunc {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		if methods[m] != nil || m == http.MethodHead && methods[http.MethodGet] != nil {
			allowed = append(allowed, m)
		}
	}
	allow := strings.Join(allowed, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		m := r.Method
		if m == http.MethodHead {
			m = http.MethodGet
		}
		if h := methods[m]; h != nil {
			h(w, r)
			return
		}
		w.Header().Set("Allow", allow)
		fail(w, r, http.StatusMethodNotAllowed, "method", "The method is not allowed here", r.Method+" is not one of "+allow)
	}
}

func (a *API) health(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok", "version": a.cfg.Version})
}

func (a *API) document(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(openAPI) // the client has gone if this fails
}
