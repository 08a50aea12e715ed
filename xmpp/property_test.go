package xmpp

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gridward/gridward/xmpp/stanza"
)

// Whatever happens to the link: no stanza reaches the server twice, no request reaches it more than ten seconds after it
// was sent, and what does not reach it was refused by Send, answered with an error, or belongs to a session that was
// reported as lost.
func TestNothingTwiceNothingLostSilently(t *testing.T) {
	ops := rapid.SampledFrom([]string{"message", "message", "request", "request", "cut", "cut", "refuse", "accept", "forget", "wait 1s", "wait 9s", "wait 40s"})
	rapid.Check(t, func(rt *rapid.T) {
		script := rapid.SliceOfN(ops, 1, 40).Draw(rt, "script")
		synctest.Test(t, func(t *testing.T) {
			if problem := runScript(t, script); problem != "" {
				t.Errorf("%s\nscript %q", problem, script)
			}
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}

func runScript(t *testing.T, script []string) string {
	var refuse atomic.Bool
	sent := map[string]time.Time{} // by id
	got := map[string]int{}
	var late []string
	f := &fakeServer{refuse: func(int) error {
		if refuse.Load() {
			return errRefused
		}
		return nil
	}}
	f.onSt = func(_ *fakeSession, s *stanza.Stanza) {
		f.mu.Lock()
		defer f.mu.Unlock()
		if at, ok := sent[s.ID]; ok {
			got[s.ID]++
			if s.IsRequest() && time.Since(at) > 10*time.Second {
				late = append(late, s.ID)
			}
		}
	}
	c, rec := start(t, f, nil)
	synctest.Wait()
	for i, op := range script {
		id := fmt.Sprint("n", i)
		s := msg("x")
		switch op {
		case "request":
			s = request(id)
			fallthrough
		case "message":
			s.ID = id
			f.mu.Lock()
			sent[id] = time.Now()
			f.mu.Unlock()
			if err := c.Send(s); err != nil {
				f.mu.Lock()
				delete(sent, id)
				f.mu.Unlock()
			}
			if i%3 == 0 {
				continue // the next thing happens at once
			}
		case "cut":
			f.cut()
		case "refuse", "accept":
			refuse.Store(op == "refuse")
		case "forget":
			f.mu.Lock()
			f.forget = !f.forget
			f.mu.Unlock()
		default:
			d, err := time.ParseDuration(strings.TrimPrefix(op, "wait "))
			if err != nil {
				return err.Error()
			}
			time.Sleep(d)
		}
		synctest.Wait()
	}
	refuse.Store(false)
	time.Sleep(3 * time.Minute)
	synctest.Wait()
	evs, answers := rec.take()
	lost := strings.Contains(kinds(evs), "lost")
	told := map[string]int{}
	for _, a := range answers {
		told[a.ID]++
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for id := range sent {
		switch {
		case got[id] > 1:
			return fmt.Sprintf("%s arrived %d times", id, got[id])
		case got[id] == 0 && told[id] == 0 && !lost:
			return fmt.Sprintf("%s is lost without a word; events %s", id, kinds(evs))
		case told[id] > 1:
			return fmt.Sprintf("%s was answered %d times", id, told[id])
		}
	}
	if len(late) > 0 {
		return fmt.Sprintf("%q arrived late", late)
	}
	return ""
}
