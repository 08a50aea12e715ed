package api

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gridward/gridward/center/fleet"
)

// metrics are for Prometheus, with prefix gridward_center_; labels have few values.
type metrics struct {
	api      *API
	handler  http.Handler
	registry *prometheus.Registry
	requests *prometheus.CounterVec

	ders, power, rating, commands, fleetCount, streams *prometheus.Desc
}

func newMetrics(a *API) *metrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("gridward_center_"+name, help, labels, nil)
	}
	m := &metrics{
		api: a, registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "gridward_center_http_requests_total", Help: "Requests by route and status.",
		}, []string{"route", "code"}),
		ders:       desc("ders", "DERs by state.", "state"),
		power:      desc("active_power_watts", "Sum of the active power of online DERs, positive into the grid.", "kind"),
		rating:     desc("rating_watts", "Sum of the ratings of online DERs.", "kind"),
		commands:   desc("commands_total", "Commands by how they ended; queued counts all.", "state"),
		fleetCount: desc("fleet_events_total", "What associations and reports have brought.", "event"),
		streams:    desc("event_streams", "Streams of server-sent events that are open."),
	}
	m.registry.MustRegister(m, m.requests, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
	return m
}

// Describe implements prometheus.Collector.
func (m *metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.ders, m.power, m.rating, m.commands, m.fleetCount, m.streams} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (m *metrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	t := m.api.fleet.Totals()
	for _, s := range fleet.States() {
		gauge(m.ders, float64(t.States[s]), string(s))
	}
	for kind, k := range t.Kinds {
		gauge(m.power, float64(k.ActivePower), string(kind))
		gauge(m.rating, float64(k.Rating), string(kind))
	}
	for name, v := range map[string]uint64{
		"association": t.Counters.Associations, "failure": t.Counters.Failures, "report": t.Counters.Reports,
		"value": t.Counters.Values, "bad_member": t.Counters.BadMembers, "late_value": t.Counters.LateValues,
		"buffer_overflow": t.Counters.BufferOverflow, "gap": t.Counters.Gaps,
	} {
		counter(m.fleetCount, v, name)
	}
	if m.api.dispatch != nil {
		for state, n := range m.api.dispatch.Counts() {
			counter(m.commands, n, string(state))
		}
	}
	gauge(m.streams, float64(m.api.hub.joined()))
}

// count counts the requests of a route.
func (m *metrics) count(route string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &counted{ResponseWriter: w, code: http.StatusOK}
		next(c, r)
		m.requests.WithLabelValues(route, strconv.Itoa(c.code)).Inc()
	}
}

// counted remembers the status.
type counted struct {
	http.ResponseWriter
	code int
}

func (c *counted) WriteHeader(code int) {
	c.code = code
	c.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }
