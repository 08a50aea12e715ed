package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/interop/mmsbench"
)

func newBenchMMSCmd() *cobra.Command {
	var o mmsbench.Options
	var about strings.Builder
	var names []string
	for _, s := range mmsbench.Scenarios() {
		fmt.Fprintf(&about, "\n  %-10s %s", s[0], s[1])
		names = append(names, s[0])
	}
	cmd := &cobra.Command{
		Use:   "mms",
		Short: "Measure MMS over TCP beside a raw echo and libiec61850",
		Long: `Measure MMS over TCP beside a raw echo of the same octet counts and libiec61850, each as a process of its own on
loopback, in interleaved rounds of which the median counts. Compare figures of one run only. The exit code does not tell
whether bars are met. Scenarios:` + "\n" + about.String(),
		Args:    cobra.NoArgs,
		Example: "  gridward bench mms\n  gridward bench mms -o json --scenario read,tls --rounds 9",
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON)
	f := cmd.Flags()
	f.StringSliceVar(&o.Scenarios, "scenario", nil, "which: "+strings.Join(names, ", ")+"; default: all")
	f.IntVar(&o.Rounds, "rounds", 5, "rounds of each")
	f.DurationVar(&o.Each, "round-time", 0, "time of a round; default 1s")
	f.IntVar(&o.Many, "many", 1000, "idle, silent or subscribed associations")
	f.IntVar(&o.Clients, "clients", 100, "clients that have reports at the same time")
	f.BoolVar(&o.NoPeer, "no-peer", false, "leave libiec61850 out")
	_ = cmd.RegisterFlagCompletionFunc("scenario", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var err error
		if o.Exe, err = os.Executable(); err != nil {
			return err
		}
		o.Args = []string{"bench", "mms-worker"}
		if o.Dir, err = os.MkdirTemp("", "gridward-bench-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(o.Dir) }()
		talk := cmd.ErrOrStderr()
		o.Progress = func(s string) { _, _ = fmt.Fprintln(talk, s) }
		rep, err := mmsbench.Run(cmd.Context(), o)
		if err != nil {
			return err
		}
		if *format == cli.JSON {
			return cli.WriteJSON(cmd.OutOrStdout(), rep)
		}
		return printMMSBench(cmd.OutOrStdout(), rep)
	}
	return cmd
}

// newBenchMMSWorkerCmd is the other processes of bench mms.
func newBenchMMSWorkerCmd() *cobra.Command {
	return &cobra.Command{
		Use: "mms-worker", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return mmsbench.Work(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}

func printMMSBench(w io.Writer, rep *mmsbench.Report) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(tw, "what\tfigure\tbar\tpeer\t\n")
	for _, f := range rep.Figures {
		bar, peer := "", ""
		if f.Met != nil {
			sign, verdict := "≥", "missed"
			if f.AtMost {
				sign = "≤"
			}
			if *f.Met {
				verdict = "met"
			}
			bar = fmt.Sprintf("%s %s %s", sign, short(f.Bar), verdict)
		}
		if f.Peer != "" {
			peer = short(f.PeerIs) + " " + f.Peer
		}
		if f.Note != "" {
			peer = strings.TrimPrefix(peer+"; "+f.Note, "; ")
		}
		_, _ = fmt.Fprintf(tw, "%s\t%s %s\t%s\t%s\t\n", f.Name, short(f.Value), f.Unit, bar, peer)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if rep.Missing != "" {
		_, err := fmt.Fprintln(w, "missing peer:", rep.Missing)
		return err
	}
	_, err := fmt.Fprintln(w, "peer:", rep.Peer)
	return err
}

// short writes a figure with as many places as it deserves.
func short(v float64) string {
	switch {
	case v == float64(int64(v)), v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
