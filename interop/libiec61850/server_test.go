package libiec61850

import (
	"context"
	"maps"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/link/mmstcp"
)

// TestTheirServer runs every session of our client with libiec61850's server, a process each.
func TestTheirServer(t *testing.T) {
	for name, script := range mmssite.Scripts {
		t.Run(name, func(t *testing.T) { theirServer(t, name, script) })
	}
}

// A running server of libiec61850.
type running struct {
	*testing.T
	*mmssite.Program
	ctx context.Context
}

// startServer starts one, with more settings than the model and a folder with files.
func startServer(ctx context.Context, t *testing.T, more args) (s running, addr string) {
	t.Helper()
	m, err := mmssite.StationModel()
	noErr(t, err)
	folder := t.TempDir()
	noErr(t, mmssite.Fill(folder))
	for attempt := 1; ; attempt++ {
		p, err := mmssite.Python(ctx, "testdata/server.py", "pyiec61850")
		noErr(t, err)
		port := freePort(t)
		start := args{"port": port, "model": mmssite.Export(m), "folder": folder}
		maps.Copy(start, more)
		err = p.Call(ctx, "start", start, nil)
		if err == nil {
			return running{t, p, ctx}, net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
		}
		_ = p.Stop() // it has said why it does not run
		if !strings.Contains(err.Error(), "does not run") || attempt == 5 {
			t.Fatal(err)
		}
		t.Log("somebody was faster with the port")
	}
}

// freePort finds a port below those that the system gives to outgoing connections. The library cannot choose one itself.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20000 + rand.IntN(12000)
		l, err := net.Listen("tcp", ":"+strconv.Itoa(port))
		if err == nil {
			noErr(t, l.Close())
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// end stops the server and its process.
func (s running) end() {
	noErr(s.T, s.Call(s.ctx, "stop", nil, nil))
	noErr(s.T, s.Stop())
}

func theirServer(t *testing.T, name string, script func(e *mmssite.Env)) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	more, cfg := args{}, mmstcp.Config{}
	if name == "password" {
		more["password"] = mmssite.Password
		cfg.OSI = new(mmssite.Station).OSI(true)
	}
	s, addr := startServer(ctx, t, more)
	defer s.end()
	rec, err := mmssite.Record(ctx, addr)
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
