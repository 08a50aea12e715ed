package der

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/xmpp/jid"
)

func TestConfigRefused(t *testing.T) {
	tlsMissing := Config{Device: battery, JID: jid.MustParse("a@b.example")}
	for name, c := range map[string]Config{
		"no JID":          {Device: battery},
		"no TLS":          tlsMissing,
		"no kind":         {Link: newTwin()},
		"speed":           {Link: newTwin(), Device: battery, Speed: -1},
		"NaN speed":       {Link: newTwin(), Device: battery, Speed: math.NaN()},
		"tick":            {Link: newTwin(), Device: battery, Tick: time.Hour},
		"long steps":      {Link: newTwin(), Device: battery, Speed: 1000, Tick: 10 * time.Second},
		"stall":           {Link: newTwin(), Device: battery, StallAfter: time.Millisecond},
		"fail-safe limit": {Link: newTwin(), Device: battery, FailSafe: FailSafe{After: time.Minute, Limit: 1e6}},
		"IED":             {Link: newTwin(), Device: battery, IED: "der-1"},
		"SCL":             {Link: newTwin(), Device: battery, SCL: []byte("<SCL")},
		"no such IED":     {Link: newTwin(), Device: battery, IED: "OTHER", SCL: mustTemplate(t)},
	} {
		if _, err := New(c); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := New(Config{Link: newTwin(), Device: battery, Map: map[string]string{"W": "LD0/MMXU9.TotW"}})
	if !errors.Is(err, ErrMap) || !strings.Contains(err.Error(), "MMXU9") {
		t.Errorf("map: %v", err)
	}
}

func mustTemplate(t *testing.T) []byte {
	t.Helper()
	b, err := Template(device.Battery)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
