package mmssite

import (
	"fmt"
	"io"
	"net"

	"github.com/gridward/gridward/osi/session"
	"github.com/gridward/gridward/osi/tpkt"
	"github.com/gridward/gridward/vectors"
)

// A Tape plays the server of a flow to a client of ours.
type Tape struct {
	flow  vectors.Flow
	asked chan string // stimuli
	end   chan struct{}

	errs []error
}

// NewTape makes a Tape of f.
func NewTape(f vectors.Flow) *Tape {
	return &Tape{flow: f, asked: make(chan string), end: make(chan struct{})}
}

// Stimulate stands for what was done to the server then; what it said about it is played after that.
func (p *Tape) Stimulate(text string) error {
	select {
	case p.asked <- text:
		return nil
	case <-p.end:
		return ErrEnded
	}
}

// Errors tells how what the client asked differs from what it asked then. It waits until Play has returned.
func (p *Tape) Errors() []error {
	<-p.end
	return p.errs
}

func (p *Tape) fail(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf(format, args...))
}

// Play plays until the flow ends or the client goes.
func (p *Tape) Play(nc net.Conn) {
	defer close(p.end)
	defer func() { _ = nc.Close() }()
	then, now := Decoder{From: vectors.FromClient}, Decoder{From: vectors.FromClient}
	finished := false
	for i, s := range p.flow.Steps {
		switch s.Mark {
		case vectors.FromServer:
			if _, err := nc.Write(s.Octets); err != nil {
				p.gone(i, finished, err)
				return
			}
		case vectors.Stimulus:
			if got := <-p.asked; got != s.Text {
				p.fail("step %d: stimulus %q, then %q", i, got, s.Text)
			}
		case vectors.FromClient:
			packet, err := readPacket(nc)
			if err != nil {
				p.gone(i, finished, err)
				return
			}
			want, _, err1 := then.Next(s.Octets)
			got, _, err2 := now.Next(packet)
			if err1 != nil || err2 != nil {
				p.fail("step %d: then %w, now %w", i, err1, err2)
				return
			}
			if d := Diff(want, got); d != "" {
				p.fail("step %d, %s: -then +now\n%s", i, want, d)
			}
			finished = finished || got.Kind == session.Finish.String() || got.Kind == session.Abort.String()
		}
	}
	_, _ = io.Copy(io.Discard, nc) // until the client closes
}

// gone is the end of the client, which is a fault unless it has released or aborted the association: nobody waits for what
// the servers of iec61850 and OpenIEC61850 say then.
func (p *Tape) gone(step int, finished bool, err error) {
	if !finished {
		p.fail("step %d: the client has gone: %w", step, err)
	}
}

// readPacket reads one TPKT.
func readPacket(r io.Reader) ([]byte, error) {
	b := make([]byte, tpkt.HeaderLen)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	n := tpkt.Announced(b)
	if n < len(b) {
		return nil, tpkt.ErrHeader
	}
	b = append(b, make([]byte, n-len(b))...)
	_, err := io.ReadFull(r, b[tpkt.HeaderLen:])
	return b, err
}
