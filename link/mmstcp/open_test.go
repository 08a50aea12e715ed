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
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
)

func TestPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		who := &model.Principal{Name: "scada", Roles: []string{"OPERATOR"}, Proof: model.ProofPassword}
		known := &acse.InsecurePassword{Password: "pw", Principal: who}
		cfg := Config{OSI: osi.Config{Authenticator: known}}
		_, b := joined(t, cfg, cfg)
		if p := b.Peer(); p.Name != "scada" || p.Address != "pipe" || len(p.Roles) != 1 || who.Address != "" {
			t.Errorf("%+v", p)
		}
	})
}

func TestRefusals(t *testing.T) {
	known := osi.Config{Authenticator: &acse.InsecurePassword{Password: "pw"}}
	byAbort := known
	byAbort.Refusal = osi.ByAbort
	for name, c := range map[string]struct{ client, server Config }{
		"nobody is let in":   {Config{}, Config{}},
		"no password":        {Config{}, Config{OSI: known}},
		"no password, abort": {Config{}, Config{OSI: byAbort}},
		"PDUs too small":     {Config{MaxPDU: 900}, Config{OSI: osi.Config{InsecureAnonymous: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := net.Pipe()
				errs := make(chan error)
				go func() {
					_, err := Server(t.Context(), far, c.server)
					errs <- err
				}()
				_, err := Client(t.Context(), near, c.client)
				if !errors.Is(err, mms.ErrRefused) {
					t.Errorf("client: %v", err)
				}
				if err := <-errs; !errors.Is(err, mms.ErrRefused) {
					t.Errorf("server: %v", err)
				}
			})
		})
	}
}

func TestSilentPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = near.Close() }()
		began := time.Now()
		if _, err := Server(t.Context(), far, anyone); !errors.Is(err, mms.ErrTimeout) || time.Since(began) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		gone := make(chan struct{})
		go func() { // an octet a second
			defer close(gone)
			for _, b := range []byte("\x03\x00\x00\x16\x11\xe0\x00\x00\x00\x01\x00\xc0\x01\x0d") {
				time.Sleep(time.Second)
				if _, err := near.Write([]byte{b}); err != nil {
					return
				}
			}
		}()
		began := time.Now()
		if _, err := Server(t.Context(), far, anyone); !errors.Is(err, mms.ErrTimeout) || time.Since(began) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		<-gone
	})
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go func() { _, _ = far.Read(make([]byte, 100)) }() // and no answer
		if _, err := Client(ctx, near, Config{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
	})
}
