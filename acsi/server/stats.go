package server

import (
	"sync/atomic"

	"github.com/gridward/gridward/mms"
)

// Stats count what a server has done since it was made.
type Stats struct {
	Associations int64  // open now
	Requests     uint64 // confirmed requests
	Failures     uint64 // accesses and services that were not given, for whatever reason: unknown, of another type, read-only, ...
	Denied       uint64 // services refused for want of a right
	Commands     uint64 // control services that were accepted, or have been executed
	Refused      uint64 // control services that were refused or failed
	Reports      uint64 // sent, segments not counted
	ReportsLost  uint64 // dropped because an association was too slow
	LogEntries   uint64 // put into logs
	LogsLost     uint64 // entries of logs and report buffers that the Store did not take
}

type counters struct {
	associations                                                        atomic.Int64
	requests, failures, denied, commands, refused, reports, reportsLost atomic.Uint64
	logEntries, logsLost                                                atomic.Uint64
	sessions                                                            atomic.Uint64 // associations ever
}

// Stats tells the counters. It is safe for concurrent use.
func (s *Server) Stats() Stats {
	c := &s.count
	return Stats{
		Associations: c.associations.Load(), Requests: c.requests.Load(), Failures: c.failures.Load(), Denied: c.denied.Load(), Commands: c.commands.Load(),
		Refused: c.refused.Load(), Reports: c.reports.Load(), ReportsLost: c.reportsLost.Load(),
		LogEntries: c.logEntries.Load(), LogsLost: c.logsLost.Load(),
	}
}

// failures counts what an answer does not give.
func failures(answer mms.PDU) (n uint64) {
	r, ok := answer.(*mms.ConfirmedResponse)
	if !ok {
		return 1
	}
	switch s := r.Service.(type) {
	case *mms.ReadResponse:
		for i := range s.Results {
			if s.Results[i].Failed {
				n++
			}
		}
	case *mms.WriteResponse:
		for i := range s.Results {
			if s.Results[i].Failed {
				n++
			}
		}
	}
	return n
}
