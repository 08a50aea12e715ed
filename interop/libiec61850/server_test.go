package libiec61850

import (
	"context"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/interop/peers"
	"github.com/gridward/gridward/link/mmstcp"
)

// TestTheirServer runs every session of our client with libiec61850's server, a process each.
func TestTheirServer(t *testing.T) {
	for name, script := range mmssite.Scripts {
		t.Run(name, func(t *testing.T) { theirServer(t, name, script) })
	}
}

func theirServer(t *testing.T, name string, script func(e *mmssite.Env)) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	s, err := mmssite.Python(ctx, "testdata/server.py", "pyiec61850")
	noErr(t, err)
	defer func() {
		noErr(t, s.Call(ctx, "stop", nil, nil))
		noErr(t, s.Stop())
	}()
	m, err := mmssite.StationModel()
	noErr(t, err)
	addrs, err := peers.FreeAddrs(1)
	noErr(t, err)
	_, port, err := net.SplitHostPort(addrs[0])
	noErr(t, err)
	n, err := strconv.Atoi(port)
	noErr(t, err)
	folder := t.TempDir()
	noErr(t, mmssite.Fill(folder))
	start := args{"port": n, "model": mmssite.Export(m), "folder": folder}
	cfg := mmstcp.Config{}
	if name == "password" {
		start["password"] = mmssite.Password
		cfg.OSI = new(mmssite.Station).OSI(true)
	}
	noErr(t, s.Call(ctx, "start", start, nil))
	rec, err := mmssite.Record(ctx, addrs[0])
	noErr(t, err)
	a, err := mmstcp.Dial(ctx, rec.Addr().String(), cfg)
	noErr(t, err)
	c := client.New(a, client.Options{})
	defer func() {
		if t.Failed() {
			tell(t, rec)
		}
	}()
	script(&mmssite.Env{TB: t, Ctx: ctx, C: c, Peer: "libiec61850", Stimulate: func(text string) {
		t.Helper()
		rec.Mark(text)
		change, err := mmssite.ParseStimulus(text)
		noErr(t, err)
		ref := change.Ref
		ref.FC = 0
		switch change.Do {
		case "set":
			noErr(t, s.Call(ctx, "update", args{"ref": ref.String(), "value": mmssite.JSON(change.Value)}, nil))
		default:
			noErr(t, s.Call(ctx, "control", args{"ref": ref.String(), change.How: int(change.Cause)}, nil))
		}
	}})
	noErr(t, c.Release(ctx))
	noErr(t, rec.Close())
	save(t, rec, "server", name)
}
