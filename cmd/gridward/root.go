package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/buildinfo"
	"github.com/gridward/gridward/internal/cli"
)

// run executes one command line and gives its exit code. It is main without the process, so that scripts can test it.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	root := newRootCmd()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	usageErrors(root)
	err := unknownCommand(root, args)
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err == nil {
		return cli.Done
	}
	var exit *cli.ExitError
	if errors.As(err, &exit) && exit.Err == nil {
		return exit.Code
	}
	fmt.Fprintln(stderr, "gridward:", cli.PrintableLines(err.Error()))
	if hint := cli.HintOf(err); hint != "" {
		fmt.Fprintln(stderr, "hint:", cli.PrintableLines(hint))
	}
	return cli.CodeOf(err)
}

func newRootCmd() *cobra.Command {
	root := &cobra.Command{
		Use:           "gridward",
		Short:         "Secure IEC 61850 from the process bus to the virtual power plant",
		Version:       buildinfo.Version(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return cli.Usage(err, "see '"+cmd.CommandPath()+" --help'")
	})
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return cli.BindEnv(cmd) }
	root.AddCommand(newVersionCmd())
	// One line a noun, in alphabetical order.
	root.AddCommand(newBenchCmd())
	root.AddCommand(newCenterCmd())
	root.AddCommand(newConformanceCmd())
	root.AddCommand(newDemoCmd())
	root.AddCommand(newDERCmd())
	root.AddCommand(newExitCodesTopic())
	root.AddCommand(newIEDCmd())
	root.AddCommand(newManCmd())
	root.AddCommand(newMMSCmd())
	root.AddCommand(newPKICmd())
	root.AddCommand(newSCLCmd())
	root.AddCommand(newXMPPCmd())
	return root
}

func newVersionCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "gridward", buildinfo.Version())
			return err
		},
	}
}
