package server

import (
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// A slow association takes its time over answers.
type slowAnswers struct {
	*mmstest.End
	wait time.Duration
}

func (s *slowAnswers) Send(p mms.PDU) error {
	if _, ok := p.(*mms.ConfirmedResponse); ok {
		time.Sleep(s.wait)
	}
	return s.End.Send(p)
}

func (h *harness) slowPeer(wait time.Duration) *peer {
	c, srv := mmstest.NewPipe(mmstest.Options{Client: &model.Principal{Name: "cc@x", Proof: model.ProofX509}, Codec: &berCodec})
	p := &peer{T: h.T, end: c, done: make(chan error, 1)}
	go func() { p.done <- h.s.Serve(h.ctx, &slowAnswers{End: srv, wait: wait}) }()
	return p
}

var locRef = do("LLN0$ST$Loc").Child("stVal")

// What keeps a command from being executed also does so when it changes while the answer is on its way.
func TestConditionsThatChangeBeforeTheExecution(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		a := h.handle(spc3)
		p := h.slowPeer(5 * time.Second)
		time.AfterFunc(2*time.Second, func() { h.update(func(tx *Tx) { tx.Set(locRef, model.Bool(true)) }) })
		p.accepted(spc3+"$Oper", cmd{num: 1})
		if got := p.told(); len(got) != 1 || got[0].plus || got[0].cause != model.AddCauseBlockedBySwitching || len(a.seen().operated) != 0 {
			t.Errorf("told %+v, %d commands obeyed", got, len(a.seen().operated))
		}
	})
	run(t, Config{}, func(h *harness) { // the operate timeout is 8 s
		a := h.handle(spc3)
		p := h.slowPeer(9 * time.Second)
		p.accepted(spc3+"$Oper", cmd{num: 1})
		if got := p.told(); len(got) != 1 || got[0].plus || got[0].cause != model.AddCauseTimeLimitOver || len(a.seen().operated) != 0 {
			t.Errorf("told %+v, %d commands obeyed", got, len(a.seen().operated))
		}
	})
}

// A switcher takes the station into local control while it is asked.
type switcher struct {
	*actuator
	h *harness
}

func (s switcher) Check(*Command) model.AddCause {
	s.h.update(func(tx *Tx) { tx.Set(locRef, model.Bool(true)) })
	return model.AddCauseNone
}

func TestConditionsThatChangeWhileTheApplicationIsAsked(t *testing.T) {
	for _, item := range []string{spc1, spc3} {
		run(t, Config{}, func(h *harness) {
			a := switcher{newActuator(), h}
			if err := h.s.Handle(do(item), a); err != nil {
				t.Fatal(err)
			}
			p := h.peer("cc@x")
			p.refused(item+"$Oper", cmd{num: 1}, model.AddCauseBlockedBySwitching)
			h.update(func(tx *Tx) { tx.Set(locRef, model.Bool(false)) })
			p.refused(item+"$Oper", cmd{num: 2}, model.AddCauseBlockedBySwitching)
			if n := len(a.seen().operated); n != 0 {
				t.Errorf("%s: %d commands obeyed", item, n)
			}
		})
	}
}

// The bounds of time are inside.
func TestExactTimes(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		h.handle(spc3)
		a := h.handle(spc4)
		p := h.peerWith("cc@x", mms.Params{Freshness: true})
		for _, d := range []time.Duration{-10 * time.Second, 10 * time.Second} {
			p.accepted(spc3+"$Oper", cmd{t: time.Now().Add(d)})
			p.told()
		}
		p.refused(spc3+"$Oper", cmd{operTm: time.Now()}, model.AddCauseTimeLimitOver)
		p.refused(spc3+"$Oper", cmd{operTm: time.Now().Add(24*time.Hour + time.Second)}, model.AddCauseTimeLimitOver)
		p.accepted(spc3+"$Oper", cmd{operTm: time.Now().Add(24 * time.Hour)})
		p.accepted(spc3+"$Cancel", cmd{cancel: true})
		p.told()
		// A select that ran out is forgotten with its association.
		p.accepted(spc4+"$SBOw", cmd{})
		time.Sleep(6 * time.Second)
		p.lose()
		h.peer("cc@x").refused(spc4+"$Oper", cmd{}, model.AddCauseNotSelected)
		if n := len(a.seen().operated); n != 0 {
			t.Errorf("%d commands obeyed", n)
		}
	})
}

// LocSta itself can be commanded from remote while it is set.
func TestCommandOfLocSta(t *testing.T) {
	c := &control{s: &Server{values: []model.Value{model.Bool(true)}}, locSta: []int{0}}
	if c.authority(3) || !c.authority(2) || !c.authority(1) {
		t.Error("LocSta does not keep remote commands away")
	}
	c.self = true
	if !c.authority(3) || !c.authority(0) {
		t.Error("LocSta cannot be reset from remote")
	}
	c.loc = []int{0}
	if c.authority(3) || c.authority(2) || !c.authority(1) {
		t.Error("Loc does not keep others away")
	}
}

func TestOwnerOctets(t *testing.T) {
	long := string(make([]byte, 80))
	for address, want := range map[string]string{
		"10.1.2.3:102": "\x0a\x01\x02\x03", "10.1.2.3": "\x0a\x01\x02\x03", "[::ffff:10.1.2.3]:102": "\x0a\x01\x02\x03",
		"[::1]:102": string(append(make([]byte, 15), 1)), "::1": string(append(make([]byte, 15), 1)),
		"cc@example.org/IEC": "cc@example.org/IEC", long: long[:64], "": "",
	} {
		if got := ownerOctets(&model.Principal{Address: address}); got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
	if got := ownerOctets(nil); got != "" {
		t.Errorf("nobody: %q", got)
	}
}
