package main

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/pki/ca"
	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/security/tlsprofile"
)

const day = 24 * time.Hour

func newPKICmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pki",
		Short: "Make and show the certificates of a site",
		Long: `Make and show the certificates of a site: one authority in a directory, and what it issued.

The authority's key ca.key is all that it takes to become any device of the site. Keep the directory offline.`,
	}
	cmd.AddCommand(newPKIInitCmd(), newPKIIssueCmd(), newPKIShowCmd())
	return cmd
}

func newPKIInitCmd() *cobra.Command {
	var dir, name string
	var days int
	var force bool
	cmd := &cobra.Command{
		Use:     "init --dir DIR",
		Short:   "Make a certification authority",
		Args:    cobra.NoArgs,
		Example: "  gridward pki init --dir site --name 'Grid example CA'",
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON)
	f := cmd.Flags()
	f.StringVar(&dir, "dir", "", "directory of the authority (required)")
	f.StringVar(&name, "name", "Gridward CA", "common name of the authority")
	f.IntVar(&days, "days", 3650, "validity in days")
	f.BoolVar(&force, "force", false, "replace an authority that is there; everything it issued becomes worthless")
	required(cmd, "dir")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		d := keystore.Dir(dir)
		if err := checkDays(days); err != nil {
			return err
		}
		a, err := ca.New(name, time.Now(), time.Duration(days)*day)
		if err != nil {
			return initError(err)
		}
		if err := d.Create(); err != nil {
			return cli.Hint(err, "--dir names a directory that is there or can be made")
		}
		crt, key := d.CA()
		if err := keystore.WritePair(crt, key, a.Cert, a.Key, force); err != nil {
			return initError(err)
		}
		return printCertificates(cmd.OutOrStdout(), *format, []certificateInfo{describe(crt, a.Cert, a.Cert, time.Now())})
	}
	return cmd
}

// maxDays is a century, far below what a time.Duration can count.
const maxDays = 36525

func checkDays(days int) error {
	if days > maxDays {
		return cli.Usage(fmt.Errorf("--days %d is more than %d", days, maxDays), "")
	}
	return nil
}

// required makes cmd refuse to run without these flags, with the exit code of a usage error.
func required(cmd *cobra.Command, flags ...string) {
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		for _, f := range flags {
			if !cmd.Flags().Changed(f) {
				return cli.Usage(fmt.Errorf("flag --%s is required", f), "see '"+cmd.CommandPath()+" --help'")
			}
		}
		return nil
	}
}

// initError gives what goes wrong when an authority is written its hint.
func initError(err error) error {
	switch {
	case errors.Is(err, keystore.ErrExists):
		return cli.Hint(err, "choose another --dir; --force replaces the authority and makes everything it issued worthless")
	case errors.Is(err, ca.ErrRequest):
		return cli.Usage(err, "see 'gridward pki init --help'")
	case errors.Is(err, fs.ErrPermission):
		return cli.Hint(err, "choose a --dir in which you may write")
	}
	return err
}

// pkiError gives the errors of ca and keystore their exit codes and hints.
func pkiError(err error) error {
	switch {
	case errors.Is(err, keystore.ErrExists):
		return cli.Hint(err, "use --force to replace it")
	case errors.Is(err, keystore.ErrMode):
		return cli.Exit(cli.Insecure, err, "chmod 600 the file, and think of who may have read it")
	case errors.Is(err, ca.ErrRequest):
		return cli.Usage(err, "see 'gridward pki issue --help'")
	case errors.Is(err, ca.ErrValidity):
		return cli.Usage(err, "ask for fewer --days, or make a new authority")
	}
	return err
}

// loadAuthority reads the authority of a directory.
func loadAuthority(d keystore.Dir) (*ca.Authority, error) {
	crt, key := d.CA()
	certs, err := keystore.ReadCertificates(crt)
	if err != nil {
		return nil, cli.Hint(err, fmt.Sprintf("make an authority with 'gridward pki init --dir %s'", d))
	}
	signer, err := keystore.ReadKey(key)
	if err != nil {
		return nil, pkiError(err)
	}
	a, err := ca.From(certs[0], signer)
	if err != nil {
		return nil, err
	}
	if err := tlsprofile.CheckKey(a.Cert.PublicKey); err != nil {
		return nil, cli.Exit(cli.Insecure, err, "")
	}
	return a, nil
}
