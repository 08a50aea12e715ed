package client

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
)

// TestDiscoverWithoutIdentity: a server that does not answer Identify is discovered all the same, after a short while.
func TestDiscoverWithoutIdentity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := dial(t, Options{Timeout: time.Minute})
		serve(t, far, func(s mms.Service) any {
			if _, silent := s.(*mms.Identify); silent {
				return nil
			}
			return &mms.GetNameListResponse{}
		})
		start := time.Now()
		m, err := c.Discover(t.Context())
		if err != nil || m.Vendor != "" || len(m.Devices) != 0 {
			t.Errorf("%+v, %v", m, err)
		}
		if wait := time.Since(start); wait != identityWait {
			t.Errorf("waited %s", wait)
		}
	})
}
