package tui

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/model"
)

// Options of a Model.
type Options struct {
	Target   string        // shown
	SCL      *model.Server // names of enumerations; nil: those of the standard
	Session  Session       // that is up
	Dial     func(context.Context) (Session, error)
	Interval time.Duration // between readings of what is visible; 0: 1 s
	ReadOnly bool          // nothing can be written or operated
	Copy     func(string)  // puts a text on the clipboard; nil: it is only shown
	Now      func() time.Time
}

// What keys mean.
type mode uint8

const (
	walking mode = iota
	searching
	typing     // a value to write or to command
	confirming // yes or no
	helping
)

// Which pane is shown.
type pane uint8

const (
	treePane pane = iota
	reportPane
)

// A Model is the state of the screen. It implements tea.Model.
type Model struct {
	opt    Options
	ctx    context.Context
	cancel context.CancelFunc

	width, height int
	mode          mode
	pane          pane
	status        string // last line
	bad           bool   // it is a failure
	who           string // vendor, model, revision

	session Session
	gen     int // of the session: answers of an older one are late
	lost    error
	retries int
	reading bool
	paused  bool

	tree     *tree
	cursor   *row
	top      int // first row shown
	find     line
	last     string // text searched for last
	loadAll  bool   // the types of all nodes are being asked for
	toFind   bool   // search when they are there
	backward bool

	do      request
	reports reports

	events chan tea.Msg // from goroutines of the session
}

// A request is what is typed and confirmed: a value for an attribute or a command.
type request struct {
	row     *row
	operate bool
	test    bool
	value   line
	parsed  model.Value
	text    string // how it reads
}

// New makes a Model. Its Init asks for the names.
func New(ctx context.Context, opt Options) *Model {
	if opt.Interval <= 0 {
		opt.Interval = time.Second
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Copy == nil {
		opt.Copy = func(string) {}
	}
	m := &Model{
		opt: opt, session: opt.Session, tree: newTree(opt.SCL), width: 80, height: 24,
		events: make(chan tea.Msg, 256), status: "reading the model ...",
	}
	m.ctx, m.cancel = context.WithCancel(ctx)
	m.reports.init()
	return m
}

// Messages.
type (
	namesMsg struct {
		gen   int
		who   string
		names []string
		nodes map[string][]string
		err   error
	}
	nodeMsg struct {
		gen    int
		ld, ln string
		node   *catalog.Node
		err    error
	}
	valuesMsg struct {
		gen     int
		rows    []*row
		results []client.Result
		err     error
	}
	tickMsg time.Time
	doneMsg struct {
		text string
		err  error
	}
	lostMsg struct {
		gen int
		err error
	}
	upMsg struct {
		session Session
		err     error
	}
	retryMsg struct{}
)

// Init asks for the names, starts the clock and watches the association.
func (m *Model) Init() tea.Cmd {
	return tea.Batch(m.askNames(), m.tick(), m.watch(), m.wait())
}

// within limits what talks to the server.
func (m *Model) within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(m.ctx, 30*time.Second)
}

func (m *Model) askNames() tea.Cmd {
	s, gen := m.session, m.gen
	return func() tea.Msg {
		ctx, cancel := m.within()
		defer cancel()
		msg := namesMsg{gen: gen, nodes: map[string][]string{}}
		msg.who, _ = s.Identify(ctx) // it need not say
		if msg.names, msg.err = s.Devices(ctx); msg.err != nil {
			return msg
		}
		for _, ld := range msg.names {
			if msg.nodes[ld], msg.err = s.Nodes(ctx, ld); msg.err != nil {
				return msg
			}
		}
		return msg
	}
}

func (m *Model) askNode(n *row) tea.Cmd {
	if n.loaded || n.loading || m.lost != nil {
		return nil
	}
	n.loading = true
	s, gen, ref := m.session, m.gen, n.ref
	return func() tea.Msg {
		ctx, cancel := m.within()
		defer cancel()
		c, err := s.Node(ctx, ref.LDevice, ref.LN)
		return nodeMsg{gen, ref.LDevice, ref.LN, c, err}
	}
}

// poll reads what is on the screen.
func (m *Model) poll() tea.Cmd {
	if m.reading || m.lost != nil {
		return nil
	}
	var rows []*row
	var refs []model.Ref
	seen := make(map[*row]bool)
	for _, r := range m.onScreen() {
		for _, l := range r.readable() {
			if !seen[l] {
				seen[l] = true
				rows = append(rows, l)
				refs = append(refs, l.ref)
			}
		}
	}
	if len(refs) == 0 {
		return nil
	}
	m.reading = true
	s, gen := m.session, m.gen
	return func() tea.Msg {
		ctx, cancel := m.within()
		defer cancel()
		results, err := s.Read(ctx, refs)
		return valuesMsg{gen, rows, results, err}
	}
}

func (m *Model) tick() tea.Cmd {
	return tea.Tick(m.opt.Interval, func(t time.Time) tea.Msg { return tickMsg(t) })
}

// watch waits for the end of the association.
func (m *Model) watch() tea.Cmd {
	s, gen := m.session, m.gen
	return func() tea.Msg {
		select {
		case <-s.Done():
			return lostMsg{gen, s.Err()}
		case <-m.ctx.Done():
			return nil
		}
	}
}

// wait takes a message from a goroutine of the session.
func (m *Model) wait() tea.Cmd {
	return func() tea.Msg {
		select {
		case msg := <-m.events:
			return msg
		case <-m.ctx.Done():
			return nil
		}
	}
}

// redial opens a new association.
func (m *Model) redial() tea.Cmd {
	old := m.session
	return func() tea.Msg {
		old.Close() // over XMPP the account logs in again
		ctx, cancel := m.within()
		defer cancel()
		s, err := m.opt.Dial(ctx)
		return upMsg{s, err}
	}
}
