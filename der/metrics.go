package der

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gridward/gridward/model"
)

// counters are what an agent counts besides the state of its device.
type counters struct {
	linkUp       atomic.Bool
	links        atomic.Uint64
	associations atomic.Uint64
	refused      atomic.Uint64
	done, failed atomic.Uint64
}

// count sees every event before Config.Events does.
func (c *counters) count(e Event) {
	switch e := e.(type) {
	case LinkUp:
		c.linkUp.Store(true)
		c.links.Add(1)
	case LinkDown:
		c.linkUp.Store(false)
	case AssociationUp:
		c.associations.Add(1)
	case AssociationRefused:
		c.refused.Add(1)
	case CommandEnded:
		if e.AddCause == model.AddCauseNone {
			c.done.Add(1)
		} else {
			c.failed.Add(1)
		}
	}
}

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("gridward_der_"+name, help, labels, nil)
}

var (
	descPower     = desc("active_power_watts", "Active power into the grid.")
	descReactive  = desc("reactive_power_vars", "Reactive power into the grid.")
	descFrequency = desc("frequency_hertz", "Frequency at the terminals.")
	descEnergy    = desc("energy_watthours_total", "Metered energy since the start.", "direction")
	descLimit     = desc("limit_watts", "Limit of active power in force.")
	descTarget    = desc("setpoint_watts", "Set-point of active power in force.")
	descSoC       = desc("state_of_charge_ratio", "State of charge of the battery or connected vehicle.")
	descHealth    = desc("health", "Health of IEC 61850-7-4: 1 ok, 2 warning, 3 alarm.")
	descFailSafe  = desc("fail_safe", "1 while the fail-safe limit holds.")
	descLink      = desc("link_up", "1 while the XMPP session is up.")
	descLinks     = desc("links_total", "XMPP sessions established.")
	descCurrent   = desc("associations", "Associations served now.")
	descAssoc     = desc("associations_total", "Associations, accepted and refused.", "result")
	descCommands  = desc("commands_total", "Commands for limit and set-point, by how they ended.", "result")
	descRequests  = desc("requests_total", "Confirmed requests of clients.")
	descFailures  = desc("failures_total", "Accesses and services that were refused, for whatever reason.")
	descReports   = desc("reports_total", "Reports, sent and dropped because the client was too slow.", "result")
	descIgnored   = desc("stanzas_ignored_total", "Stanzas that were dropped or rejected, by reason.", "reason")
)

// Describe makes an Agent a prometheus.Collector.
func (a *Agent) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descPower, descReactive, descFrequency, descEnergy, descLimit, descTarget, descSoC, descHealth, descFailSafe,
		descLink, descLinks, descCurrent, descAssoc, descCommands, descRequests, descFailures, descReports, descIgnored,
	} {
		ch <- d
	}
}

// Collect gives the state at the last tick.
func (a *Agent) Collect(ch chan<- prometheus.Metric) {
	s, health, assocs, failSafe := a.State()
	c := &a.counters
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	truth := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	gauge(descPower, s.W)
	gauge(descReactive, s.VAr)
	gauge(descFrequency, s.Hz)
	counter(descEnergy, s.ExportWh, "export")
	counter(descEnergy, s.ImportWh, "import")
	gauge(descLimit, s.Limit)
	gauge(descTarget, s.Target)
	gauge(descSoC, s.SoC)
	gauge(descHealth, float64(health))
	gauge(descFailSafe, truth(failSafe))
	gauge(descLink, truth(c.linkUp.Load()))
	counter(descLinks, float64(c.links.Load()))
	gauge(descCurrent, float64(assocs))
	counter(descAssoc, float64(c.associations.Load()), "accepted")
	counter(descAssoc, float64(c.refused.Load()), "refused")
	counter(descCommands, float64(c.done.Load()), "done")
	counter(descCommands, float64(c.failed.Load()), "failed")
	st := a.unit.srv.Stats()
	counter(descRequests, float64(st.Requests))
	counter(descFailures, float64(st.Failures))
	counter(descReports, float64(st.Reports), "sent")
	counter(descReports, float64(st.ReportsLost), "lost")
	if l, ok := a.link.(interface{ ignored() map[string]uint64 }); ok {
		for why, n := range l.ignored() {
			counter(descIgnored, float64(n), why)
		}
	}
}
