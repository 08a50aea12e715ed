package server

import (
	"slices"
	"testing"

	"github.com/gridward/gridward/model"
)

// Values that were buffered before an attribute got another type are not reported as what they are not.
func TestBufferedValuesOfOtherTypes(t *testing.T) {
	p := newPlant(t, Config{})
	p.start()
	p.event()
	r := p.s.devices["TLD0"].items[brcb[:len(brcb)-1]].rcb
	other := &entry{members: []entryMember{{index: 0, reason: reasonUpdate, value: model.Struct(model.Int(7))}}}
	if !p.st.Append(r.stream(), p.s.lastID+1, p.now, other, 9) {
		t.Fatal("append")
	}
	p.stop()
	p.start()
	c := p.connect("cc@x")
	c.set(brcb+"RptEna", model.Bool(true))
	if got := c.take(9); !slices.Equal(values(got), []float64{1}) || !got[0].ovfl {
		t.Errorf("%+v", got)
	}
	if p.stale() != 1 {
		t.Errorf("events %+v", p.events)
	}
	p.stop()
}

// A damaged count of entry identifications does not stop logs for good.
func TestDamagedIdentifications(t *testing.T) {
	for _, b := range []string{"\xff\xff\xff\xff\xff\xff\xff\xff", "\x80\x00\x00\x00\x00\x00\x00\x00", "?"} {
		p := newPlant(t, Config{})
		p.start()
		p.st.Set(keyIDs, []byte(b))
		p.s.cfg.Store = nil // which would put it right at its end
		if err := p.st.Flush(); err != nil {
			t.Fatal(err)
		}
		p.stop()
		p.start()
		if p.stale() != 1 {
			t.Errorf("%x: events %+v", b, p.events)
		}
		p.event()
		if n, _, _, _, _ := p.st.Bounds("log/TLD0/LLN0$log"); n != 1 {
			t.Errorf("%x: %d entries", b, n)
		}
		p.stop()
	}
}
