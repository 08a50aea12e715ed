package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDemoEndsFrozenProcesses: a demo ends although several of its processes no longer listen to signals.
func TestDemoEndsFrozenProcesses(t *testing.T) {
	var talk bytes.Buffer
	d := &demoProcs{talk: &talk}
	for _, name := range []string{"router", "center", "pv1", "bat1", "load1"} {
		p := &demoProc{name: name, cmd: exec.Command("sleep", "600"), done: make(chan struct{})}
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = p.cmd.Process.Kill()
			<-p.done
		})
		go func() {
			_ = p.cmd.Wait()
			close(p.done)
		}()
		d.procs = append(d.procs, p)
	}
	frozen := d.procs[2:]
	for _, p := range frozen {
		if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		for frozen := false; !frozen; { // a signal that comes before the process has stopped would still end it
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
			if err != nil {
				t.Fatal(err)
			}
			frozen = bytes.Contains(stat, []byte(") T "))
		}
	}
	ended := make(chan struct{})
	go func() {
		d.stop()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(3 * demoStopTime):
		t.Fatalf("the demo did not end within %v", 3*demoStopTime)
	}
	if n := strings.Count(talk.String(), "was killed"); n != len(frozen) {
		t.Errorf("%d processes were killed, want %d:\n%s", n, len(frozen), talk.String())
	}
}
