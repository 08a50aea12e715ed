package client_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmpptest"
)

func upTo(from, n int) []int {
	list := make([]int, 0, n)
	for i := from; i <= n; i++ {
		list = append(list, i)
	}
	return list
}

// TestStreamResumes: a stream that breaks and is resumed costs no association and no report, buffered or not.
func TestStreamResumes(t *testing.T) {
	o := &overXMPP{}
	over(t, o, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		var box inbox
		_, err := c.Subscribe(t.Context(), urcb1, client.ReportOptions{Triggers: changes}, box.add)
		noErr(t, err)
		for n := 1; n <= 30; n++ {
			switch n % 10 {
			case 3:
				o.server.Cut(nil)
			case 7:
				o.server.Resume()
			}
			s.put(n)
			synctest.Wait()
		}
		rs := box.take()
		if got := numbers(rs); !slices.Equal(got, upTo(1, 30)) {
			t.Errorf("got %v", got)
		}
		for _, r := range rs {
			if r.Gap {
				t.Errorf("gap before %d", r.SqNum)
			}
		}
		if err := c.Err(); err != nil {
			t.Errorf("the association ended: %v", err)
		}
	})
}

// TestRouterRestarts: the router goes away with everything it knows and comes back. Both ends lose their sessions at the
// same moment, with reports under way; nothing of a buffered control block is lost or told twice.
func TestRouterRestarts(t *testing.T) {
	o := &overXMPP{}
	over(t, o, func(t *testing.T, s *site) {
		var last client.EntryID
		var got []int
		n := 0
		for round := range 5 {
			c := s.client("hmi", client.Options{})
			var box inbox
			sub, err := c.Subscribe(t.Context(), brcb1, client.ReportOptions{EntryID: last, ResvTms: 120}, box.add)
			noErr(t, err)
			for range 4 {
				n++
				s.put(n)
				synctest.Wait()
			}
			o.router.Tamper(xmpptest.Drop(xmpptest.Any)) // the router stops moving anything
			for range 3 {
				n++
				s.put(n)
			}
			synctest.Wait()
			o.hosts["hmi"].port.Stop(nil)
			o.server.Stop(nil)
			<-sub.Done()
			n++
			s.put(n) // nobody is connected
			time.Sleep(20 * time.Second)
			o.router.Tamper()
			o.reconnect(s)
			got = append(got, numbers(box.take())...)
			if last = sub.LastEntryID(); last == "" {
				t.Fatalf("round %d: no entry was seen", round)
			}
		}
		c := s.client("hmi", client.Options{})
		var box inbox
		sub, err := c.Subscribe(t.Context(), brcb1, client.ReportOptions{EntryID: last}, box.add)
		noErr(t, err)
		if !sub.Resynced() {
			t.Error("the server forgot the entry")
		}
		if got = append(got, numbers(box.take())...); !slices.Equal(got, upTo(1, n)) {
			t.Errorf("got %v, want 1 to %d", got, n)
		}
	})
}

// TestReplayedCommand: a router that delivers a command again, at once or later, has it executed once.
func TestReplayedCommand(t *testing.T) {
	o := &overXMPP{}
	over(t, o, func(t *testing.T, s *site) {
		p := newPlant()
		noErr(t, s.srv.Handle(object(1), p))
		k, err := s.client("hmi", client.Options{}).Control(t.Context(), object(1))
		noErr(t, err)
		set := xmpptest.Kind(stanza.IQ, stanza.Set)
		o.router.Tamper(xmpptest.Duplicate(set, 2), xmpptest.Replay(set, 5*time.Second))
		_, err = k.Operate(t.Context(), operateOn, client.OperateOptions{})
		noErr(t, err)
		time.Sleep(time.Minute)
		if len(p.commands) != 1 {
			t.Errorf("executed %d times", len(p.commands))
		}
		if n := o.end.Counters().Ignored[mmsbinding.WhyReplay]; n != 3 {
			t.Errorf("%d replays counted", n)
		}
	})
}

// TestMisstampedCommand: a command under another's address reaches nothing.
func TestMisstampedCommand(t *testing.T) {
	o := &overXMPP{}
	over(t, o, func(t *testing.T, s *site) {
		p := newPlant()
		noErr(t, s.srv.Handle(object(1), p))
		k, err := s.client("hmi", client.Options{Timeout: time.Second}).Control(t.Context(), object(1))
		noErr(t, err)
		o.router.Tamper(xmpptest.MisStamp(xmpptest.Kind(stanza.IQ, stanza.Set), jid.MustParse("intruder@dno.example/IEC")))
		if _, err = k.Operate(t.Context(), operateOn, client.OperateOptions{}); err == nil {
			t.Error("the command was answered")
		}
		if len(p.commands) != 0 {
			t.Error("the command was executed")
		}
	})
}
