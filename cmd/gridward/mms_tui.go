package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/cmd/gridward/tui"
	"github.com/gridward/gridward/internal/cli"
)

func newMMSTUICmd() *cobra.Command {
	var interval time.Duration
	var readOnly bool
	cmd := &cobra.Command{
		Use:   "tui TARGET",
		Short: "Walk the model of a server live on the terminal",
		Long: `Walk the model of a server live on the terminal: logical devices, nodes and data with their values, qualities and times,
report control blocks and what they send. Attributes can be written and objects operated, each after a confirmation.
What is on the screen is read again every --interval. ? shows the keys.

` + mmsTargetHelp,
		Example: `  gridward mms tui 192.0.2.7
  gridward mms tui 192.0.2.7 --scl station.scd --ied BAY1 --read-only
  gridward mms tui der1@grid.example --config center.yaml --interval 5s`,
		Args: cobra.ExactArgs(1),
	}
	fl := addMMSFlags(cmd)
	f := cmd.Flags()
	f.DurationVar(&interval, "interval", time.Second, "between readings of what is on the screen")
	f.BoolVar(&readOnly, "read-only", false, "do not write, operate or enable anything")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if interval < 50*time.Millisecond {
			return cli.Usage(errors.New("--interval: at least 50 ms"), "for example --interval 1s")
		}
		in, ok := cmd.InOrStdin().(io.Writer)
		if !ok || !cli.IsTerminal(in) || !cli.IsTerminal(cmd.OutOrStdout()) {
			return cli.Usage(errors.New("this is for a terminal"), "for a program there are 'gridward mms browse', 'get' and 'watch' with -o json")
		}
		place, err := fl.place(cmd, args[0])
		if err != nil {
			return err
		}
		dial := func(ctx context.Context) (tui.Session, error) {
			s, err := fl.associate(ctx, place, client.Options{})
			if err != nil {
				return nil, err
			}
			s.ctx = cmd.Context() // that of the dial may end before the session
			return tui.NewSession(s.client, s.close), nil
		}
		first, err := dial(cmd.Context())
		if err != nil {
			return err
		}
		return tui.Run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), tui.Options{
			Target: place.target.String(), SCL: place.scl, Session: first, Dial: dial, Interval: interval, ReadOnly: readOnly,
		})
	}
	return cmd
}
