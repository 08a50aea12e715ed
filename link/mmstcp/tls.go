package mmstcp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"

	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/security/tlsprofile"
)

// PortTLS is the port of MMS over TLS, IEC 62351-3 and -4; without TLS it is PortClear.
const (
	PortClear = "102"
	PortTLS   = "3782"
)

// TLSServer gives a Config.Secure that takes the called end of TLS: conf comes from tlsprofile.Server.
func TLSServer(conf *tls.Config) func(context.Context, net.Conn) (net.Conn, acse.Channel, error) {
	return overTLS(tls.Server, conf)
}

// TLSClient gives a Config.Secure that takes the calling end of TLS: conf comes from tlsprofile.Client.
func TLSClient(conf *tls.Config) func(context.Context, net.Conn) (net.Conn, acse.Channel, error) {
	return overTLS(tls.Client, conf)
}

func overTLS(end func(net.Conn, *tls.Config) *tls.Conn, conf *tls.Config) func(context.Context, net.Conn) (net.Conn, acse.Channel, error) {
	return func(ctx context.Context, nc net.Conn) (net.Conn, acse.Channel, error) {
		c := end(nc, conf)
		if err := c.HandshakeContext(ctx); err != nil {
			return nil, nil, err
		}
		ch := tlsChannel{c.ConnectionState(), nil}
		if peers := ch.state.PeerCertificates; len(peers) > 0 {
			ch.peer = CertificatePrincipal(peers[0])
		}
		return &tlsConn{c, nc}, ch, nil
	}
}

// A tlsConn lets the admission of the connection below through.
type tlsConn struct {
	*tls.Conn
	below net.Conn
}

// Admit says that the peer has proven itself, as tcp.Conn.Admit does.
func (c *tlsConn) Admit() error {
	if a, ok := c.below.(interface{ Admit() error }); ok {
		return a.Admit()
	}
	return nil
}

// A tlsChannel is TLS as a Channel.
type tlsChannel struct {
	state tls.ConnectionState
	peer  *model.Principal
}

// Export implements acse.Channel by the exporter of RFC 5705 and RFC 8446 7.5.
func (c tlsChannel) Export(label string, context []byte, n int) ([]byte, error) {
	return c.state.ExportKeyingMaterial(label, context, n)
}

// Principal implements acse.Channel: nil when the peer showed no certificate.
func (c tlsChannel) Principal() *model.Principal { return c.peer }

// CertificatePrincipal names whoever showed a certificate: by its first xmppAddr, else its common name, else its whole
// subject.
func CertificatePrincipal(cert *x509.Certificate) *model.Principal {
	p := &model.Principal{Proof: model.ProofX509, Reach: model.Hop, Expires: cert.NotAfter}
	names, err := tlsprofile.XMPPAddrs(cert)
	switch {
	case err == nil && len(names) > 0:
		p.Name = names[0]
	case cert.Subject.CommonName != "":
		p.Name = cert.Subject.CommonName
	default:
		p.Name = cert.Subject.String()
	}
	return p
}
