package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gridward/gridward/xmpp/server"
)

// xmppCollector shows the counters of a router to Prometheus. No label holds a JID.
type xmppCollector struct{ s *server.Server }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("gridward_xmpp_"+name, help, labels, nil)
}

var (
	descSessions   = desc("sessions", "Sessions by state.", "state")
	descLogins     = desc("logins_total", "Logins by mechanism and result.", "mechanism", "result")
	descStanzas    = desc("stanzas_total", "Stanzas that clients sent, by kind and what became of them.", "kind", "result")
	descDenied     = desc("policy_denied_total", "Stanzas refused by the rules, by kind.", "rule")
	descRejected   = desc("rejected_total", "Connections closed before TLS, by reason.", "reason")
	descErrors     = desc("stream_errors_total", "Stream errors sent, by condition.", "condition")
	descXML        = desc("xml_refused_total", "Streams ended for what their XML broke, by rule.", "rule")
	descResumes    = desc("sm_resume_total", "Resumptions by result.", "result")
	descQueue      = desc("sm_queue_bytes", "Octets held for sessions that have not acknowledged them.")
	descHeld       = desc("held_iq_expired_total", "Requests that waited too long for a detached session.")
	descEvents     = desc("events_total", "Events by kind.", "event")
	descBytes      = desc("bytes_total", "Octets of XML, by direction.", "dir")
	descRoute      = desc("route_seconds", "From reading stanzas to having sent what came of them.")
	allXMPPMetrics = []*prometheus.Desc{
		descSessions, descLogins, descStanzas, descDenied, descRejected, descErrors, descXML, descResumes, descQueue, descHeld, descEvents, descBytes, descRoute,
	}
)

// Describe implements prometheus.Collector.
func (c xmppCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range allXMPPMetrics {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c xmppCollector) Collect(ch chan<- prometheus.Metric) {
	st := c.s.Stats()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(descSessions, float64(st.Attached), "attached")
	gauge(descSessions, float64(st.Detached), "detached")
	gauge(descSessions, float64(st.Negotiating), "negotiating")
	gauge(descSessions, float64(st.Handshaking), "handshake")
	gauge(descQueue, float64(st.QueueBytes))
	for k, v := range st.Logins {
		count(descLogins, v, "EXTERNAL", k)
	}
	for kind, results := range st.Stanzas {
		for r, v := range results {
			count(descStanzas, v, kind.String(), r.String())
		}
	}
	for _, m := range []struct {
		d *prometheus.Desc
		v map[string]uint64
	}{{descDenied, st.Denied}, {descRejected, st.Rejected}, {descErrors, st.StreamErrors}, {descXML, st.XMLRules}, {descResumes, st.Resumes}} {
		for k, v := range m.v {
			count(m.d, v, k)
		}
	}
	for k, v := range st.Events {
		count(descEvents, v, k.String())
	}
	count(descHeld, st.HeldExpired)
	count(descBytes, st.BytesIn, "in")
	count(descBytes, st.BytesOut, "out")
	buckets := map[float64]uint64{}
	for i, b := range server.RouteBuckets {
		buckets[b] = st.Route.Counts[i]
	}
	ch <- prometheus.MustNewConstHistogram(descRoute, st.Route.Count, st.Route.Sum, buckets)
}
