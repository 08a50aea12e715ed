package tui

import (
	"errors"
	"fmt"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
)

// Update takes a message.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.scroll()
		return m, m.poll()
	case tea.KeyMsg:
		return m, m.key(msg)
	case tickMsg:
		if m.paused {
			return m, m.tick()
		}
		return m, tea.Batch(m.tick(), m.poll())
	case namesMsg:
		return m, m.named(msg)
	case nodeMsg:
		return m, m.typed(msg)
	case valuesMsg:
		m.took(msg)
	case doneMsg:
		m.say(msg.text, msg.err)
		return m, m.poll()
	case lostMsg:
		return m, m.hasLost(msg)
	case retryMsg:
		return m, m.redial()
	case upMsg:
		return m, m.isUp(msg)
	case reportMsg:
		m.reported(msg)
		return m, m.wait()
	case subscribedMsg:
		m.subscribed(msg)
		return m, m.poll()
	}
	return m, nil
}

// say puts a text on the last line.
func (m *Model) say(text string, err error) {
	m.status, m.bad = text, err != nil
	if err != nil {
		m.status = strings.TrimPrefix(text+": "+reason(err), ": ")
	}
}

// reason is an error without the names of packages.
func reason(err error) string {
	var access *client.AccessError
	if errors.As(err, &access) {
		return access.Code.String()
	}
	text := err.Error()
	for _, name := range []string{"acsi/client: ", "acsi/catalog: ", "valuetext: ", "mms: "} {
		text = strings.TrimPrefix(text, name)
	}
	return text
}

// named takes the names of devices and nodes.
func (m *Model) named(msg namesMsg) tea.Cmd {
	if msg.gen != m.gen {
		return nil
	}
	if msg.err != nil {
		m.say("cannot read the model", msg.err)
		return nil
	}
	m.who = strings.TrimSpace(msg.who)
	if len(m.tree.roots) > 0 { // after a new association: the tree stays as it is
		m.say("connected again", nil)
		return tea.Batch(m.poll(), m.resubscribe())
	}
	m.tree.devices(msg.names, msg.nodes)
	if len(m.tree.roots) > 0 {
		m.cursor = m.tree.roots[0]
	}
	m.say(fmt.Sprintf("%d logical devices; ? for help", len(msg.names)), nil)
	return m.poll()
}

// typed takes the type of a node.
func (m *Model) typed(msg nodeMsg) tea.Cmd {
	n := m.tree.node(msg.ld, msg.ln)
	if n == nil {
		return nil
	}
	n.loading = false
	if msg.gen != m.gen {
		return nil
	}
	if msg.err != nil {
		n.failed, n.open, n.loaded = reason(msg.err), false, true
		m.say(n.ref.String(), msg.err)
	} else {
		m.tree.fill(n, msg.node)
	}
	if m.loadAll {
		return m.loadNext()
	}
	return m.poll()
}

// loadNext asks for the next node whose type is not known, for a search or the list of report control blocks.
func (m *Model) loadNext() tea.Cmd {
	all := m.tree.allNodes()
	for i, n := range all {
		if n.loading {
			return nil // its answer goes on
		}
		if !n.loaded {
			m.say(fmt.Sprintf("reading types: %d of %d", i, len(all)), nil)
			return m.askNode(n)
		}
	}
	m.loadAll = false
	m.say("", nil)
	m.reports.collect(m.tree)
	if m.toFind {
		m.toFind = false
		m.findNext()
	}
	return m.poll()
}

// took takes values that were read.
func (m *Model) took(msg valuesMsg) {
	if msg.gen != m.gen {
		return
	}
	m.reading = false
	if msg.err != nil {
		if !errors.Is(msg.err, mms.ErrLinkLost) {
			m.say("reading", msg.err)
		}
		return
	}
	now := m.opt.Now()
	for i, r := range msg.rows {
		if i >= len(msg.results) {
			break
		}
		if err := msg.results[i].Err; err != nil {
			r.fail(reason(err), now)
		} else {
			r.set(msg.results[i].Value, now)
		}
	}
}

// hasLost notices that the association has ended.
func (m *Model) hasLost(msg lostMsg) tea.Cmd {
	if msg.gen != m.gen || m.lost != nil {
		return nil
	}
	m.lost = msg.err
	if m.lost == nil {
		m.lost = mms.ErrLinkLost
	}
	m.reading, m.retries = false, 0
	for _, n := range m.tree.allNodes() {
		n.loading = false
	}
	m.reports.lost()
	m.say("connection lost", m.lost)
	return m.redial()
}

// isUp takes a new association, or tries again later.
func (m *Model) isUp(msg upMsg) tea.Cmd {
	if msg.err != nil {
		m.retries++
		wait := min(time.Second<<min(m.retries-1, 5), 30*time.Second)
		m.say(fmt.Sprintf("no connection, next try in %s", wait), msg.err)
		return tea.Tick(wait, func(time.Time) tea.Msg { return retryMsg{} })
	}
	m.session, m.lost = msg.session, nil
	m.gen++
	m.say("connected again", nil)
	return tea.Batch(m.askNames(), m.watch(), m.resume())
}

// resume goes on with loading that the loss has stopped.
func (m *Model) resume() tea.Cmd {
	if m.loadAll {
		return m.loadNext()
	}
	return nil
}
