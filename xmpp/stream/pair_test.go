package stream

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/sm"
)

var (
	t0   = time.Unix(1772323200, 0)
	der1 = jid.MustParse("der1@grid.example")
	full = jid.MustParse("der1@grid.example/IEC")
	conf = ServerConfig{Domains: []string{"grid.example"}}
)

// pair is a client and a server machine with a wire between them that hands over size octets at a time.
type pair struct {
	t      *testing.T
	c, s   *Machine
	size   int
	log    []string // events, "c:" or "s:" in front
	onC    func(Event)
	onS    func(Event)
	wire   strings.Builder // all that was written
	errC   error
	errS   error
	accept string // SASL condition to refuse with; "" accepts
}

func newPair(t *testing.T, cc ClientConfig, sc ServerConfig) *pair {
	if cc.JID.IsZero() {
		cc.JID = der1
	}
	if cc.Resource == "" {
		cc.Resource = "IEC"
	}
	if cc.Mechanisms == nil {
		cc.Mechanisms = []sasl.Client{sasl.ExternalClient(jid.JID{})}
	}
	p := &pair{t: t, c: NewClient(cc, t0), s: NewServer(&sc, t0), size: 4096}
	if cc.DirectTLS {
		p.s.TLSDone(t0, sasl.External("grid.example", []jid.JID{der1}))
		p.c.TLSDone(t0)
	}
	return p
}

// run moves bytes until both ends are quiet.
func (p *pair) run() {
	for range 1000 {
		a, b := p.c.Output(), p.s.Output()
		if len(a) == 0 && len(b) == 0 {
			return
		}
		p.wire.Write(a)
		p.wire.Write(b)
		p.feed(p.s, a, p.server, &p.errS)
		p.feed(p.c, b, p.client, &p.errC)
	}
	p.t.Fatal("the machines do not come to rest")
}

func (p *pair) feed(m *Machine, b []byte, handle func(Event), errp *error) {
	for len(b) > 0 && *errp == nil {
		n := min(p.size, len(b))
		piece := append([]byte(nil), b[:n]...)
		b = b[n:]
		m.Feed(piece, t0)
		for {
			ev, err := m.Next()
			if errors.Is(err, ErrClosed) {
				return
			}
			if err != nil {
				*errp = err
				break
			}
			if ev.Kind == None {
				break
			}
			handle(ev)
		}
		clear(piece)
	}
}

func (p *pair) client(ev Event) {
	p.log = append(p.log, "c:"+ev.Kind.String())
	if ev.Kind == StartTLS {
		p.c.TLSDone(t0)
	}
	if p.onC != nil {
		p.onC(ev)
	}
}

func (p *pair) server(ev Event) {
	p.log = append(p.log, "s:"+ev.Kind.String())
	var err error
	switch ev.Kind {
	case StartTLS:
		// The real driver flushes <proceed/> first; here the client is told the same moment.
		p.feed(p.c, p.s.Output(), p.client, &p.errC)
		p.s.TLSDone(t0, sasl.External("grid.example", []jid.JID{der1}))
	case AuthRequest:
		if p.accept != "" {
			err = p.s.Refuse(p.accept, t0)
		} else {
			err = p.s.Accept(t0)
		}
	case BindRequest:
		if p.onS == nil {
			var j jid.JID
			if j, err = ev.JID.WithResource(ev.Resource); err == nil {
				err = p.s.Bind(j, t0)
			}
		}
	case EnableRequest:
		err = p.s.EnableSM("sm1", time.Minute, t0)
	}
	if err != nil && p.errS == nil {
		p.errS = err
	}
	if p.onS != nil {
		p.onS(ev)
	}
}

func (p *pair) want(log string) {
	p.t.Helper()
	if got := strings.Join(p.log, " "); got != log {
		p.t.Errorf("events\n%s, want\n%s", got, log)
	}
	if p.errC != nil || p.errS != nil {
		p.t.Errorf("client: %v, server: %v", p.errC, p.errS)
	}
}

func TestNegotiation(t *testing.T) {
	for _, size := range []int{1, 3, 4096} {
		p := newPair(t, ClientConfig{}, conf)
		p.size = size
		p.run()
		p.want("s:StartTLS c:StartTLS s:AuthRequest s:BindRequest c:Ready s:EnableRequest c:Enabled")
		if p.c.JID() != full || p.s.JID() != full || p.s.Identity().JID != der1 || p.s.Identity().Mechanism != "EXTERNAL" {
			t.Errorf("bound %s and %s", p.c.JID(), p.s.JID())
		}
		if !p.c.Deadline().IsZero() || !p.s.Deadline().IsZero() {
			t.Error("a bound stream has a deadline")
		}
		p.exchange()
	}
}

func TestDirectTLS(t *testing.T) {
	sc := conf
	sc.DirectTLS, sc.NoSM = true, true
	p := newPair(t, ClientConfig{DirectTLS: true}, sc)
	p.run()
	p.want("s:AuthRequest s:BindRequest c:Ready")
	if strings.Contains(p.wire.String(), "starttls") {
		t.Error("STARTTLS inside TLS")
	}
}

// exchange sends stanzas and acknowledgements over a bound pair and ends it.
func (p *pair) exchange() {
	t := p.t
	var got []string
	p.log = nil
	p.onS = func(ev Event) {
		switch ev.Kind {
		case StanzaIn:
			got = append(got, string(ev.Stanza.Append(nil)))
		case AckRequest:
			p.s.out = p.s.SMAck().Append(p.s.out)
		}
	}
	var acked []uint32
	p.onC = func(ev Event) {
		if ev.Kind == Ack {
			acked = append(acked, ev.H)
		}
	}
	in := []string{`<iq type='get' id='1' to='ems@grid.example/IEC'><ping xmlns='urn:xmpp:ping'/></iq>`, `<message><body>x</body></message>`, `<presence/>`}
	p.c.out = append(p.c.out, strings.Join(in, "\n")+`<iq type='get' id='2'/>`...)
	p.c.out = sm.Element{Kind: sm.Request}.Append(p.c.out)
	p.run()
	if strings.Join(got, "\n") != strings.Join(in, "\n") {
		t.Errorf("received %q", got)
	}
	if len(acked) != 1 || acked[0] != 4 || p.s.Handled() != 4 {
		t.Errorf("acknowledged %v", acked)
	}
	p.c.Close()
	p.run()
	p.want("s:StanzaIn s:StanzaIn s:StanzaIn s:BadStanza s:AckRequest c:Ack s:Closed c:Closed")
	if _, err := p.c.Next(); !errors.Is(err, ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
}
