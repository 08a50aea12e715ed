package main

import (
	"bytes"
	"fmt"
	"strings"
)

// Sequences of ECMA-48 that the table uses: up n lines, and erase to the end of the screen.
const (
	cursorUp = "\x1b[%dA\r"
	eraseEnd = "\x1b[J"
)

// draw writes the table over the one before. Values are made printable before, so that a server cannot write to the
// terminal.
func (v *liveView) draw() error {
	var table bytes.Buffer
	rows := [][]string{{"REFERENCE", "VALUE", "CHANGED"}}
	for _, ref := range v.order {
		rows = append(rows, v.rows[ref])
	}
	aligned(&table, "", rows)
	var out strings.Builder
	if v.drawn > 0 {
		fmt.Fprintf(&out, cursorUp, v.drawn)
	}
	out.WriteString(eraseEnd)
	out.Write(table.Bytes())
	v.drawn = bytes.Count(table.Bytes(), []byte{'\n'})
	_, err := v.w.Write([]byte(out.String()))
	return err
}
