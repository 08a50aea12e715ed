package mmsbench

import (
	"bufio"
	"context"
	_ "embed" // the worker of libiec61850
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/gridward/gridward/interop/peers"
)

//go:embed peer.py
var peerProgram []byte

// A process is a worker in a process of its own.
type process struct {
	name string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Scanner
	talk *tail
}

// A tail keeps the end of what is written to it.
type tail struct{ b []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.b = append(t.b, b...)
	if len(t.b) > 4096 {
		t.b = t.b[len(t.b)-4096:]
	}
	return len(b), nil
}

func start(ctx context.Context, name, program string, args ...string) (*process, error) {
	p := &process{name: name, cmd: exec.CommandContext(ctx, program, args...), talk: &tail{}}
	p.cmd.Stderr = p.talk
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewScanner(out)
	return p, p.cmd.Start()
}

// do has the worker do something.
func (p *process) do(o order) (result, error) {
	line, err := json.Marshal(o)
	if err != nil {
		return result{}, err
	}
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		return result{}, fmt.Errorf("%s: %w: %s", p.name, err, p.talk.b)
	}
	if !p.out.Scan() {
		return result{}, fmt.Errorf("%s ended during %q: %w", p.name, o.Op, errors.Join(p.out.Err(), io.ErrUnexpectedEOF))
	}
	var r result
	if err := json.Unmarshal(p.out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("%s: %w: %s", p.name, err, p.out.Bytes())
	}
	if r.Error != "" {
		return r, fmt.Errorf("%s: %s: %s", p.name, o.Op, r.Error)
	}
	return r, nil
}

// stop ends the worker: by the end of its input, after five seconds by force.
func (p *process) stop() {
	_ = p.in.Close()
	done := make(chan struct{})
	go func() {
		_ = p.cmd.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		_ = p.cmd.Process.Kill()
		<-done
	}
}

// worker starts one of ours.
func (b *bench) worker(name string) (*process, error) {
	p, err := start(b.ctx, name, b.o.Exe, b.o.Args...)
	if err == nil {
		b.all = append(b.all, p)
	}
	return p, err
}

// end stops one worker.
func (b *bench) end(p *process) {
	p.stop()
	for i, q := range b.all {
		if q == p {
			b.all = append(b.all[:i], b.all[i+1:]...)
			return
		}
	}
}

// serving starts one of ours that serves.
func (b *bench) serving(name string) (*process, result, error) {
	p, err := b.worker(name)
	if err != nil {
		return nil, result{}, err
	}
	r, err := p.do(order{Op: "serve", Cert: b.site.Cert, Key: b.site.Key, CA: b.site.CA})
	return p, r, err
}

// foreign starts libiec61850. The error matches peers.ErrMissing when it is not installed.
func (b *bench) foreign(name string) (*process, error) {
	python, err := peers.Python()
	if err != nil {
		return nil, err
	}
	if err := exec.CommandContext(b.ctx, python, "-c", "import pyiec61850").Run(); err != nil {
		return nil, fmt.Errorf("%w pyiec61850-ng", peers.ErrMissing)
	}
	file := filepath.Join(b.o.Dir, "peer.py")
	if err := os.WriteFile(file, peerProgram, 0o600); err != nil {
		return nil, err
	}
	p, err := start(b.ctx, name, python, file)
	if err == nil {
		b.all = append(b.all, p)
	}
	return p, err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
