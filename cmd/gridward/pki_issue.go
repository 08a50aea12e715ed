package main

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/pki/ca"
	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/jid"
)

type issueFlags struct {
	dir, kind, domain, name, file string
	jids, dns, ips                []string
	days                          int
	force                         bool
}

func newPKIIssueCmd() *cobra.Command {
	var fl issueFlags
	cmd := &cobra.Command{
		Use:   "issue --dir DIR --kind der|center|server",
		Short: "Issue a key and certificate",
		Long: `Issue a key and certificate for TLS. JIDs are written as id-on-xmppAddr names: an XMPP server lets a client in
as the JID that its certificate names, and as nothing else.

A server certificate names its --domain as xmppAddr, as DNS name and as SRV name, so that clients can tell the
domain from the host that it happens to run on.`,
		Args: cobra.NoArgs,
		Example: `  gridward pki issue --dir site --kind server --domain grid.example
  gridward pki issue --dir site --kind der --domain grid.example --jid der1
  gridward pki issue --dir site --kind center --jid ems@grid.example -o json`,
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON)
	f := cmd.Flags()
	f.StringVar(&fl.dir, "dir", "", "directory of the authority (required)")
	f.StringVar(&fl.kind, "kind", "", "what it is for: der, center or server (required)")
	f.StringVar(&fl.domain, "domain", "", "XMPP domain: of a server, or what is added to a --jid without @")
	f.StringArrayVar(&fl.jids, "jid", nil, "bare JID that the certificate names (repeatable)")
	f.StringArrayVar(&fl.dns, "dns", nil, "further DNS name (repeatable)")
	f.StringArrayVar(&fl.ips, "ip", nil, "IP address (repeatable)")
	f.StringVar(&fl.name, "name", "", "common name; default: the first name")
	f.StringVar(&fl.file, "file", "", "file name without extension; default: the first name")
	f.IntVar(&fl.days, "days", 397, "validity in days")
	f.BoolVar(&fl.force, "force", false, "replace a key and certificate that are there")
	required(cmd, "dir", "kind")
	_ = cmd.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions([]string{"der", "center", "server"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		info, err := issueInto(&fl, time.Now())
		if err != nil {
			return pkiError(err)
		}
		return printCertificates(cmd.OutOrStdout(), *format, []certificateInfo{info})
	}
	return cmd
}

func issueInto(fl *issueFlags, now time.Time) (certificateInfo, error) {
	req, err := fl.request()
	if err != nil {
		return certificateInfo{}, err
	}
	d := keystore.Dir(fl.dir)
	a, err := loadAuthority(d)
	if err != nil {
		return certificateInfo{}, err
	}
	file := fl.file
	if file == "" {
		file = append(append([]string{}, req.JIDs...), req.DNS...)[0]
	}
	crt, keyFile := d.Paths(file)
	if caCert, _ := d.CA(); crt == caCert {
		return certificateInfo{}, cli.Usage(errors.New("the name ca is the authority's own"), "choose another with --file")
	}
	key, err := ca.NewKey()
	if err != nil {
		return certificateInfo{}, err
	}
	cert, err := a.Issue(req, key.Public(), now)
	if err != nil {
		return certificateInfo{}, err
	}
	if err := keystore.WritePair(crt, keyFile, cert, key, fl.force); err != nil {
		return certificateInfo{}, err
	}
	return describe(crt, cert, a.Cert, now), nil
}

// request turns the flags into names: JIDs prepared as a server will compare them, the domain in its three forms.
func (fl *issueFlags) request() (ca.Request, error) {
	if err := checkDays(fl.days); err != nil {
		return ca.Request{}, err
	}
	req := ca.Request{Kind: ca.Kind(fl.kind), CommonName: fl.name, DNS: fl.dns, Life: time.Duration(fl.days) * day}
	for i, d := range req.DNS {
		req.DNS[i] = tlsprofile.ALabel(d)
	}
	if req.Kind == ca.Server && fl.domain != "" {
		domain := tlsprofile.ALabel(fl.domain)
		req.JIDs = append(req.JIDs, domain)
		req.DNS = append([]string{domain}, req.DNS...)
		req.SRV = append(req.SRV, "_xmpp-client."+domain, "_xmpp-server."+domain)
	}
	for _, s := range fl.jids {
		if !strings.Contains(s, "@") && req.Kind != ca.Server {
			if fl.domain == "" {
				return req, cli.Usage(fmt.Errorf("JID %q has no domain", s), "write user@domain, or give --domain")
			}
			s += "@" + fl.domain
		}
		j, err := jid.Parse(s)
		if err != nil {
			return req, cli.Usage(err, "")
		}
		req.JIDs = append(req.JIDs, withALabels(j))
	}
	for _, s := range fl.ips {
		ip, err := netip.ParseAddr(s)
		if err != nil {
			return req, cli.Usage(fmt.Errorf("--ip: %w", err), "for example 192.0.2.1 or 2001:db8::1")
		}
		if ip.Zone() != "" {
			return req, cli.Usage(fmt.Errorf("--ip %s: a certificate has no place for the zone %q", s, ip.Zone()), "leave %"+ip.Zone()+" out")
		}
		req.IPs = append(req.IPs, ip)
	}
	return req, req.Validate()
}

// withALabels writes the domain of a JID in A-labels: certificates are compared by programs that know no others, and a
// JID is the same in both.
func withALabels(j jid.JID) string {
	domain := tlsprofile.ALabel(j.Domain())
	switch {
	case j.Resource() != "":
		return j.String() // will be refused
	case j.Local() == "":
		return domain
	}
	return j.Local() + "@" + domain
}
