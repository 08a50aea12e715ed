package tui

import (
	"fmt"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/ansi"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/model"
)

// Colours go away by themselves with NO_COLOR and on terminals without them; nothing is said by colour alone.
var (
	titleStyle   = lipgloss.NewStyle().Bold(true).Reverse(true)
	headStyle    = lipgloss.NewStyle().Bold(true)
	cursorStyle  = lipgloss.NewStyle().Reverse(true)
	badStyle     = lipgloss.NewStyle().Foreground(lipgloss.Color("9"))
	changedStyle = lipgloss.NewStyle().Bold(true)
	faintStyle   = lipgloss.NewStyle().Faint(true)
)

// recent is how long a change is shown.
const recent = 3 * time.Second

// bodyHeight is how many rows fit between the title with the heads and the two lines at the bottom.
func (m *Model) bodyHeight() int { return max(m.height-4, 1) }

// reportHeight is how many report control blocks fit.
func (m *Model) reportHeight() int { return max(min(len(m.reports.blocks), m.bodyHeight()/2), 1) }

// View gives the screen.
func (m *Model) View() string {
	lines := []string{m.title()}
	switch {
	case m.mode == helping:
		lines = append(lines, m.help()...)
	case m.pane == reportPane:
		lines = append(lines, m.reportLines()...)
	default:
		lines = append(lines, m.treeLines()...)
	}
	if keep := max(m.height-2, 1); len(lines) > keep {
		lines = lines[:keep]
	}
	for len(lines) < m.height-2 {
		lines = append(lines, "")
	}
	lines = append(lines, faintStyle.Render(m.fit(m.detail(), m.width)), m.bottom())
	for i, line := range lines { // the columns have a least width
		if ansi.StringWidth(line) > m.width {
			lines[i] = ansi.Truncate(line, m.width, "")
		}
	}
	return strings.Join(lines, "\n")
}

// fit makes text printable and exactly as wide as told.
func (m *Model) fit(text string, width int) string {
	if width <= 0 {
		return ""
	}
	text = ansi.Truncate(cli.Printable(text), width, "~")
	return text + strings.Repeat(" ", max(width-ansi.StringWidth(text), 0))
}

func (m *Model) title() string {
	state := "connected"
	switch {
	case m.lost != nil:
		state = "NOT CONNECTED"
	case m.paused:
		state = "paused"
	}
	return titleStyle.Render(m.fit(fmt.Sprintf(" %s  %s  [%s]", m.opt.Target, m.who, state), m.width))
}

// columns are the widths: of the tree, the value, the quality, the time and the type; 0: not shown.
func (m *Model) columns() (name, value, quality, at, typ int) {
	w := m.width - 2 // for the cursor
	switch {
	case w < 50:
		name = w * 6 / 10
		return name, w - name - 1, 0, 0, 0
	case w < 80:
		quality = 12
	case w < 110:
		quality, at = 16, 13
	default:
		quality, at, typ = 20, 24, 16
	}
	gaps := 1
	for _, c := range []int{quality, at, typ} {
		if c > 0 {
			gaps++
		}
	}
	rest := w - quality - at - typ - gaps
	name = rest * 6 / 10
	return name, rest - name, quality, at, typ
}

func (m *Model) treeLines() []string {
	name, value, quality, at, typ := m.columns()
	lines := []string{headStyle.Render(m.cells([]string{"  name", "value", "quality", "time (UTC)", "type"}, []int{name + 2, value, quality, at, typ}))}
	rows := m.tree.visible()
	end := min(m.top+m.bodyHeight(), len(rows))
	for _, r := range rows[min(m.top, end):end] {
		lines = append(lines, m.treeLine(r, []int{name + 2, value, quality, at, typ}))
	}
	return lines
}

// cells puts texts side by side, those with a width.
func (m *Model) cells(texts []string, widths []int) string {
	var parts []string
	for i, w := range widths {
		if w > 0 {
			parts = append(parts, m.fit(texts[i], w))
		}
	}
	return strings.Join(parts, " ")
}

func (m *Model) treeLine(r *row, widths []int) string {
	mark := "  "
	if r == m.cursor {
		mark = "> "
	}
	sign := "+ "
	switch {
	case r.leaf:
		sign = "  "
	case r.open:
		sign = "- "
	}
	name := mark + strings.Repeat("  ", r.depth) + sign + r.name
	if r.kind == data && (r.depth == 2 || r.ref.FC != model.FCNone && (r.parent.ref.FC == model.FCNone || r.parent.kind != data)) {
		name += " [" + r.fcText() + "]"
	}
	texts := []string{name, "", "", "", ""}
	failed, fresh := false, false
	leaf := r
	if !r.leaf {
		leaf = r.main
	}
	switch {
	case r.failed != "":
		texts[1], failed = r.failed, true
	case r.loading:
		texts[1] = "..."
	case leaf != nil && leaf.leaf:
		texts[1], failed = leaf.value.text, leaf.value.failed
		fresh = !leaf.value.changed.IsZero() && m.opt.Now().Sub(leaf.value.changed) < recent
		texts[4] = leaf.typ.String()
	case r.kind == device:
		texts[1] = fmt.Sprintf("%d logical nodes", len(r.kids))
	}
	if !r.leaf && r.q != nil && r.q.leaf {
		texts[2] = r.q.value.text
	}
	if !r.leaf && r.t != nil && r.t.leaf {
		texts[3] = timeText(r.t.value, widths[3])
	}
	if fresh {
		texts[1] = "* " + texts[1]
	}
	text := m.cells(texts, widths)
	switch {
	case r == m.cursor:
		return cursorStyle.Render(text)
	case failed:
		return badStyle.Render(text)
	case fresh:
		return changedStyle.Render(text)
	}
	return text
}

// timeText gives a time stamp to the millisecond, without the date where there is no room for it.
func timeText(c cell, width int) string {
	t, ok := c.raw.AsTime()
	if !ok {
		return c.text
	}
	text := t.Time().Format("2006-01-02 15:04:05.000")
	if len(text) > width {
		text = t.Time().Format("15:04:05.000")
	}
	if t.Quality()&(model.ClockFailure|model.ClockNotSynchronized) != 0 {
		text += "!" // the clock is not to be trusted
	}
	return text
}

// reportLines gives the list of report control blocks, and below it what came.
func (m *Model) reportLines() []string {
	p := &m.reports
	widths := []int{max(m.width*4/10, 20), 8, 6, max(m.width*3/10, 12), 9}
	if m.width < 80 {
		widths = []int{max(m.width-18, 10), 8, 6, 0, 0}
	}
	lines := []string{headStyle.Render(m.cells([]string{"  report control block", "enabled", "count", "data set", "integrity"}, widths))}
	height := m.reportHeight()
	for i := p.top; i < min(p.top+height, len(p.blocks)); i++ {
		lines = append(lines, m.blockLine(i, widths))
	}
	if len(p.blocks) == 0 && !m.loadAll {
		lines = append(lines, "  none")
	}
	lines = append(lines, headStyle.Render(m.fit("  reports (enter enables or disables a block, c clears)", m.width)))
	room := max(m.height-2-len(lines)-1, 0)
	for _, text := range p.log[max(len(p.log)-room, 0):] {
		lines = append(lines, m.fit("  "+text, m.width))
	}
	return lines
}

func (m *Model) blockLine(i int, widths []int) string {
	p := &m.reports
	b := p.blocks[i]
	text := func(name string) string {
		if a := b.path(name); a != nil {
			return a.value.text
		}
		return ""
	}
	mark := "  "
	if i == p.cursor {
		mark = "> "
	}
	on := text("RptEna")
	switch {
	case p.on[b.ref] != nil:
		on = "here"
	case on == "true":
		on = "other"
	case text("Resv") == "true":
		on = "reserved"
	case on == "false":
		on = "no"
	}
	period := text("IntgPd")
	if period == "0" {
		period = "-"
	} else if period != "" {
		period += " ms"
	}
	line := m.cells([]string{mark + b.ref.String(), on, fmt.Sprint(p.count[b.ref]), text("DatSet"), period}, widths)
	if i == p.cursor {
		return cursorStyle.Render(line)
	}
	return line
}

// detail says what the cursor is on.
func (m *Model) detail() string {
	if m.pane == reportPane {
		if b := m.reports.current(); b != nil {
			return b.ref.String()
		}
		return ""
	}
	r := m.cursor
	if r == nil {
		return ""
	}
	text := r.ref.String()
	if r.leaf {
		text += "  " + r.typ.String()
		if !r.value.failed && r.value.text != "" {
			text += "  = " + r.value.text
		}
	}
	return text
}

// bottom is the last line: what is typed, asked or said.
func (m *Model) bottom() string {
	switch m.mode {
	case searching:
		return m.fit("/"+m.find.show(), m.width)
	case typing:
		verb := "write"
		if m.do.operate {
			verb = "operate"
			if m.do.test {
				verb += " (test)"
			}
		}
		hint := m.wanted().Want()
		if m.bad {
			hint = m.status
		}
		return m.fit(fmt.Sprintf("%s %s: %s   [%s]", verb, m.do.row.ref, m.do.value.show(), hint), m.width)
	case confirming:
		what := "write " + m.do.text + " to "
		if m.do.operate {
			what = "operate " + m.do.text + " on "
			if m.do.test {
				what = "operate in test mode " + m.do.text + " on "
			}
		}
		return headStyle.Render(m.fit(what+m.do.row.ref.String()+"? y/N", m.width))
	}
	text := m.fit(m.status, m.width)
	if m.bad {
		return badStyle.Render(text)
	}
	return text
}

func (m *Model) help() []string {
	text := []string{
		"",
		"  up down j k pgup pgdn g G   move",
		"  right enter l               expand, go down",
		"  left h                      collapse, go up",
		"  space                       expand or collapse",
		"  /                           search in references",
		"  n N                         next, previous match",
		"  w                           write the attribute",
		"  o                           operate the object (ctrl+t: test)",
		"  y                           copy the reference",
		"  tab R                       report control blocks",
		"  r                           read now",
		"  p                           pause reading",
		"  q ctrl+c                    quit",
		"",
		"  FC in brackets; * a value that changed; times in UTC, ! of a clock that is not synchronised",
		"  control parameters (CO) are not read: reading SBO selects",
		"",
		"  any key goes back",
	}
	for i := range text {
		text[i] = m.fit(text[i], m.width)
	}
	return text
}
