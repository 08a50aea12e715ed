package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
)

// demoOptions are the flags of gridward demo.
type demoOptions struct {
	ders   int
	speed  float64
	dir    string
	listen string
}

// demoMaxDERs keeps a slip of the finger from filling the machine with processes.
const demoMaxDERs = 200

func newDemoCmd() *cobra.Command {
	var opt demoOptions
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Run a small virtual power plant on this machine",
		Long: `Run a small virtual power plant on this machine: an XMPP router, a control centre with its dashboard, and DERs
of four kinds (photovoltaic plant, battery, load, charge point). Each is a process of its own with a configuration and
a certificate of its own, connected over loopback by mutual TLS.

Keys, configurations and logs are in a temporary directory, which is removed at the end; --dir keeps them, and any of
the processes can then be run again by hand. Ctrl-C stops everything.`,
		Example: `  gridward demo
  gridward demo --ders 40 --speed 600
  gridward demo --dir plant --listen 127.0.0.1:9000`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case opt.ders < 1 || opt.ders > demoMaxDERs:
				return cli.Usage(fmt.Errorf("--ders %d: want 1 to %d", opt.ders, demoMaxDERs), "")
			case !(opt.speed >= 0.1 && opt.speed <= 3600):
				return cli.Usage(fmt.Errorf("--speed %g: want 0.1 to 3600", opt.speed), "")
			}
			return runDemo(cmd, opt)
		},
	}
	f := cmd.Flags()
	f.IntVar(&opt.ders, "ders", 8, "how many DERs")
	f.Float64Var(&opt.speed, "speed", 60, "how much faster than the clock the devices live")
	f.StringVar(&opt.dir, "dir", "", "keep keys, configurations and logs in this `directory`, which must not exist or be empty")
	f.StringVar(&opt.listen, "listen", "", "`address` of the dashboard (default 127.0.0.1:8650, or a free port)")
	_ = cmd.MarkFlagDirname("dir")
	return cmd
}

func runDemo(cmd *cobra.Command, opt demoOptions) (err error) {
	out := cmd.OutOrStdout()
	if opt.dir == "" {
		if opt.dir, err = os.MkdirTemp("", "gridward-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(opt.dir)) }()
	} else if err := emptyDir(opt.dir); err != nil {
		return cli.Usage(err, "give --dir a new directory")
	}
	if opt.listen, err = demoAddress(opt.listen); err != nil {
		return cli.Usage(err, "choose another address with --listen")
	}
	plant, err := newDemoPlant(opt, time.Now())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "keys, configurations and logs: %s\n", opt.dir)

	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	began := time.Now()
	procs := startDemo(ctx, plant, cmd.ErrOrStderr())
	defer func() {
		procs.stop()
		fmt.Fprintln(out, "stopped")
	}()

	fmt.Fprintf(out, "starting a router, a control centre and %d DERs\n", opt.ders)
	if err := plant.waitOnline(ctx, procs, cmd.ErrOrStderr()); err != nil {
		if cmd.Context().Err() != nil {
			return nil
		}
		return cli.Exit(cli.Failed, err, "see the logs in "+filepath.Join(opt.dir, "log")+" (use --dir to keep them)")
	}
	id := plant.ders[0].id()
	fmt.Fprintf(out, "%d DERs online after %.1f s\n\n", opt.ders, time.Since(began).Seconds())
	fmt.Fprintf(out, "  dashboard   http://%s/\n", opt.listen)
	fmt.Fprintf(out, "  fleet       curl http://%s/api/v1/ders\n", opt.listen)
	fmt.Fprintf(out, "  set-point   curl -H 'Content-Type: application/json' -d '{\"limit\": 2000}' http://%s/api/v1/ders/%s@%s/setpoint\n", opt.listen, id, demoDomain)
	fmt.Fprintf(out, "  events      curl -N http://%s/api/v1/events\n\n", opt.listen)
	fmt.Fprintln(out, "Ctrl-C stops it.")

	select {
	case <-ctx.Done():
		return nil
	case err := <-procs.fatal:
		return cli.Exit(cli.Failed, err, "")
	}
}

// emptyDir makes dir, or accepts it when it is there and empty.
func emptyDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty", dir)
	}
	return nil
}

// demoAddress checks that the dashboard can listen on addr; without one it takes port 8650 of loopback, or a free one.
func demoAddress(addr string) (string, error) {
	want := addr
	if want == "" {
		want = "127.0.0.1:8650"
	}
	l, err := net.Listen("tcp", want)
	if err != nil && addr == "" {
		l, err = net.Listen("tcp", "127.0.0.1:0")
	}
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
