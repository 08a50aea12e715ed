package osi

import (
	"testing"

	"github.com/gridward/gridward/osi/capturetest"
)

// FuzzMachine gives a called and a calling Machine anything: they hold no more than their limit, and end with a cause.
func FuzzMachine(f *testing.F) {
	for _, name := range []string{"icsnpp-acse/refuse.pcapng", "ics-security-tools/iec61850_read.pcap", "ics-security-tools/mms-readRequest.pcap"} {
		for _, s := range capturetest.Streams(f, capturetest.Path(f, "captures/"+name)) {
			f.Add(s.Data, true)
			f.Add(s.Data, false)
		}
	}
	f.Fuzz(func(t *testing.T, in []byte, called bool) {
		m := NewCalled(anonymous, start)
		if !called {
			var err error
			if m, err = NewCalling(Config{}, []byte{0xa8, 0}, start); err != nil {
				t.Fatal(err)
			}
		}
		for {
			n, ev := m.Receive(in, start)
			in = in[n:]
			switch ev.Kind {
			case Indication:
				if err := m.Accept([]byte{0xa9, 0}, 8000); err != nil {
					t.Fatal(err)
				}
			case Ended:
				if ev.Err == nil {
					t.Fatal("no cause")
				}
				return
			case None:
				if m.tp.Pending() > 16<<10 {
					t.Fatalf("%d octets held", m.tp.Pending())
				}
				return
			}
		}
	})
}
