package main

import "github.com/spf13/cobra"

func newMMSCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mms",
		Short: "Work with MMS PDUs (ISO 9506) of IEC 61850-8-1 and -8-2",
	}
	cmd.AddCommand(newMMSConvertCmd())
	return cmd
}
