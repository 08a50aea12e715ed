package mmstcp

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
)

// A binder proves with what the channel exports.
type binder struct{ seen chan []byte }

func (b *binder) Offer(_, _ acse.Address) (acse.Auth, error) { return acse.Auth{}, nil }

func (b *binder) Verify(p acse.Peer, _ acse.Auth) (acse.Auth, *model.Principal, error) {
	key, err := p.Channel.Export("EXPORTER-test", []byte("context"), 32)
	b.seen <- key
	if who := p.Channel.Principal(); who != nil {
		return acse.Auth{}, who, err
	}
	return acse.Auth{}, &model.Principal{Name: "no certificate"}, err
}

// selfSigned gives configurations of two ends that trust each other.
func selfSigned(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: "77"}, NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"server"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	own := []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}
	return &tls.Config{Certificates: own, MinVersion: tls.VersionTLS12}, &tls.Config{Certificates: own, RootCAs: roots, ServerName: "server", MinVersion: tls.VersionTLS12}
}

// TestTLS runs an association through TLS: both ends see the same exported key, and who the other is.
func TestTLS(t *testing.T) {
	forServer, forClient := selfSigned(t)
	l, err := tcp.Listen(t.Context(), "127.0.0.1:0", tcp.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	here, there := &binder{make(chan []byte, 1)}, &binder{make(chan []byte, 1)}
	ended, served := make(chan error, 1), make(chan error)
	go func() {
		secure := TLSServer(forServer)
		served <- Serve(ctx, l, Config{Secure: secure, OSI: osi.Config{Authenticator: there}}, func(ctx context.Context, a mms.Association) {
			if st := l.Stats(); st.Open != 1 || st.HalfOpen != 0 {
				t.Errorf("the connection was not admitted: %+v", st)
			}
			for {
				p, err := a.Recv(ctx)
				if err != nil {
					ended <- a.Err()
					return
				}
				if err := a.Send(response(p.(*mms.ConfirmedRequest).InvokeID, "v")); err != nil {
					t.Error(err)
				}
			}
		})
	}()
	a, err := Dial(ctx, l.Addr().String(), Config{
		Secure: TLSClient(forClient), OSI: osi.Config{Authenticator: here},
	})
	if err != nil {
		t.Fatal(err)
	}
	if k := <-here.seen; len(k) != 32 || !bytes.Equal(k, <-there.seen) {
		t.Error("the ends export different keys")
	}
	if a.Peer().Name != "77" || a.Peer().Address != "127.0.0.1" {
		t.Errorf("%+v", a.Peer())
	}
	for id := range uint32(20) {
		send(t, a, request(id))
		recv[*mms.ConfirmedResponse](t, a)
	}
	if err := a.Release(ctx); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, mms.ErrReleased) {
		t.Errorf("%v", err)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
