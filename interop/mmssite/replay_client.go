package mmssite

import (
	"bytes"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi/tpkt"
	"github.com/gridward/gridward/vectors"
)

// ReplayClient plays the client of f to a server of ours, at the times of then, and tells how what the server answers
// differs from what it answered then. It runs in a bubble of synctest. start makes the server, when the clock has come to
// the time of then.
func ReplayClient(t testing.TB, f vectors.Flow, start func(), serve func(nc net.Conn), stimulate func(text string) error) {
	t.Helper()
	want, err := Messages(f)
	if err != nil {
		t.Fatal(err)
	}
	want = from(want, vectors.FromServer)
	time.Sleep(time.Until(f.Start)) // virtual
	start()
	near, far := net.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		serve(loopback{far})
	}()
	r := &answers{}
	heard := make(chan struct{})
	go func() {
		defer close(heard)
		r.listen(near)
	}()
	seen := Decoder{From: vectors.FromServer}
	told := 0 // messages of want until here
	for i, s := range f.Steps {
		time.Sleep(s.At - time.Since(f.Start))
		synctest.Wait()
		switch s.Mark {
		case vectors.FromServer:
			if _, whole, _ := seen.Next(s.Octets); whole {
				told++
			}
		case vectors.FromClient:
			if _, err := near.Write(r.translate(s.Octets, want[:told])); err != nil {
				t.Errorf("step %d: the server has gone: %v", i, err)
			}
		case vectors.Stimulus:
			if err := stimulate(s.Text); err != nil {
				t.Errorf("step %d: %v", i, err)
			}
		}
		synctest.Wait()
	}
	_ = near.Close() // the client goes
	<-ended
	<-heard
	if r.err != nil {
		t.Error(r.err)
	}
	for i := range max(len(want), len(r.got)) {
		switch {
		case i >= len(r.got):
			t.Errorf("missing: %s", want[i])
		case i >= len(want):
			t.Errorf("more than then: %s", r.got[i])
		default:
			if d := Diff(want[i], r.got[i]); d != "" {
				t.Errorf("answer %d, %s: -then +now\n%s", i, want[i], d)
			}
		}
	}
}

func from(all []Message, mark vectors.Mark) (out []Message) {
	for _, m := range all {
		if m.From == mark {
			out = append(out, m)
		}
	}
	return out
}

// answers are what a server says.
type answers struct {
	mu  sync.Mutex
	got []Message
	err error
}

func (r *answers) listen(nc net.Conn) {
	d := Decoder{From: vectors.FromServer}
	var open []byte
	buf := make([]byte, 64<<10)
	for {
		n, err := nc.Read(buf)
		open = append(open, buf[:n]...)
		for {
			_, size, bad := tpkt.Next(open)
			if bad != nil || size == 0 {
				break
			}
			m, whole, bad := d.Next(open[:size])
			open = bytes.Clone(open[size:])
			r.mu.Lock()
			if whole {
				r.got = append(r.got, m)
			}
			if bad != nil {
				r.err = fmt.Errorf("mmssite: the server's answer %d: %w", len(r.got), bad)
			}
			r.mu.Unlock()
		}
		if err != nil {
			return
		}
	}
}

// translate puts identifiers of entries of now in place of those of then, which the client had from reports.
func (r *answers) translate(packet []byte, told []Message) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	packet = bytes.Clone(packet)
	for i := range min(len(told), len(r.got)) {
		then, now := identifiers(told[i]), identifiers(r.got[i])
		for j := range min(len(then), len(now)) {
			packet = bytes.ReplaceAll(packet, []byte(then[j]), []byte(now[j]))
		}
	}
	return packet
}

// identifiers gives the octet strings of 8 octets in a report, and the entries of a journal.
func identifiers(m Message) (out []string) {
	switch p := m.PDU.(type) {
	case *mms.Unconfirmed:
		if s, ok := p.Service.(*mms.InformationReport); ok {
			for _, x := range s.Results {
				if text, ok := x.Value.AsText(); ok && x.Value.Kind() == model.KindOctets && len(text) == 8 {
					out = append(out, text)
				}
			}
		}
	case *mms.ConfirmedResponse:
		if s, ok := p.Service.(*mms.ReadJournalResponse); ok {
			for _, e := range s.Entries {
				out = append(out, e.ID)
			}
		}
	}
	return out
}

// loopback is a connection in memory that says it is one of the loopback interface.
type loopback struct{ net.Conn }

func (loopback) LocalAddr() net.Addr  { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 102} }
func (loopback) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 40000} }
