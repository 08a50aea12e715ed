package tui

import tea "github.com/charmbracelet/bubbletea"

// A line is a text that is being typed.
type line struct {
	text []rune
	at   int
}

func (l *line) set(s string) { l.text = []rune(s); l.at = len(l.text) }

func (l *line) String() string { return string(l.text) }

// maxLine is the longest text that can be typed.
const maxLine = 1024

// key takes a key that edits.
func (l *line) key(k tea.KeyMsg) {
	switch k.Type {
	case tea.KeyRunes, tea.KeySpace:
		if len(l.text)+len(k.Runes) > maxLine {
			return
		}
		rest := append([]rune(nil), l.text[l.at:]...)
		l.text = append(append(l.text[:l.at], k.Runes...), rest...)
		l.at += len(k.Runes)
	case tea.KeyBackspace:
		if l.at > 0 {
			l.text = append(l.text[:l.at-1], l.text[l.at:]...)
			l.at--
		}
	case tea.KeyDelete:
		if l.at < len(l.text) {
			l.text = append(l.text[:l.at], l.text[l.at+1:]...)
		}
	case tea.KeyLeft:
		l.at = max(l.at-1, 0)
	case tea.KeyRight:
		l.at = min(l.at+1, len(l.text))
	case tea.KeyHome, tea.KeyCtrlA:
		l.at = 0
	case tea.KeyEnd, tea.KeyCtrlE:
		l.at = len(l.text)
	case tea.KeyCtrlU:
		l.text, l.at = l.text[l.at:], 0
	}
}

// show gives the text with a mark where the next letter goes.
func (l *line) show() string {
	return string(l.text[:l.at]) + "_" + string(l.text[l.at:])
}
