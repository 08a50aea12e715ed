package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
	"github.com/gridward/gridward/xmpp/stanza"
)

// dialXMPP associates by the 8-2 mapping.
func (f *mmsFlags) dialXMPP(ctx context.Context, place *mmsPlace) (mms.Association, func(), error) {
	l, err := f.login(ctx, place.target.jid.Bare())
	if err != nil {
		return nil, nil, err
	}
	a, err := l.associate(ctx, place.target.jid)
	if err != nil {
		l.close()
		return nil, nil, err
	}
	return a, l.close, nil
}

// An mmsLink is an XMPP account that is online, with the binding of MMS on it.
type mmsLink struct {
	endpoint *mmsbinding.Endpoint
	self     jid.JID
	up       chan struct{} // closed once online
	cut      context.CancelFunc
	ended    chan struct{} // closed when the client has gone

	mu      sync.Mutex
	online  bool
	failed  error            // of the first attempt to come online
	wrong   chan struct{}    // closed with failed
	peers   map[jid.JID]bool // available full addresses
	changed chan struct{}    // closed and replaced when peers change
}

// login brings an account online. peers are subscribed to, which only foreign servers need.
func (f *mmsFlags) login(ctx context.Context, peers ...jid.JID) (*mmsLink, error) {
	self, hosts, conf, clear, err := f.account()
	if err != nil {
		return nil, err
	}
	if !clear {
		return nil, cli.Exit(cli.Insecure, errors.New("there is no end-to-end protection yet: the XMPP servers on the way could read and change what is sent"),
			"if that is acceptable, give --insecure-clear-61850, or InsecureClear61850: true in the file of --config")
	}
	l := &mmsLink{
		self: self, up: make(chan struct{}), wrong: make(chan struct{}), ended: make(chan struct{}),
		peers: make(map[jid.JID]bool), changed: make(chan struct{}),
	}
	l.endpoint = mmsbinding.New(mmsbinding.Config{
		InsecureClear61850: true, Events: l.bound, Limits: mmsbinding.Limits{MaxPDU: f.pduSize},
		Timeouts: mmsbinding.Timeouts{Request: f.timeout, Initiate: f.timeout},
	})
	c, err := xmpp.New(xmpp.Config{
		JID: self, TLS: conf, Hosts: hosts, Peers: peers, Handler: l, Spread: -1, NoResume: true,
		Namespaces: []string{mmsbinding.NS}, DialTimeout: f.timeout,
	})
	if err != nil {
		return nil, cli.Usage(err, "")
	}
	l.endpoint.Bind(c)
	run, cut := context.WithCancel(context.WithoutCancel(ctx))
	l.cut = cut
	go func() {
		defer close(l.ended)
		_ = c.Run(run) // why it could not come online was an event
	}()
	select {
	case <-l.up:
		return l, nil
	case <-l.wrong:
		err = l.failed
	case <-ctx.Done():
		err = fmt.Errorf("%s is not online: %w", self, ctx.Err())
	}
	l.close()
	return nil, err
}

// close logs out.
func (l *mmsLink) close() {
	l.endpoint.Close()
	l.cut()
	<-l.ended
}

// HandleStanza passes a stanza to the binding.
func (l *mmsLink) HandleStanza(s *stanza.Stanza) { l.endpoint.HandleStanza(s) }

// HandleEvent follows the state of the link.
func (l *mmsLink) HandleEvent(ev xmpp.Event) {
	switch ev := ev.(type) {
	case xmpp.Up:
		l.endpoint.Up(ev.JID, ev.Resumed)
		l.state(nil)
	case xmpp.Down:
		l.endpoint.Down()
	case xmpp.Lost:
		l.endpoint.Lost(ev.Err)
	case xmpp.Retry:
		err := fmt.Errorf("%s cannot log in: %w", l.self, ev.Err)
		if ev.Refused {
			err = fmt.Errorf("%w: %w", errLogin, err)
		}
		l.state(err)
	}
}

// state tells how the first attempt to come online ended.
func (l *mmsLink) state(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.online || l.failed != nil:
	case err == nil:
		l.online = true
		close(l.up)
	default:
		l.failed = err
		close(l.wrong)
	}
}

// errLogin is an XMPP server and an account that refuse each other.
var errLogin = errors.New("refused")

func (l *mmsLink) bound(e mmsbinding.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e := e.(type) {
	case mmsbinding.PeerAvailable:
		l.peers[e.JID] = true
	case mmsbinding.PeerUnavailable:
		delete(l.peers, e.JID)
	default:
		return
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// present lists the peers that are available, in order, and gives a channel that is closed when that changes.
func (l *mmsLink) present() ([]jid.JID, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []jid.JID
	for j := range l.peers {
		list = append(list, j)
	}
	slices.SortFunc(list, func(a, b jid.JID) int { return strings.Compare(a.String(), b.String()) })
	return list, l.changed
}

// associate waits for the peer's presence and associates.
func (l *mmsLink) associate(ctx context.Context, to jid.JID) (mms.Association, error) {
	full := to
	if to.IsBare() {
		var err error
		if full, err = to.WithResource(xmpp.Resource); err != nil {
			return nil, err
		}
	}
	for {
		peers, changed := l.present()
		if slices.Contains(peers, full) {
			try, cancel := context.WithTimeout(ctx, 3*time.Second) // a question that gets lost is asked again
			a, err := l.endpoint.Associate(try, full)
			cancel()
			if err == nil || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
				return a, err
			}
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: no presence of %s", mms.ErrPeerOffline, full)
		}
	}
}

// account says who logs in where: flags go over the file of --config.
func (f *mmsFlags) account() (self jid.JID, hosts []string, conf *tls.Config, clear bool, err error) {
	fail := func(err error) (jid.JID, []string, *tls.Config, bool, error) {
		return jid.JID{}, nil, nil, false, err
	}
	var file centerFile
	if f.config != "" {
		if err := cli.LoadConfig(f.config, &file); err != nil {
			return fail(err)
		}
	}
	service := &serviceFlags{config: f.config}
	x := file.XMPP.Client
	use := *f
	orElse := func(flag *string, fromFile string) {
		if *flag == "" {
			*flag = service.path(fromFile)
		}
	}
	orElse(&use.cert, x.TLS.Cert)
	orElse(&use.key, x.TLS.Key)
	orElse(&use.ca, x.TLS.CA)
	if use.jid == "" {
		use.jid = x.JID
	}
	if hosts = f.hosts; len(hosts) == 0 {
		hosts = x.Hosts
	}
	if use.jid == "" {
		return fail(cli.Usage(errors.New("who asks over XMPP? --jid is missing"), "give --jid, --cert, --key and --ca, or --config with a centre's file"))
	}
	if self, err = jid.Parse(use.jid); err != nil {
		return fail(cli.Usage(fmt.Errorf("--jid: %w", err), ""))
	}
	b, err := use.bundle("who logs in over XMPP shows a certificate")
	if err != nil {
		return fail(err)
	}
	conf, err = tlsprofile.Client{
		Certificate: b.Certificate, RootCAs: b.Pool, Domain: self.Domain(), ALPN: []string{tlsprofile.ALPNClient},
	}.Config()
	if err == nil {
		err = named(b.Leaf(), self)
	}
	if err != nil {
		return fail(cli.Exit(cli.Insecure, fmt.Errorf("%s: %w", use.cert, err), "'gridward pki issue' makes certificates"))
	}
	return self, hosts, conf, f.insecureClear61850 || file.InsecureClear61850, nil
}
