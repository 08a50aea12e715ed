package client_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/pki/ca"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
	xmppserver "github.com/gridward/gridward/xmpp/server"
)

const domain = "grid.example"

// A plantNet is a router with TLS on loopback that can be restarted, and the certificates of everybody.
type plantNet struct {
	testing.TB
	authority *ca.Authority
	addr      string
	router    *xmppserver.Server
	limits    xmppserver.Limits
	served    sync.WaitGroup
}

func newPlantNet(t testing.TB, limits xmppserver.Limits) *plantNet {
	t.Helper()
	a, err := ca.New("test", time.Now(), 2*time.Hour)
	noErr(t, err)
	n := &plantNet{TB: t, authority: a, limits: limits}
	n.start("127.0.0.1:0")
	t.Cleanup(func() {
		n.stop()
		n.served.Wait()
	})
	return n
}

func (n *plantNet) issue(r ca.Request) tls.Certificate {
	n.Helper()
	key, err := ca.NewKey()
	noErr(n, err)
	r.Life = time.Hour
	cert, err := n.authority.Issue(r, key.Public(), time.Now())
	noErr(n, err)
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}
}

func (n *plantNet) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(n.authority.Cert)
	return p
}

func (n *plantNet) start(addr string) {
	n.Helper()
	cfg, err := tlsprofile.Server{
		Certificate: n.issue(ca.Request{Kind: ca.Server, DNS: []string{domain}}), ClientCAs: n.pool(), ALPN: []string{tlsprofile.ALPNClient},
	}.Config()
	noErr(n, err)
	everything := []string{"iq", "message", "presence"}
	s, err := xmppserver.New(xmppserver.Config{Domain: domain, TLS: cfg, Policy: xmppserver.Policy{
		Accounts: []xmppserver.Account{{JID: "der1@" + domain, Groups: []string{"der"}}, {JID: "ems@" + domain, Groups: []string{"centre"}}},
		Rules: []xmppserver.Rule{
			{From: "@centre", To: "@der", Allow: everything}, {From: "@der", To: "@centre", Allow: []string{"message", "presence"}}, {From: "*", To: "self", Allow: []string{"iq"}},
		},
	}, Limits: n.limits})
	noErr(n, err)
	ln, err := net.Listen("tcp", addr)
	noErr(n, err)
	n.addr, n.router = ln.Addr().String(), s
	n.served.Go(func() { _ = s.Serve(context.Background(), ln, xmppserver.Direct) })
}

func (n *plantNet) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := n.router.Shutdown(ctx); err != nil {
		n.Errorf("router: %v", err)
	}
}

// A cable is a dialer whose connections can be torn out.
type cable struct {
	net.Dialer
	mu   sync.Mutex
	conn net.Conn
}

// DialContext implements xmpp.Dialer.
func (c *cable) DialContext(ctx context.Context, network, addr string) (net.Conn, error) {
	nc, err := c.Dialer.DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conn = nc
	return nc, nil
}

// tear closes the connection under TLS, so that neither end says goodbye.
func (c *cable) tear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.conn.Close()
}

// join runs an XMPP client with an endpoint until the test ends.
func (n *plantNet) join(name string, kind ca.Kind, e *mmsbinding.Endpoint) *cable {
	n.Helper()
	wire := &cable{}
	j := jid.MustParse(name + "@" + domain)
	cfg, err := tlsprofile.Client{
		Certificate: n.issue(ca.Request{Kind: kind, JIDs: []string{j.String()}}), RootCAs: n.pool(), Domain: domain, ALPN: []string{tlsprofile.ALPNClient},
	}.Config()
	noErr(n, err)
	c, err := xmpp.New(xmpp.Config{
		JID: j, TLS: cfg, Hosts: []string{n.addr + "/direct"}, Handler: e, BackoffMin: 10 * time.Millisecond, BackoffMax: 50 * time.Millisecond, Spread: -1, Dialer: wire,
	})
	noErr(n, err)
	e.Bind(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = c.Run(ctx)
	}()
	n.Cleanup(func() {
		e.Close()
		cancel()
		<-done
	})
	return wire
}

// TestTornCable: connections that are torn out are resumed (XEP-0198), and neither an association nor a report is lost,
// not even an unbuffered one.
func TestTornCable(t *testing.T) {
	n := newPlantNet(t, xmppserver.Limits{})
	srv, err := server.New(server.Config{Model: testModel(t)})
	noErr(t, err)
	t.Cleanup(srv.Close)
	device := n.join("der1", ca.DER, mmsbinding.New(mmsbinding.Config{
		InsecureClear61850: true, Accept: func(a mms.Association) { _ = srv.Serve(context.Background(), a) },
	}))
	there := make(chan jid.JID, 16)
	centre := mmsbinding.New(mmsbinding.Config{InsecureClear61850: true, Events: func(e mmsbinding.Event) {
		if a, ok := e.(mmsbinding.PeerAvailable); ok {
			there <- a.JID
		}
	}})
	operator := n.join("ems", ca.Center, centre)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := client.New(n.associate(ctx, centre, there), client.Options{})
	values := make(chan int, 1000)
	_, err = c.Subscribe(ctx, urcb1, client.ReportOptions{Triggers: changes}, func(r *client.Report) {
		if r.Gap {
			t.Errorf("gap before %d", r.SqNum)
		}
		for _, v := range numbers([]*client.Report{r}) {
			values <- v
		}
	})
	noErr(t, err)
	s := &site{TB: t, srv: srv}
	const rounds, each = 6, 20
	var got []int
	for round := range rounds {
		for i := range each {
			s.put(round*each + i + 1)
			if i == each/2 {
				if round%2 == 0 {
					device.tear()
				} else {
					operator.tear()
				}
			}
		}
		for len(got) < (round+1)*each {
			select {
			case v := <-values:
				got = append(got, v)
			case <-c.Done():
				t.Fatalf("round %d: the association ended: %v", round, c.Err())
			case <-ctx.Done():
				t.Fatalf("round %d: %d of %d values came: %v", round, len(got), (round+1)*each, got)
			}
		}
	}
	if !slices.Equal(got, upTo(1, rounds*each)) {
		t.Errorf("got %v", got)
	}
	noErr(t, c.Release(ctx))
	<-c.Done()
}

// TestOverStreams runs reports and a control through TLS streams and a real router, which is restarted while reports are
// under way: nothing that is buffered is lost, and nothing comes twice.
func TestOverStreams(t *testing.T) {
	n := newPlantNet(t, xmppserver.Limits{})
	srv, err := server.New(server.Config{Model: testModel(t)})
	noErr(t, err)
	t.Cleanup(srv.Close)
	p := newPlant()
	noErr(t, srv.Handle(object(3), p))
	n.join("der1", ca.DER, mmsbinding.New(mmsbinding.Config{
		InsecureClear61850: true, Accept: func(a mms.Association) { _ = srv.Serve(context.Background(), a) },
	}))
	there := make(chan jid.JID, 16)
	centre := mmsbinding.New(mmsbinding.Config{InsecureClear61850: true, Events: func(e mmsbinding.Event) {
		if a, ok := e.(mmsbinding.PeerAvailable); ok {
			there <- a.JID
		}
	}})
	n.join("ems", ca.Center, centre)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	s := &site{TB: t, srv: srv}
	var last client.EntryID
	var got []int
	const rounds, each = 3, 20
	for round := range rounds {
		a := n.associate(ctx, centre, there)
		c := client.New(a, client.Options{})
		if round == 0 {
			k, err := c.Control(ctx, object(3))
			noErr(t, err)
			if end, err := k.Operate(ctx, operateOn, client.OperateOptions{}); err != nil || !end.Enhanced {
				t.Errorf("operate: %+v, %v", end, err)
			}
			srvModel, err := c.Discover(ctx)
			noErr(t, err)
			if len(srvModel.Devices) != 2 {
				t.Errorf("%d logical devices", len(srvModel.Devices))
			}
		}
		half := make(chan struct{})
		var mine []int
		sub, err := c.Subscribe(ctx, brcb1, client.ReportOptions{EntryID: last, ResvTms: 60}, func(r *client.Report) {
			if r.Gap || r.BufOvfl {
				t.Errorf("round %d: report %+v", round, r)
			}
			if mine = append(mine, numbers([]*client.Report{r})...); len(mine) == each/2 {
				close(half)
			}
		})
		noErr(t, err)
		for i := range each {
			s.put(round*each + i + 1)
		}
		<-half // the rest is somewhere on its way
		n.stop()
		n.start(n.addr)
		<-sub.Done()
		<-c.Done()
		got = append(got, mine...)
		last = sub.LastEntryID()
	}
	c := client.New(n.associate(ctx, centre, there), client.Options{})
	rest := make(chan int, rounds*each)
	_, err = c.Subscribe(ctx, brcb1, client.ReportOptions{EntryID: last}, func(r *client.Report) {
		for _, v := range numbers([]*client.Report{r}) {
			rest <- v
		}
	})
	noErr(t, err)
	for len(got) < rounds*each {
		select {
		case v := <-rest:
			got = append(got, v)
		case <-ctx.Done():
			t.Fatalf("%d of %d values came: %v", len(got), rounds*each, got)
		}
	}
	if !slices.Equal(got, upTo(1, rounds*each)) {
		t.Errorf("got %v", got)
	}
	noErr(t, c.Release(ctx))
	<-c.Done()
	wantErr(t, "end", c.Err(), mms.ErrReleased)
}

// associate waits for the device to come back and asks for an association.
func (n *plantNet) associate(ctx context.Context, e *mmsbinding.Endpoint, there <-chan jid.JID) mms.Association {
	n.Helper()
	for {
		select {
		case j := <-there:
			if a, err := e.Associate(ctx, j); err == nil {
				return a
			}
		case <-ctx.Done():
			n.Fatal("the device did not come back")
		}
	}
}

// BenchmarkReadFloatTLS reads one float through two TLS streams and the router between them.
func BenchmarkReadFloatTLS(b *testing.B) {
	n := newPlantNet(b, xmppserver.Limits{StanzaRate: 1e9, StanzaBurst: 1e9, ByteRate: 1e12, ByteBurst: 1e12})
	srv, err := server.New(server.Config{Model: testModel(b)})
	noErr(b, err)
	b.Cleanup(srv.Close)
	der := mmsbinding.New(mmsbinding.Config{
		InsecureClear61850: true, Accept: func(a mms.Association) { _ = srv.Serve(context.Background(), a) },
	})
	n.join("der1", ca.DER, der)
	there := make(chan jid.JID, 16)
	centre := mmsbinding.New(mmsbinding.Config{InsecureClear61850: true, Events: func(e mmsbinding.Event) {
		if a, ok := e.(mmsbinding.PeerAvailable); ok {
			there <- a.JID
		}
	}})
	n.join("ems", ca.Center, centre)
	c := client.New(n.associate(b.Context(), centre, there), client.Options{})
	for name, parallel := range map[string]int{"one": 1, "five": 5} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var wg sync.WaitGroup
			for range parallel {
				wg.Go(func() {
					for range b.N / parallel {
						if _, err := c.ReadOne(context.Background(), anIn1f); err != nil {
							b.Error(err, der.Counters())
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
	c.Close()
	<-c.Done()
}
