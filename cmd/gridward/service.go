package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/jid"
)

// serviceFlags are the flags that every long-running subcommand has.
type serviceFlags struct {
	config    string
	check     bool
	logLevel  string
	logFormat string
}

func addServiceFlags(cmd *cobra.Command) *serviceFlags {
	f := &serviceFlags{}
	cmd.Flags().StringVar(&f.config, "config", "", "configuration `file` (YAML)")
	cmd.Flags().BoolVar(&f.check, "check", false, "check the configuration and what it names, then exit")
	cmd.Flags().StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	cmd.Flags().StringVar(&f.logFormat, "log-format", "text", "text or json")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	_ = cmd.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions([]string{"debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("log-format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return f
}

// logger writes to w, which is the standard error of the process.
func (f *serviceFlags) logger(w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return nil, cli.Usage(fmt.Errorf("--log-level: %w", err), "debug, info, warn or error")
	}
	opt := &slog.HandlerOptions{Level: level}
	switch f.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(w, opt)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, opt)), nil
	}
	return nil, cli.Usage(fmt.Errorf("--log-format: %q is neither text nor json", f.logFormat), "")
}

// load reads the configuration into v, which holds the defaults.
func (f *serviceFlags) load(v any) error {
	if f.config == "" {
		return cli.Usage(errors.New("no configuration"), "give it with --config FILE or "+cli.Env("config"))
	}
	return cli.LoadConfig(f.config, v)
}

// path resolves a path of the configuration file against the folder of that file.
func (f *serviceFlags) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(filepath.Dir(f.config), p)
}

// tlsFiles is the tls section of every configuration.
type tlsFiles struct {
	Cert string `yaml:"cert"` // certificate chain, leaf first
	Key  string `yaml:"key"`  // PKCS #8, mode 0600
	CA   string `yaml:"ca"`   // who may sign the peer's certificate
}

func (t tlsFiles) load(f *serviceFlags) (*keystore.Bundle, error) {
	for _, e := range [...]struct{ name, value string }{{"cert", t.Cert}, {"key", t.Key}, {"ca", t.CA}} {
		if e.value == "" {
			return nil, cli.Usage(fmt.Errorf("%s: tls.%s is missing", f.config, e.name), "gridward pki issue makes certificates")
		}
	}
	b, err := keystore.Load(f.path(t.Cert), f.path(t.Key), f.path(t.CA))
	switch {
	case errors.Is(err, keystore.ErrMode):
		return nil, pkiError(err)
	case err != nil:
		return nil, cli.Usage(err, "")
	}
	return b, nil
}

// xmppClient is the part of a configuration that says who a client of an XMPP domain is and how it gets there.
type xmppClient struct {
	JID   string   `yaml:"jid"`   // bare: der1@grid.example
	Hosts []string `yaml:"hosts"` // host:port/direct or host:port/starttls; empty: DNS SRV of the JID's domain
	TLS   tlsFiles `yaml:"tls"`
}

// resolve parses the JID and makes the TLS configuration of the client.
func (x xmppClient) resolve(f *serviceFlags) (jid.JID, *tls.Config, error) {
	if x.JID == "" {
		return jid.JID{}, nil, cli.Usage(fmt.Errorf("%s: jid is missing", f.config), "for example jid: der1@grid.example")
	}
	j, err := jid.Parse(x.JID)
	if err != nil {
		return jid.JID{}, nil, cli.Usage(fmt.Errorf("%s: jid: %w", f.config, err), "")
	}
	b, err := x.TLS.load(f)
	if err != nil {
		return jid.JID{}, nil, err
	}
	conf, err := tlsprofile.Client{
		Certificate: b.Certificate, RootCAs: b.Pool, Domain: j.Domain(), ALPN: []string{tlsprofile.ALPNClient},
	}.Config()
	if err != nil {
		return jid.JID{}, nil, cli.Exit(cli.Insecure, fmt.Errorf("%s: %w", f.path(x.TLS.Cert), err), "")
	}
	if err := named(b.Leaf(), j); err != nil {
		return jid.JID{}, nil, cli.Exit(cli.Insecure, fmt.Errorf("%s: %w", f.path(x.TLS.Cert), err), "gridward pki issue makes certificates")
	}
	return j, conf, nil
}

// named refuses a certificate whose xmppAddr names are all of others. One without such names is left to the server, which
// may know who it is by other means.
func named(cert *x509.Certificate, j jid.JID) error {
	addrs, err := tlsprofile.XMPPAddrs(cert)
	if err != nil || len(addrs) == 0 {
		return err
	}
	for _, a := range addrs {
		if n, err := jid.Parse(a); err == nil && n == j.Bare() {
			return nil
		}
	}
	return fmt.Errorf("the certificate names %s, not %s", strings.Join(addrs, ", "), j.Bare())
}
