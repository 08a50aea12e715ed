package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
)

// An mmsOut writes results: as text at once, as one JSON list at the end, or as a line of JSON each.
type mmsOut struct {
	format  cli.Format
	w       *bufio.Writer
	items   []any
	rows    [][]string // of a table
	headers int        // how many of them are headers
	err     error
}

func newMMSOut(cmd *cobra.Command, format *cli.Format) *mmsOut {
	return &mmsOut{format: *format, w: bufio.NewWriter(cmd.OutOrStdout()), items: []any{}}
}

// item adds a result: v is what JSON shows, text writes the same for people.
func (o *mmsOut) item(v any, text func(w io.Writer)) {
	switch {
	case o.err != nil:
	case o.format == cli.JSON:
		o.items = append(o.items, v)
	case o.format == cli.JSONL:
		if o.err = cli.WriteJSONL(o.w, v); o.err == nil {
			o.err = o.w.Flush()
		}
	case text != nil:
		text(o.w)
	}
}

// row adds a result that is a row of a table for people. All rows are aligned by flush; the first may be a header.
func (o *mmsOut) row(v any, cells ...string) {
	o.item(v, func(io.Writer) { o.rows = append(o.rows, cells) })
}

// header adds a row that JSON does not show, nor text when nothing follows.
func (o *mmsOut) header(cells ...string) {
	if o.format == cli.Text {
		o.headers++
		o.rows = append(o.rows, cells)
	}
}

// flush writes what is left.
func (o *mmsOut) flush() error {
	if o.err == nil && o.format == cli.JSON {
		o.err = cli.WriteJSON(o.w, o.items)
	}
	if len(o.rows) > o.headers {
		aligned(o.w, "", o.rows)
	}
	o.rows, o.headers = nil, 0
	return errors.Join(o.err, o.w.Flush())
}

// done is flush for the end of a command that has an error already.
func (o *mmsOut) done(err error) error {
	if e := o.flush(); e != nil {
		return errors.Join(err, e)
	}
	return err
}

// maxColumn is how wide a column gets before longer cells stick out.
const maxColumn = 72

// aligned writes rows in columns with two spaces between them.
func aligned(w io.Writer, indent string, rows [][]string) {
	var widths []int
	for _, cells := range rows {
		for i, c := range cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			if n := utf8.RuneCountInString(cli.Printable(c)); n <= maxColumn {
				widths[i] = max(widths[i], n)
			}
		}
	}
	for _, cells := range rows {
		line := indent
		for i, c := range cells {
			c = cli.Printable(c)
			line += c
			if i < len(cells)-1 {
				line += strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(c), 0)+2)
			}
		}
		_, _ = io.WriteString(w, strings.TrimRight(line, " ")+"\n") // w is a bufio.Writer; its Flush tells
	}
}

// confirm asks on a terminal whether to go on. Where there is none, only yes does.
func confirm(cmd *cobra.Command, yes bool, question string) error {
	if yes {
		return nil
	}
	in, ok := cmd.InOrStdin().(io.Writer)
	if !ok || !cli.IsTerminal(in) || !cli.IsTerminal(cmd.ErrOrStderr()) {
		return cli.Usage(errors.New("nobody is there to confirm it"), "give --yes to do it without asking")
	}
	if _, err := cli.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question); err != nil {
		return err
	}
	answer, err := bufio.NewReader(io.LimitReader(cmd.InOrStdin(), 64)).ReadString('\n')
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer == "y" || answer == "yes" {
		return nil
	}
	return cli.Exit(cli.Failed, errors.Join(errors.New("not confirmed: nothing was done"), ignoreEOF(err)), "")
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// hint writes a line of talk that says what to do next.
func hint(cmd *cobra.Command, format string, args ...any) {
	_, _ = cli.Fprintf(cmd.ErrOrStderr(), "hint: %s\n", fmt.Sprintf(format, args...)) // stderr is only talk
}
