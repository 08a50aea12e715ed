package mmssite

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gridward/gridward/interop/peers"
)

// Args are the arguments of a request.
type Args map[string]any

// A Program is a process of the other implementation: it answers requests that are JSON lines on its standard input, and
// tells events in between. It is safe for concurrent use.
type Program struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	talk  bytes.Buffer // standard error, valid after done
	done  chan struct{}

	mu      sync.Mutex
	next    int
	waiting map[int]chan answer
	events  chan Event
}

type answer struct {
	Result json.RawMessage
	Error  string
}

// An Event is a line that answers nothing.
type Event struct {
	Kind string // member "event"
	Line json.RawMessage
}

// A ProgramError is what a Program answered instead of a result.
type ProgramError struct{ Do, Text string }

func (e *ProgramError) Error() string { return e.Do + ": " + e.Text }

// Python starts a script in the environment of scripts/peers.sh once the modules that it needs are there.
// Errors match peers.ErrMissing where the environment or a module is not installed.
func Python(ctx context.Context, script string, modules ...string) (*Program, error) {
	path, err := peers.Python()
	if err != nil {
		return nil, err
	}
	for _, m := range modules {
		found, err := filepath.Glob(filepath.Join(filepath.Dir(path), "..", "lib", "python3*", "site-packages", strings.ReplaceAll(m, ".", "/")+"*"))
		if err != nil || len(found) == 0 {
			return nil, fmt.Errorf("%w %s", peers.ErrMissing, m)
		}
	}
	return Start(ctx, path, script)
}

// Start starts a program.
func Start(ctx context.Context, argv ...string) (*Program, error) {
	p := &Program{done: make(chan struct{}), waiting: map[int]chan answer{}, events: make(chan Event, 1000)}
	p.cmd = exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // programs of the tests
	p.cmd.Stderr = &p.talk
	p.cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	p.cmd.WaitDelay = time.Second
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go p.read(stdout)
	return p, nil
}

func (p *Program) read(r io.Reader) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var l struct {
			ID     int
			Result json.RawMessage
			Error  string
			Event  string
		}
		if err := json.Unmarshal(line, &l); err != nil {
			continue // the library's own talk
		}
		if l.Event != "" {
			select {
			case p.events <- Event{Kind: l.Event, Line: line}:
			default: // nobody listens to that many
			}
			continue
		}
		p.mu.Lock()
		c := p.waiting[l.ID]
		delete(p.waiting, l.ID)
		p.mu.Unlock()
		if c != nil {
			c <- answer{Result: l.Result, Error: l.Error}
		}
	}
	close(p.done)
}

// Call asks for something and waits for the answer, whose result goes into result unless that is nil.
func (p *Program) Call(ctx context.Context, do string, args Args, result any) error {
	if args == nil {
		args = Args{}
	}
	c := make(chan answer, 1)
	p.mu.Lock()
	p.next++
	id := p.next
	p.waiting[id] = c
	line, err := json.Marshal(map[string]any{"id": id, "do": do, "args": args})
	if err == nil {
		_, err = p.stdin.Write(append(line, '\n'))
	}
	p.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", do, err)
	}
	select {
	case a := <-c:
		if a.Error != "" {
			return &ProgramError{do, a.Error}
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(a.Result, result)
	case <-p.done:
		_ = p.cmd.Wait() // its talk says more
		return fmt.Errorf("%s: the program ended: %s", do, p.talk.String())
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", do, ctx.Err())
	}
}

// Events gives what the program tells unasked.
func (p *Program) Events() <-chan Event { return p.events }

// Next waits for the next event of a kind and reads it into v. Events of other kinds before it are passed over.
func (p *Program) Next(ctx context.Context, kind string, v any) error {
	for {
		select {
		case e := <-p.events:
			if e.Kind == kind {
				return json.Unmarshal(e.Line, v)
			}
		case <-p.done:
			return errors.New("mmssite: the program ended")
		case <-ctx.Done():
			return fmt.Errorf("mmssite: no %s: %w", kind, ctx.Err())
		}
	}
}

// Drain drops the events that nobody has asked for.
func (p *Program) Drain() {
	for {
		select {
		case <-p.events:
		default:
			return
		}
	}
}

// Stop ends the program's input, which ends it, and waits for that.
func (p *Program) Stop() error {
	_ = p.stdin.Close() // that is the sign
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("mmssite: %w: %s", err, p.talk.String())
	}
	if talk := p.talk.String(); strings.Contains(talk, "Traceback") {
		return fmt.Errorf("mmssite: %s", talk)
	}
	return nil
}
