package tui

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gridward/gridward/model"
)

// A terminal in memory: what is written to it, and a way to wait for a text.
type terminal struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	more chan struct{}
}

func (t *terminal) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case t.more <- struct{}{}:
	default:
	}
	return t.buf.Write(b)
}

// wait waits for a text that was written after the last one that was waited for.
func (t *terminal) wait(tt *testing.T, text string) {
	tt.Helper()
	late := time.After(10 * time.Second)
	for {
		t.mu.Lock()
		all := t.buf.String()
		if i := strings.Index(all, text); i >= 0 {
			t.buf.Reset()
			t.buf.WriteString(all[i+len(text):])
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()
		select {
		case <-t.more:
		case <-late:
			tt.Fatalf("no %q on the terminal: %q", text, all)
		}
	}
}

// TestProgram runs the real program on a terminal in memory.
func TestProgram(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	keys, type_ := io.Pipe()
	term := &terminal{more: make(chan struct{}, 1)}
	first, second := newFake(), newFake()
	second.values["LD0/GGIO1.Ind1.stVal[ST]"] = model.Bool(false)
	ended := make(chan error, 1)
	press := func(s string) {
		t.Helper()
		if _, err := io.WriteString(type_, s); err != nil {
			t.Fatal(err)
		}
	}
	go func() {
		ended <- Run(t.Context(), keys, term, Options{
			Target: "fake", Session: first, Interval: 20 * time.Millisecond,
			Dial: func(context.Context) (Session, error) { return second, nil },
		}, tea.WithFPS(120))
	}()
	term.wait(t, "MMXU1")
	press("jj")
	press("\x1b[C") // right
	term.wait(t, "Ind1")
	term.wait(t, "true")
	close(first.done) // the association is lost, and comes again
	term.wait(t, "false")
	press("/TotW.mag.f\r")
	term.wait(t, "12.5")
	press("y")
	term.wait(t, "\x1b]52;c;")
	press("q")
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("q does not end it")
	}
	if first.closed == 0 || second.closed == 0 {
		t.Errorf("sessions closed %d and %d times", first.closed, second.closed)
	}
	term.mu.Lock()
	defer term.mu.Unlock()
	if strings.Contains(term.buf.String(), "\x1b[38") {
		t.Error("colours in spite of NO_COLOR")
	}
}

// TestEnds: the end of its context ends the program in order.
func TestEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	keys, _ := io.Pipe()
	term := &terminal{more: make(chan struct{}, 1)}
	s := newFake()
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, keys, term, Options{Target: "fake", Session: s, Interval: time.Hour}) }()
	term.wait(t, "LD0")
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
}
