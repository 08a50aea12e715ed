package mmsbench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// An order is what a worker is asked to do, one a line on its standard input.
type order struct {
	Op    string `json:"op"`
	Addr  string `json:"addr,omitempty"`
	TLS   bool   `json:"tls,omitempty"`
	N     int    `json:"n,omitempty"`     // associations, peers, events
	MS    int    `json:"ms,omitempty"`    // how long
	Every int    `json:"every,omitempty"` // milliseconds between events
	Ref   string `json:"ref,omitempty"`
	In    int    `json:"in,omitempty"` // octets of an echo's question
	Out   int    `json:"out,omitempty"`

	Cert    string `json:"cert,omitempty"`
	Key     string `json:"key,omitempty"`
	CA      string `json:"ca,omitempty"`
	Domain  string `json:"domain,omitempty"`
	Port    int    `json:"port,omitempty"`
	Members int    `json:"members,omitempty"`
	Blocks  int    `json:"blocks,omitempty"`
	Pace    int    `json:"pace,omitempty"` // events a second at most
}

// A result is what comes of an order, one a line on standard output.
type result struct {
	Error   string  `json:"error,omitempty"`
	Count   int     `json:"count,omitempty"`
	Seconds float64 `json:"seconds,omitempty"`
	P50     float64 `json:"p50,omitempty"` // microseconds
	P99     float64 `json:"p99,omitempty"`
	Gaps    int     `json:"gaps,omitempty"`
	RSS     int     `json:"rss,omitempty"` // kB
	Mallocs uint64  `json:"mallocs,omitempty"`
	In      int     `json:"in,omitempty"`
	Out     int     `json:"out,omitempty"`
	Echo    string  `json:"echo,omitempty"` // addresses
	Clear   string  `json:"clear,omitempty"`
	Secured string  `json:"secured,omitempty"`
}

func (r result) rate() float64 { return float64(r.Count) / max(r.Seconds, 1e-9) }

func (o order) duration() time.Duration { return time.Duration(o.MS) * time.Millisecond }

// Work does what it is told until in ends.
func Work(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w := &worker{ctx: ctx}
	ops := map[string]func(order) (result, error){
		"serve": w.serve, "flood": w.flood, "pulse": w.pulse,
		"reads": w.reads, "dataset": w.dataset, "echo": w.echo, "sizes": w.sizes, "associations": w.associations,
		"hold": w.hold, "drop": w.drop, "silent": w.silent,
		"subscribe": w.subscribe, "collect": w.collect,
		"rss": weigh, "mallocs": mallocs,
	}
	answers := json.NewEncoder(out)
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var o order
		err := json.Unmarshal(lines.Bytes(), &o)
		var r result
		if err == nil {
			if op := ops[o.Op]; op != nil {
				r, err = op(o)
			} else {
				err = fmt.Errorf("unknown order %q", o.Op)
			}
		}
		if err != nil {
			r.Error = err.Error()
		}
		if err := answers.Encode(r); err != nil {
			return err
		}
	}
	cancel()
	w.end()
	return lines.Err()
}

// mallocs counts allocations of the process so far.
func mallocs(order) (result, error) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return result{Mallocs: m.Mallocs}, nil
}

// weigh gives the resident memory of the process after a collection.
func weigh(order) (result, error) {
	runtime.GC()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return result{}, err
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(v)[0])
			return result{RSS: kb}, err
		}
	}
	return result{}, errors.New("no VmRSS in /proc/self/status")
}
