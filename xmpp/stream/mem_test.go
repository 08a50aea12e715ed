package stream

import (
	"runtime"
	"testing"
)

// A bound, idle machine of a server costs little memory.
func TestIdleMemory(t *testing.T) {
	const n = 2000
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var ms runtime.MemStats
		runtime.ReadMemStats(&ms)
		return ms.HeapAlloc
	}
	before := heap()
	keep := make([]*Machine, n)
	for i := range keep {
		keep[i] = newTalk(conf).play(open, starttls, "TLS", open, auth, open, bind, enable, "<message to='ems@grid.example/IEC'><body>x</body></message>").m
	}
	if per := (heap() - before) / n; per > 2500 {
		t.Errorf("%d octets for an idle machine", per)
	} else {
		t.Logf("%d octets for an idle machine", per)
	}
	runtime.KeepAlive(keep)
}
