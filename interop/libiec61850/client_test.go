package libiec61850

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/interop/mmssite"
)

type (
	args   = mmssite.Args
	object = map[string]any
)

func TestTheirBrowse(t *testing.T) {
	theirClient(t, "browse", func(c *theirs) {
		var identity []string
		c.do("identify", nil, &identity)
		if !slices.Equal(identity, []string{"Gridward", "station", "1"}) {
			t.Errorf("identity %q", identity)
		}
		var status []int
		c.do("status", nil, &status)
		if !slices.Equal(status, []int{0, 0}) {
			t.Errorf("status %v", status)
		}
		var domains []string
		c.do("domains", nil, &domains)
		if !slices.Equal(domains, []string{"GWLD0", "GWLD1"}) {
			t.Errorf("domains %q", domains)
		}
		for _, d := range c.s.Model.Devices {
			var nodes, names []string
			c.do("nodes", args{"domain": d.Name}, &nodes)
			c.do("variables", args{"domain": d.Name}, &names)
			if len(nodes) != len(d.Nodes) || len(names) < 10*len(nodes) {
				t.Errorf("%s: %d nodes, %d variables", d.Name, len(nodes), len(names))
			}
			for _, n := range d.Nodes {
				var objects []string
				c.do("directory", args{"ln": d.Name + "/" + n.Name(), "kind": "DATA_OBJECT"}, &objects)
				// The library's list of data objects has the control blocks of settings and logs in it, whoever serves them.
				objects = slices.DeleteFunc(objects, func(name string) bool { return name == "SGCB" || name == "lcb" })
				var want []string
				for _, o := range n.Objects {
					want = append(want, o.Name)
				}
				slices.Sort(objects)
				slices.Sort(want)
				if d := cmp.Diff(want, objects); d != "" {
					t.Errorf("%s: -want +got\n%s", n.Name(), d)
				}
			}
		}
		for kind, want := range map[string][]string{
			"DATA_SET": {"Four"}, "BRCB": {"brcb01", "brcb02"}, "URCB": {"urcb01", "urcb02"}, "LCB": {"lcb"}, "GoCB": {"gocb"},
			"SGCB": {"SGCB"}, "LOG": {"log"},
		} {
			var got []string
			c.do("directory", args{"ln": "GWLD0/LLN0", "kind": kind}, &got)
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", kind, got, want)
			}
		}
		var das []string
		c.do("data", args{"ref": "GWLD0/GGIO1.Ind1"}, &das)
		if !slices.Equal(das, []string{"stVal[ST]", "q[ST]", "t[ST]", "d[DC]"}) {
			t.Errorf("attributes %q", das)
		}
	})
}

func TestTheirRead(t *testing.T) {
	theirClient(t, "read", func(c *theirs) {
		c.stimulate("set GWLD0/GGIO1.AnIn1.mag.f[MX] float 2.5")
		for ref, want := range map[string]object{
			"GWLD0/GGIO1.AnIn1.mag.f MX": {"float": 2.5}, "GWLD0/GGIO1.AnIn1.mag MX": {"struct": []any{object{"float": 2.5}}},
			"GWLD0/GGIO1.SPCSO4.ctlModel CF": {"int": 4.0}, "GWLD0/GGIO1.AnIn1.q MX": {"bits": "0000000000000"},
			"GWLD0/LLN0.NamPlt.vendor DC": {"string": "Gridward"}, "GWLD0/GGIO1.Nope ST": {"error": 10.0},
		} {
			var got object
			i := len(ref) - 3
			c.do("read", args{"ref": ref[:i], "fc": ref[i+1:]}, &got)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: -want +got\n%s", ref, d)
			}
		}
		var many object
		c.do("read_many", args{"domain": "GWLD0", "names": []string{"GGIO1$MX$AnIn1$mag$f", "LLN0$ST$Beh$stVal", "GGIO1$ST$Nope"}}, &many)
		if d := cmp.Diff(object{"array": []any{object{"float": 2.5}, object{"int": 1.0}, object{"error": 10.0}}}, many); d != "" {
			t.Error(d)
		}
		var element object
		c.do("element", args{"domain": "GWLD0", "item": "MHAI1$MX$HA$phsAHar", "index": 2, "component": "mag$f"}, &element)
		if d := cmp.Diff(object{"float": 0.0}, element); d != "" {
			t.Error(d)
		}
	})
}
