package libiec61850

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
)

// TestTheirPassword: libiec61850's client associates by the password.
func TestTheirPassword(t *testing.T) {
	theirClient(t, "password", func(c *theirs) {
		c.want("GWLD0/LLN0.Beh.stVal", "ST", object{"int": 1.0})
	})
}

// TestTheirWrongPassword: with another password, or none, it is refused.
func TestTheirWrongPassword(t *testing.T) {
	p, err := clientProgram()
	noErr(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for name, a := range map[string]args{"wrong-password": {"password": "another"}, "without-password": {}} {
		t.Run(name, func(t *testing.T) {
			s, err := mmssite.NewStation(t.TempDir())
			noErr(t, err)
			defer s.Close()
			addr, stop, err := s.Serve(ctx, true)
			noErr(t, err)
			defer stop()
			rec, err := mmssite.Record(ctx, addr)
			noErr(t, err)
			a["con"], a["host"], a["port"] = name, "127.0.0.1", rec.Addr().Port
			if err := p.Call(ctx, "connect", a, nil); err == nil {
				t.Error("associated")
			} else {
				t.Log(err)
			}
			noErr(t, rec.Close())
			save(t, rec, "client", name)
		})
	}
}

// TestTheirServerRefuses: libiec61850's server lets our client in with its password alone.
func TestTheirServerRefuses(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, addr := startServer(ctx, t, args{"password": mmssite.Password})
	defer s.end()
	wrong := &acse.InsecurePassword{Password: "another"}
	for name, cfg := range map[string]mmstcp.Config{"wrong password": {OSI: osi.Config{Authenticator: wrong}}, "no password": {}} {
		// It closes the connection without an answer.
		if a, err := mmstcp.Dial(ctx, addr, cfg); !errors.Is(err, mms.ErrRefused) && !errors.Is(err, mms.ErrLinkLost) {
			t.Errorf("%s: %v, %v", name, a, err)
		}
	}
	a, err := mmstcp.Dial(ctx, addr, mmstcp.Config{OSI: new(mmssite.Station).OSI(true)})
	noErr(t, err)
	a.Abort(nil)
}
