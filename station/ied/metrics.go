package ied

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gridward/gridward/acsi/server"
)

// counters are what an IED counts besides its server.
type counters struct {
	associations, refused, lines atomic.Uint64
	linkUp                       atomic.Bool
}

func (c *counters) count(e Event) {
	switch e := e.(type) {
	case Served:
		if _, ok := e.Event.(server.Associated); ok {
			c.associations.Add(1)
		}
	case AssociationRefused:
		c.refused.Add(1)
	case LineRefused:
		c.lines.Add(1)
	case LinkUp:
		c.linkUp.Store(true)
	case LinkDown:
		c.linkUp.Store(false)
	}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("gridward_ied_"+name, help, labels, nil)
}

var (
	descCurrent  = desc("associations", "Associations served now.")
	descAssoc    = desc("associations_total", "Associations, accepted and refused.", "result")
	descRequests = desc("requests_total", "Confirmed requests of clients.")
	descFailures = desc("failures_total", "Accesses and services that were not given, for whatever reason.")
	descDenied   = desc("denied_total", "Services refused for want of a right.")
	descCommands = desc("commands_total", "Control services, by what became of them.", "result")
	descReports  = desc("reports_total", "Reports, sent and lost because a client was too slow.", "result")
	descLines    = desc("lines_refused_total", "Lines of values that had no effect.")
	descLink     = desc("xmpp_up", "1 while the XMPP session is up.")
	allDescs     = []*prometheus.Desc{descCurrent, descAssoc, descRequests, descFailures, descDenied, descCommands, descReports, descLines, descLink}
)

// Describe implements prometheus.Collector.
func (d *IED) Describe(ch chan<- *prometheus.Desc) {
	for _, x := range allDescs {
		ch <- x
	}
}

// Collect implements prometheus.Collector.
func (d *IED) Collect(ch chan<- prometheus.Metric) {
	gauge := func(x *prometheus.Desc, v float64) {
		ch <- prometheus.MustNewConstMetric(x, prometheus.GaugeValue, v)
	}
	count := func(x *prometheus.Desc, v uint64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(x, prometheus.CounterValue, float64(v), labels...)
	}
	s := d.srv.Stats()
	gauge(descCurrent, float64(s.Associations))
	count(descAssoc, d.counters.associations.Load(), "accepted")
	count(descAssoc, d.counters.refused.Load(), "refused")
	count(descRequests, s.Requests)
	count(descFailures, s.Failures)
	count(descDenied, s.Denied)
	count(descCommands, s.Commands, "accepted")
	count(descCommands, s.Refused, "refused")
	count(descReports, s.Reports, "sent")
	count(descReports, s.ReportsLost, "lost")
	count(descLines, d.counters.lines.Load())
	if d.link != nil {
		up := 0.0
		if d.counters.linkUp.Load() {
			up = 1
		}
		gauge(descLink, up)
	}
}
