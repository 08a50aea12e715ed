package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/security/tlsprofile"
)

// dialTCP associates by the 8-1 mapping.
func (f *mmsFlags) dialTCP(ctx context.Context, place *mmsPlace) (mms.Association, func(), error) {
	cfg, err := f.tcpConfig(place)
	if err != nil {
		return nil, nil, err
	}
	a, err := mmstcp.Dial(ctx, place.target.address(), *cfg)
	return a, func() {}, err
}

func (f *mmsFlags) tcpConfig(place *mmsPlace) (*mmstcp.Config, error) {
	cfg := &mmstcp.Config{MaxPDU: f.pduSize}
	cfg.OSI.Timeouts = osi.Timeouts{Associate: f.timeout, Progress: f.timeout}
	if err := f.addresses(place, &cfg.OSI); err != nil {
		return nil, err
	}
	if err := cfg.Validate(); err != nil {
		return nil, cli.Usage(fmt.Errorf("--pdu-size: %w", err), "")
	}
	password, given, err := f.secret()
	if err != nil {
		return nil, err
	}
	if given {
		cfg.OSI.Authenticator = &acse.InsecurePassword{Password: password}
	}
	if !place.target.tls {
		return cfg, nil
	}
	conf, err := f.clientTLS(place.target.host)
	if err != nil {
		return nil, err
	}
	cfg.Secure = mmstcp.TLSClient(conf)
	return cfg, nil
}

// clientTLS makes the TLS configuration of 62351-3: both ends show a certificate.
func (f *mmsFlags) clientTLS(host string) (*tls.Config, error) {
	if f.serverName != "" {
		host = f.serverName
	}
	if f.noVerify {
		return f.insecureTLS(host)
	}
	b, err := f.bundle("a server with TLS asks for a certificate of the client")
	if err != nil {
		return nil, err
	}
	conf, err := tlsprofile.Client{Certificate: b.Certificate, RootCAs: b.Pool, Domain: host}.Config()
	if err != nil {
		return nil, cli.Exit(cli.Insecure, fmt.Errorf("%s: %w", f.cert, err), "")
	}
	return conf, nil
}

// insecureTLS believes any server. A certificate of our own is shown if there is one.
func (f *mmsFlags) insecureTLS(host string) (*tls.Config, error) {
	conf := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12, ServerName: host}
	if f.cert == "" && f.key == "" {
		return conf, nil
	}
	cert, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, cli.Usage(err, "give --cert and --key")
	}
	conf.Certificates = []tls.Certificate{cert}
	return conf, nil
}

// bundle loads --cert, --key and --ca.
func (f *mmsFlags) bundle(why string) (*keystore.Bundle, error) {
	for _, e := range [...]struct{ name, value string }{{"cert", f.cert}, {"key", f.key}, {"ca", f.ca}} {
		if e.value == "" {
			return nil, cli.Usage(fmt.Errorf("--%s is missing: %s", e.name, why), "give --cert, --key and --ca; 'gridward pki issue' makes certificates")
		}
	}
	b, err := keystore.Load(f.cert, f.key, f.ca)
	switch {
	case errors.Is(err, keystore.ErrMode):
		return nil, pkiError(err)
	case err != nil:
		return nil, cli.Usage(err, "")
	}
	return b, nil
}

// certificateHint says what to do about a certificate that was refused.
func certificateHint(e *tlsprofile.CertificateError) string {
	var unknown x509.UnknownAuthorityError
	switch {
	case e.Remote:
		return "the server refuses the certificate of --cert; ask who runs it which authority it trusts"
	case errors.Is(e, tlsprofile.ErrWrongName):
		return "if it is the right server, give the name in its certificate with --server-name"
	case errors.Is(e, tlsprofile.ErrOtherCA), errors.As(e, &unknown):
		return "give the authority of the server with --ca"
	}
	return ""
}
