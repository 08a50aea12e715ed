package bridge

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

func deviceModel(t testing.TB) *model.Server {
	t.Helper()
	const name = "../../acsi/server/testdata/test.icd"
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := scl.Parse(name, b, scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Server("T", "AP")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var (
	berCodec = &mmstest.Codec{
		Append: mms.AppendBER,
		Parse:  func(b []byte) (mms.PDU, error) { return mms.ParseBER(b, mms.Limits{}) },
	}
	xerCodec = &mmstest.Codec{
		Append: func(b []byte, p mms.PDU) ([]byte, error) { return mms.AppendXER(b, p, mms.GW1) },
		Parse:  func(b []byte) (mms.PDU, error) { return mms.ParseXER(b, nil, mms.Limits{}) },
	}
)

// A rig is a device of 8-1, a bridge to it, and clients of 8-2 that are joined to the bridge.
type rig struct {
	testing.TB
	bridge *Bridge
	device *server.Server
	ctx    context.Context

	mu       sync.Mutex
	ends     []*mmstest.End // the bridge's ends of associations with the device
	dialled  error          // what dialling gives, when not nil
	sizes    []int          // PDU sizes that the device was asked for
	dropped  func(mms.PDU) bool
	atDevice []mms.PDU // requests that reached it
	events   []Event
	records  []server.AuditRecord
}

// Record makes a rig an Audit.
func (g *rig) Record(r server.AuditRecord) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.records = append(g.records, r)
}

// serveFiles has the device serve a file store.
func (g *rig) serveFiles(f server.Files) {
	g.device.Close()
	srv, err := server.New(server.Config{Model: deviceModel(g), Files: f})
	noErr(g, err)
	g.device = srv
}

func (g *rig) dial(_ context.Context, maxPDU int) (mms.Association, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.dialled != nil {
		return nil, g.dialled
	}
	g.sizes = append(g.sizes, maxPDU)
	near, far := mmstest.NewPipe(mmstest.Options{
		Params: mms.Params{MaxPDU: maxPDU, OutstandingOut: 2}, Codec: berCodec, Filter: g.crossing,
		Client: &model.Principal{Name: "bridge", Address: "192.0.2.1", Proof: model.ProofPassword},
	})
	g.ends = append(g.ends, near)
	go func() { _ = g.device.Serve(g.ctx, far) }() // its end is the association's
	return near, nil
}

// crossing sees what passes between bridge and device; false drops it.
func (g *rig) crossing(toServer bool, p mms.PDU) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if toServer {
		g.atDevice = append(g.atDevice, p)
		return true
	}
	return g.dropped == nil || !g.dropped(p)
}

// reached gives the requests of one kind that the device has seen.
func reached[S mms.Service](g *rig) (all []S) {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, p := range g.atDevice {
		if q, ok := p.(*mms.ConfirmedRequest); ok {
			if s, ok := q.Service.(S); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

func (g *rig) heard(e Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.events = append(g.events, e)
}

func happened[E Event](g *rig) (all []E) {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, e := range g.events {
		if e, ok := e.(E); ok {
			all = append(all, e)
		}
	}
	return all
}

func (g *rig) audited() []server.AuditRecord {
	synctest.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(g.records), func(r server.AuditRecord) bool { return r.Right == server.NumRight })
}

// bridged runs f with a rig in virtual time and sees that no goroutine is left.
func bridged(t *testing.T, cfg Config, f func(t *testing.T, g *rig)) {
	m := deviceModel(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		srv, err := server.New(server.Config{Model: m, Vendor: "Vendor", ModelName: "device", Revision: "1"})
		if err != nil {
			t.Fatal(err)
		}
		g := &rig{TB: t, device: srv, ctx: ctx}
		cfg := cfg
		cfg.Dial, cfg.Audit, cfg.Events = g.dial, g, g.heard
		if g.bridge, err = New(cfg); err != nil {
			t.Fatal(err)
		}
		f(t, g)
		cancel()
		synctest.Wait()
		g.device.Close()
	})
}

// associate makes the near end of an association with the bridge, of a client that is who.
func (g *rig) associate(who string) *mmstest.End {
	near, far := mmstest.NewPipe(mmstest.Options{
		Params: mms.Params{Freshness: true, FileNameItem: 64}, Codec: xerCodec,
		Client: &model.Principal{Name: who, Address: who, Proof: model.ProofX509},
	})
	go func() { _ = g.bridge.Serve(g.ctx, far) }() // its end is the association's
	return near
}

// client makes a client that ends with the test.
func (g *rig) client(who string) *client.Client {
	c := client.New(g.associate(who), client.Options{})
	g.Cleanup(func() {
		c.Close()
		<-c.Done()
	})
	return c
}

// ask sends one request as it is and gives what comes.
func (g *rig) ask(a mms.Association, id uint32, s mms.Service) mms.PDU {
	g.Helper()
	if err := a.Send(&mms.ConfirmedRequest{InvokeID: id, Service: s}); err != nil {
		g.Fatal(err)
	}
	return g.next(a)
}

func (g *rig) next(a mms.Association) mms.PDU {
	g.Helper()
	p, err := a.Recv(g.ctx)
	if err != nil {
		g.Fatal(err)
	}
	return p
}

func ref(s string) model.Ref {
	r, err := model.ParseRef(s)
	if err != nil {
		panic(err)
	}
	return r
}

func variable(domain, item string) mms.VariableSpec {
	return mms.VariableSpec{Name: mms.InDomain(domain, item)}
}

func noErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// deny makes an Authorizer that denies one right on what a reference begins with.
func deny(right server.Right, match func(model.Ref) bool) server.Authorizer {
	return server.AuthorizerFunc(func(_ *model.Principal, r server.Right, ref model.Ref) error {
		if r == right && match(ref) {
			return errDenied
		}
		return nil
	})
}

var errDenied = errors.New("not for you")

func anything(model.Ref) bool { return true }
