package mmsflows

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/interop/mmssite"
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
				s.Server.Close()
			})
		})
	}
}
