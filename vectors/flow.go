package vectors

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/hex"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"
)

// A Flow is one TCP connection between an end of ours and one of another implementation, as it was recorded. Replayed
// without the other implementation it says whether our end still does what it did then.
type Flow struct {
	Name       string // of the file, without extension
	Peer       string // the other implementation
	Role       string // its role: client or server
	Provenance string // program and version
	Start      time.Time
	Steps      []Step
}

// A Mark says who made a Step.
type Mark byte

// The marks. A Stimulus is not on the wire: it is what the test did to the server, by a name of the test's own.
const (
	FromClient Mark = '>'
	FromServer Mark = '<'
	Stimulus   Mark = '!'
)

// A Step is one TPKT (RFC 1006), or a stimulus.
type Step struct {
	At     time.Duration // since Start
	Mark   Mark
	Octets []byte
	Text   string // of a stimulus
}

// Append writes f as a text of lines: members as "name: value", an empty line, and then a line for each step with
// microseconds, mark, and hex or text. Lines that begin with # are comments.
func (f *Flow) Append(b []byte) []byte {
	for _, m := range []struct{ name, value string }{
		{"peer", f.Peer},
		{"role", f.Role},
		{"provenance", f.Provenance},
		{"start", f.Start.UTC().Format(time.RFC3339Nano)},
	} {
		b = fmt.Appendf(b, "%s: %s\n", m.name, m.value)
	}
	b = append(b, '\n')
	for _, s := range f.Steps {
		b = fmt.Appendf(b, "%d %c ", s.At.Microseconds(), s.Mark)
		if s.Mark == Stimulus {
			b = append(b, s.Text...)
		} else {
			b = hex.AppendEncode(b, s.Octets)
		}
		b = append(b, '\n')
	}
	return b
}

// ParseFlow reads what Append writes. Errors say the line.
func ParseFlow(name string, text []byte) (Flow, error) {
	f := Flow{Name: name}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<18)
	head := true
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		var err error
		switch {
		case strings.HasPrefix(line, "#"):
		case head && line == "":
			head = false
		case head:
			err = f.member(line)
		default:
			err = f.step(line)
		}
		if err != nil {
			return Flow{}, fmt.Errorf("vectors: %s:%d: %w", name, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return Flow{}, fmt.Errorf("vectors: %s: %w", name, err)
	}
	if f.Role != "client" && f.Role != "server" || f.Start.IsZero() {
		return Flow{}, fmt.Errorf("vectors: %s: no role or start", name)
	}
	return f, nil
}

func (f *Flow) member(line string) (err error) {
	name, value, ok := strings.Cut(line, ": ")
	if !ok {
		return fmt.Errorf("%q is no member", line)
	}
	switch name {
	case "peer":
		f.Peer = value
	case "role":
		f.Role = value
	case "provenance":
		f.Provenance = value
	case "start":
		f.Start, err = time.Parse(time.RFC3339Nano, value)
	default:
		err = fmt.Errorf("unknown member %q", name)
	}
	return err
}

func (f *Flow) step(line string) error {
	part := strings.SplitN(line, " ", 3)
	if len(part) != 3 || len(part[1]) != 1 {
		return fmt.Errorf("%.40q is no step", line)
	}
	us, err := strconv.ParseUint(part[0], 10, 40)
	if err != nil {
		return err
	}
	s := Step{At: time.Duration(us) * time.Microsecond, Mark: Mark(part[1][0])} //nolint:gosec // 40 bits
	switch s.Mark {
	case Stimulus:
		s.Text = part[2]
	case FromClient, FromServer:
		s.Octets, err = hex.DecodeString(part[2])
	default:
		err = fmt.Errorf("unknown mark %q", part[1])
	}
	f.Steps = append(f.Steps, s)
	return err
}

//go:embed flows/mms
var mmsFlows embed.FS

// MMSFlows gives the recorded associations of IEC 61850-8-1, in the order of their names.
func MMSFlows() ([]Flow, error) {
	entries, err := mmsFlows.ReadDir("flows/mms")
	if err != nil {
		return nil, err
	}
	var all []Flow
	for _, e := range entries {
		if path.Ext(e.Name()) != ".flow" {
			continue
		}
		b, err := mmsFlows.ReadFile("flows/mms/" + e.Name())
		if err != nil {
			return nil, err
		}
		f, err := ParseFlow(strings.TrimSuffix(e.Name(), ".flow"), b)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}
