package client_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/xmpptest"
)

// TestMaliciousRouter: whatever a router does to the stanzas of an unsecured association short of rewriting PDUs, no
// read gives another's value, no command is executed twice, and reports come in order or with a gap that is told.
func TestMaliciousRouter(t *testing.T) {
	iq := xmpptest.Kind(stanza.IQ, stanza.Get, stanza.Set)
	results := xmpptest.Kind(stanza.IQ, stanza.Result)
	messages := xmpptest.Kind(stanza.Message)
	stranger := jid.MustParse("stranger@grid.example/IEC")
	for name, tampers := range map[string][]xmpptest.Tamper{
		"honest":             nil,
		"drops requests":     {xmpptest.Drop(xmpptest.Nth(3, iq)), xmpptest.Drop(xmpptest.Nth(5, iq))},
		"drops answers":      {xmpptest.Drop(xmpptest.Nth(4, results))},
		"drops reports":      {xmpptest.Drop(xmpptest.Nth(3, messages))},
		"duplicates":         {xmpptest.Duplicate(xmpptest.Any, 3)},
		"replays":            {xmpptest.Replay(xmpptest.Any, 2*time.Second), xmpptest.Replay(iq, 15*time.Second)},
		"delays requests":    {xmpptest.Delay(xmpptest.Nth(4, iq), 12*time.Second)},
		"delays answers":     {xmpptest.Delay(xmpptest.Nth(4, results), 12*time.Second)},
		"reorders requests":  {xmpptest.Reorder(iq, 3)},
		"reorders answers":   {xmpptest.Reorder(results, 2)},
		"swaps answers":      {xmpptest.Swap(results)},
		"swaps requests":     {xmpptest.Swap(xmpptest.Kind(stanza.IQ, stanza.Get))},
		"mis-stamps":         {xmpptest.MisStamp(xmpptest.Nth(4, results), stranger), xmpptest.MisStamp(xmpptest.Nth(5, iq), stranger)},
		"misroutes":          {xmpptest.Misroute(xmpptest.Nth(3, results), stranger), xmpptest.Misroute(xmpptest.Nth(6, iq), stranger)},
		"turns answers back": {xmpptest.Rewrite(xmpptest.Nth(3, results), func(s *stanza.Stanza) { s.From, s.To = s.To, s.From })},
		"turns into message": {xmpptest.Rewrite(xmpptest.Nth(3, results), func(s *stanza.Stanza) { s.Kind, s.Type = stanza.Message, "" })},
		"turns into request": {xmpptest.Rewrite(xmpptest.Nth(3, results), func(s *stanza.Stanza) { s.Type = stanza.Set })},
		"empties answers":    {xmpptest.Rewrite(xmpptest.Nth(3, results), func(s *stanza.Stanza) { s.Payload = nil })},
		"cuts answers":       {xmpptest.Rewrite(xmpptest.Nth(3, results), func(s *stanza.Stanza) { s.Payload = s.Payload[:len(s.Payload)/2] })},
		"forges errors":      {xmpptest.Rewrite(xmpptest.Nth(3, messages), func(s *stanza.Stanza) { s.Type, s.Err = stanza.TypeError, stanza.NewError(stanza.Gone, "") })},
	} {
		t.Run(name, func(t *testing.T) {
			o := &overXMPP{}
			over(t, o, func(t *testing.T, s *site) { underAttack(t, s, o, tampers) })
		})
	}
}

func underAttack(t *testing.T, s *site, o *overXMPP, tampers []xmpptest.Tamper) {
	refs := []model.Ref{anIn1f, anIn2f, ref("TLD0/GGIO1.Set1.setMag.f[SP]"), ref("TLD0/MHAI1.HA.phsAHar(1).mag.f[MX]")}
	noErr(t, s.srv.Update(time.Now(), func(tx *server.Tx) {
		for i, r := range refs {
			tx.Set(r, model.Float32(float32(100*i)))
		}
	}))
	p := newPlant()
	noErr(t, s.srv.Handle(object(1), p))
	c := s.client("hmi", client.Options{Timeout: 5 * time.Second})
	k, err := c.Control(t.Context(), object(1))
	noErr(t, err)
	var box inbox
	_, err = c.Subscribe(t.Context(), urcb1, client.ReportOptions{Triggers: changes}, box.add)
	noErr(t, err)
	o.router.Tamper(tampers...)

	var wg sync.WaitGroup
	good := 0
	var mu sync.Mutex
	for i, r := range refs {
		wg.Go(func() {
			for range 5 {
				v, err := c.ReadOne(t.Context(), r)
				f, _ := v.AsFloat()
				mu.Lock()
				if err == nil && i != 1 && int(f) != 100*i {
					t.Errorf("%s read as %v", r, f)
				}
				if err == nil {
					good++
				}
				mu.Unlock()
			}
		})
	}
	issued := 0
	wg.Go(func() {
		for range 3 {
			issued++
			_, _ = k.Operate(t.Context(), operateOn, client.OperateOptions{}) // it may fail; how often it runs is what counts
		}
	})
	for n := range 6 {
		s.put(1000 + n)
		time.Sleep(time.Second)
	}
	wg.Wait()
	time.Sleep(time.Minute)
	synctest.Wait()
	if len(p.commands) > issued {
		t.Errorf("%d commands were given, %d executed", issued, len(p.commands))
	}
	if tampers == nil && (good != 20 || len(p.commands) != 3) {
		t.Errorf("%d reads succeeded, %d commands were executed", good, len(p.commands))
	}
	last := 0
	for _, r := range box.take() {
		for _, n := range numbers([]*client.Report{r}) {
			if n < last && !r.Gap || n > last+1 && last != 0 && !r.Gap {
				t.Errorf("%d after %d, and no gap is told", n, last)
			}
			last = n
		}
	}
}
