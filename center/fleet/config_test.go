package fleet_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/center/fleet"
)

func TestConfigValidate(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  fleet.Config
		want string // "" is valid
	}{
		{"zero value", fleet.Config{}, ""},
		{"pattern and JID", fleet.Config{DERs: []fleet.Entry{{JID: "*@a.example"}, {JID: "x@a.example"}}}, ""},
		{"full JID", fleet.Config{DERs: []fleet.Entry{{JID: "x@a.example/IEC"}}}, "bare JID"},
		{"domain only", fleet.Config{DERs: []fleet.Entry{{JID: "a.example"}}}, "bare JID"},
		{"bad pattern", fleet.Config{DERs: []fleet.Entry{{JID: "*@"}}}, "want *@domain"},
		{"pattern in the middle", fleet.Config{DERs: []fleet.Entry{{JID: "*@x@a.example"}}}, "want *@domain"},
		{"twice", fleet.Config{DERs: []fleet.Entry{{JID: "x@a.example"}, {JID: "X@A.example"}}}, "twice"},
		{"kind", fleet.Config{DERs: []fleet.Entry{{JID: "x@a.example", Kind: "windmill"}}}, "windmill"},
		{"long name", fleet.Config{DERs: []fleet.Entry{{JID: "x@a.example", Name: strings.Repeat("x", 129)}}}, "128"},
		{"integrity", fleet.Config{Integrity: time.Millisecond}, "integrity"},
		{"back-off", fleet.Config{MinBackoff: time.Minute, MaxBackoff: time.Second}, "Backoff"},
		{"trend", fleet.Config{TrendLen: -1}, "trend"},
	} {
		err := c.cfg.Validate()
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (!errors.Is(err, fleet.ErrConfig) || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want an error that says %q", c.name, err, c.want)
		}
		if _, err := fleet.New(c.cfg, nil); (err == nil) != (c.want == "") {
			t.Errorf("%s: New: %v", c.name, err)
		}
	}
}
