package python

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/link/mmstcp"
)

// TestRustServer runs the sessions of our client that are for iec61850's server, a process each.
func TestRustServer(t *testing.T) {
	for name, script := range mmssite.RustScripts {
		t.Run(name, func(t *testing.T) { rustServer(t, name, script) })
	}
}

func rustServer(t *testing.T, name string, script func(e *mmssite.Env)) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	p, err := mmssite.Python(ctx, "testdata/rust_server.py", "iec61850")
	noErr(t, err)
	defer func() {
		if !t.Failed() {
			noErr(t, p.Call(ctx, "stop", nil, nil))
		}
		noErr(t, p.Stop())
	}()
	file := filepath.Join(t.TempDir(), "station.icd")
	noErr(t, os.WriteFile(file, mmssite.StationSCL, 0o600))
	var addr string
	noErr(t, p.Call(ctx, "start", args{"scl": file}, &addr))
	rec, err := mmssite.Record(ctx, addr)
	noErr(t, err)
	a, err := mmstcp.Dial(ctx, rec.Addr().String(), mmstcp.Config{})
	noErr(t, err)
	c := client.New(a, client.Options{})
	defer func() {
		if t.Failed() {
			tell(t, rec)
		}
	}()
	script(&mmssite.Env{TB: t, Ctx: ctx, C: c, Peer: "iec61850rust", Stimulate: func(text string) {
		t.Helper()
		rec.Mark(text)
		change, err := mmssite.ParseStimulus(text)
		noErr(t, err)
		ref := change.Ref
		ref.FC = 0
		switch change.Do {
		case "set":
			noErr(t, p.Call(ctx, "update", args{"ref": ref.String(), "value": mmssite.JSON(change.Value)}, nil))
		default:
			noErr(t, p.Call(ctx, "control", args{"ref": ref.String(), change.How: int(change.Cause)}, nil))
		}
	}})
	noErr(t, c.Release(ctx))
	noErr(t, rec.Close())
	save(t, rec, "iec61850rust", "server", name)
}
