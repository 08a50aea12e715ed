package der

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// twin is a Link without a network: the test opens associations with connect.
type twin struct {
	accept chan mms.Association
}

func newTwin() *twin { return &twin{accept: make(chan mms.Association)} }

func (l *twin) Run(ctx context.Context, accept func(mms.Association), events func(Event)) error {
	events(LinkUp{})
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case <-ctx.Done():
			return nil
		case a := <-l.accept:
			wg.Go(func() { accept(a) })
		}
	}
}

func (l *twin) connect() (*client.Client, *mmstest.End) { return l.connectWith(mms.Params{}) }

func (l *twin) connectWith(p mms.Params) (*client.Client, *mmstest.End) {
	near, far := mmstest.Pipe(p)
	l.accept <- far
	return client.New(near, client.Options{}), near
}

// faulty is a device that a test can break.
type faulty struct {
	mu sync.Mutex
	*device.Device
}

func (f *faulty) Step(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Device.Step(now)
}

func (f *faulty) set(change func(d *device.Device)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f.Device)
}

// bench is an agent under a virtual clock.
type bench struct {
	*Agent
	link   *twin
	dev    *faulty
	mu     sync.Mutex
	events []Event
}

// start runs an agent until the end of the test. Use it inside a synctest bubble.
func start(t *testing.T, cfg Config) *bench {
	t.Helper()
	b := &bench{link: newTwin()}
	d, err := device.New(cfg.Device)
	if err != nil {
		t.Fatal(err)
	}
	b.dev = &faulty{Device: d}
	cfg.Link, cfg.Adapter, cfg.IED = b.link, b.dev, "DER1"
	cfg.Events = func(e Event) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.events = append(b.events, e)
	}
	if b.Agent, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return b
}

func seen[E Event](b *bench) (n int, last E) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.events {
		if x, ok := e.(E); ok {
			n, last = n+1, x
		}
	}
	return n, last
}

func ref(t testing.TB, s string) model.Ref {
	t.Helper()
	r, err := model.ParseRef(s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func float(t testing.TB, c *client.Client, s string) float64 {
	t.Helper()
	v, err := c.ReadOne(t.Context(), ref(t, s))
	if err != nil {
		t.Fatal(err)
	}
	f, ok := v.AsFloat()
	if !ok {
		t.Fatalf("%s is no float", s)
	}
	return f
}

func quality(t testing.TB, c *client.Client, s string) model.Quality {
	t.Helper()
	v, err := c.ReadOne(t.Context(), ref(t, s))
	if err != nil {
		t.Fatal(err)
	}
	q, ok := v.AsQuality()
	if !ok {
		t.Fatalf("%s is no quality", s)
	}
	return q
}

func whole(t testing.TB, c *client.Client, s string) int64 {
	t.Helper()
	v, err := c.ReadOne(t.Context(), ref(t, s))
	if err != nil {
		t.Fatal(err)
	}
	n, ok := v.AsInt()
	if !ok {
		if b, isBool := v.AsBool(); isBool && b {
			return 1
		}
	}
	return n
}

var battery = device.Config{Kind: device.Battery, Rated: 10e3, RampTime: 10 * time.Second, Site: device.Site{Latitude: 48, Longitude: 11}}
