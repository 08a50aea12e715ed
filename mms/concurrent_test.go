package mms

import (
	"sync"
	"testing"
)

// TestConcurrentWriters: one PDU may be written by several associations at once.
func TestConcurrentWriters(t *testing.T) {
	all := samples()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for name, p := range all {
				b, err := AppendBER(nil, p)
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if n := SizeBER(p); n != len(b) {
					t.Errorf("%s: %d octets, not %d", name, n, len(b))
				}
				if _, err := AppendXER(nil, p, GW1); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if _, err := ParseBER(b, Limits{Borrow: true}); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	wg.Wait()
}
