package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/scl"
)

func newSCLCheckCmd() *cobra.Command {
	var errorsOnly bool
	cmd := &cobra.Command{
		Use:   "check FILE...",
		Short: "List what is wrong with SCL files",
		Long: `List what is wrong with SCL files, with line, column and what to do about it. "-" is the standard input.

An error makes the file or a part of it unusable; a warning is against the standard, but was understood. The exit code is
1 when there is an error.`,
		Example: "  gridward scl check plant.scd\n  gridward scl check -o json *.icd",
		Args:    cobra.MinimumNArgs(1),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	cmd.Flags().BoolVar(&errorsOnly, "errors-only", false, "leave the warnings out")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		all := scl.Problems{}
		for _, path := range files {
			found, err := checkSCL(path, cmd.InOrStdin())
			if err != nil {
				return err
			}
			all = append(all, found...)
		}
		bad := all.Errors()
		shown := all
		if errorsOnly {
			shown = append(scl.Problems{}, bad...)
		}
		if err := printProblems(cmd.OutOrStdout(), *format, shown); err != nil {
			return err
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%d errors, %d warnings\n", len(bad), len(all)-len(bad))
		if len(bad) > 0 {
			return cli.Exit(cli.Failed, nil, "")
		}
		return nil
	}
	return cmd
}

// checkSCL gives the problems of one file, one that cannot be parsed at all included.
func checkSCL(path string, stdin io.Reader) (scl.Problems, error) {
	f, err := loadSCL(path, stdin)
	var p *scl.Problem
	switch {
	case errors.As(err, &p):
		return scl.Problems{*p}, nil
	case err != nil:
		return nil, err
	}
	return scl.Check(f), nil
}

func printProblems(w io.Writer, format cli.Format, ps scl.Problems) error {
	if format == cli.JSON {
		return cli.WriteJSON(w, ps)
	}
	for i := range ps {
		p := &ps[i]
		if format == cli.JSONL {
			if err := cli.WriteJSONL(w, p); err != nil {
				return err
			}
			continue
		}
		if _, err := cli.Fprintf(w, "%s: %s: %s\n", p.Where(), p.Severity, p.Msg); err != nil {
			return err
		}
		if p.Hint == "" {
			continue
		}
		if _, err := cli.Fprintf(w, "  hint: %s\n", p.Hint); err != nil {
			return err
		}
	}
	return nil
}
