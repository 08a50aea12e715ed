package main

import (
	"io"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/conformance"
)

func newConformanceCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "conformance",
		Short: "Print conformance statements: PICS, PIXIT, TICS, MICS",
		Long: `Print conformance statements of IEC 61850 as Markdown: of this program, or with 'mics' of the model of an IED.
They are made from the program itself.`,
	}
	for _, d := range conformance.Documents() {
		cmd.AddCommand(&cobra.Command{
			Use:   d.Name,
			Short: d.Title,
			Args:  cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				_, err := io.WriteString(cmd.OutOrStdout(), d.Markdown())
				return err
			},
		})
	}
	cmd.AddCommand(newMICSCmd())
	return cmd
}

func newMICSCmd() *cobra.Command {
	var file, ied, ap string
	cmd := &cobra.Command{
		Use:     "mics --scl FILE [--ied NAME]",
		Short:   "Model implementation conformance statement (MICS) of an IED",
		Args:    cobra.NoArgs,
		Example: "  gridward conformance mics --scl plant.scd --ied BAY1 >mics.md",
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := loadSCL(file, cmd.InOrStdin())
			if err != nil {
				return err
			}
			m, err := f.Server(ied, ap)
			if err != nil {
				return sclError(err, file)
			}
			d := conformance.MICS(m)
			_, err = io.WriteString(cmd.OutOrStdout(), d.Markdown())
			return err
		},
	}
	cmd.Flags().StringVar(&file, "scl", "", "SCL `file` of any kind and edition")
	cmd.Flags().StringVar(&ied, "ied", "", "`name` of the IED; may be left out when the file has one")
	cmd.Flags().StringVar(&ap, "access-point", "", "`name` of the access point; may be left out when the IED has one with a server")
	_ = cmd.MarkFlagRequired("scl")
	_ = cmd.MarkFlagFilename("scl", "scd", "icd", "cid", "iid", "xml")
	return cmd
}
