package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/gridward/gridward/center"
	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/internal/buildinfo"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/web"
)

func newCenterCmd() *cobra.Command {
	file := centerFile{HTTP: centerHTTP{Listen: "127.0.0.1:8650"}}
	var listen string
	cmd := &cobra.Command{
		Use:   "center --config FILE",
		Short: "Run a control centre with its dashboard",
		Long: `Run a control centre: it finds DERs over XMPP, associates with them (IEC 61850-8-2), follows their reports and
gives them set-points and limits. It shows the fleet over HTTP: a dashboard, a JSON interface and server-sent events.
It listens on loopback unless it is told otherwise, and nobody has to log in there: whoever reaches the address commands
the plant. Beyond loopback, give http.tls, which asks for client certificates.`,
		Example: `  gridward center --config center.yaml
  gridward center --config center.yaml --check
  gridward center --config center.yaml --listen 127.0.0.1:9000`,
		Args: cobra.NoArgs,
	}
	service := addServiceFlags(cmd)
	cmd.Flags().StringVar(&listen, "listen", "", "`address` of the HTTP interface, instead of the file's")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := service.load(&file); err != nil {
			return err
		}
		if listen != "" {
			file.HTTP.Listen = listen
		}
		return runCenter(cmd, service, &file)
	}
	return cmd
}

func runCenter(cmd *cobra.Command, service *serviceFlags, file *centerFile) error {
	log, err := service.logger(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	cfg := file.config()
	if err := file.HTTP.checkReach(service); err != nil {
		return err
	}
	if cfg.JID, cfg.TLS, err = file.XMPP.Client.resolve(service); err != nil {
		return err
	}
	cfg.API.Version = buildinfo.Version()
	cfg.Events = func(e center.Event) { logCenter(cmd.Context(), log, e) }
	c, err := center.New(cfg)
	if err != nil {
		return cli.Usage(fmt.Errorf("%s: %w", service.config, err), "")
	}
	protect, err := file.HTTP.tls(service)
	if err != nil {
		return err
	}
	if service.check {
		_, err := cli.Fprintf(cmd.OutOrStdout(), "%s: ok: %s with %d entries of DERs, HTTP on %s\n", service.config, cfg.JID, len(cfg.Fleet.DERs), file.HTTP.Listen)
		return err
	}
	l, err := net.Listen("tcp", file.HTTP.Listen)
	if err != nil {
		return cli.Hint(err, "choose another address with --listen")
	}
	if protect != nil {
		l = tls.NewListener(l, protect)
	} else if tcp, ok := l.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		log.Warn("InsecureHTTP: beyond loopback without TLS, whoever reaches it commands the plant", "address", l.Addr().String())
	}
	log.Warn("InsecureClear61850: the XMPP servers on the way can read and change what is sent")
	log.Info("starting", "jid", cfg.JID.String(), "http", l.Addr().String())

	group, ctx := errgroup.WithContext(cmd.Context())
	group.Go(func() error { return c.Run(ctx) })
	group.Go(func() error { return serveHTTP(ctx, l, c.Handler(web.Files())) })
	err = group.Wait()
	log.Info("stopped")
	if cmd.Context().Err() != nil {
		return nil
	}
	return err
}

// serveHTTP serves h on l until ctx ends. Streams of events end with ctx, so that nothing waits for them.
func serveHTTP(ctx context.Context, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug),
	}
	ended := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(ended)
		late, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if srv.Shutdown(late) != nil {
			_ = srv.Close()
		}
	})
	err := srv.Serve(l)
	if !stop() {
		<-ended
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// centerFile is center.yaml. Paths are relative to the file. What is left out has the defaults of center.Config.
type centerFile struct {
	XMPP               centerXMPP    `yaml:"xmpp"`
	InsecureClear61850 bool          `yaml:"InsecureClear61850"`
	DERs               []fleet.Entry `yaml:"ders"`

	Integrity        time.Duration `yaml:"integrity"`
	BufTm            time.Duration `yaml:"buf_tm"`
	Stale            time.Duration `yaml:"stale"`
	AssociateTimeout time.Duration `yaml:"associate_timeout"`
	CommandTimeout   time.Duration `yaml:"command_timeout"`
	Parallel         int           `yaml:"parallel"`

	HTTP centerHTTP `yaml:"http"`
}

type centerXMPP struct {
	Client xmppClient    `yaml:",inline"`
	Spread time.Duration `yaml:"spread"` // random pause after the server went away; 0: 30 s
}

type centerHTTP struct {
	Listen string   `yaml:"listen"`
	Hosts  []string `yaml:"hosts"` // names under which browsers reach it, beside loopback
	TLS    tlsFiles `yaml:"tls"`   // left out: plain HTTP
	// InsecureHTTP allows plain HTTP beyond loopback, where whoever reaches it commands the plant.
	InsecureHTTP bool `yaml:"InsecureHTTP"`
}

// checkReach refuses to listen beyond loopback without TLS, unless that was asked for.
func (h centerHTTP) checkReach(service *serviceFlags) error {
	host, _, err := net.SplitHostPort(h.Listen)
	if err != nil {
		return cli.Usage(fmt.Errorf("%s: http.listen: %w", service.config, err), "for example listen: 127.0.0.1:8650")
	}
	ip, err := netip.ParseAddr(host)
	if h.TLS != (tlsFiles{}) || h.InsecureHTTP || host == "localhost" || err == nil && ip.IsLoopback() {
		return nil
	}
	return cli.Usage(fmt.Errorf("%s: http.listen: %s is beyond loopback and http.tls is not set", service.config, h.Listen),
		"give http.tls, which asks for client certificates; only in a laboratory, http.InsecureHTTP: true")
}

func (f *centerFile) config() center.Config {
	c := center.Config{Hosts: f.XMPP.Client.Hosts, Spread: f.XMPP.Spread, InsecureClear61850: f.InsecureClear61850}
	c.Fleet = fleet.Config{
		DERs: f.DERs, Integrity: f.Integrity, BufTm: f.BufTm, Stale: f.Stale,
		AssociateTimeout: f.AssociateTimeout, Parallel: f.Parallel,
	}
	c.Dispatch.Timeout = f.CommandTimeout
	c.API.Hosts = f.HTTP.Hosts
	if host, _, err := net.SplitHostPort(f.HTTP.Listen); err == nil && host != "" {
		c.API.Hosts = append(c.API.Hosts, host)
	}
	return c
}

// tls gives the configuration of an HTTPS listener that asks for client certificates, nil for plain HTTP.
func (h centerHTTP) tls(service *serviceFlags) (*tls.Config, error) {
	if h.TLS == (tlsFiles{}) {
		return nil, nil
	}
	b, err := h.TLS.load(service)
	if err != nil {
		return nil, err
	}
	c, err := tlsprofile.Server{Certificate: b.Certificate, ClientCAs: b.Pool, ALPN: []string{"http/1.1"}}.Config()
	if err != nil {
		return nil, cli.Exit(cli.Insecure, fmt.Errorf("%s: %w", service.path(h.TLS.Cert), err), "issue it with 'gridward pki issue --kind server'")
	}
	return c, nil
}

// logCenter writes an event of the centre to the log.
func logCenter(ctx context.Context, log *slog.Logger, e center.Event) {
	switch e := e.(type) {
	case center.LinkUp:
		log.InfoContext(ctx, "online", "jid", e.JID.String(), "resumed", e.Resumed, "host", e.Host)
	case center.LinkDown:
		if e.Refused {
			log.ErrorContext(ctx, "refused", "err", e.Err, "next", e.Text)
			return
		}
		log.WarnContext(ctx, "offline", "err", e.Err, "next", e.Text)
	case center.Stray:
		log.DebugContext(ctx, "ignored", "from", e.From.String(), "why", e.Why)
	case center.Fleet:
		logFleet(ctx, log, e.Event)
	}
}

func logFleet(ctx context.Context, log *slog.Logger, e fleet.Event) {
	switch e := e.(type) {
	case *fleet.StateChanged:
		log.InfoContext(ctx, "der", "id", e.ID, "state", e.To, "was", e.From, "reason", e.Reason)
	case *fleet.Added:
		log.InfoContext(ctx, "der found", "id", e.ID, "pattern", e.Pattern)
	default:
		log.WarnContext(ctx, "fleet", "event", fmt.Sprintf("%T", e), "details", fmt.Sprintf("%+v", e))
	}
}
