package mmstcp

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi/acse"
)

// A channel is a protected transport that is none.
type channel struct{ who *model.Principal }

func (c *channel) Export(string, []byte, int) ([]byte, error) { return []byte("bound"), nil }
func (c *channel) Principal() *model.Principal                { return c.who }

func through(who string) func(context.Context, net.Conn) (net.Conn, acse.Channel, error) {
	return func(_ context.Context, nc net.Conn) (net.Conn, acse.Channel, error) {
		return nc, &channel{&model.Principal{Name: who, Proof: model.ProofX509}}, nil
	}
}

func TestPrincipalOfTheChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := joined(t, Config{Secure: through("CN=server")}, Config{Secure: through("CN=client")})
		if a.Peer().Name != "CN=server" || b.Peer().Name != "CN=client" || b.Peer().Proof != model.ProofX509 {
			t.Errorf("%+v, %+v", a.Peer(), b.Peer())
		}
	})
}

func TestSilentPeerOfTheChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = near.Close() }()
		began := time.Now()
		_, err := Server(t.Context(), far, Config{Secure: func(_ context.Context, nc net.Conn) (net.Conn, acse.Channel, error) {
			_, err := nc.Read(make([]byte, 1)) // a hello that never comes
			return nil, nil, err
		}})
		if !errors.Is(err, mms.ErrRefused) || time.Since(began) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}
