package mmsbinding

import "testing"

func TestFifo(t *testing.T) {
	var q fifo[int]
	in, out := 0, 0
	for round := range 2000 {
		for range round%7 + 1 {
			in++
			q.put(in)
		}
		for range min(q.len(), round%9) {
			if out++; q.first() != out {
				t.Fatalf("round %d: %d came, want %d", round, q.first(), out)
			}
			q.drop()
		}
		if q.len() != in-out {
			t.Fatalf("round %d: %d in the queue, want %d", round, q.len(), in-out)
		}
	}
}
