package conformance

import (
	"fmt"
	"strings"
	"unicode"
)

// A Document is one conformance statement.
type Document struct {
	Name   string // of the file, without .md: "pics"
	Title  string
	Intro  string
	Tables []Table
}

// A Table has a heading and rows of as many cells.
type Table struct {
	Title string
	Note  string // below the title; "" for none
	Head  []string
	Rows  [][]string
}

// Markdown writes a document as GitHub-flavoured Markdown.
func (d *Document) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", d.Title, d.Intro)
	for i := range d.Tables {
		d.Tables[i].markdown(&b)
	}
	return b.String()
}

func (t *Table) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "\n## %s\n\n", t.Title)
	if t.Note != "" {
		fmt.Fprintf(b, "%s\n\n", t.Note)
	}
	row := func(cells []string) {
		b.WriteByte('|')
		for _, c := range cells {
			b.WriteByte(' ')
			b.WriteString(escape(c))
			b.WriteString(" |")
		}
		b.WriteByte('\n')
	}
	row(t.Head)
	b.WriteString("|" + strings.Repeat("---|", len(t.Head)) + "\n")
	for _, r := range t.Rows {
		row(r)
	}
}

// escape keeps a cell in its place, whatever a model calls its things.
func escape(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	return strings.NewReplacer("|", `\|`, "<", "&lt;").Replace(s)
}

// Documents gives every statement that needs no model.
func Documents() []Document {
	return []Document{PICS(), Services(), PIXIT(), TICS(), Classes()}
}

func mark(yes bool) string {
	if yes {
		return "Y"
	}
	return "-"
}
