package pipe

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

func TestPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := New()
		if n, err := a.Write([]byte("hello")); n != 5 || err != nil {
			t.Fatal(n, err)
		}
		buf := make([]byte, 3)
		for _, want := range []string{"hel", "lo"} {
			if n, err := b.Read(buf); string(buf[:n]) != want || err != nil {
				t.Errorf("%q, %v", buf[:n], err)
			}
		}
		start := time.Now()
		if err := b.SetReadDeadline(start.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Read(buf); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := a.SetWriteDeadline(time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if n, err := a.Write(make([]byte, Size+1)); n != Size || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d, %v", n, err)
		}
		if err := a.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			_, err := a.Write(make([]byte, 10))
			done <- err
		}()
		synctest.Wait()
		if err := b.SetDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(b, make([]byte, Size+10)); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestClose(t *testing.T) {
	a, b := New()
	if _, err := a.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(b); string(got) != "x" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, err := range []error{second(b.Write([]byte("x"))), second(a.Write([]byte("x"))), second(a.Read(make([]byte, 1)))} {
		if !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	}
	c, d := New()
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	gone := errors.New("gone")
	c.Break(gone)
	if _, err := d.Read(make([]byte, 1)); !errors.Is(err, gone) {
		t.Error(err)
	}
	if _, err := d.Write(nil); !errors.Is(err, gone) {
		t.Error(err)
	}
	if c.LocalAddr().String() != "mem" || c.RemoteAddr().Network() != "mem" {
		t.Error("address")
	}
}

func second(_ int, err error) error { return err }
