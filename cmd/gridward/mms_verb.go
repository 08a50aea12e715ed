package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
)

// An mmsVerb is a verb below a noun of 'gridward mms', with a target and more arguments.
type mmsVerb struct {
	use, short, long, example string
	args                      cobra.PositionalArgs
	flags                     func(*cobra.Command)
	check                     func(args []string) error // before anything is dialled; may be nil
	run                       func(ctx context.Context, v *mmsCall) error
}

// An mmsCall is a verb that runs.
type mmsCall struct {
	*mmsSession
	cmd    *cobra.Command
	out    *mmsOut
	args   []string // without the target
	format cli.Format
}

func (v mmsVerb) command() *cobra.Command {
	cmd := &cobra.Command{Use: v.use, Short: v.short, Long: v.long + "\n\n" + mmsTargetHelp, Example: v.example, Args: v.args}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	if v.flags != nil {
		v.flags(cmd)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if v.check != nil {
			if err := v.check(args[1:]); err != nil {
				return err
			}
		}
		s, err := f.dial(cmd, args[0])
		if err != nil {
			return err
		}
		defer s.close()
		c := &mmsCall{mmsSession: s, cmd: cmd, out: newMMSOut(cmd, format), args: args[1:], format: *format}
		return c.out.done(mmsError(v.run(cmd.Context(), c), s.target))
	}
	return cmd
}
