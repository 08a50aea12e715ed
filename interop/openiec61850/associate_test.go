package openiec61850

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gridward/gridward/interop/mmssite"
)

// TestTheirPassword: the library's client associates by the password.
func TestTheirPassword(t *testing.T) {
	theirClient(t, "password", func(c *theirs) { c.want("GWLD0/LLN0.Beh.stVal[ST]", object{"int": 1.0}) })
}

// TestTheirWrongPassword: with another password, or none, it is refused.
func TestTheirWrongPassword(t *testing.T) {
	p, err := clientProgram()
	noErr(t, err)
	for name, a := range map[string]args{"wrong-password": {"password": "another"}, "without-password": {}} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			s, err := mmssite.NewStation(t.TempDir())
			noErr(t, err)
			defer func() { noErr(t, s.Close()) }()
			addr, stop, err := s.Serve(ctx, true)
			noErr(t, err)
			defer stop()
			recording, end := context.WithCancel(ctx)
			rec, err := mmssite.Record(recording, addr)
			noErr(t, err)
			a["con"], a["host"], a["port"] = name, "127.0.0.1", rec.Addr().Port
			// It stumbles over the refusal, which brings no user information, and leaves its socket open.
			var refused *mmssite.ProgramError
			if err := p.Call(ctx, "connect", a, nil); !errors.As(err, &refused) {
				t.Errorf("associated: %v", err)
			}
			end()
			noErr(t, rec.Close())
			save(t, rec, "client", name)
		})
	}
}
