package tui

import (
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A screen is a Model with a fake server. Commands run at once, except those that wait.
type screen struct {
	*testing.T
	m      *Model
	s      *fakeSession
	copied string
	quit   bool
}

func newScreen(t *testing.T, change func(*Options)) *screen {
	sc := &screen{T: t, s: newFake()}
	opt := Options{Target: "fake", Session: sc.s, Interval: time.Hour, Copy: func(s string) { sc.copied = s }}
	if change != nil {
		change(&opt)
	}
	sc.m = New(t.Context(), opt)
	sc.send(tea.WindowSizeMsg{Width: 120, Height: 30})
	sc.run(sc.m.askNames())
	return sc
}

// run runs a command, and what follows from its message.
func (sc *screen) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			sc.run(c)
		}
	case tea.QuitMsg:
		sc.quit = true
	default:
		sc.send(msg)
	}
}

// send sends a message; of the commands that follow those that talk to the server are run.
func (sc *screen) send(msg tea.Msg) {
	sc.Helper()
	_, cmd := sc.m.Update(msg)
	switch msg.(type) {
	case tickMsg, reportMsg: // these wait again
		return
	case upMsg:
		sc.run(sc.m.askNames())
		return
	}
	sc.run(cmd)
}

// keys presses keys: names between < and >, letters otherwise.
func (sc *screen) keys(text string) {
	sc.Helper()
	special := map[string]tea.KeyType{
		"enter": tea.KeyEnter, "esc": tea.KeyEsc, "up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight,
		"tab": tea.KeyTab, "back": tea.KeyBackspace, "ctrl+c": tea.KeyCtrlC, "ctrl+t": tea.KeyCtrlT, "ctrl+u": tea.KeyCtrlU,
		"end": tea.KeyEnd, "home": tea.KeyHome, "pgdown": tea.KeyPgDown, "pgup": tea.KeyPgUp, "del": tea.KeyDelete,
	}
	for text != "" {
		if name, rest, ok := strings.Cut(strings.TrimPrefix(text, "<"), ">"); ok && text[0] == '<' {
			k, known := special[name]
			if !known {
				sc.Fatalf("no key %s", name)
			}
			sc.send(tea.KeyMsg{Type: k})
			text = rest
			continue
		}
		sc.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(text[:1])})
		text = text[1:]
	}
}

// wants checks that the screen shows texts.
func (sc *screen) wants(texts ...string) {
	sc.Helper()
	view := sc.m.View()
	for _, text := range texts {
		if !strings.Contains(view, text) {
			sc.Errorf("no %q on the screen:\n%s", text, view)
		}
	}
}

func (sc *screen) wantsNot(texts ...string) {
	sc.Helper()
	view := sc.m.View()
	for _, text := range texts {
		if strings.Contains(view, text) {
			sc.Errorf("%q is on the screen:\n%s", text, view)
		}
	}
}

func TestWalk(t *testing.T) {
	sc := newScreen(t, nil)
	sc.wants("> - LD0", "  + GGIO1", "3 logical nodes", "Acme X 1", "[connected]")
	sc.keys("jj<right>") // GGIO1
	sc.wants("- GGIO1", "+ Ind1 [ST]", "+ SPCSO1 [ST,CO,CF]", "true", "invalid", "2023-11-14 22:13:20.000")
	sc.keys("<right><right>")
	sc.wants("stVal", "LD0/GGIO1.Ind1[ST]")
	sc.keys("<right>")
	if sc.m.cursor.ref.String() != "LD0/GGIO1.Ind1.stVal[ST]" {
		t.Errorf("cursor on %s", sc.m.cursor.ref)
	}
	sc.wants("LD0/GGIO1.Ind1.stVal[ST]  BOOLEAN  = true")
	sc.keys("<left><left><left>") // to Ind1, close it, to GGIO1
	sc.wantsNot("stVal")
	sc.keys("h")
	sc.wantsNot("Ind1")
}

// TestNeverReadsControls: nothing of functional constraint CO is ever read, whatever is open.
func TestNeverReadsControls(t *testing.T) {
	sc := newScreen(t, nil)
	sc.keys("/Oper.ctlNum<enter>")
	sc.keys("r")
	sc.wants("ctlNum", "SBO")
	for _, list := range sc.s.read {
		if strings.Contains(refs(list), "[CO]") {
			t.Errorf("read %s", refs(list))
		}
	}
}

// TestReadsWhatIsSeen: only the rows on the screen are read.
func TestReadsWhatIsSeen(t *testing.T) {
	sc := newScreen(t, nil)
	sc.keys("jj<right>j")
	sc.s.read = nil
	sc.send(tea.WindowSizeMsg{Width: 120, Height: 7}) // three rows
	if len(sc.s.read) != 1 || strings.Contains(refs(sc.s.read[0]), "SPCSO1") {
		t.Errorf("read %v", sc.s.read)
	}
	sc.s.read = nil
	sc.keys("p")
	sc.m.Update(tickMsg{})
	if sc.m.reading || len(sc.s.read) != 0 {
		t.Error("read while paused")
	}
	sc.wants("[paused]")
}

func TestChange(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	sc := newScreen(t, func(o *Options) { o.Now = func() time.Time { return now } })
	sc.keys("jjj<right>")
	sc.wants("12.5")
	sc.wantsNot("* 12.5")
	sc.s.values["LD0/MMXU1.TotW.mag.f[MX]"] = model.Float32(13)
	sc.keys("r")
	sc.wants("* 13")
	now = now.Add(time.Minute)
	sc.wantsNot("* 13")
}

func TestSearch(t *testing.T) {
	sc := newScreen(t, nil)
	sc.keys("/totw.MAG<enter>")
	if got := sc.m.cursor.ref.String(); got != "LD0/MMXU1.TotW.mag[MX]" {
		t.Errorf("found %s", got)
	}
	sc.wants("> ", "TotW", "mag")
	sc.keys("n")
	if got := sc.m.cursor.ref.String(); got != "LD0/MMXU1.TotW.mag.f[MX]" {
		t.Errorf("next is %s", got)
	}
	sc.keys("N")
	if got := sc.m.cursor.ref.String(); got != "LD0/MMXU1.TotW.mag[MX]" {
		t.Errorf("the one before is %s", got)
	}
	sc.keys("/nowhere<enter>")
	sc.wants(`nothing has "nowhere" in its reference`)
	sc.keys("/abc<esc>")
	if sc.m.mode != walking || sc.m.last != "nowhere" {
		t.Error("esc does not end a search")
	}
	sc.keys("/(1).mag<enter>")
	sc.wants("LD0/MMXU1.Har.phsA(1).mag[MX]")
}

func TestCopy(t *testing.T) {
	sc := newScreen(t, nil)
	sc.keys("/Ind1.q<enter>y")
	if sc.copied != "LD0/GGIO1.Ind1.q[ST]" {
		t.Errorf("copied %q", sc.copied)
	}
}

func TestWrite(t *testing.T) {
	sc := newScreen(t, nil)
	sc.keys("/ctlModel<enter>w")
	sc.wants("write LD0/GGIO1.SPCSO1.ctlModel[CF]: direct-with-normal-security_")
	sc.keys("<ctrl+u>nonsense<enter>")
	sc.wants("write LD0/GGIO1.SPCSO1.ctlModel[CF]: nonsense_", "is not one of")
	sc.keys("<ctrl+u>status-only<enter>")
	sc.wants("write status-only to LD0/GGIO1.SPCSO1.ctlModel[CF]? y/N")
	sc.keys("n")
	sc.wants("nothing was done")
	if sc.s.written != nil {
		t.Fatalf("written without confirmation: %v", sc.s.written)
	}
	sc.keys("w<ctrl+u>status-only<enter>y")
	if len(sc.s.written) != 1 || sc.s.written[0] != "LD0/GGIO1.SPCSO1.ctlModel[CF]=0" {
		t.Errorf("written %v", sc.s.written)
	}
	sc.wants("= status-only written")
	sc.s.refuse = &client.AccessError{Code: mms.ObjectAccessDenied}
	sc.keys("w<enter>y")
	sc.wants("ctlModel[CF]: object-access-denied")
	sc.keys("w<esc>")
	sc.wants("nothing was done")
}

func TestOperate(t *testing.T) {
	sc := newScreen(t, nil)
	sc.keys("/SPCSO1.stVal<enter>o")
	sc.wants("operate LD0/GGIO1.SPCSO1: _")
	sc.keys("on<enter>")
	sc.wants("operate true on LD0/GGIO1.SPCSO1? y/N")
	sc.keys("y")
	sc.wants("accepted")
	sc.keys("o<ctrl+t>off<enter>")
	sc.wants("operate in test mode false on")
	sc.keys("y")
	if got := strings.Join(sc.s.operated, ";"); got != "LD0/GGIO1.SPCSO1=true false;LD0/GGIO1.SPCSO1=false true" {
		t.Errorf("operated %s", got)
	}
	sc.s.refuse = errRefused
	sc.keys("oon<enter>y")
	sc.wants("refused by the fake")
	sc.keys("/Ind1<enter>o")
	sc.wants("it cannot be operated")
}

func TestReadOnly(t *testing.T) {
	sc := newScreen(t, func(o *Options) { o.ReadOnly = true })
	sc.keys("/ctlModel<enter>w")
	sc.wants("started with --read-only")
	sc.keys("o<tab><enter>")
	if sc.m.mode != walking || len(sc.s.written)+len(sc.s.operated)+len(sc.s.handlers) > 0 {
		t.Error("something could be changed")
	}
}

func TestReports(t *testing.T) {
	sc := newScreen(t, nil)
	sc.keys("<tab>")
	sc.wants("LD0/LLN0.urcb01[RP]", "LD0/LLN0$Set", "no ")
	sc.keys("<enter>")
	rcb := model.Ref{LDevice: "LD0", LN: "LLN0", Path: "urcb01", FC: model.RP}
	if sc.s.handlers[rcb] == nil {
		t.Fatal("not subscribed")
	}
	sc.wants("here", "enabled")
	sc.s.handlers[rcb](&client.Report{HasSqNum: true, SqNum: 7, Gap: true, Entries: []client.Entry{
		{Ref: model.Ref{LDevice: "LD0", LN: "MMXU1", Path: "TotW", FC: model.MX}, Reason: client.ReasonGI, Value: model.Struct(
			model.Struct(model.Float32(77)), model.QualityValue(model.Good), model.Time(0))},
	}})
	sc.run(sc.m.wait())
	sc.wants("urcb01 #7", "LD0/MMXU1.TotW[MX]", "77", "general-interrogation", "reports missing before")
	if got := sc.m.tree.leaves[model.Ref{LDevice: "LD0", LN: "MMXU1", Path: "TotW.mag.f", FC: model.MX}].value.text; got != "77" {
		t.Errorf("the tree shows %q", got)
	}
	sc.keys("c")
	sc.wantsNot("#7")
	sc.keys("<enter>")
	if len(sc.s.handlers) != 0 {
		t.Error("not disabled")
	}
	sc.keys("<tab>")
	sc.wants("> - LD0")
}

// TestReconnect: the loss is told, the tree stays, what was enabled is enabled again.
func TestReconnect(t *testing.T) {
	next := newFake()
	sc := newScreen(t, nil)
	sc.keys("<tab><enter><tab>")
	sc.m.Update(lostMsg{0, mms.ErrLinkLost})
	sc.wants("NOT CONNECTED", "connection lost: link lost")
	sc.keys("w")
	sc.wants("not connected")
	sc.m.Update(upMsg{err: errRefused})
	sc.wants("no connection, next try in 1s: refused by the fake")
	if sc.m.poll() != nil {
		t.Error("reads without an association")
	}
	late := sc.m.gen
	sc.send(upMsg{session: next})
	sc.wants("[connected]", "- LD0")
	if len(next.handlers) != 1 {
		t.Error("the block is not enabled again")
	}
	sc.m.Update(lostMsg{late, mms.ErrLinkLost}) // of the association before
	sc.wants("[connected]")
}

// TestSizes: at any size the screen fits, and the cursor is on it.
func TestSizes(t *testing.T) {
	sc := newScreen(t, nil)
	sc.keys("/Har.phsA(1).mag<enter>")
	for _, pane := range []string{"", "<tab>", "<tab>?"} {
		sc.keys(pane)
		for w := 1; w < 140; w += 7 {
			for h := 1; h < 40; h += 3 {
				sc.send(tea.WindowSizeMsg{Width: w, Height: h})
				view := sc.m.View()
				lines := strings.Split(view, "\n")
				if len(lines) > max(h, 3) {
					t.Fatalf("%d lines at %dx%d", len(lines), w, h)
				}
				for _, line := range lines {
					if n := len([]rune(line)); n > w {
						t.Fatalf("a line of %d at %dx%d: %q", n, w, h, line)
					}
				}
				if pane == "" && h > 4 && !strings.Contains(view, ">") {
					t.Fatalf("no cursor at %dx%d:\n%s", w, h, view)
				}
			}
		}
	}
}

// TestHostileText: what the server says cannot drive the terminal.
func TestHostileText(t *testing.T) {
	sc := newScreen(t, nil)
	sc.s.values["LD0/LLN0.urcb01.DatSet[RP]"] = model.Visible("\x1b[2J\x1b]0;x\a")
	sc.keys("/DatSet<enter>r")
	if view := sc.m.View(); strings.ContainsAny(view, "\x1b\a") {
		t.Errorf("%q", view)
	}
	sc.wants(`\x1b[2J`)
}

func TestFails(t *testing.T) {
	sc := newScreen(t, nil)
	sc.s.broken = errRefused
	sc.keys("jj<right>")
	sc.wants("refused by the fake")
	sc.s.broken = nil
	sc.keys("<right>") // again
	sc.wants("Ind1")
	sc.keys("?")
	sc.wants("any key goes back")
	sc.keys("x<ctrl+c>")
	if !sc.quit {
		t.Error("ctrl+c does not quit")
	}
}

func TestLine(t *testing.T) {
	var l line
	for _, k := range []tea.KeyMsg{
		{Type: tea.KeyRunes, Runes: []rune("abx")},
		{Type: tea.KeyBackspace},
		{Type: tea.KeyLeft},
		{Type: tea.KeyRunes, Runes: []rune("ö")},
		{Type: tea.KeyHome},
		{Type: tea.KeyDelete},
		{Type: tea.KeyEnd},
		{Type: tea.KeySpace, Runes: []rune(" ")},
	} {
		l.key(k)
	}
	if l.String() != "öb " || l.show() != "öb _" {
		t.Errorf("%q", l.show())
	}
}
