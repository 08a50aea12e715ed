package cli

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable gives s with everything escaped by which a file or a peer could write to the terminal of the reader: control
// characters (C0, DEL, C1), line and paragraph separators, marks that turn the direction of text, and octets that are not
// UTF-8. They become \x1b, \u202e and the like; a backslash stays as it is, so this is for people, not for programs.
func Printable(s string) string { return printable(s, false) }

// PrintableLines is Printable that keeps line feeds: for messages of several lines.
func PrintableLines(s string) string { return printable(s, true) }

func printable(s string, lines bool) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = s[i] >= 0x20 && s[i] < 0x7f || lines && s[i] == '\n'
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n <= 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case lines && r == '\n' || !unprintable(r):
			b.WriteString(s[i : i+n])
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
		i += n
	}
	return b.String()
}

func unprintable(r rune) bool {
	return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}

// Fprintf is fmt.Fprintf for text that holds what a file or a peer has said: every string, error and fmt.Stringer among
// args is made Printable. Control characters of format itself stay.
func Fprintf(w io.Writer, format string, args ...any) (int, error) {
	clean := make([]any, len(args))
	for i, a := range args {
		clean[i] = a
		switch v := a.(type) {
		case error:
			clean[i] = Printable(v.Error())
		case fmt.Stringer:
			if p := reflect.ValueOf(a); p.Kind() != reflect.Pointer || !p.IsNil() {
				clean[i] = Printable(v.String())
			} else {
				clean[i] = ""
			}
		default:
			if s := reflect.ValueOf(a); s.Kind() == reflect.String {
				clean[i] = Printable(s.String())
			}
		}
	}
	return fmt.Fprintf(w, format, clean...)
}

// escaped makes JSON safe to show: DEL and C1, which JSON lets pass and a terminal may obey, are written as escapes.
func escaped(json []byte) []byte {
	out := make([]byte, 0, len(json))
	for i := 0; i < len(json); i++ {
		switch {
		case json[i] == 0x7f:
			out = append(out, `\u007f`...)
		case json[i] == 0xc2 && i+1 < len(json) && json[i+1] < 0xa0:
			out = fmt.Appendf(out, `\u%04x`, json[i+1])
			i++
		default:
			out = append(out, json[i])
		}
	}
	return out
}
