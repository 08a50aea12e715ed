package tui

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/valuetext"
	"github.com/gridward/gridward/model"
)

// maxLog is how many lines of reports are kept.
const maxLog = 1000

// reports is the pane of report control blocks: the list of them above, what came below.
type reports struct {
	blocks []*row
	cursor int
	top    int
	on     map[model.Ref]func(context.Context) error // subscribed here, and how that ends
	wanted map[model.Ref]bool                        // to be subscribed to again after a loss
	log    []string
	count  map[model.Ref]int
}

func (p *reports) init() {
	p.on = make(map[model.Ref]func(context.Context) error)
	p.wanted = make(map[model.Ref]bool)
	p.count = make(map[model.Ref]int)
}

type (
	reportMsg struct {
		gen int
		rcb model.Ref
		r   *client.Report
		at  time.Time
	}
	subscribedMsg struct {
		gen  int
		rcb  model.Ref
		stop func(context.Context) error // nil: it has been ended
		err  error
	}
)

// collect finds the report control blocks of all nodes.
func (p *reports) collect(t *tree) {
	p.blocks = nil
	for _, n := range t.allNodes() {
		for _, r := range n.kids {
			if r.ref.FC == model.BR || r.ref.FC == model.RP {
				p.blocks = append(p.blocks, r)
			}
		}
	}
	p.cursor = min(p.cursor, max(len(p.blocks)-1, 0))
}

// onScreen gives the attributes that the list shows.
func (p *reports) onScreen(height int) []*row {
	var list []*row
	for _, b := range p.blocks[min(p.top, len(p.blocks)):min(p.top+height, len(p.blocks))] {
		for _, name := range blockColumns {
			if a := b.path(name); a != nil {
				list = append(list, a)
			}
		}
	}
	return list
}

var blockColumns = []string{"RptEna", "Resv", "ResvTms", "DatSet", "IntgPd", "BufTm", "Owner"}

// lost forgets the subscriptions of an association that has ended; they are made again on the next.
func (p *reports) lost() {
	for rcb := range p.on {
		p.wanted[rcb] = true
	}
	clear(p.on)
}

func (p *reports) key(m *Model, k tea.KeyMsg) tea.Cmd {
	page := max(m.reportHeight()-1, 1)
	switch k.String() {
	case "up", "k":
		p.cursor--
	case "down", "j":
		p.cursor++
	case "pgup":
		p.cursor -= page
	case "pgdown":
		p.cursor += page
	case "home", "g":
		p.cursor = 0
	case "end", "G":
		p.cursor = len(p.blocks) - 1
	case "c":
		p.log = nil
		return nil
	case "y":
		if b := p.current(); b != nil {
			m.opt.Copy(b.ref.String())
			m.say("copied "+b.ref.String(), nil)
		}
		return nil
	case "enter", " ":
		return p.toggle(m)
	default:
		return nil
	}
	p.cursor = min(max(p.cursor, 0), max(len(p.blocks)-1, 0))
	p.top = min(max(p.top, p.cursor-m.reportHeight()+1), p.cursor)
	return m.poll()
}

func (p *reports) current() *row {
	if p.cursor < len(p.blocks) {
		return p.blocks[p.cursor]
	}
	return nil
}

// toggle enables or disables the block under the cursor.
func (p *reports) toggle(m *Model) tea.Cmd {
	b := p.current()
	switch {
	case b == nil || m.lost != nil:
		return nil
	case m.opt.ReadOnly:
		m.say("started with --read-only", nil)
		return nil
	}
	stop := p.on[b.ref]
	if stop == nil {
		m.say("enabling "+b.ref.String()+" ...", nil)
		return m.subscribe(b.ref)
	}
	delete(p.wanted, b.ref)
	rcb, gen := b.ref, m.gen
	m.say("disabling "+rcb.String()+" ...", nil)
	return func() tea.Msg {
		ctx, cancel := m.within()
		defer cancel()
		return subscribedMsg{gen: gen, rcb: rcb, err: stop(ctx)}
	}
}

// subscribe enables a block. What it sends comes through m.events, for as long as somebody takes it.
func (m *Model) subscribe(rcb model.Ref) tea.Cmd {
	s, gen := m.session, m.gen
	return func() tea.Msg {
		ctx, cancel := m.within()
		defer cancel()
		stop, err := s.Subscribe(ctx, rcb, func(r *client.Report) {
			select {
			case m.events <- reportMsg{gen, rcb, r, m.opt.Now()}:
			case <-m.ctx.Done():
			}
		})
		return subscribedMsg{gen, rcb, stop, err}
	}
}

// resubscribe enables again what was enabled on the last association.
func (m *Model) resubscribe() tea.Cmd {
	var cmds []tea.Cmd
	for rcb := range m.reports.wanted {
		cmds = append(cmds, m.subscribe(rcb))
	}
	return tea.Batch(cmds...)
}

func (m *Model) subscribed(msg subscribedMsg) {
	switch {
	case msg.gen != m.gen:
	case msg.err != nil:
		m.say(msg.rcb.String(), msg.err)
	case msg.stop == nil:
		delete(m.reports.on, msg.rcb)
		m.say(msg.rcb.String()+" disabled", nil)
	default:
		m.reports.on[msg.rcb] = msg.stop
		delete(m.reports.wanted, msg.rcb)
		m.say(msg.rcb.String()+" enabled", nil)
	}
}

// reported takes a report: its values go into the tree, its lines into the log.
func (m *Model) reported(msg reportMsg) {
	p := &m.reports
	p.count[msg.rcb]++
	head := fmt.Sprintf("%s %s", msg.at.UTC().Format("15:04:05.000"), msg.rcb.Path)
	if msg.r.HasSqNum {
		head += fmt.Sprintf(" #%d", msg.r.SqNum)
	}
	for _, mark := range []struct {
		on   bool
		text string
	}{{msg.r.Gap, "reports missing before"}, {msg.r.BufOvfl, "buffer overflow"}} {
		if mark.on {
			p.add(head + " " + mark.text)
		}
	}
	for _, e := range msg.r.Entries {
		text := e.Value.Text(nil)
		if t := m.typeOf(e.Ref); t != nil {
			text = m.takeEntry(t, e, msg.at)
		}
		p.add(fmt.Sprintf("%s %s: %s  %s", head, e.Reason, e.Ref, text))
	}
}

// takeEntry puts the values of an entry into the tree and gives them as text.
func (m *Model) takeEntry(t *valuetext.Type, e client.Entry, at time.Time) string {
	var parts []string
	for path, leaf := range t.Leaves(e.Value) {
		ref := e.Ref
		switch {
		case strings.HasPrefix(path, "("):
			ref.Path += path
		case path != "":
			ref = ref.Child(path)
		}
		if r := m.tree.leaves[ref]; r != nil {
			r.set(leaf.Value, at)
		}
		if path == "" {
			return leaf.Text()
		}
		parts = append(parts, path+"="+leaf.Text())
	}
	return strings.Join(parts, " ")
}

func (p *reports) add(text string) {
	p.log = append(p.log, text)
	if len(p.log) > maxLog {
		p.log = append([]string(nil), p.log[len(p.log)-maxLog/2:]...)
	}
}

// typeOf finds the type of a member of a data set in the tree.
func (m *Model) typeOf(ref model.Ref) *valuetext.Type {
	if r := m.tree.leaves[ref]; r != nil {
		return r.typ
	}
	n := m.tree.node(ref.LDevice, ref.LN)
	if n == nil || ref.Path == "" {
		return nil
	}
	r := n.path(strings.ReplaceAll(ref.Path, "(", ".("))
	if r == nil || r.part(ref.FC) == nil {
		return nil
	}
	return valuetext.New(r.part(ref.FC), ref, m.opt.SCL)
}
