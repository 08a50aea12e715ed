package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/security/tlsprofile"
)

// certificateInfo is what 'pki' prints about one certificate.
type certificateInfo struct {
	File      string    `json:"file"`
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	Usages    []string  `json:"usages"`
	XMPPAddrs []string  `json:"xmppAddr,omitempty"`
	SRVNames  []string  `json:"srvName,omitempty"`
	DNSNames  []string  `json:"dnsName,omitempty"`
	IPs       []string  `json:"ipAddress,omitempty"`
	SHA256    string    `json:"sha256"`
	Status    string    `json:"status"`
}

func newPKIShowCmd() *cobra.Command {
	var dir, caFile string
	cmd := &cobra.Command{
		Use:   "show --dir DIR | show [--ca FILE] FILE...",
		Short: "Show certificates and whether they are good now",
		Long: `Show certificates and whether they are good now. With an authority (--dir or --ca) each is also checked against
it. The exit code is 3 when one of them is refused.`,
		Example: "  gridward pki show --dir site\n  gridward pki show --ca site/ca.crt -o json site/der1@grid.example.crt",
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON)
	cmd.Flags().StringVar(&dir, "dir", "", "directory of an authority: show everything in it")
	cmd.Flags().StringVar(&caFile, "ca", "", "certificate of the authority to check against")
	cmd.RunE = func(cmd *cobra.Command, files []string) error {
		if (dir == "") == (len(files) == 0) {
			return cli.Usage(errors.New("want either --dir or files"), "see 'gridward pki show --help'")
		}
		infos, err := inspect(dir, caFile, files, time.Now())
		if err != nil {
			return err
		}
		if err := printCertificates(cmd.OutOrStdout(), *format, infos); err != nil {
			return err
		}
		for _, i := range infos {
			if i.Status != statusGood {
				return cli.Exit(cli.Insecure, fmt.Errorf("%s: %s", i.File, i.Status), "issue it again with 'gridward pki issue --force'")
			}
		}
		return nil
	}
	return cmd
}

func inspect(dir, caFile string, files []string, now time.Time) ([]certificateInfo, error) {
	if dir != "" {
		var err error
		if files, err = keystore.Dir(dir).Certificates(); err != nil {
			return nil, err
		}
		caFile, _ = keystore.Dir(dir).CA()
	}
	var root *x509.Certificate
	if caFile != "" {
		certs, err := keystore.ReadCertificates(caFile)
		if err != nil {
			return nil, cli.Hint(err, "--ca names the certificate of an authority, a PEM file")
		}
		root = certs[0]
	}
	var out []certificateInfo
	for _, f := range files {
		certs, err := keystore.ReadCertificates(f)
		if err != nil {
			return nil, cli.Hint(err, "give the names of certificates, PEM files")
		}
		out = append(out, describe(f, certs[0], root, now))
	}
	return out, nil
}

const statusGood = "good"

func describe(file string, c, root *x509.Certificate, now time.Time) certificateInfo {
	sum := sha256.Sum256(c.Raw)
	i := certificateInfo{
		File: file, Subject: c.Subject.String(), Issuer: c.Issuer.String(), Serial: hex.EncodeToString(c.SerialNumber.Bytes()),
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, DNSNames: c.DNSNames, SHA256: hex.EncodeToString(sum[:]),
		Usages: []string{}, Status: statusOf(c, root, now),
	}
	for _, ip := range c.IPAddresses {
		i.IPs = append(i.IPs, ip.String())
	}
	for _, u := range c.ExtKeyUsage {
		switch u {
		case x509.ExtKeyUsageClientAuth:
			i.Usages = append(i.Usages, "clientAuth")
		case x509.ExtKeyUsageServerAuth:
			i.Usages = append(i.Usages, "serverAuth")
		}
	}
	if c.IsCA {
		i.Usages = append(i.Usages, "CA")
	}
	var err error
	if i.XMPPAddrs, err = tlsprofile.XMPPAddrs(c); err != nil {
		i.Status = err.Error()
	}
	if i.SRVNames, err = tlsprofile.SRVNames(c); err != nil {
		i.Status = err.Error()
	}
	return i
}

// statusOf is "good" or why the certificate is refused now, against root when there is one.
func statusOf(c, root *x509.Certificate, now time.Time) string {
	var err error
	switch {
	case now.After(c.NotAfter):
		err = tlsprofile.ErrExpired
	case now.Before(c.NotBefore):
		err = tlsprofile.ErrNotYetValid
	case root != nil && c.CheckSignatureFrom(root) != nil:
		err = tlsprofile.ErrOtherCA
	case !c.IsCA && slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth):
		err = tlsprofile.CheckLeaf(c, x509.ExtKeyUsageServerAuth)
	case !c.IsCA:
		err = tlsprofile.CheckLeaf(c, x509.ExtKeyUsageClientAuth)
	default:
		err = tlsprofile.CheckKey(c.PublicKey)
	}
	if err == nil {
		return statusGood
	}
	var ce *tlsprofile.CertificateError
	if errors.As(err, &ce) {
		ce.Cert = nil // everything about it is printed beside the status
	}
	return strings.TrimPrefix(err.Error(), "tlsprofile: ")
}

func printCertificates(w io.Writer, format cli.Format, infos []certificateInfo) error {
	if format == cli.JSON {
		if infos == nil {
			infos = []certificateInfo{}
		}
		return cli.WriteJSON(w, infos)
	}
	for _, i := range infos {
		_, err := cli.Fprintf(w, "%s\n  subject  %s\n  issuer   %s\n  serial   %s\n  valid    %s to %s\n  usages   %s\n",
			i.File, i.Subject, i.Issuer, i.Serial, i.NotBefore.Format(time.RFC3339), i.NotAfter.Format(time.RFC3339), strings.Join(i.Usages, " "))
		if err != nil {
			return err
		}
		for _, n := range []struct {
			label string
			names []string
		}{{"xmppAddr", i.XMPPAddrs}, {"srvName", i.SRVNames}, {"dnsName", i.DNSNames}, {"ip", i.IPs}} {
			if len(n.names) > 0 {
				if _, err := cli.Fprintf(w, "  %-8s %s\n", n.label, strings.Join(n.names, " ")); err != nil {
					return err
				}
			}
		}
		if _, err := cli.Fprintf(w, "  sha256   %s\n  status   %s\n", i.SHA256, i.Status); err != nil {
			return err
		}
	}
	return nil
}
