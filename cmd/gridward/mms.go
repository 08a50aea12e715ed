package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/mms"
)

func newMMSCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "mms",
		Short: "Ask and operate IEC 61850 servers, over TCP, TLS and XMPP",
		Long: `Ask and operate servers of IEC 61850 by MMS (ISO 9506): over TCP and TLS (IEC 61850-8-1, IEC 62351-3) by address, over
XMPP (IEC 61850-8-2) by JID. 'serve' is such a server, 'convert' and 'schema' are about the PDUs themselves.

References are those of IEC 61850, LD/LN.DO.DA[FC], and a shell completes them from the server or from --scl. Every verb
has -o json, most -o jsonl. 'gridward help exit-codes' says what the exit codes mean.`,
		Example: `  gridward mms discover 192.0.2.7
  gridward mms browse 192.0.2.7
  gridward mms get 192.0.2.7 IED1LD0/MMXU1.TotW
  gridward mms control 192.0.2.7 IED1LD0/CSWI1.Pos on`,
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
