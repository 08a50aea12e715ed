package mmstcp

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/presentation"
)

// another is an abstract syntax beside that of MMS.
var another = osi.Syntax{Abstract: asn1.MustOID("1.3.6.1.4.1.99999.1"), Encoding: presentation.OctetAligned}

func withFrames(f func(Framer, int, []byte) error) Config {
	return Config{Frames: f, OSI: osi.Config{InsecureAnonymous: true, Syntaxes: []osi.Syntax{osi.MMS, another}}}
}

// TestFrames: what comes in another abstract syntax goes to whoever asked for it, in order with MMS.
func TestFrames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		got := make(chan string, 1)
		a, b := joined(t, withFrames(func(_ Framer, syntax int, pdu []byte) error {
			got <- string(pdu)
			return nil
		}), withFrames(func(f Framer, syntax int, pdu []byte) error {
			return f.SendFrame(syntax, append([]byte("answer to "), pdu...))
		}))
		if !a.Agreed(1) || !b.Agreed(1) || a.Agreed(2) {
			t.Fatalf("agreed: %v, %v, %v", a.Agreed(1), b.Agreed(1), a.Agreed(2))
		}
		if err := a.SendFrame(1, []byte("frame")); err != nil {
			t.Fatal(err)
		}
		send(t, a, request(1))
		recv[*mms.ConfirmedRequest](t, b)
		if s := <-got; s != "answer to frame" {
			t.Errorf("%q", s)
		}
		if err := a.SendFrame(0, nil); !errors.Is(err, ErrSyntax) {
			t.Errorf("MMS as a frame: %v", err)
		}
	})
}

func TestFramesOfOneEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		with := withFrames(func(Framer, int, []byte) error { return nil })
		without := with
		without.Frames = nil // whatever the syntaxes are
		a, b := joined(t, with, without)
		if a.Agreed(1) || b.Agreed(1) {
			t.Error("agreed to what nobody takes")
		}
		if err := a.SendFrame(1, nil); !errors.Is(err, ErrSyntax) {
			t.Errorf("%v", err)
		}
		send(t, a, request(1)) // MMS goes on
		recv[*mms.ConfirmedRequest](t, b)
	})
}

func TestFrameRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := errors.New("not sealed")
		a, b := joined(t, withFrames(func(Framer, int, []byte) error { return nil }), withFrames(func(Framer, int, []byte) error { return bad }))
		if err := a.SendFrame(1, []byte{1}); err != nil {
			t.Fatal(err)
		}
		<-b.Done()
		if err := b.Err(); !errors.Is(err, bad) || !errors.Is(err, mms.ErrProtocol) {
			t.Errorf("%v", err)
		}
		<-a.Done()
		if !errors.Is(a.Err(), mms.ErrAborted) {
			t.Errorf("%v", a.Err())
		}
	})
}
