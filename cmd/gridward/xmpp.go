package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/xmpp/server"
)

func newXMPPCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "xmpp",
		Short: "Run an XMPP router for IEC 61850-8-2",
	}
	cmd.AddCommand(newXMPPServeCmd(), newXMPPCheckCmd())
	return cmd
}

func newXMPPServeCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve --config FILE",
		Short: "Serve one domain",
		Long: `Serve one XMPP domain: clients log in with the X.509 certificate that names their JID, and talk to those whom the
rules of the configuration let them talk to. Nothing is stored, copied or delivered late.

SIGHUP reads accounts, deny list, rules and certificates again; sessions whose account is gone are ended. SIGTERM ends
all streams in order.`,
		Args:    cobra.NoArgs,
		Example: "  gridward xmpp check --config router.yaml\n  gridward xmpp serve --config router.yaml",
	}
	service := addServiceFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var file xmppFile
		if err := service.load(&file); err != nil {
			return err
		}
		if service.check {
			return checkXMPP(cmd, service, &file)
		}
		return serveXMPP(cmd.Context(), cmd, service, &file)
	}
	return cmd
}

func newXMPPCheckCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check --config FILE",
		Short: "Check the configuration of a router and the files that it names",
		Args:  cobra.NoArgs,
	}
	service := &serviceFlags{}
	cmd.Flags().StringVar(&service.config, "config", "", "configuration `file` (YAML)")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var file xmppFile
		if err := service.load(&file); err != nil {
			return err
		}
		return checkXMPP(cmd, service, &file)
	}
	return cmd
}

// checkXMPP makes a server of the configuration and throws it away.
func checkXMPP(cmd *cobra.Command, service *serviceFlags, file *xmppFile) error {
	cfg, err := file.resolve(service)
	if err != nil {
		return err
	}
	s, err := server.New(cfg)
	if err != nil {
		return cli.Usage(fmt.Errorf("%s: %w", service.config, err), "")
	}
	if err := s.Shutdown(cmd.Context()); err != nil {
		return err
	}
	_, err = cli.Fprintf(cmd.OutOrStdout(), "%s: ok: %s, %d accounts, %d rules\n", service.config, cfg.Domain, len(cfg.Policy.Accounts), len(cfg.Policy.Rules))
	return err
}

func serveXMPP(ctx context.Context, cmd *cobra.Command, service *serviceFlags, file *xmppFile) error {
	log, err := service.logger(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	cfg, err := file.resolve(service)
	if err != nil {
		return err
	}
	watch := newXMPPWatch(log)
	cfg.Events = watch.event
	s, err := server.New(cfg)
	if err != nil {
		return cli.Usage(fmt.Errorf("%s: %w", service.config, err), "")
	}
	group, ctx := errgroup.WithContext(ctx)
	// Whatever ends the service, all streams are told and all listeners closed.
	group.Go(func() error {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		return s.Shutdown(end)
	})
	group.Go(func() error { return serveListeners(ctx, log, s, file) })
	group.Go(func() error { return reloadOnHangup(ctx, log, s, service) })
	group.Go(func() error { return trimMemory(ctx, s) })
	if file.Metrics != "" {
		group.Go(func() error {
			l, err := net.Listen("tcp", file.Metrics)
			if err != nil {
				return err
			}
			log.Info("metrics", "address", l.Addr().String())
			reg := prometheus.NewRegistry()
			if err := errors.Join(reg.Register(xmppCollector{s}), reg.Register(watch.logins)); err != nil {
				return err
			}
			return serveMetrics(ctx, l, reg)
		})
	}
	err = group.Wait()
	log.Info("stopped")
	if errors.Is(err, context.Canceled) || errors.Is(err, server.ErrShutdown) {
		return nil
	}
	return err
}

// serveListeners opens all listeners before it serves any of them.
func serveListeners(ctx context.Context, log *slog.Logger, s *server.Server, file *xmppFile) error {
	var lns []net.Listener
	for _, l := range file.Listen {
		ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", l.Address)
		if err != nil {
			for _, open := range lns {
				_ = open.Close()
			}
			return cli.Hint(err, "choose another address under listen")
		}
		lns = append(lns, ln)
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, l := range file.Listen {
		log.Info("listening", "domain", file.Domain, "address", lns[i].Addr().String(), "mode", l.Mode)
		group.Go(func() error { return s.Serve(ctx, lns[i], server.Mode(l.Mode)) })
	}
	return group.Wait()
}

// reloadXMPP reads the file again, and the certificates that it names. On error nothing has changed.
func reloadXMPP(s *server.Server, service *serviceFlags) error {
	var file xmppFile
	if err := service.load(&file); err != nil {
		return err
	}
	cfg, err := file.resolve(service)
	if err != nil {
		return err
	}
	if err := s.Reload(cfg.Policy); err != nil {
		return err
	}
	return s.SetTLS(cfg.TLS)
}

// reloadOnHangup applies accounts, deny list, rules and certificates anew when the process is told to.
func reloadOnHangup(ctx context.Context, log *slog.Logger, s *server.Server, service *serviceFlags) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hup:
		}
		if err := reloadXMPP(s, service); err != nil {
			log.Error("reload refused, the old rules and certificates stay", "err", err)
		}
	}
}

// trimMemory gives the memory that a wave of logins took back to the system, once it is over.
func trimMemory(ctx context.Context, s *server.Server) error {
	const wave = 64
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var trimmed, last uint64
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		logins := s.Stats().Logins["ok"]
		if logins == last && logins-trimmed >= wave {
			debug.FreeOSMemory()
			trimmed = logins
		}
		last = logins
	}
}
