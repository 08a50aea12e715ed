package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/mms"
)

func newMMSCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mms",
		Short: "Work with MMS PDUs (ISO 9506) of IEC 61850-8-1 and -8-2",
	}
	cmd.AddCommand(newMMSConvertCmd(), newMMSSchemaCmd(), newMMSServeCmd())
	cmd.AddCommand(mmsClientCmds()...)
	cmd.AddCommand(newMMSCheckCmd(), newMMSSGCmd(), newMMSLogCmd(), newMMSFileCmd(), newMMSTUICmd())
	return cmd
}

func newMMSSchemaCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the XML schema of the XER that Gridward writes",
		Long: `Print the XML schema of the XER that Gridward writes over XMPP (dialect gw1). It is Gridward's own; the schema of
IEC 61850-8-2 is licensed and not part of it.`,
		Example: "  gridward mms schema > gw1.xsd\n  xmllint --noout --schema gw1.xsd request.xml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(cmd.OutOrStdout(), mms.GW1Schema)
			return err
		},
	}
}
