package server_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// In these tests time is virtual: an hour of silence takes no time, and every deadline is exact to the server's sweep.

func TestBindForcesTheResource(t *testing.T) {
	r := start(t, nil)
	for name, want := range map[string]string{"IEC": "IEC", "": "IEC", "phone": ""} {
		_, err := r.login("der2", loginOptions{resource: name})
		if name == "" {
			name = "IEC" // the test client asks for it
		}
		var be *stream.BindError
		switch {
		case want == "" && (!errors.As(err, &be) || be.Cond != stanza.NotAllowed):
			t.Errorf("%q: got %v", name, err)
		case want != "" && err != nil && (!errors.As(err, &be) || be.Cond != stanza.Conflict):
			t.Errorf("%q: got %v", name, err)
		}
	}
	if p := r.must("multi", loginOptions{resource: "b"}); p.jid.Resource() != "b" {
		t.Errorf("got %v", p.jid)
	}
}

func TestConflict(t *testing.T) {
	tests := []struct {
		policy server.Conflict
		mute   bool // the old session does not answer
		newWon bool
	}{
		{server.Probe, false, false},
		{server.Probe, true, true},
		{server.Replace, false, true},
		{server.Refuse, true, false},
	}
	for _, tt := range tests {
		name := string(tt.policy)
		if tt.mute {
			name += ", old is dead"
		}
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := startPipe(t, func(c *server.Config) { c.Conflict = tt.policy })
				old := r.must("der1", loginOptions{mute: tt.mute})
				begin := time.Now()
				p, err := r.login("der1", loginOptions{})
				took := time.Since(begin)
				if tt.newWon {
					if err != nil {
						t.Fatal(err)
					}
					if err := old.end(); !errors.Is(err, &stream.Error{Cond: stream.Conflict}) {
						t.Errorf("old: %v", err)
					}
					p.roundTrip()
				} else {
					var be *stream.BindError
					if !errors.As(err, &be) || be.Cond != stanza.Conflict {
						t.Errorf("new: %v", err)
					}
					old.roundTrip()
				}
				if tt.policy == server.Probe && tt.mute != (took == 3*time.Second) {
					t.Errorf("took %v", took)
				}
				r.await(server.SessionConflict, map[bool]string{true: "replaced", false: "refused"}[tt.newWon])
				if n := r.Stats().Attached; n != 1 {
					t.Errorf("%d sessions", n)
				}
			})
		})
	}
}

// A credential that two devices use makes them throw each other out, or knock again and again: an alarm.
func TestClonedCredentialRaisesAnAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, nil)
		old := r.must("der1", loginOptions{})
		for i := range 4 {
			if n := r.Stats().Events[server.ClonedIdentity]; n != 0 {
				t.Errorf("alarm after %d conflicts", i)
			}
			if _, err := r.login("der1", loginOptions{}); err == nil {
				t.Fatal("both are in")
			}
			time.Sleep(time.Minute)
		}
		if e := r.await(server.ClonedIdentity, ""); e.JID != old.jid {
			t.Errorf("alarm about %v", e.JID)
		}
	})
}
