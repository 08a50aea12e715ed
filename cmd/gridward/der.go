package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/gridward/gridward/der"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/model"
)

func newDERCmd() *cobra.Command {
	var file derFile
	var jid, ied, metrics, device string
	var hosts []string
	var speed float64
	var printSCL bool
	cmd := &cobra.Command{
		Use:   "der --config FILE",
		Short: "Run a distributed energy resource",
		Long: `Run a distributed energy resource: a photovoltaic plant, battery, load or charge point as an IEC 61850 server
that is reached over XMPP (IEC 61850-8-2). It dials out to the server of its domain and listens nowhere.

The device itself is simulated. It obeys limits and set-points that come as IEC 61850 controls, and a fail-safe limit
when no client has been associated for a while.

With --device it is a bridge instead: an existing device that speaks IEC 61850-8-1 over TCP is presented with its own
model, reports and controls. Every client has an association of its own with the device.`,
		Args: cobra.NoArgs,
		Example: `  gridward der --config der.yaml
  gridward der --config der.yaml --check
  gridward der --config der.yaml --print-scl >der1.cid
  gridward der --config bridge.yaml --device mms://192.0.2.7:102`,
	}
	service := addServiceFlags(cmd)
	f := cmd.Flags()
	f.StringVar(&jid, "jid", "", "bare JID, instead of the file's")
	f.StringSliceVar(&hosts, "hosts", nil, "addresses of the XMPP server, instead of the file's")
	f.StringVar(&device, "device", "", "`address` of an existing device to bridge to, mms://HOST[:PORT] or mmss:// with TLS, instead of the file's")
	f.StringVar(&ied, "ied", "", "name of the IED, instead of the file's")
	f.Float64Var(&speed, "speed", 0, "how much faster than the clock the device lives, instead of the file's")
	f.StringVar(&metrics, "metrics", "", "`address` of a listener for Prometheus, instead of the file's")
	f.BoolVar(&printSCL, "print-scl", false, "print the SCL file of the device, then exit")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := service.load(&file); err != nil {
			return err
		}
		if jid != "" {
			file.XMPP.Client.JID = jid
		}
		if len(hosts) > 0 {
			file.XMPP.Client.Hosts = hosts
		}
		if device != "" {
			file.Bridge.Device = device
		}
		if ied != "" {
			file.IED = ied
		}
		if speed != 0 {
			file.Speed = speed
		}
		if metrics != "" {
			file.Metrics = metrics
		}
		if file.Bridge != (derBridge{}) {
			if printSCL {
				return cli.Usage(errors.New("--print-scl is for simulated devices"), "the model of a bridge is its device's: see 'gridward mms browse'")
			}
			return runBridge(cmd, service, &file)
		}
		return runDER(cmd, service, &file, printSCL)
	}
	return cmd
}

func runDER(cmd *cobra.Command, service *serviceFlags, file *derFile, printSCL bool) error {
	log, err := service.logger(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	cfg, err := file.resolve(service)
	if err != nil {
		return err
	}
	if _, cfg.TLS, err = file.XMPP.Client.resolve(service); err != nil {
		return err
	}
	// A stranger that keeps knocking is counted each time, but does not fill the log.
	strangers := rate.NewLimiter(rate.Every(time.Minute), 10)
	cfg.Events = func(e der.Event) {
		if _, ok := e.(der.AssociationRefused); ok && !strangers.Allow() {
			return
		}
		logDER(cmd.Context(), log, e)
	}
	cfg.Audit = auditLog{cmd.Context(), log}
	agent, err := der.New(cfg)
	if err != nil {
		return cli.Usage(fmt.Errorf("%s: %w", service.config, err), "")
	}
	switch {
	case printSCL:
		_, err := cmd.OutOrStdout().Write(agent.SCL())
		return err
	case service.check:
		_, err := cli.Fprintf(cmd.OutOrStdout(), "%s: ok: %s of %g W as %s, IED %s\n",
			service.config, cfg.Device.Kind, cfg.Device.Rated, cfg.JID, agent.Model().IED)
		return err
	}
	if cfg.InsecureClear61850 {
		log.Warn("InsecureClear61850: the XMPP servers on the way can read and change what is sent")
	}
	log.Info("starting", "kind", cfg.Device.Kind, "jid", cfg.JID.String(), "ied", agent.Model().IED)
	group, ctx := errgroup.WithContext(cmd.Context())
	if file.Metrics != "" {
		l, err := net.Listen("tcp", file.Metrics)
		if err != nil {
			return err
		}
		reg := prometheus.NewRegistry()
		if err := reg.Register(agent); err != nil {
			return err
		}
		group.Go(func() error { return serveMetrics(ctx, l, reg) })
	}
	group.Go(func() error { return agent.Run(ctx) })
	err = group.Wait()
	log.Info("stopped")
	if cmd.Context().Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return nil
	}
	return err
}

// serveMetrics answers /metrics on l until ctx ends.
func serveMetrics(ctx context.Context, l net.Listener, reg *prometheus.Registry) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// logDER writes an event of the agent to the log.
func logDER(ctx context.Context, log *slog.Logger, e der.Event) {
	switch e := e.(type) {
	case der.LinkUp:
		log.InfoContext(ctx, "online", "jid", e.JID.String(), "resumed", e.Resumed)
	case der.LinkDown:
		log.WarnContext(ctx, "offline", "err", e.Err, "retry", e.Retry)
	case der.AssociationUp:
		log.InfoContext(ctx, "associated", "peer", e.Peer.Name)
	case der.AssociationDown:
		log.InfoContext(ctx, "association ended", "peer", e.Peer.Name, "cause", e.Err)
	case der.AssociationRefused:
		log.WarnContext(ctx, "association refused", "peer", e.Peer, "why", e.Why)
	case der.Commanded:
		log.InfoContext(ctx, "command", "object", e.Object.String(), "watts", e.Value, "peer", e.Peer.Name)
	case der.CommandEnded:
		level := slog.LevelInfo
		if e.AddCause != model.AddCauseNone {
			level = slog.LevelWarn
		}
		log.Log(ctx, level, "command ended", "object", e.Object.String(), "cause", e.AddCause.String(), "peer", e.Peer.Name)
	case der.FailSafeChanged:
		log.WarnContext(ctx, "fail-safe", "active", e.Active, "limit", e.Limit)
	case der.HealthChanged:
		level := slog.LevelWarn
		if e.Health == der.HealthOK {
			level = slog.LevelInfo
		}
		log.Log(ctx, level, "health", "health", e.Health.String())
	case der.Served:
		log.DebugContext(ctx, "server", "event", fmt.Sprintf("%T", e.Event), "details", fmt.Sprintf("%+v", e.Event))
	}
}
