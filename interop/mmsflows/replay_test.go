package mmsflows

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/vectors"
)

func flows(t *testing.T, role string) (out []vectors.Flow) {
	t.Helper()
	all, err := vectors.MMSFlows()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Role == role {
			out = append(out, f)
		}
	}
	if len(out) < 10 {
		t.Errorf("only %d flows", len(out))
	}
	return out
}

// TestTheirClients: our server answers every recorded client with the PDUs of then.
func TestTheirClients(t *testing.T) {
	for _, f := range flows(t, "client") {
		t.Run(f.Name, func(t *testing.T) {
			folder := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				var s *mmssite.Station
				mmssite.ReplayClient(t, f, func() {
					var err error
					if s, err = mmssite.NewStation(folder); err != nil {
						t.Error(err)
					}
				}, func(nc net.Conn) {
					// its end, and a refusal, are in the flow
					_ = s.Join(t.Context(), nc, strings.Contains(f.Name, "password"))
				}, func(text string) error { return s.Stimulate(text) })
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestTheirServers: our client asks every recorded server what it asked then, and is content with the answers of then.
func TestTheirServers(t *testing.T) {
	for _, f := range flows(t, "server") {
		t.Run(f.Name, func(t *testing.T) {
			name := strings.TrimPrefix(f.Name, f.Peer+"-server-")
			script := mmssite.Scripts[name]
			switch f.Peer {
			case "iec61850rust":
				script = mmssite.RustScripts[name]
			case "openiec61850":
				script = mmssite.OpenScripts[name]
			}
			if script == nil {
				t.Fatal("no script")
			}
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(time.Until(f.Start)) // virtual
				near, far := net.Pipe()
				tape := mmssite.NewTape(f)
				go tape.Play(far)
				a, err := mmstcp.Client(t.Context(), near, mmstcp.Config{OSI: new(mmssite.Station).OSI(name == "password")})
				if err != nil {
					t.Fatal(err)
				}
				c := client.New(a, client.Options{})
				script(&mmssite.Env{TB: t, Ctx: t.Context(), C: c, Peer: f.Peer, Stimulate: func(text string) {
					if err := tape.Stimulate(text); err != nil {
						t.Fatal(err)
					}
				}})
				if f.Peer != "openiec61850" { // which does not answer a release
					if err := c.Release(t.Context()); err != nil {
						t.Errorf("release: %v", err)
					}
				}
				c.Close()
				<-c.Done()
				for _, err := range tape.Errors() {
					t.Error(err)
				}
			})
		})
	}
}
