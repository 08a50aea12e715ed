package mmsbinding

import (
	"errors"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/stanza"
)

// sent gives the only stanza that a core wants sent, nil when there is none.
func sent(t *testing.T, c *Core) *stanza.Stanza {
	t.Helper()
	var out Output
	c.Take(&out)
	if len(out.Stanzas) > 1 {
		t.Fatalf("%d stanzas", len(out.Stanzas))
	}
	if len(out.Stanzas) == 0 {
		return nil
	}
	return out.Stanzas[0].Stanza.Clone()
}

// bounce gives the error of a server for a stanza that it has no room for.
func bounce(s *stanza.Stanza, cond string) *stanza.Stanza {
	return &stanza.Stanza{Kind: s.Kind, Type: stanza.TypeError, ID: s.ID, From: s.To, Err: stanza.NewError(cond, "")}
}

// TestPeerLearnsOfAnEndByCongestion: a report for which a server has no room ends the association, and the peer is told as soon
// as there is room again.
func TestPeerLearnsOfAnEndByCongestion(t *testing.T) {
	caller, served, a := serving(t)
	p := report("r", "x")
	payload, err := served.Encode(a, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := served.Send(a, p, payload, noon); err != nil {
		t.Fatal(err)
	}
	lost := sent(t, served)
	served.Receive(bounce(lost, stanza.ResourceConstraint), noon)
	if served.Associations() != 0 {
		t.Fatal("the association goes on with a report missing")
	}
	if s := sent(t, served); s != nil {
		t.Fatalf("told at once, while there is no room: %+v", s)
	}
	now, waits := noon, []time.Duration{}
	for range 3 {
		at := served.Deadline()
		waits = append(waits, at.Sub(now))
		now = at
		served.Tick(now)
		s := sent(t, served)
		if s == nil || s.ID == lost.ID || s.To != centreJID {
			t.Fatalf("after %v: %+v", now.Sub(noon), s)
		}
		served.Receive(bounce(lost, stanza.ResourceConstraint), now) // that of a report that was on its way comes late
		if len(waits) < 3 {
			served.Receive(bounce(s, stanza.ResourceConstraint), now)
			continue
		}
		s.From = derJID
		caller.Receive(s, now)
	}
	if waits[0] != time.Second || waits[1] != 2*time.Second || waits[2] != 4*time.Second {
		t.Errorf("tried after %v", waits)
	}
	var out Output
	caller.Take(&out)
	if len(out.Failed) != 1 || !errors.Is(out.Failed[0].Err, mms.ErrAborted) {
		t.Errorf("the peer was told %+v", out.Failed)
	}
	served.Tick(now.Add(farewellTaken))
	if len(served.farewells) != 0 || !served.Deadline().IsZero() || sent(t, served) != nil {
		t.Errorf("%d farewells left, next at %v", len(served.farewells), served.Deadline())
	}
}

// TestFarewellEnds: nobody is told for ever, and not many at once.
func TestFarewellEnds(t *testing.T) {
	for _, end := range []func(c *Core, s *stanza.Stanza){
		func(c *Core, s *stanza.Stanza) {
			c.Receive(bounce(s, stanza.RecipientUnavailable), noon.Add(time.Minute))
		},
		func(c *Core, _ *stanza.Stanza) { c.Lost(mms.ErrLinkLost, noon.Add(time.Minute)) },
	} {
		_, served, a := serving(t)
		p := report("r", "x")
		payload, err := served.Encode(a, p)
		if err != nil {
			t.Fatal(err)
		}
		if err := served.Send(a, p, payload, noon); err != nil {
			t.Fatal(err)
		}
		served.Receive(bounce(sent(t, served), stanza.ResourceConstraint), noon)
		served.Tick(served.Deadline())
		end(served, sent(t, served))
		served.Tick(noon.Add(time.Hour))
		if s := sent(t, served); s != nil || len(served.farewells) != 0 {
			t.Errorf("still there: %+v", s)
		}
	}
	_, served, a := serving(t)
	for range 1000 {
		served.farewell(a, noon)
	}
	if n := len(served.farewells); n != served.cfg.Limits.Associations {
		t.Errorf("%d farewells are kept", n)
	}
}
