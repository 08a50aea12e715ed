package main

import (
	"github.com/spf13/cobra"
)

func newBenchCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure",
	}
	cmd.AddCommand(newBenchCodecCmd(), newBenchXMPPCmd(), newBenchMMSCmd(), newBenchMMSWorkerCmd())
	return cmd
}
