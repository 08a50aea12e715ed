package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/gridward/gridward/internal/buildinfo"
	"github.com/gridward/gridward/internal/cli"
)

func newManCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write a manual page for every subcommand into a directory",
		Example: `  gridward man /usr/local/share/man/man1
  man gridward-der`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return cli.Exit(cli.Failed, err, "")
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			header := &doc.GenManHeader{Section: "1", Source: "gridward " + buildinfo.Version(), Manual: "Gridward"}
			return doc.GenManTree(root, header, args[0])
		},
	}
}
