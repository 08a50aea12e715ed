package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// Format is what -o selects.
type Format string

// The output formats.
const (
	Text  Format = "text"
	JSON  Format = "json"
	JSONL Format = "jsonl"
)

// FormatFlag adds -o/--output to cmd with the formats it offers, the first being the default.
func FormatFlag(cmd *cobra.Command, formats ...Format) *Format {
	f := formats[0]
	names := make([]string, len(formats))
	for i, n := range formats {
		names[i] = string(n)
	}
	v := &formatValue{target: &f, names: names}
	cmd.Flags().VarP(v, "output", "o", "output format: "+strings.Join(names, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))
	return &f
}

type formatValue struct {
	target *Format
	names  []string
}

func (v *formatValue) String() string {
	if v.target == nil {
		return ""
	}
	return string(*v.target)
}

func (v *formatValue) Type() string { return "format" }

func (v *formatValue) Set(s string) error {
	for _, n := range v.names {
		if s == n {
			*v.target = Format(s)
			return nil
		}
	}
	return fmt.Errorf("want one of %s", strings.Join(v.names, ", "))
}

// WriteJSON writes v indented, with a newline, without escaping HTML.
func WriteJSON(w io.Writer, v any) error { return writeJSON(w, v, "  ") }

// WriteJSONL writes v on one line.
func WriteJSONL(w io.Writer, v any) error { return writeJSON(w, v, "") }

func writeJSON(w io.Writer, v any, indent string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", indent)
	if err := enc.Encode(v); err != nil {
		return err
	}
	_, err := w.Write(escaped(b.Bytes()))
	return err
}

// IsTerminal reports whether w is a terminal, where progress may be shown.
func IsTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	return term.IsTerminal(int(f.Fd()))
}
