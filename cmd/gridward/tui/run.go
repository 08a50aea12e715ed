package tui

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	tea "github.com/charmbracelet/bubbletea"
)

// Run shows the screen until the user quits or ctx ends. in and out are the terminal; extra options are for tests.
func Run(ctx context.Context, in io.Reader, out io.Writer, opt Options, extra ...tea.ProgramOption) error {
	if opt.Copy == nil {
		opt.Copy = func(s string) {
			// OSC 52; terminals that do not know it ignore it.
			_, _ = fmt.Fprintf(out, "\x1b]52;c;%s\a", base64.StdEncoding.EncodeToString([]byte(s)))
		}
	}
	m := New(ctx, opt)
	defer m.end()
	options := append([]tea.ProgramOption{
		tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out), tea.WithAltScreen(), tea.WithoutSignalHandler(),
	}, extra...)
	_, err := tea.NewProgram(m, options...).Run()
	if ctx.Err() != nil {
		return nil // asked to end
	}
	return err
}

// end disables what was enabled and gives the association back.
func (m *Model) end() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, stop := range m.reports.on {
		_ = stop(ctx) // the end of the association does it otherwise
	}
	m.cancel()
	m.session.Close()
}
