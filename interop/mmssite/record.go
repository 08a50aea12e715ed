package mmssite

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/gridward/gridward/osi/tpkt"
	"github.com/gridward/gridward/vectors"
)

// A Recorder stands between a client and a server and writes down the TPKTs of each connection. Close it when the
// connections have ended.
type Recorder struct {
	l    net.Listener
	to   string
	ends sync.WaitGroup

	mu    sync.Mutex
	flows []*vectors.Flow
}

// Record listens on a loopback address of its own for clients of the server at addr.
func Record(ctx context.Context, addr string) (*Recorder, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Recorder{l: l, to: addr}
	r.ends.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			r.ends.Go(func() { r.join(ctx, nc) })
		}
	})
	return r, nil
}

// Addr is where clients go.
func (r *Recorder) Addr() *net.TCPAddr { return r.l.Addr().(*net.TCPAddr) }

// Mark writes down a stimulus in the flow of the connection that came last.
func (r *Recorder) Mark(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.flows) > 0 {
		f := r.flows[len(r.flows)-1]
		f.Steps = append(f.Steps, vectors.Step{At: time.Since(f.Start), Mark: vectors.Stimulus, Text: text})
	}
}

// Flows gives what was recorded, connection by connection.
func (r *Recorder) Flows() []vectors.Flow {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []vectors.Flow
	for _, f := range r.flows {
		c := *f
		c.Steps = slices.Clone(f.Steps)
		all = append(all, c)
	}
	return all
}

// Close takes no more connections, and waits until those that are there have ended.
func (r *Recorder) Close() error {
	err := r.l.Close()
	r.ends.Wait()
	return err
}

func (r *Recorder) join(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(ctx, "tcp", r.to)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	stop := context.AfterFunc(ctx, func() {
		_ = client.Close()
		_ = server.Close()
	})
	defer stop()
	f := &vectors.Flow{Start: time.Now()}
	r.mu.Lock()
	r.flows = append(r.flows, f)
	r.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { r.copy(f, vectors.FromClient, server, client) })
	both.Go(func() { r.copy(f, vectors.FromServer, client, server) })
	both.Wait()
}

// copy passes octets on once they have been written down, so that the order of the flow is that of cause and effect.
func (r *Recorder) copy(f *vectors.Flow, mark vectors.Mark, to, from net.Conn) {
	var open []byte
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		open = append(open, buf[:n]...)
		r.mu.Lock()
		for {
			_, size, bad := tpkt.Next(open)
			if bad != nil || size == 0 {
				break
			}
			f.Steps = append(f.Steps, vectors.Step{At: time.Since(f.Start), Mark: mark, Octets: slices.Clone(open[:size])})
			open = open[size:]
		}
		r.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				break
			}
		}
		if err != nil {
			break
		}
	}
	if c, ok := to.(*net.TCPConn); ok {
		_ = c.CloseWrite() // the other direction goes on
	}
}
