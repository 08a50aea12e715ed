package xmppbench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gridward/gridward/interop/peers"
)

// Options says what to measure. Zero fields get the defaults of a run that takes about a minute.
type Options struct {
	Exe      string        // our own program, which is run as 'xmpp serve'
	Dir      string        // for keys and configurations; must exist
	Servers  []string      // of "gridward", "prosody", "ejabberd"; empty: all
	Rounds   int           // of each server, interleaved; 0 = 5
	Each     time.Duration // of one round; 0 = 2 s
	Window   int           // open requests; 0 = 32
	Payload  int           // octets of a request and of its answer; 0 = 400
	Sessions int           // idle sessions; 0 = 1000
	Workers  int           // logins at the same time; 0 = 8
	Settle   time.Duration // before idle sessions are weighed; 0 = 8 s
	Progress func(string)  // told what is being done; may be nil
}

func (o Options) defaults() Options {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&o.Rounds, 5)
	def(&o.Window, 32)
	def(&o.Payload, 400)
	def(&o.Sessions, 1000)
	def(&o.Workers, 8)
	if o.Each == 0 {
		o.Each = 2 * time.Second
	}
	if o.Settle == 0 {
		o.Settle = 8 * time.Second
	}
	if len(o.Servers) == 0 {
		o.Servers = []string{"gridward", "prosody", "ejabberd"}
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

// A Result is what was measured of one server. Medians are over the rounds.
type Result struct {
	Server       string    `json:"server"`
	RoundTrips   float64   `json:"roundTripsPerSecond"` // median
	Rounds       []float64 `json:"rounds"`              // round trips a second of each
	PerCPUSecond float64   `json:"roundTripsPerServerCPUSecond"`
	LatencyUS    float64   `json:"idleLatencyMicroseconds"` // median of one request at a time
	Logins       float64   `json:"loginsPerSecond"`
	LoginsPerCPU float64   `json:"loginsPerServerCPUSecond"`
	Sessions     int       `json:"idleSessions"`
	RSS          int       `json:"rssKilobytes"`        // with the idle sessions
	RSSBefore    int       `json:"rssKilobytesBefore"`  // without them
	PerSession   float64   `json:"kilobytesPerSession"` // the difference, a session
	Missing      string    `json:"missing,omitempty"`   // why it was not measured
	cpu          time.Duration
	answers      int
}

// A Report is a whole run.
type Report struct {
	Window  int                `json:"openRequests"`
	Payload int                `json:"payloadOctets"`
	Results []*Result          `json:"results"`
	Ratio   map[string]float64 `json:"ratio"` // our round trips a second over those of the other
}

// account is who logs in, and with what.
type account struct {
	jid string
	tc  *tls.Config
}

// target is a running server with the pair of clients that loads it.
type target struct {
	*Result
	addr string
	pid  int
	stop func() error
	load *pair
}

const benchDomain = "bench.example"

// Run measures the servers one after the other in every round. A server that is not installed is reported as missing.
func Run(ctx context.Context, o Options) (*Report, error) {
	o = o.defaults()
	o.Progress("making certificates")
	devices := make([]string, o.Sessions+1)
	for i := range devices {
		devices[i] = fmt.Sprintf("d%d@%s", i, benchDomain)
	}
	site, err := peers.MakeSite(o.Dir, benchDomain, []string{"center@" + benchDomain}, devices)
	if err != nil {
		return nil, err
	}
	site.Unlimited = true
	rep := &Report{Window: o.Window, Payload: o.Payload, Ratio: map[string]float64{}}
	var targets []*target
	defer func() {
		for _, t := range targets {
			if t.load != nil {
				_ = t.load.close()
			}
			_ = t.stop()
		}
	}()
	for _, name := range o.Servers {
		o.Progress("starting " + name)
		t, err := start(ctx, name, o, site)
		if errors.Is(err, peers.ErrMissing) {
			rep.Results = append(rep.Results, &Result{Server: name, Missing: err.Error()})
			continue
		}
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
		rep.Results = append(rep.Results, t.Result)
	}
	for _, t := range targets {
		if err := t.idle(ctx, o, site); err != nil {
			return nil, fmt.Errorf("%s: %w", t.Server, err)
		}
	}
	if err := throughput(ctx, o, site, targets); err != nil {
		return nil, err
	}
	rep.ratios()
	return rep, nil
}

func identity(site peers.Site, jid string) (account, error) {
	tc, err := site.Client(jid)
	return account{jid, tc}, err
}

// idle logs sessions in, as fast as the server takes them, and weighs them.
func (t *target) idle(ctx context.Context, o Options, site peers.Site) error {
	ids := make([]account, o.Sessions)
	for i := range ids {
		var err error
		if ids[i], err = identity(site, site.Devices[i+1]); err != nil {
			return err
		}
	}
	// One session warms up what the server makes once.
	warm, err := login(t.addr, ids[0].tc, ids[0].jid)
	if err != nil {
		return err
	}
	if err := warm.Close(); err != nil {
		return err
	}
	if err := pause(ctx, o.Settle/2); err != nil {
		return err
	}
	if t.RSSBefore, err = rssOf(t.pid); err != nil {
		return err
	}
	o.Progress(fmt.Sprintf("%s: %d logins", t.Server, len(ids)))
	cpu, err := cpuOf(t.pid)
	if err != nil {
		return err
	}
	begin := time.Now()
	sessions, err := loginAll(t.addr, ids, o.Workers)
	took := time.Since(begin)
	defer func() {
		for _, s := range sessions {
			if s != nil {
				_ = s.Close()
			}
		}
	}()
	if err != nil {
		return err
	}
	used, err := cpuOf(t.pid)
	if err != nil {
		return err
	}
	t.Sessions, t.Logins = len(ids), float64(len(ids))/took.Seconds()
	t.LoginsPerCPU = float64(len(ids)) / max((used-cpu).Seconds(), 1.0/ticks)
	o.Progress(t.Server + ": waiting for it to settle")
	if err := pause(ctx, o.Settle); err != nil {
		return err
	}
	if t.RSS, err = rssOf(t.pid); err != nil {
		return err
	}
	t.PerSession = float64(t.RSS-t.RSSBefore) / float64(t.Sessions)
	return nil
}

func loginAll(addr string, ids []account, workers int) ([]*client, error) {
	out := make([]*client, len(ids))
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(ids) && errs[w] == nil; i += workers {
				out[i], errs[w] = login(addr, ids[i].tc, ids[i].jid)
			}
		})
	}
	wg.Wait()
	return out, errors.Join(errs...)
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// throughput runs the rounds, interleaved, so that what disturbs the machine disturbs all alike.
func throughput(ctx context.Context, o Options, site peers.Site, targets []*target) error {
	asker, err := identity(site, site.Centres[0])
	if err != nil {
		return err
	}
	answerer, err := identity(site, site.Devices[0])
	if err != nil {
		return err
	}
	for _, t := range targets {
		if t.load, err = newPair(t.addr, asker, answerer, o.Payload); err != nil {
			return fmt.Errorf("%s: %w", t.Server, err)
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil { // until presence has gone both ways
			return err
		}
		if _, _, err := t.load.run(500*time.Millisecond, o.Window); err != nil {
			return fmt.Errorf("%s: %w", t.Server, err)
		}
		lat, err := t.load.latency(500)
		if err != nil {
			return fmt.Errorf("%s: %w", t.Server, err)
		}
		t.LatencyUS = float64(lat) / 1e3
	}
	for r := range o.Rounds {
		for _, t := range targets {
			if err := ctx.Err(); err != nil {
				return err
			}
			o.Progress(fmt.Sprintf("round %d of %d: %s", r+1, o.Rounds, t.Server))
			if err := t.round(o); err != nil {
				return fmt.Errorf("%s: %w", t.Server, err)
			}
		}
	}
	for _, t := range targets {
		t.RoundTrips = median(t.Rounds)
		t.PerCPUSecond = float64(t.answers) / max(t.cpu.Seconds(), 1.0/ticks)
	}
	return nil
}

func (t *target) round(o Options) error {
	before, err := cpuOf(t.pid)
	if err != nil {
		return err
	}
	n, took, err := t.load.run(o.Each, o.Window)
	if err != nil {
		return err
	}
	after, err := cpuOf(t.pid)
	if err != nil {
		return err
	}
	t.Rounds = append(t.Rounds, float64(n)/took.Seconds())
	t.answers += n
	t.cpu += after - before
	return nil
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if len(s) == 0 {
		return 0
	}
	return s[len(s)/2]
}

func (r *Report) ratios() {
	ours := 0.0
	for _, res := range r.Results {
		if res.Server == "gridward" {
			ours = res.RoundTrips
		}
	}
	for _, res := range r.Results {
		if res.Server != "gridward" && res.RoundTrips > 0 && ours > 0 {
			r.Ratio[res.Server] = ours / res.RoundTrips
		}
	}
}
