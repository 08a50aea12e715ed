package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// demoStopTime is how long a process may take to end before it is killed.
const demoStopTime = 5 * time.Second

// demoProcs are the running processes of a demo.
type demoProcs struct {
	fatal chan error // the router or the centre has ended by itself
	procs []*demoProc
	talk  io.Writer
}

type demoProc struct {
	name   string
	cmd    *exec.Cmd
	done   chan struct{}
	mu     sync.Mutex
	asked  bool // to stop
	result error
}

// startDemo starts the router, the centre and the DERs. What cannot be started is reported on fatal.
func startDemo(ctx context.Context, p *demoPlant, talk io.Writer) *demoProcs {
	d := &demoProcs{fatal: make(chan error, 2+len(p.ders)), talk: talk}
	exe, err := os.Executable()
	if err != nil {
		d.fatal <- err
		return d
	}
	d.start(ctx, p, exe, "router", true, "xmpp", "serve")
	d.start(ctx, p, exe, "center", true, "center")
	for _, der := range p.ders {
		d.start(ctx, p, exe, der.id(), false, "der")
	}
	return d
}

func (d *demoProcs) start(ctx context.Context, p *demoPlant, exe, name string, vital bool, args ...string) {
	log, err := os.OpenFile(filepath.Join(p.dir, "log", name+".log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		d.fatal <- err
		return
	}
	cmd := exec.Command(exe, append(args, "--config", filepath.Join(p.dir, name+".yaml"))...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = demoProcAttr()
	proc := &demoProc{name: name, cmd: cmd, done: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		_ = log.Close()
		d.fatal <- fmt.Errorf("%s: %w", name, err)
		return
	}
	d.procs = append(d.procs, proc)
	go func() {
		err := errors.Join(cmd.Wait(), log.Close())
		proc.mu.Lock()
		proc.result = err
		asked := proc.asked
		proc.mu.Unlock()
		close(proc.done)
		if asked || ctx.Err() != nil {
			return
		}
		if vital {
			d.fatal <- fmt.Errorf("%s ended: %w", name, err)
			return
		}
		fmt.Fprintf(d.talk, "%s ended: %v\n", name, err)
	}()
}

// stop asks the DERs, then the centre, then the router to end, and waits.
func (d *demoProcs) stop() {
	vital := min(2, len(d.procs))
	d.end(d.procs[vital:])
	for i := vital - 1; i >= 0; i-- {
		d.end(d.procs[i : i+1])
	}
	d.procs = nil
}

func (d *demoProcs) end(procs []*demoProc) {
	for _, p := range procs {
		p.mu.Lock()
		p.asked = true
		p.mu.Unlock()
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
	}
	late, cancel := context.WithTimeout(context.Background(), demoStopTime)
	defer cancel()
	for _, p := range procs {
		select {
		case <-p.done:
		case <-late.Done():
			_ = p.cmd.Process.Kill()
			<-p.done
			fmt.Fprintf(d.talk, "%s did not end within %v and was killed\n", p.name, demoStopTime)
		}
	}
}
