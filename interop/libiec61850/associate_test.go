package libiec61850

import (
	"context"
	"testing"
	"time"

	"github.com/gridward/gridward/interop/mmssite"
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
