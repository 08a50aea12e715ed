package mmsbench

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/gridward/gridward/interop/peers"
)

// Options say what to measure. Zero fields get the defaults of a run that takes some three minutes.
type Options struct {
	Exe       string        // our own program
	Args      []string      // that make it a worker (Work)
	Dir       string        // for keys; must exist
	Scenarios []string      // see Scenarios; empty: all
	Rounds    int           // interleaved; 0 = 5
	Each      time.Duration // of one round; 0 = 1 s
	Many      int           // idle associations; 0 = 1000
	Clients   int           // that have reports at the same time; 0 = 100
	NoPeer    bool          // leave libiec61850 out
	Progress  func(string)  // told what is being done; may be nil
}

func (o *Options) setDefaults() {
	for _, d := range []struct {
		v *int
		n int
	}{{&o.Rounds, 5}, {&o.Many, 1000}, {&o.Clients, 100}} {
		if *d.v == 0 {
			*d.v = d.n
		}
	}
	if o.Each == 0 {
		o.Each = time.Second
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	o.Many = min(o.Many, perName*names)
	o.Clients = min(o.Clients, o.Many)
}

// A Figure is one thing that was measured.
type Figure struct {
	Scenario string    `json:"scenario"`
	Name     string    `json:"name"`
	Unit     string    `json:"unit,omitempty"`
	Value    float64   `json:"value"`            // median of the rounds
	Rounds   []float64 `json:"rounds,omitempty"` // of each
	Peer     string    `json:"peer,omitempty"`   // beside whom
	PeerIs   float64   `json:"peerValue,omitempty"`
	Bar      float64   `json:"bar,omitempty"`
	AtMost   bool      `json:"atMost,omitempty"` // Value is not to be more than Bar; otherwise not less
	Met      *bool     `json:"met,omitempty"`    // nil: there is no bar
	Note     string    `json:"note,omitempty"`
}

// A Report is a whole run.
type Report struct {
	Time         time.Time `json:"time"`
	Go           string    `json:"go"`
	CPUs         int       `json:"cpus"`
	RoundSeconds float64   `json:"roundSeconds"`
	Question     int       `json:"questionOctets"` // of a read, on the wire
	Answer       int       `json:"answerOctets"`
	Peer         string    `json:"peer"`              // and how it was measured
	Missing      string    `json:"missing,omitempty"` // the peer, and why
	Figures      []*Figure `json:"figures"`
}

// bench is a run.
type bench struct {
	ctx    context.Context
	o      Options
	rep    *Report
	site   peers.Site
	all    []*process
	name   string // of the scenario
	client *process
	server *process
	at     result // where server serves
	theirs *process
	their  string // where theirs serves; "": there is none
	them   *process
}

const (
	benchDomain = "mms.bench.example"
	benchClient = "client@mms.bench.example"
	float       = "BENCHLD0/GGIO1.AnIn1.mag.f"
	peerMost    = 4 // associations at once with libiec61850's server; this build takes five
)

type scenario struct {
	name, about string
	run         func(*bench) error
}

// In the order in which they run: the ones that leave nothing behind first.
var scenarios = []scenario{
	{"read", "sequential reads of one float beside a raw TCP echo of the same sizes and libiec61850", (*bench).read},
	{"ten", "the same on ten associations at once", (*bench).ten},
	{"dataset", "a data set of 100 floats", (*bench).dataset},
	{"tls", "reads through TLS beside reads in the clear", (*bench).tls},
	{"associate", "associations set up and released", (*bench).associate},
	{"reports", "reports to one client and to many: how many, and how late", (*bench).reports},
	{"idle", "reads beside many idle associations, and their memory", (*bench).idle},
	{"silent", "reads while peers are silent on the TLS port", (*bench).silent},
	{"urcb", "many associations with a report a second each", (*bench).urcb},
}

// Scenarios are the names that Options.Scenarios may have, each with what it measures.
func Scenarios() (list [][2]string) {
	for _, s := range scenarios {
		list = append(list, [2]string{s.name, s.about})
	}
	return list
}

// Run measures. A peer that is not installed is reported as missing.
func Run(ctx context.Context, o Options) (*Report, error) {
	o.setDefaults()
	for _, name := range o.Scenarios {
		if !slices.ContainsFunc(scenarios, func(s scenario) bool { return s.name == name }) {
			return nil, fmt.Errorf("there is no scenario %q", name)
		}
	}
	b := &bench{ctx: ctx, o: o, rep: &Report{
		Time: time.Now(), Go: runtime.Version(), CPUs: runtime.NumCPU(), RoundSeconds: o.Each.Seconds(),
	}}
	defer func() {
		for _, p := range b.all {
			p.stop()
		}
	}()
	if err := b.prepare(); err != nil {
		return nil, err
	}
	for _, s := range scenarios {
		if len(o.Scenarios) > 0 && !slices.Contains(o.Scenarios, s.name) {
			continue
		}
		b.name = s.name
		if err := s.run(b); err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return b.rep, nil
}

func (b *bench) prepare() (err error) {
	b.o.Progress("making certificates, starting processes")
	if b.site, err = peers.MakeSite(b.o.Dir, benchDomain, []string{benchClient}, nil); err != nil {
		return err
	}
	if b.server, b.at, err = b.serving("server"); err != nil {
		return err
	}
	if b.client, err = b.worker("client"); err != nil {
		return err
	}
	r, err := b.client.do(order{Op: "sizes", Addr: b.at.Clear, Ref: float + "[MX]"})
	if err != nil {
		return err
	}
	b.rep.Question, b.rep.Answer = r.Out, r.In
	return b.preparePeer()
}

func (b *bench) preparePeer() (err error) {
	if b.o.NoPeer {
		b.rep.Missing = "libiec61850 was left out"
		return nil
	}
	if b.theirs, err = b.foreign("libiec61850 server"); err == nil {
		b.them, err = b.foreign("libiec61850 client")
	}
	if errors.Is(err, peers.ErrMissing) {
		b.rep.Missing = "libiec61850: " + err.Error()
		return nil
	}
	if err != nil {
		return err
	}
	b.rep.Peer = "libiec61850 of pyiec61850-ng, its functions called by ctypes: what is timed is the library, less than 1 µs a call is Python"
	port, err := freePort()
	if err != nil {
		return err
	}
	r, err := b.theirs.do(order{Op: "serve", Port: port, Members: members, Blocks: peerMost})
	b.their = r.Clear
	return err
}

// secured adds to an order what TLS needs.
func (b *bench) secured(o order) order {
	o.TLS, o.Addr, o.CA, o.Domain = true, b.at.Secured, b.site.CA, benchDomain
	o.Cert, o.Key = b.site.Files(benchClient)
	return o
}

// A lane is what is measured in every round.
type lane struct {
	name  string
	p     *process
	o     order
	value func(result) float64 // nil: the rate
	rates []float64
	last  result
}

// rounds runs the lanes one after the other in every round, so that what disturbs the machine disturbs all alike.
func (b *bench) rounds(lanes ...*lane) error {
	for r := range b.o.Rounds {
		for _, l := range lanes {
			if l == nil {
				continue
			}
			b.o.Progress(fmt.Sprintf("%s, round %d of %d: %s", b.name, r+1, b.o.Rounds, l.name))
			if l.o.MS == 0 {
				l.o.MS = int(b.o.Each.Milliseconds())
			}
			got, err := l.p.do(l.o)
			for try := 0; err != nil && b.their != "" && l.o.Addr == b.their && try < 9; try++ {
				got, err = l.p.do(l.o) // its server closes associations now and then, for no reason
			}
			if err != nil {
				return err
			}
			l.last = got
			v := got.rate()
			if l.value != nil {
				v = l.value(got)
			}
			l.rates = append(l.rates, v)
		}
	}
	return nil
}

func (l *lane) median() float64 {
	if l == nil {
		return 0
	}
	return median(l.rates)
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if len(s) == 0 {
		return 0
	}
	return s[len(s)/2]
}

// ratios gives ours by other's, round by round.
func ratios(ours, other *lane) []float64 {
	out := make([]float64, 0, len(ours.rates))
	for i := range ours.rates {
		out = append(out, ours.rates[i]/max(other.rates[i], 1e-9))
	}
	return out
}

func (b *bench) put(f *Figure) *Figure {
	f.Scenario = b.name
	if len(f.Rounds) > 0 {
		f.Value = median(f.Rounds)
	}
	b.rep.Figures = append(b.rep.Figures, f)
	return f
}

// atLeast sets a bar.
func (f *Figure) atLeast(bar float64) *Figure {
	met := f.Value >= bar
	f.Bar, f.Met = bar, &met
	return f
}

func (f *Figure) atMost(bar float64) *Figure {
	met := f.Value <= bar
	f.Bar, f.Met, f.AtMost = bar, &met, true
	return f
}

// beside puts the ratio of ours to a lane of the peer, with a bar.
func (b *bench) beside(name string, ours, peer *lane, bar float64) {
	if peer == nil {
		return
	}
	b.put(&Figure{
		Name: name + " / libiec61850", Rounds: ratios(ours, peer), Peer: peer.name, PeerIs: peer.median(),
	}).atLeast(bar)
}
