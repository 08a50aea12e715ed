package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/xmpp/jid"
)

func newMMSDiscoverCmd() *cobra.Command {
	var wait time.Duration
	var parallel int
	cmd := &cobra.Command{
		Use:   "discover TARGET...",
		Short: "Find out which servers answer, and what they are",
		Long: `Ask servers who they are: vendor, model and revision (Identify), logical devices, whether they speak in the clear or
with TLS, and how long it took. Of a host that is given without a port, port 3782 is tried beside port 102: whoever has TLS
there is shown with its certificate, which is not judged.

Over XMPP, xmpp:DOMAIN stands for every account of a domain whose presence is seen within --wait; that takes the login of
an account (--jid or --config), as does a single JID.

The exit code is 0 when at least one server answers.`,
		Example: `  gridward mms discover 192.0.2.7 192.0.2.8 ied3.example:10102
  gridward mms discover xmpp:grid.example --config center.yaml -o json
  gridward mms discover 192.0.2.7 --tls --cert me.crt --key me.key --ca ca.crt`,
		Args: cobra.MinimumNArgs(1),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	cmd.Flags().DurationVar(&wait, "wait", 2*time.Second, "how long to listen for presence over XMPP")
	cmd.Flags().IntVar(&parallel, "parallel", 16, "how many servers to ask at once")
	cmd.ValidArgsFunction = cobra.NoFileCompletions
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if parallel < 1 || parallel > 1000 {
			return cli.Usage(errors.New("--parallel: not from 1 to 1000"), "")
		}
		d := &discovery{mmsFlags: f, cmd: cmd, wait: wait, out: newMMSOut(cmd, format)}
		d.out.header("TARGET", "TRANSPORT", "VENDOR", "MODEL", "REVISION", "LOGICAL DEVICES", "TIME")
		group, ctx := errgroup.WithContext(cmd.Context())
		group.SetLimit(parallel)
		for _, a := range args {
			domain, over := strings.CutPrefix(a, "xmpp:")
			if over && !strings.Contains(domain, "@") {
				if err := d.domain(ctx, domain); err != nil {
					return err
				}
				continue
			}
			place, err := f.place(cmd, a)
			if err != nil {
				return err
			}
			group.Go(func() error { d.ask(ctx, place); return nil })
		}
		if err := group.Wait(); err != nil {
			return err
		}
		return d.out.done(d.outcome())
	}
	return cmd
}

// A discovery asks several servers.
type discovery struct {
	*mmsFlags
	cmd  *cobra.Command
	wait time.Duration

	mu       sync.Mutex
	out      *mmsOut
	answered int
	failed   []error
}

// mmsFound is a server in JSON.
type mmsFound struct {
	Target    string   `json:"target"`
	Transport string   `json:"transport"` // tcp, tls, xmpp
	Vendor    string   `json:"vendor,omitempty"`
	Model     string   `json:"model,omitempty"`
	Revision  string   `json:"revision,omitempty"`
	Devices   []string `json:"logicalDevices,omitempty"`
	Peer      string   `json:"principal,omitempty"` // whom the certificate of the server names
	Millis    float64  `json:"ms,omitempty"`
	TLS       *mmsTLS  `json:"tls,omitempty"` // seen at port 3782, not judged
	Error     string   `json:"error,omitempty"`
}

// mmsTLS is what a TLS port shows.
type mmsTLS struct {
	Address  string `json:"address"`
	Version  string `json:"version"`
	Subject  string `json:"subject"`
	Issuer   string `json:"issuer"`
	NotAfter string `json:"notAfter"`
}

// ask asks one server and tells what it is.
func (d *discovery) ask(ctx context.Context, place *mmsPlace) {
	v := mmsFound{Target: place.target.String(), Transport: "tcp"}
	switch {
	case place.target.overXMPP():
		v.Transport = "xmpp"
	case place.target.tls:
		v.Transport = "tls"
	}
	var seen sync.WaitGroup
	if v.Transport == "tcp" && place.target.port == "" {
		seen.Go(func() { v.TLS = probeTLS(ctx, place.target.host, min(d.timeout, 3*time.Second)) })
	}
	begin := time.Now()
	s, err := d.associate(ctx, place, client.Options{})
	if err == nil {
		err = v.identify(ctx, s)
		v.Millis = float64(time.Since(begin).Microseconds()) / 1000
		s.close()
	}
	seen.Wait()
	d.tell(v, err)
}

// identify asks who a server is.
func (v *mmsFound) identify(ctx context.Context, s *mmsSession) error {
	if p := s.client.Peer(); p != nil && v.Transport != "tcp" {
		v.Peer = p.Name
	}
	id, err := s.client.Identify(ctx)
	if err != nil && !refusedByPeer(err) {
		return mmsError(err, s.target)
	}
	v.Vendor, v.Model, v.Revision = id.Vendor, id.Model, id.Revision
	v.Devices, err = s.client.Devices(ctx)
	return mmsError(err, s.target)
}

func (d *discovery) tell(v mmsFound, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	transport := map[string]string{"tcp": "clear", "tls": "TLS", "xmpp": "XMPP"}[v.Transport]
	if v.TLS != nil {
		transport += " (TLS at " + v.TLS.Address + ": " + v.TLS.Subject + ")"
	}
	if err != nil {
		v.Error = err.Error()
		d.failed = append(d.failed, err)
		d.out.row(v, v.Target, transport, "-- "+strings.TrimPrefix(v.Error, v.Target+": "))
		return
	}
	d.answered++
	d.out.row(v, v.Target, transport, v.Vendor, v.Model, v.Revision, strings.Join(v.Devices, " "), fmt.Sprintf("%.1f ms", v.Millis))
}

// outcome is the end of the command.
func (d *discovery) outcome() error {
	if d.answered > 0 || len(d.failed) == 0 {
		return nil
	}
	last := d.failed[len(d.failed)-1]
	return cli.Exit(cli.CodeOf(last), errors.New("no server answers"), cli.HintOf(last))
}

// probeTLS looks who is at the TLS port of a host, nil when nobody is.
func probeTLS(ctx context.Context, host string, limit time.Duration) *mmsTLS {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	address := net.JoinHostPort(host, mmstcp.PortTLS)
	// Nothing is sent over it and nothing believed: it is only looked at.
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, ServerName: host}}
	nc, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil
	}
	defer nc.Close()
	c, ok := nc.(*tls.Conn)
	if !ok || len(c.ConnectionState().PeerCertificates) == 0 {
		return nil
	}
	state := c.ConnectionState()
	cert := state.PeerCertificates[0]
	return &mmsTLS{
		Address: address, Version: tls.VersionName(state.Version), Subject: cert.Subject.String(), Issuer: cert.Issuer.String(),
		NotAfter: cert.NotAfter.UTC().Format(time.RFC3339),
	}
}

// domain asks every account of an XMPP domain that is online, over one login.
func (d *discovery) domain(ctx context.Context, name string) error {
	domain, err := jid.Parse(name)
	if err != nil || domain.Local() != "" {
		return cli.Usage(fmt.Errorf("target %q is no domain", "xmpp:"+name), "for example xmpp:grid.example")
	}
	target := mmsTarget{jid: domain}
	limited, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	l, err := d.login(limited)
	if err != nil {
		return dialError(err, target)
	}
	defer l.close()
	select {
	case <-time.After(d.wait):
	case <-ctx.Done():
		return nil
	}
	peers, _ := l.present()
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	asked := 0
	for _, peer := range peers {
		if peer.Domain() != domain.Domain() || peer.Bare() == l.self {
			continue
		}
		asked++
		group.Go(func() error { d.over(ctx, l, peer); return nil })
	}
	if asked == 0 {
		hint(d.cmd, "nobody of %s is online, or the XMPP server does not let presence through to %s", domain, l.self)
	}
	return group.Wait()
}

// over asks one peer over a login that is there.
func (d *discovery) over(ctx context.Context, l *mmsLink, peer jid.JID) {
	v := mmsFound{Target: peer.Bare().String(), Transport: "xmpp"}
	place := &mmsPlace{target: mmsTarget{jid: peer}}
	limited, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	begin := time.Now()
	a, err := l.associate(limited, peer)
	if err != nil {
		d.tell(v, dialError(err, place.target))
		return
	}
	s := &mmsSession{mmsPlace: place, ctx: ctx, client: client.New(a, client.Options{Timeout: d.timeout}), end: func() {}}
	defer s.close()
	err = v.identify(ctx, s)
	v.Millis = float64(time.Since(begin).Microseconds()) / 1000
	d.tell(v, err)
}
