package client_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
	"github.com/gridward/gridward/xmpp/xmpptest"
)

// testModel compiles the model that the tests of acsi/server use.
func testModel(t testing.TB) *model.Server {
	t.Helper()
	const name = "../server/testdata/test.icd"
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

// A site is a server and a way to reach it.
type site struct {
	testing.TB
	srv  *server.Server
	path path
	ctx  context.Context
}

// A path is a way to reach a server: the same services run over each.
type path interface {
	open(s *site) error
	dial(s *site, who string) (mms.Association, error)
	cut(s *site) // breaks the link: every association is lost at both ends
	close()
}

func principal(who string) *model.Principal {
	return &model.Principal{Name: who, Address: who, Proof: model.ProofX509, Reach: model.End}
}

// direct joins client and server by a pipe.
type direct struct {
	params mms.Params
	codec  *mmstest.Codec
	ends   []*mmstest.End
}

func (d *direct) open(*site) error { return nil }
func (d *direct) close()           {}

func (d *direct) dial(s *site, who string) (mms.Association, error) {
	near, far := mmstest.NewPipe(mmstest.Options{Params: d.params, Codec: d.codec, Client: principal(who)})
	d.ends = append(d.ends, near)
	go func() { _ = s.srv.Serve(s.ctx, far) }() // its end is the association's
	return near, nil
}

func (d *direct) cut(*site) {
	for _, e := range d.ends {
		e.Cut()
	}
	d.ends = nil
}

var xerCodec = &mmstest.Codec{
	Append: func(b []byte, p mms.PDU) ([]byte, error) { return mms.AppendXER(b, p, mms.GW1) },
	Parse:  func(b []byte) (mms.PDU, error) { return mms.ParseXER(b, nil, mms.Limits{}) },
}

var berCodec = &mmstest.Codec{
	Append: mms.AppendBER,
	Parse:  func(b []byte) (mms.PDU, error) { return mms.ParseBER(b, mms.Limits{}) },
}

// overXMPP joins client and server by the 8-2 binding and a router in memory.
type overXMPP struct {
	router *xmpptest.Router
	server *xmpptest.Peer
	end    *mmsbinding.Endpoint
	hosts  map[string]*host
}

type host struct {
	end   *mmsbinding.Endpoint
	jid   jid.JID
	port  *xmpptest.Peer
	there chan struct{}
}

var serverJID = jid.MustParse("der1@grid.example/IEC")

func (o *overXMPP) open(s *site) error {
	o.router = xmpptest.NewRouter()
	o.hosts = make(map[string]*host)
	o.end = mmsbinding.New(mmsbinding.Config{
		InsecureClear61850: true,
		Accept:             func(a mms.Association) { _ = s.srv.Serve(s.ctx, a) },
	})
	o.connect()
	return nil
}

func (o *overXMPP) dial(s *site, who string) (mms.Association, error) {
	h := o.hosts[who]
	if h == nil {
		h = &host{there: make(chan struct{}, 8)}
		h.end = mmsbinding.New(mmsbinding.Config{InsecureClear61850: true, Events: func(e mmsbinding.Event) {
			if p, ok := e.(mmsbinding.PeerAvailable); ok && p.JID == serverJID {
				h.there <- struct{}{}
			}
		}})
		j, err := jid.New(who, "dno.example", "IEC")
		if err != nil {
			return nil, err
		}
		h.jid = j
		h.connect(o.router)
		o.hosts[who] = h
	}
	for !h.end.Available(serverJID) {
		<-h.there
	}
	return h.end.Associate(s.Context(), serverJID)
}

func (h *host) connect(r *xmpptest.Router) {
	h.port = r.Peer(h.jid)
	h.end.Bind(h.port)
	h.port.Start(h.end)
}

func (o *overXMPP) connect() {
	o.server = o.router.Peer(serverJID)
	o.end.Bind(o.server)
	o.server.Start(o.end)
}

// reconnect brings everybody back.
func (o *overXMPP) reconnect(*site) {
	o.connect()
	for _, h := range o.hosts {
		h.connect(o.router)
	}
}

func (o *overXMPP) cut(*site) {
	o.server.Stop(nil)
	synctest.Wait()
	o.connect()
}

func (o *overXMPP) close() {
	for _, h := range o.hosts {
		h.end.Close()
	}
	o.end.Close()
	o.router.Close()
}

var paths = map[string]func() path{
	"pipe":    func() path { return &direct{} },
	"pipeBER": func() path { return &direct{codec: berCodec} },
	"pipeXER": func() path { return &direct{codec: xerCodec} },
	"xmpp":    func() path { return &overXMPP{} },
}

// everyPath runs a test over every path, in virtual time, and sees that no goroutine is left.
func everyPath(t *testing.T, f func(t *testing.T, s *site)) {
	for name, p := range paths {
		t.Run(name, func(t *testing.T) { over(t, p(), f) })
	}
}

func over(t *testing.T, p path, f func(t *testing.T, s *site)) {
	overWith(t, p, func(*server.Config) {}, f)
}

func overWith(t *testing.T, p path, more func(c *server.Config), f func(t *testing.T, s *site)) {
	cfg := server.Config{Model: testModel(t), Vendor: "Gridward", ModelName: "test", Revision: "1"}
	more(&cfg)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		srv, err := server.New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		s := &site{TB: t, srv: srv, path: p, ctx: ctx}
		if err := p.open(s); err != nil {
			t.Fatal(err)
		}
		f(t, s)
		cancel()
		synctest.Wait()
		p.close()
		srv.Close()
	})
}

// client makes a client that ends with the test.
func (s *site) client(who string, opt client.Options) *client.Client {
	s.Helper()
	a, err := s.path.dial(s, who)
	if err != nil {
		s.Fatalf("dial: %v", err)
	}
	c := client.New(a, opt)
	s.Cleanup(func() {
		c.Close()
		<-c.Done()
	})
	return c
}

func ref(s string) model.Ref {
	r, err := model.ParseRef(s)
	if err != nil {
		panic(err)
	}
	return r
}

func wantErr(t testing.TB, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: error %v, want %v", what, got, want)
	}
}

func noErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
