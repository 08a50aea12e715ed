package libiec61850

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// journal is what client.py tells about the answer to readJournal.
type journal struct {
	More    bool
	Entries []struct {
		ID        string
		Time      int64
		Variables [][2]any
	}
}

func TestTheirLog(t *testing.T) {
	theirClient(t, "log", func(c *theirs) {
		var names []string
		c.do("journals", args{"domain": "GWLD0"}, &names)
		if !slices.Equal(names, []string{"LLN0$log"}) {
			t.Errorf("journals %q", names)
		}
		c.want("GWLD0/LLN0.lcb.LogEna", "LG", object{"bool": true})
		c.stimulate("set GWLD0/GGIO1.Ind1.stVal[ST] bool true")
		c.stimulate("set GWLD0/GGIO1.AnIn2.mag.f[MX] float 4.5")
		now := time.Now().UnixMilli()
		var all journal
		c.do("log", args{"ref": "GWLD0/LLN0$log", "start": now - 60000, "end": now + 60000}, &all)
		if all.More || len(all.Entries) != 2 {
			t.Fatalf("%+v", all)
		}
		first := all.Entries[0]
		if len(first.ID) != 16 || first.Time < now-60000 || first.Time > now+60000 || first.Variables[0][0] != "GWLD0/GGIO1$ST$Ind1" {
			t.Errorf("%+v", first)
		}
		if v := first.Variables[0][1].(object)["struct"].([]any); !cmp.Equal(v[0], any(object{"bool": true})) {
			t.Errorf("value %v", v)
		}
		var after journal
		c.do("log", args{"ref": "GWLD0/LLN0$log", "after": first.ID, "at": first.Time}, &after)
		if d := cmp.Diff(all.Entries[1:], after.Entries); d != "" {
			t.Errorf("after the first: -want +got\n%s", d)
		}
		var none journal
		c.do("log", args{"ref": "GWLD0/LLN0$log", "start": now - 60000, "end": now - 50000}, &none)
		if len(none.Entries) != 0 {
			t.Errorf("%+v", none)
		}
		c.do("write", args{"ref": "GWLD0/LLN0.lcb.LogEna", "fc": "LG", "value": object{"bool": false}}, nil)
		c.stimulate("set GWLD0/GGIO1.AnIn2.mag.f[MX] float 5.5")
		c.do("log", args{"ref": "GWLD0/LLN0$log", "start": now - 60000, "end": now + 60000}, &all)
		if len(all.Entries) != 2 {
			t.Errorf("%d entries while the log is disabled", len(all.Entries))
		}
	})
}
