package center

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/gridward/gridward/xmpp/mmsbinding"
)

var (
	descIgnored = prometheus.NewDesc("gridward_center_stanzas_ignored_total", "Stanzas that were dropped: what they claim does not hold.", []string{"reason"}, nil)
	descBinding = prometheus.NewDesc("gridward_center_binding_events_total", "What the 8-2 binding refused, rejected and lost.", []string{"event"}, nil)
)

// binding shows the counters of an endpoint.
type binding struct{ endpoint *mmsbinding.Endpoint }

// Describe implements prometheus.Collector.
func (b binding) Describe(ch chan<- *prometheus.Desc) {
	ch <- descIgnored
	ch <- descBinding
}

// Collect implements prometheus.Collector.
func (b binding) Collect(ch chan<- prometheus.Metric) {
	c := b.endpoint.Counters()
	for why := range mmsbinding.NumWhy {
		ch <- prometheus.MustNewConstMetric(descIgnored, prometheus.CounterValue, float64(c.Ignored[why]), why.String())
	}
	for event, n := range map[string]uint64{
		"association-refused": c.Refused, "pdu-rejected": c.Rejected, "request-timeout": c.Timeouts,
		"association-aborted": c.Aborted, "stanza-error": c.StanzaErrs,
	} {
		ch <- prometheus.MustNewConstMetric(descBinding, prometheus.CounterValue, float64(n), event)
	}
}
