package libiec61850

import (
	"context"
	"testing"

	"github.com/gridward/gridward/acsi/check"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/link/mmstcp"
)

// TestCheckTheirs: what acsi/check expects of a server is not only what ours does: nothing fails at a foreign one, and
// most of it is there to be looked at.
func TestCheckTheirs(t *testing.T) {
	_, addr := startServer(t.Context(), t, nil)
	sum, err := check.Run(t.Context(), check.Options{
		Dial: func(ctx context.Context) (*client.Client, error) {
			a, err := mmstcp.Dial(ctx, addr, mmstcp.Config{})
			if err != nil {
				return nil, err
			}
			return client.New(a, client.Options{}), nil
		},
		AllowWrites: true,
		Each: func(r check.Result) {
			if r.Outcome == check.Fail {
				t.Error(r)
			}
		},
	})
	noErr(t, err)
	if sum.Pass < 200 {
		t.Errorf("%+v", sum)
	}
}
