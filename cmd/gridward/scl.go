package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/scl"
)

func newSCLCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "scl",
		Short: "Show and check SCL files",
		Long: `Show and check files of the System Configuration description Language (IEC 61850-6) of editions 1, 2 and 2.1:
SCD, ICD, CID, IID and SSD files.`,
	}
	cmd.AddCommand(newSCLShowCmd(), newSCLCheckCmd())
	return cmd
}

// maxSCL is the largest file that loadSCL reads, in octets.
const maxSCL = 64 << 20

// loadSCL reads and parses one file; "-" is the standard input.
func loadSCL(path string, stdin io.Reader) (*scl.File, error) {
	in, name := stdin, "<stdin>"
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, cli.Hint(err, "give the name of an SCL file, or - for the standard input")
		}
		defer f.Close()
		in, name = f, path
	}
	data, err := io.ReadAll(io.LimitReader(in, maxSCL+1))
	if err != nil {
		return nil, fmt.Errorf("scl: %w", err)
	}
	f, err := scl.Parse(name, data, scl.Limits{Size: maxSCL})
	return f, sclError(err, path)
}

// sclError gives an error of package scl its hint and exit code.
func sclError(err error, path string) error {
	var all scl.Problems
	if errors.As(err, &all) && len(all) > 1 {
		return cli.Exit(cli.Failed, err, "'gridward scl check "+path+"' lists everything")
	}
	var p *scl.Problem
	switch {
	case !errors.As(err, &p):
		return err
	case errors.Is(err, scl.ErrNotFound):
		return cli.Usage(err, p.Hint)
	}
	return cli.Exit(cli.Failed, err, p.Hint)
}
