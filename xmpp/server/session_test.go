package server_test

import (
	"crypto/x509"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

func (p *peer) cut() {
	_ = p.raw.Close()
	<-p.ended
}

func (p *peer) state() *stream.Resume {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &stream.Resume{ID: p.smID, H: p.m.Handled()}
}

func message(to, id string) *stanza.Stanza {
	return &stanza.Stanza{Kind: stanza.Message, ID: id, To: full(to), Payload: []byte("<report xmlns='urn:x'/>")}
}

func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, nil)
		ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
		der.send(message("ems", "m0"))
		if st := ems.next(); st.ID != "m0" {
			t.Fatalf("got %s", st.Append(nil))
		}
		ems.cut()
		r.await(server.SessionDetached, "")
		for _, id := range []string{"m1", "m2", "m3"} {
			der.send(message("ems", id))
		}
		der.nothing()
		time.Sleep(50 * time.Second)
		back, err := r.login("ems", loginOptions{resume: ems.state()})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"m1", "m2", "m3"} {
			if st := back.next(); st.ID != id || st.From != der.jid {
				t.Errorf("got %s, want %s", st.Append(nil), id)
			}
		}
		back.nothing()
		back.send(request("der1", "again"))
		if st := der.next(); st.ID != "again" {
			t.Errorf("got %s", st.Append(nil))
		}
		if n := r.Stats().Resumes["ok"]; n != 1 {
			t.Errorf("%d resumptions", n)
		}
	})
}

// The client comes back before the server has noticed that the link is gone.
func TestResumeOfAnAttachedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, nil)
		ems, der := r.must("ems", loginOptions{mute: true}), r.must("der1", loginOptions{})
		der.send(message("ems", "m1"))
		der.roundTrip()
		back, err := r.login("ems", loginOptions{resume: &stream.Resume{ID: ems.smID}})
		if err != nil {
			t.Fatal(err)
		}
		if st := back.next(); st.ID != "m1" {
			t.Errorf("got %s", st.Append(nil))
		}
		if err := ems.end(); !errors.Is(err, &stream.Error{Cond: stream.Conflict}) {
			t.Errorf("old stream: %v", err)
		}
	})
}

// A session can be resumed by its own account only.
func TestResumeOfAnothersSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, nil)
		ems := r.must("ems", loginOptions{})
		ems.cut()
		p, err := r.login("der2", loginOptions{resume: ems.state()})
		if err != nil {
			t.Fatal(err) // it is bound afresh
		}
		if p.jid != full("der2") || r.Stats().Resumes["ok"] != 0 {
			t.Errorf("bound as %v", p.jid)
		}
	})
}

// A request that waits ten seconds for a device that is away is answered with an error and never delivered, even if the
// device comes back; a message waits longer.
func TestHeldRequestExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, nil)
		ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
		der.cut()
		r.await(server.SessionDetached, "")
		begin := time.Now()
		ems.send(request("der1", "operate"))
		ems.send(message("der1", "note"))
		st := ems.next()
		if st.ID != "operate" || st.Err == nil || st.Err.Cond != stanza.RemoteServerTimeout {
			t.Fatalf("got %s", st.Append(nil))
		}
		if d := time.Since(begin); d < 10*time.Second || d > 11*time.Second {
			t.Errorf("after %v", d)
		}
		back, err := r.login("der1", loginOptions{resume: der.state()})
		if err != nil {
			t.Fatal(err)
		}
		if st := back.next(); st.ID != "note" {
			t.Errorf("got %s", st.Append(nil))
		}
		back.nothing()
		if n := r.Stats().HeldExpired; n != 1 {
			t.Errorf("%d expired", n)
		}
	})
}

// A request that is held for less is delivered once.
func TestHeldRequestIsDeliveredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, nil)
		ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
		der.cut()
		r.await(server.SessionDetached, "")
		ems.send(request("der1", "read"))
		time.Sleep(9 * time.Second)
		back, err := r.login("der1", loginOptions{resume: der.state()})
		if err != nil {
			t.Fatal(err)
		}
		st := back.next()
		if st.ID != "read" {
			t.Fatalf("got %s", st.Append(nil))
		}
		back.send(st.Reply(nil))
		if st := ems.next(); st.ID != "read" || st.Type != stanza.Result {
			t.Errorf("got %s", st.Append(nil))
		}
	})
}

// After resume_max the session is gone: its peers see that, and whoever sent to it gets an error.
func TestResumeTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, nil)
		ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
		ems.sendf(online)
		ems.roundTrip()
		der.sendf(online)
		if st := ems.next(); st.Kind != stanza.Presence {
			t.Fatalf("got %s", st.Append(nil))
		}
		der.cut()
		r.await(server.SessionDetached, "")
		begin := time.Now()
		ems.send(message("der1", "note"))
		st := ems.next()
		if st.Kind != stanza.Message || st.Err == nil || st.Err.Cond != stanza.RecipientUnavailable {
			t.Errorf("got %s", st.Append(nil))
		}
		if st := ems.next(); st.Kind != stanza.Presence || st.Type != stanza.Unavailable || st.From != full("der1") {
			t.Errorf("got %s", st.Append(nil))
		}
		if d := time.Since(begin); d < 60*time.Second || d > 61*time.Second {
			t.Errorf("after %v", d)
		}
		back, err := r.login("der1", loginOptions{resume: der.state()})
		if err != nil {
			t.Fatal(err)
		}
		back.nothing()
		time.Sleep(6 * time.Second) // until all has been acknowledged
		if n := r.Stats(); n.Resumes["ok"] != 0 || n.Resumes["expired"] != 1 || n.QueueBytes != 0 {
			t.Errorf("%+v", n)
		}
	})
}

// A full queue refuses by name: the sender knows.
func TestQueueFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, func(c *server.Config) { c.Limits.QueueStanzas = 4; fast(c) })
		ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
		ems.cut()
		r.await(server.SessionDetached, "")
		for range 6 {
			der.send(message("ems", stanza.NewID()))
		}
		for range 2 {
			if st := der.next(); st.Err == nil || st.Err.Cond != stanza.ResourceConstraint {
				t.Errorf("got %s", st.Append(nil))
			}
		}
		der.nothing()
		if n := r.Stats().Stanzas[stanza.Message]; n[server.Queued] != 4 || n[server.Refused] != 2 {
			t.Errorf("%v", n)
		}
	})
}

// An attached session may leave much more unacknowledged: a burst of reports is not refused.
func TestBurstToAnAttachedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, fast)
		ems, der := r.must("ems", loginOptions{mute: true}), r.must("der1", loginOptions{})
		const n = 2000
		for range n {
			der.send(message("ems", "m"))
		}
		der.nothing()
		for range n {
			ems.next()
		}
		if st := r.Stats().Stanzas[stanza.Message]; st[server.Delivered] != n {
			t.Errorf("%v", st)
		}
	})
}

// Who acknowledges what was not sent is ended.
func TestWrongCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, nil)
		p := r.must("der1", loginOptions{})
		p.sendf("<a xmlns='urn:xmpp:sm:3' h='7'/>")
		if err := p.end(); !errors.Is(err, &stream.Error{Cond: stream.UndefinedCondition}) {
			t.Errorf("got %v", err)
		}
	})
}

// A device that says nothing is pinged after a minute; when it does not answer, its session is given up and can be resumed.
func TestSilentPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, nil)
		good, dead := r.must("der1", loginOptions{}), r.must("der2", loginOptions{mute: true})
		time.Sleep(5 * time.Minute)
		e := r.await(server.SessionDown, "resume-expired")
		if e.JID != dead.jid {
			t.Errorf("down: %v", e.JID)
		}
		good.roundTrip()
		if st := r.Stats(); st.Attached != 1 || st.Detached != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// Every request gets exactly one answer: here that of the server, when the device does not give one.
func TestUnansweredRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, nil)
		ems, der := r.must("ems", loginOptions{}), r.must("der1", loginOptions{})
		begin := time.Now()
		ems.send(request("der1", "1"))
		req := der.next()
		if st := ems.next(); st.ID != "1" || st.Err == nil || st.Err.Cond != stanza.RemoteServerTimeout || st.From != der.jid {
			t.Errorf("got %s", st.Append(nil))
		}
		if d := time.Since(begin); d < 60*time.Second || d > 61*time.Second {
			t.Errorf("after %v", d)
		}
		der.send(req.Reply(nil)) // too late
		der.roundTrip()
		ems.nothing()
		if n := r.Stats().Events[server.Unsolicited]; n != 1 {
			t.Errorf("%d late answers counted", n)
		}
		// The device goes away with a request in its hands.
		ems.send(request("der1", "2"))
		der.next()
		der.sendf("</stream:stream>")
		if st := ems.next(); st.ID != "2" || st.Err == nil || st.Err.Cond != stanza.ServiceUnavailable {
			t.Errorf("got %s", st.Append(nil))
		}
	})
}

// A session does not outlive the certificate that it was opened with.
func TestSessionEndsWithItsCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startPipe(t, nil)
		cert := site().ca.issueUntil(time.Now().Add(time.Hour), x509.ExtKeyUsageClientAuth, "der1@"+domain)
		p, other := r.must("der1", loginOptions{cert: &cert}), r.must("der2", loginOptions{})
		time.Sleep(59 * time.Minute)
		p.roundTrip()
		time.Sleep(2 * time.Minute)
		if err := p.end(); !errors.Is(err, &stream.Error{Cond: stream.NotAuthorized}) {
			t.Errorf("got %v", err)
		}
		r.await(server.SessionDown, "certificate-expired")
		if _, err := r.login("der1", loginOptions{cert: &cert}); err == nil {
			t.Error("it got in again")
		}
		r.await(server.LoginFailed, "expired-certificate")
		other.roundTrip()
	})
}
