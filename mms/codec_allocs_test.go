//go:build !race

package mms

import "testing"

// TestCodecsAllocateLittle: a request and its answer cost nothing to write and at most three allocations to read. The race
// detector empties pools at random, so this is not for it.
func TestCodecsAllocateLittle(t *testing.T) {
	read, answer := benchPDUs()
	buf := make([]byte, 0, 1024)
	for name, p := range map[string]PDU{"read": read, "answer": answer} {
		b, err := AppendBER(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		x, err := AppendXER(nil, p, GW1)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			what string
			most float64
			f    func() error
		}{
			{"write BER", 0, func() error { _, err := AppendBER(buf, p); return err }},
			{"write XER", 0, func() error { _, err := AppendXER(buf, p, GW1); return err }},
			{"read BER", 3, func() error { _, err := ParseBER(b, Limits{}); return err }},
			{"read XER", 3, func() error { _, err := ParseXER(x, nil, Limits{}); return err }},
		} {
			n := testing.AllocsPerRun(1000, func() {
				if err := c.f(); err != nil {
					t.Error(err)
				}
			})
			if n > c.most {
				t.Errorf("%s: %s costs %v allocations, want at most %v", name, c.what, n, c.most)
			}
		}
	}
}
