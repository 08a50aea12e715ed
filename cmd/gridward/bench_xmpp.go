package main

import (
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/interop/xmppbench"
)

func newBenchXMPPCmd() *cobra.Command {
	var o xmppbench.Options
	cmd := &cobra.Command{
		Use:   "xmpp",
		Short: "Measure the router beside Prosody and ejabberd",
		Long: `Measure the router beside Prosody and ejabberd, each as a process of its own on loopback: requests and answers a
second between two clients over TLS, in interleaved rounds of which the median counts; logins a second; memory of idle
sessions. Compare figures of one run only.`,
		Args:    cobra.NoArgs,
		Example: "  gridward bench xmpp\n  gridward bench xmpp -o json --servers gridward --rounds 3",
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON)
	f := cmd.Flags()
	f.StringSliceVar(&o.Servers, "servers", nil, "which: gridward, prosody, ejabberd; default: all that are installed")
	f.IntVar(&o.Rounds, "rounds", 5, "rounds of each server")
	f.DurationVar(&o.Each, "round-time", 0, "time of a round; default 2s")
	f.IntVar(&o.Window, "window", 32, "requests that are open at the same time")
	f.IntVar(&o.Payload, "payload", 400, "octets of a request and of its answer")
	f.IntVar(&o.Sessions, "sessions", 1000, "idle sessions to weigh")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var err error
		if o.Exe, err = os.Executable(); err != nil {
			return err
		}
		if o.Dir, err = os.MkdirTemp("", "gridward-bench-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(o.Dir) }()
		talk := cmd.ErrOrStderr()
		o.Progress = func(s string) { _, _ = fmt.Fprintln(talk, s) }
		rep, err := xmppbench.Run(cmd.Context(), o)
		if err != nil {
			return err
		}
		if *format == cli.JSON {
			return cli.WriteJSON(cmd.OutOrStdout(), rep)
		}
		return printXMPPBench(cmd.OutOrStdout(), rep)
	}
	return cmd
}

func printXMPPBench(w io.Writer, rep *xmppbench.Report) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(tw, "server\tround trips/s\tper server CPU s\tidle latency\tlogins/s\tper server CPU s\tkB/session\t")
	for _, r := range rep.Results {
		if r.Missing != "" {
			_, _ = fmt.Fprintf(tw, "%s\t%s\t\t\t\t\t\t\n", r.Server, r.Missing)
			continue
		}
		_, _ = fmt.Fprintf(tw, "%s\t%.0f\t%.0f\t%.0f µs\t%.0f\t%.0f\t%.1f\t\n", r.Server, r.RoundTrips, r.PerCPUSecond, r.LatencyUS, r.Logins, r.LoginsPerCPU, r.PerSession)
	}
	for _, name := range []string{"prosody", "ejabberd"} {
		if v, ok := rep.Ratio[name]; ok {
			_, _ = fmt.Fprintf(tw, "gridward/%s\t%.1f\t\t\t\t\t\t\n", name, v)
		}
	}
	return tw.Flush()
}
