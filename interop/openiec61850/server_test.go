package openiec61850

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/model"
)

// TestTheirServer runs the sessions of our client that are for the library's server, a server each.
func TestTheirServer(t *testing.T) {
	for name, script := range mmssite.OpenScripts {
		t.Run(name, func(t *testing.T) { theirServer(t, name, script) })
	}
}

// A running server of the library.
type running struct {
	t    *testing.T
	name string
}

func (s running) call(ctx context.Context, do string, a args) {
	s.t.Helper()
	p, err := serverProgram()
	noErr(s.t, err)
	a["server"] = s.name
	noErr(s.t, p.Call(ctx, do, a, nil))
}

// startServer starts a server with an SCL file, which stops with the test.
func startServer(ctx context.Context, t *testing.T, scl string) (s running, addr string) {
	t.Helper()
	p, err := serverProgram()
	noErr(t, err)
	var port int
	noErr(t, p.Call(ctx, "start", args{"server": t.Name(), "scl": scl}, &port))
	s = running{t, t.Name()}
	t.Cleanup(func() { s.call(context.Background(), "stop", args{}) })
	return s, net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// station writes our SCL file to where the library can read it.
func station(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "station.icd")
	noErr(t, os.WriteFile(file, mmssite.StationSCL, 0o600))
	return file
}

func theirServer(t *testing.T, name string, script func(e *mmssite.Env)) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	s, addr := startServer(ctx, t, station(t))
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
	script(&mmssite.Env{TB: t, Ctx: ctx, C: c, Peer: "openiec61850", Stimulate: func(text string) {
		t.Helper()
		rec.Mark(text)
		change, err := mmssite.ParseStimulus(text)
		noErr(t, err)
		if change.Do == "set" {
			s.call(ctx, "update", args{"ref": change.Ref.String(), "value": mmssite.JSON(change.Value)})
			return
		}
		do := change.Ref
		do.FC = model.FCNone
		s.call(ctx, "control", args{"ref": do.String(), "refuse": change.How == "refuse"})
	}})
	c.Close() // it does not answer a release
	<-c.Done()
	noErr(t, rec.Close())
	save(t, rec, "server", name)
}
