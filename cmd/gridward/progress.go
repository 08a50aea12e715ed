package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/gridward/gridward/internal/cli"
)

// A progressLine is one line on a terminal that is written over again and again. Elsewhere it shows nothing. It is safe
// for concurrent use.
type progressLine struct {
	w io.Writer // nil: nobody looks

	mu    sync.Mutex
	shown int
	last  time.Time
}

func newProgressLine(w io.Writer) *progressLine {
	if !cli.IsTerminal(w) {
		w = nil
	}
	return &progressLine{w: w}
}

// show writes the line, ten times a second at most.
func (p *progressLine) show(text string) {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if time.Since(p.last) < 100*time.Millisecond {
		return
	}
	p.last = time.Now()
	p.write(cli.Printable(text))
}

// clear takes the line away.
func (p *progressLine) clear() {
	if p.w == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shown > 0 {
		p.write("")
		_, _ = io.WriteString(p.w, "\r") // a terminal; there is nothing to do about it
		p.shown = 0
	}
}

func (p *progressLine) write(text string) {
	if len(text) > 78 {
		text = text[:78]
	}
	_, _ = io.WriteString(p.w, "\r"+text+strings.Repeat(" ", max(p.shown-len(text), 0))) // a terminal, as above
	p.shown = len(text)
}

// bar shows how much of a whole is done.
func (p *progressLine) bar(what string, done, size int64) {
	if size <= 0 {
		p.show(fmt.Sprintf("%s %s", what, octets(done)))
		return
	}
	const width = 24
	full := int(min(done, size) * width / size)
	p.show(fmt.Sprintf("%s [%s%s] %3d%% %s", what, strings.Repeat("#", full), strings.Repeat(".", width-full), min(done, size)*100/size, octets(done)))
}

// octets gives a number of octets for people.
func octets(n int64) string {
	switch {
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 10<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}
