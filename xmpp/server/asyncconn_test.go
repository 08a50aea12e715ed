package server

import (
	"io"
	"net"
	"testing"
	"time"
)

// TLS sets a deadline that has passed once it has said goodbye: what is still on its way is not cut off.
func TestPendingOutlivesTheGoodbye(t *testing.T) {
	for range 30 { // the deadline and the reader race
		outlive(t)
	}
}

func outlive(t *testing.T) {
	t.Helper()
	near, far := net.Pipe()
	a := newAsyncConn(near, 1<<20, 10*time.Second)
	const n = 1000
	if _, err := a.Write(make([]byte, n)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(far, make([]byte, 1)); err != nil { // it is being written
		t.Fatal(err)
	}
	if err := a.SetWriteDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := far.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadFull(far, make([]byte, n-1)); err != nil {
		t.Errorf("%d octets came, %v", got+1, err)
	}
	a.flushed(time.Second)
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}
