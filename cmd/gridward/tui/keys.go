package tui

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gridward/gridward/acsi/valuetext"
	"github.com/gridward/gridward/model"
)

// key takes keys. Those that were pressed quickly come together.
func (m *Model) key(k tea.KeyMsg) tea.Cmd {
	if k.Type != tea.KeyRunes || len(k.Runes) < 2 || k.Paste {
		return m.oneKey(k)
	}
	var cmds []tea.Cmd
	for _, r := range k.Runes {
		cmds = append(cmds, m.oneKey(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: k.Alt}))
	}
	return tea.Batch(cmds...)
}

// oneKey takes a key by the mode. What is pasted is only taken where text is typed.
func (m *Model) oneKey(k tea.KeyMsg) tea.Cmd {
	if k.Paste && m.mode != searching && m.mode != typing {
		return nil
	}
	if k.Type == tea.KeyCtrlC {
		return m.quit()
	}
	switch m.mode {
	case searching:
		return m.searchKey(k)
	case typing:
		return m.typeKey(k)
	case confirming:
		return m.confirmKey(k)
	case helping:
		m.mode = walking
		return nil
	}
	switch k.String() {
	case "q":
		return m.quit()
	case "?":
		m.mode = helping
		return nil
	case "tab", "R":
		return m.switchPane()
	case "p":
		m.paused = !m.paused
		m.say(map[bool]string{true: "paused: r reads once, p goes on", false: "reading again"}[m.paused], nil)
		return nil
	case "r", "ctrl+l":
		return m.poll()
	}
	if m.pane == reportPane {
		return m.reports.key(m, k)
	}
	return m.treeKey(k)
}

// quit ends the program; what is enabled is disabled by the end of the association.
func (m *Model) quit() tea.Cmd {
	m.cancel()
	return tea.Quit
}

func (m *Model) switchPane() tea.Cmd {
	if m.pane == reportPane {
		m.pane = treePane
		return m.poll()
	}
	m.pane = reportPane
	m.loadAll = true
	return m.loadNext()
}

func (m *Model) treeKey(k tea.KeyMsg) tea.Cmd {
	if m.cursor == nil {
		return nil
	}
	page := max(m.bodyHeight()-1, 1)
	switch k.String() {
	case "up", "k":
		m.move(-1)
	case "down", "j":
		m.move(1)
	case "pgup", "ctrl+b":
		m.move(-page)
	case "pgdown", "ctrl+f":
		m.move(page)
	case "home", "g":
		m.move(-1 << 30)
	case "end", "G":
		m.move(1 << 30)
	case "right", "l", "enter":
		return m.expand()
	case "left", "h":
		m.collapse()
	case " ":
		if m.cursor.open {
			m.cursor.open = false
			m.scroll()
			return nil
		}
		return m.expand()
	case "/":
		m.mode, m.find = searching, line{}
		return nil
	case "n", "N":
		m.backward = k.String() == "N"
		m.findNext()
	case "y":
		m.opt.Copy(m.cursor.ref.String())
		m.say("copied "+m.cursor.ref.String(), nil)
		return nil
	case "w":
		m.begin(false)
		return nil
	case "o":
		m.begin(true)
		return nil
	default:
		return nil
	}
	return m.poll()
}

// move goes up or down.
func (m *Model) move(by int) {
	rows := m.tree.visible()
	i := index(rows, m.cursor)
	m.cursor = rows[min(max(i+by, 0), len(rows)-1)]
	m.scroll()
}

func index(rows []*row, r *row) int {
	for i := range rows {
		if rows[i] == r {
			return i
		}
	}
	return 0
}

// scroll keeps the cursor on the screen.
func (m *Model) scroll() {
	at, height := index(m.tree.visible(), m.cursor), max(m.bodyHeight(), 1)
	m.top = min(max(m.top, at-height+1), at)
}

// onScreen gives the rows whose values are seen.
func (m *Model) onScreen() []*row {
	if m.pane == reportPane {
		return m.reports.onScreen(m.reportHeight())
	}
	rows := m.tree.visible()
	end := min(m.top+max(m.bodyHeight(), 1), len(rows))
	return rows[min(m.top, end):end]
}

func (m *Model) expand() tea.Cmd {
	r := m.cursor
	if r.leaf {
		return m.poll()
	}
	if r.open {
		if len(r.kids) > 0 {
			m.cursor = r.kids[0]
			m.scroll()
		}
		return m.poll()
	}
	r.open = true
	if r.failed != "" { // try again
		r.failed, r.loaded = "", false
	}
	return tea.Batch(m.askNode(r.nodeRow()), m.poll())
}

// nodeRow gives r when it is a node whose type is to be asked for; anything else is loaded.
func (r *row) nodeRow() *row {
	if r.kind == node {
		return r
	}
	return &row{loaded: true}
}

func (m *Model) collapse() {
	if m.cursor.open {
		m.cursor.open = false
	} else if m.cursor.parent != nil {
		m.cursor = m.cursor.parent
	}
	m.scroll()
}

// searchKey types what is searched for.
func (m *Model) searchKey(k tea.KeyMsg) tea.Cmd {
	switch k.Type {
	case tea.KeyEsc:
		m.mode = walking
	case tea.KeyEnter:
		m.mode = walking
		m.last = m.find.String()
		m.backward = false
		if m.last == "" {
			return nil
		}
		m.toFind, m.loadAll = true, true
		return m.loadNext()
	default:
		m.find.key(k)
	}
	return nil
}

// findNext goes to the next row whose reference holds the text searched for.
func (m *Model) findNext() {
	if m.last == "" {
		m.say("nothing is searched for: /", nil)
		return
	}
	var all []*row
	var walk func(rows []*row)
	walk = func(rows []*row) {
		for _, r := range rows {
			all = append(all, r)
			walk(r.kids)
		}
	}
	walk(m.tree.roots)
	want := strings.ToLower(m.last)
	at, step := index(all, m.cursor), 1
	if m.backward {
		step = -1
	}
	for i := range len(all) {
		r := all[((at+step*(i+1))%len(all)+len(all))%len(all)]
		if strings.Contains(strings.ToLower(r.ref.String()), want) {
			r.reveal()
			m.cursor = r
			m.scroll()
			m.say("/"+m.last, nil)
			return
		}
	}
	m.say(fmt.Sprintf("nothing has %q in its reference", m.last), nil)
}

// begin asks for a value to write to the attribute, or to command the object, under the cursor.
func (m *Model) begin(operate bool) {
	switch {
	case m.opt.ReadOnly:
		m.say("started with --read-only", nil)
		return
	case m.lost != nil:
		m.say("not connected", nil)
		return
	}
	m.do = request{row: m.cursor, operate: operate}
	if operate {
		o := m.cursor.object()
		if o == nil || o.part(model.CO) == nil || m.ctlVal(o) == nil {
			m.say("it cannot be operated: no object with Oper", nil)
			return
		}
		m.do.row = o
	} else {
		if !m.cursor.leaf {
			m.say("go to an attribute to write it", nil)
			return
		}
		if m.cursor.ref.FC == model.CO {
			m.say("o operates it", nil)
			return
		}
		if !m.cursor.value.failed {
			m.do.value.set(m.cursor.value.text)
		}
	}
	m.mode = typing
}

// ctlVal gives the type of what an object is commanded with.
func (m *Model) ctlVal(o *row) *valuetext.Type {
	spec := component(component(o.part(model.CO), "Oper"), "ctlVal")
	if spec == nil {
		return nil
	}
	ref := o.ref
	ref.FC = model.CO
	return valuetext.New(spec, ref.Child("Oper").Child("ctlVal"), m.opt.SCL)
}

// wanted is the type of the value that is typed.
func (m *Model) wanted() *valuetext.Type {
	if m.do.operate {
		return m.ctlVal(m.do.row)
	}
	return m.do.row.typ
}

// typeKey types a value.
func (m *Model) typeKey(k tea.KeyMsg) tea.Cmd {
	switch k.Type {
	case tea.KeyEsc:
		m.mode = walking
		m.say("nothing was done", nil)
	case tea.KeyCtrlT:
		m.do.test = m.do.operate && !m.do.test
	case tea.KeyEnter:
		t := m.wanted()
		v, err := t.Parse(m.do.value.String())
		if err != nil {
			m.say("", err)
			return nil
		}
		m.do.parsed, m.do.text = v, t.Text(v)
		m.mode = confirming
	default:
		m.do.value.key(k)
		m.say("", nil)
	}
	return nil
}

// confirmKey does what was typed, if that is confirmed.
func (m *Model) confirmKey(k tea.KeyMsg) tea.Cmd {
	m.mode = walking
	if k.String() != "y" && k.String() != "Y" {
		m.say("nothing was done", nil)
		return nil
	}
	s, d, ref := m.session, m.do, m.do.row.ref
	if d.operate {
		ref.FC = model.FCNone
		m.say("operating "+ref.String()+" ...", nil)
		return func() tea.Msg {
			ctx, cancel := m.within()
			defer cancel()
			text, err := s.Operate(ctx, ref, d.parsed, d.test)
			if err != nil {
				text = ref.String()
			}
			return doneMsg{text, err}
		}
	}
	m.say("writing "+ref.String()+" ...", nil)
	return func() tea.Msg {
		ctx, cancel := m.within()
		defer cancel()
		if err := s.Write(ctx, ref, d.parsed); err != nil {
			return doneMsg{ref.String(), err}
		}
		return doneMsg{fmt.Sprintf("%s = %s written", ref, d.text), nil}
	}
}
