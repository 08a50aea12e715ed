package openiec61850

import (
	"testing"
	"time"

	"github.com/gridward/gridward/interop/mmssite"
)

// TestTheirControls: the library has functions for select and operate of the models with normal security. SBOw and
// Cancel it writes as any other structure. It drops LastApplError and CommandTermination: outcomes show in stVal.
func TestTheirControls(t *testing.T) {
	theirClient(t, "control", func(c *theirs) {
		command := func(ref string, on bool, more args) args {
			a := args{"object": ref, "value": object{"bool": on}}
			for k, v := range more {
				a[k] = v
			}
			return a
		}
		state := func(ref string, want bool) {
			t.Helper()
			c.want(ref+".stVal[ST]", object{"bool": want})
		}
		selected := func(ref string, want bool) {
			t.Helper()
			var got bool
			c.do("select", args{"object": ref}, &got)
			if got != want {
				t.Errorf("%s: selected %v", ref, got)
			}
		}
		for i, all := range [][]string{mmssite.Controls, mmssite.PlainControls} { // with operTm, and without
			s := all[0] // direct, with normal security
			c.do("operate", command(s, true, nil), nil)
			state(s, true)
			c.stimulate("control " + s + " refuse 10")
			c.refused("ServiceError", "operate", command(s, false, args{"interlock": true}))
			state(s, true)

			s = all[1] // select before operate, with normal security
			c.refused("ServiceError", "operate", command(s, true, nil))
			state(s, false)
			selected(s, true)
			c.do("operate", command(s, true, nil), nil)
			state(s, true)
			selected(s, true)
			c.do("cancel", command(s, false, nil), nil)
			c.refused("ServiceError", "operate", command(s, false, nil))
			state(s, true)

			s = all[2] // direct, with enhanced security
			c.do("operate", command(s, true, nil), nil)
			state(s, true)
			if i == 0 {
				c.do("operate", command(s, false, args{"at": time.Now().Add(time.Hour).UnixMilli()}), nil)
				state(s, true) // its time has not come
				c.do("cancel", command(s, false, nil), nil)
			}

			s = all[3] // select before operate, with enhanced security
			c.refused("ServiceError", "operate", command(s, true, nil))
			c.do("selectWithValue", command(s, true, args{"interlock": true}), nil)
			c.do("operate", command(s, true, args{"interlock": true}), nil)
			state(s, true)
			c.do("selectWithValue", command(s, false, nil), nil)
			c.do("cancel", command(s, false, nil), nil)
			c.do("selectWithValue", command(s, false, nil), nil)
			c.refused("ServiceError", "operate", command(s, true, nil)) // not what was selected
			c.stimulate("control " + s + " refuse 11")
			c.refused("ServiceError", "selectWithValue", command(s, false, args{"synchro": true}))
			state(s, true)
		}
	})
}
