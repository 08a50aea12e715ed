package sm

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gridward/gridward/xmpp/xmlscan"
	"pgregory.net/rapid"
)

var t0 = time.Unix(1772323200, 0)

func scan(t *testing.T, in string) *xmlscan.Element {
	t.Helper()
	s := xmlscan.NewScanner(xmlscan.NSClient, xmlscan.LimitDefault)
	s.Feed([]byte(`<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>` + in))
	for range 2 {
		if _, err := s.Next(); err != nil {
			t.Fatal(err)
		}
	}
	return s.Element
}

func TestElements(t *testing.T) {
	for _, c := range []struct {
		el  Element
		xml string
	}{
		{Element{Kind: Request}, `<r xmlns='urn:xmpp:sm:3'/>`},
		{Element{Kind: Ack, H: math.MaxUint32, HasH: true}, `<a xmlns='urn:xmpp:sm:3' h='4294967295'/>`},
		{Element{Kind: Enable, Resume: true, Max: time.Minute}, `<enable xmlns='urn:xmpp:sm:3' resume='true' max='60'/>`},
		{Element{Kind: Enabled}, `<enabled xmlns='urn:xmpp:sm:3'/>`},
		{Element{Kind: Enabled, ID: "a'b", Resume: true, Max: time.Minute, Location: "[::1]:5222"}, `<enabled xmlns='urn:xmpp:sm:3' id='a&apos;b' resume='true' max='60' location='[::1]:5222'/>`},
		{Element{Kind: Resume, ID: "x", H: 7, HasH: true}, `<resume xmlns='urn:xmpp:sm:3' previd='x' h='7'/>`},
		{Element{Kind: Resumed, ID: "x", H: 0, HasH: true}, `<resumed xmlns='urn:xmpp:sm:3' previd='x' h='0'/>`},
		{Element{Kind: Failed, Cond: "item-not-found"}, `<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`},
		{Element{Kind: Failed, Cond: "item-not-found", H: 3, HasH: true}, `<failed xmlns='urn:xmpp:sm:3' h='3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`},
	} {
		if got := string(c.el.Append(nil)); got != c.xml {
			t.Errorf("append %s, want %s", got, c.xml)
		}
		got, err := Parse(scan(t, c.xml))
		if err != nil {
			t.Errorf("%s: %v", c.xml, err)
		}
		if d := cmp.Diff(c.el, got); d != "" {
			t.Errorf("%s: %s", c.xml, d)
		}
	}
	for _, in := range []string{
		`<r/>`, `<x xmlns='urn:xmpp:sm:3'/>`, `<a xmlns='urn:xmpp:sm:3'/>`, `<a xmlns='urn:xmpp:sm:3' h='-1'/>`, `<a xmlns='urn:xmpp:sm:3' h='4294967296'/>`,
		`<resume xmlns='urn:xmpp:sm:3' h='1'/>`, `<resume xmlns='urn:xmpp:sm:3' previd='x'/>`, `<enabled xmlns='urn:xmpp:sm:3' resume='1'/>`,
		`<enable xmlns='urn:xmpp:sm:3' max='soon'/>`, `<resume xmlns='urn:xmpp:sm:3' h='1' previd='` + strings.Repeat("x", 257) + `'/>`,
	} {
		if el, err := Parse(scan(t, in)); !errors.Is(err, ErrSyntax) {
			t.Errorf("%s: %+v, %v", in, el, err)
		}
	}
}

func TestWrap(t *testing.T) {
	o := Out{acked: math.MaxUint32 - 1}
	for range 4 {
		if err := o.Push([]byte("x"), false, t0); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		h    uint32
		left int
		err  error
	}{{math.MaxUint32, 3, nil}, {math.MaxUint32, 3, nil}, {1, 1, nil}, {math.MaxUint32, 1, ErrAck}, {3, 1, ErrAck}, {2, 0, nil}, {3, 0, ErrAck}} {
		if err := o.Ack(c.h); !errors.Is(err, c.err) || o.Len() != c.left {
			t.Errorf("Ack(%d): %v, %d left", c.h, err, o.Len())
		}
	}
}

func TestFull(t *testing.T) {
	var o Out
	n := 0
	for o.Push([]byte("x"), false, t0) == nil {
		n++
	}
	if n != MaxStanzas*attachedFactor {
		t.Errorf("%d stanzas fit while attached", n)
	}
	o = Out{}
	o.Detach(t0)
	for n = 0; o.Push([]byte("x"), false, t0) == nil; n++ {
	}
	if n != MaxStanzas {
		t.Errorf("%d stanzas fit while detached", n)
	}
	o = Out{}
	if err := o.Push(make([]byte, MaxBytes+1), false, t0); !errors.Is(err, ErrFull) || o.Len() != 0 {
		t.Error("a stanza longer than the queue fits")
	}
	if err := o.Push(make([]byte, MaxBytes), false, t0); err != nil {
		t.Error(err)
	}
	if err := o.Push([]byte("x"), false, t0); !errors.Is(err, ErrFull) || o.Bytes() != MaxBytes {
		t.Error("bound of bytes not held")
	}
}

func TestAckSchedule(t *testing.T) {
	var o Out
	if !o.Deadline().IsZero() || o.Due(t0) {
		t.Error("an empty queue asks")
	}
	push := func(now time.Time) {
		if err := o.Push([]byte("x"), false, now); err != nil {
			t.Fatal(err)
		}
	}
	push(t0)
	if o.Due(t0.Add(AckInterval-1)) || !o.Due(t0.Add(AckInterval)) || !o.Deadline().Equal(t0.Add(AckInterval)) {
		t.Error("not due after 5 s")
	}
	o.Asked()
	if o.Due(t0.Add(time.Hour)) || !o.Deadline().IsZero() {
		t.Error("asks twice")
	}
	for range AckStanzas - 1 {
		push(t0)
	}
	if o.Due(t0) {
		t.Error("due before 16 stanzas")
	}
	push(t0)
	if !o.Due(t0) {
		t.Error("not due after 16 stanzas")
	}
	if err := o.Ack(17); err != nil || o.Due(t0.Add(time.Hour)) || o.Bytes() != 0 || o.buf != nil {
		t.Errorf("after ack: %v", err)
	}
}

// A request waits ten seconds for a detached session, then its sender hears of it and it is never delivered; messages
// are kept.
func TestHeldRequest(t *testing.T) {
	var o Out
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(o.Push([]byte("<iq0/>"), true, t0)) // written long before the cut, never acknowledged
	must(o.Push([]byte("<m1/>"), false, t0))
	cut := t0.Add(time.Hour)
	o.Detach(cut)
	o.Detach(cut.Add(time.Minute)) // the first cut counts
	must(o.Push([]byte("<iq2/>"), true, cut.Add(5*time.Second)))
	must(o.Push([]byte("<m3/>"), false, cut.Add(6*time.Second)))
	if got := o.Expiry(HoldIQ); !got.Equal(cut.Add(HoldIQ)) {
		t.Errorf("first expiry %v", got.Sub(cut))
	}
	var gone []string
	expire := func(after time.Duration) {
		o.Expire(cut.Add(after), HoldIQ, func(b []byte) { gone = append(gone, string(b)) })
	}
	expire(HoldIQ - 1)
	if len(gone) != 0 {
		t.Errorf("too early: %v", gone)
	}
	expire(HoldIQ)
	if got := o.Expiry(HoldIQ); !got.Equal(cut.Add(15 * time.Second)) {
		t.Errorf("second expiry %v", got.Sub(cut))
	}
	expire(20 * time.Second)
	expire(30 * time.Second)
	if !slices.Equal(gone, []string{"<iq0/>", "<iq2/>"}) || !o.Expiry(HoldIQ).IsZero() || o.Len() != 2 {
		t.Errorf("expired %v, %d left", gone, o.Len())
	}
	if _, err := o.Resume(nil, 3, cut); !errors.Is(err, ErrAck) {
		t.Errorf("peer has handled what was never written: %v", err)
	}
	b, err := o.Resume(nil, 1, cut.Add(40*time.Second))
	if err != nil || string(b) != "<m1/><m3/>" || o.Detached() {
		t.Errorf("resumed with %q, %v", b, err)
	}
	must(o.Ack(3)) // one handled before, two now
	if o.Len() != 0 {
		t.Errorf("%d left", o.Len())
	}
}

func TestDrop(t *testing.T) {
	var o Out
	for _, s := range []string{"a", "b", "c"} {
		if err := o.Push([]byte(s), false, t0); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Ack(1); err != nil {
		t.Fatal(err)
	}
	o.Detach(t0)
	var got []string
	o.Drop(func(b []byte) { got = append(got, string(b)) })
	if !slices.Equal(got, []string{"b", "c"}) || o.Len() != 0 || o.Detached() || o.acked != 0 {
		t.Errorf("%v", got)
	}
	o.Drop(nil)
}

// Two ends, a link that is cut at any time and loses what is under way: nothing is delivered twice, nothing out of order,
// and what is not delivered has been reported.
func TestNothingLostNothingTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o Out
		var handled uint32 // receiver's count
		var delivered, reported []int
		var wire []int // written, not yet received
		now := t0
		next := 0
		attached := true
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "ms")) * time.Millisecond)
			switch rapid.SampledFrom([]string{"send", "send", "receive", "receive", "ack", "cut", "resume", "expire"}).Draw(t, "op") {
			case "send":
				req := rapid.Bool().Draw(t, "req")
				if err := o.Push(fmt.Appendf(nil, "%04d", next), req, now); err != nil {
					reported = append(reported, next)
				} else if attached {
					wire = append(wire, next)
				}
				next++
			case "receive":
				if len(wire) > 0 {
					delivered = append(delivered, wire[0])
					wire = wire[1:]
					handled++
				}
			case "ack":
				if attached {
					if err := o.Ack(handled); err != nil {
						t.Fatal(err)
					}
				}
			case "cut":
				attached, wire = false, nil
				o.Detach(now)
			case "resume":
				if attached {
					continue
				}
				attached = true
				b, err := o.Resume(nil, handled, now)
				if err != nil {
					t.Fatal(err)
				}
				for ; len(b) > 0; b = b[4:] {
					var n int
					if _, err := fmt.Sscanf(string(b[:4]), "%d", &n); err != nil {
						t.Fatal(err)
					}
					wire = append(wire, n)
				}
			case "expire":
				o.Expire(now, HoldIQ, func(b []byte) {
					var n int
					if _, err := fmt.Sscanf(string(b), "%d", &n); err != nil {
						t.Fatal(err)
					}
					reported = append(reported, n)
				})
			}
		}
		if !attached {
			if err := o.Ack(handled); err != nil {
				t.Fatal(err)
			}
		}
		pending := map[int]bool{}
		o.Drop(func(b []byte) {
			var n int
			if _, err := fmt.Sscanf(string(b), "%d", &n); err != nil {
				t.Fatal(err)
			}
			pending[n] = true
		})
		if !slices.IsSorted(delivered) || len(slices.Compact(slices.Clone(delivered))) != len(delivered) {
			t.Fatalf("delivered twice or out of order: %v", delivered)
		}
		for n := range next {
			if !slices.Contains(delivered, n) && !slices.Contains(reported, n) && !pending[n] {
				t.Fatalf("%d is lost without a word", n)
			}
		}
	})
}

func BenchmarkPushAck(b *testing.B) {
	var o Out
	s := make([]byte, 500)
	var h uint32
	b.ReportAllocs()
	for b.Loop() {
		for range AckStanzas {
			if err := o.Push(s, false, t0); err != nil {
				b.Fatal(err)
			}
		}
		o.Asked()
		h += AckStanzas
		if err := o.Ack(h); err != nil {
			b.Fatal(err)
		}
	}
}

// Whatever is understood is written so that it is understood the same.
func FuzzParse(f *testing.F) {
	for _, in := range []string{
		`<r xmlns='urn:xmpp:sm:3'/>`, `<a xmlns='urn:xmpp:sm:3' h='4294967295'/>`, `<enable xmlns='urn:xmpp:sm:3' resume='1' max='60'/>`,
		`<enabled xmlns='urn:xmpp:sm:3' id='x' resume='true' location='a:1'/>`, `<resume xmlns='urn:xmpp:sm:3' previd='x' h='7'/>`,
		`<failed xmlns='urn:xmpp:sm:3' h='3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>`, `<a xmlns='urn:xmpp:sm:3' h='-1'/>`,
	} {
		f.Add(in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		s := xmlscan.NewScanner(xmlscan.NSClient, xmlscan.LimitPreAuth)
		s.Feed([]byte(`<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>` + in))
		for {
			it, err := s.Next()
			if err != nil || it == xmlscan.None || it == xmlscan.Closed {
				return
			}
			if it != xmlscan.Child {
				continue
			}
			el, err := Parse(s.Element)
			if err != nil {
				if !errors.Is(err, ErrSyntax) {
					t.Fatal(err)
				}
				continue
			}
			if el.Kind == Failed && el.Cond == "" {
				el.Cond = "undefined-condition"
			}
			again, err := Parse(scan(t, string(el.Append(nil))))
			if err != nil {
				t.Fatalf("%s: %v", el.Append(nil), err)
			}
			if el.Kind == Request || el.Kind == Ack {
				el = Element{Kind: el.Kind, H: el.H, HasH: el.HasH && el.Kind == Ack}
				if el.Kind == Request {
					el.H = 0
				}
			}
			if again.Kind != el.Kind || (again.H != el.H && el.Kind != Enable && el.Kind != Enabled) || again.Cond != el.Cond && el.Kind == Failed {
				t.Fatalf("%+v, again %+v", el, again)
			}
		}
	})
}
