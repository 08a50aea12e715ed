package libiec61850

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func (c *theirs) want(ref, fc string, want object) {
	c.Helper()
	var got object
	c.do("read", args{"ref": ref, "fc": fc}, &got)
	if d := cmp.Diff(want, got); d != "" {
		c.Errorf("%s[%s]: -want +got\n%s", ref, fc, d)
	}
}

func TestTheirWrite(t *testing.T) {
	theirClient(t, "write", func(c *theirs) {
		write := func(ref, fc string, v object) args { return args{"ref": ref, "fc": fc, "value": v} }
		c.do("write", write("GWLD0/GGIO1.Set1.setMag.f", "SP", object{"float": 7.5}), nil)
		c.want("GWLD0/GGIO1.Set1.setMag", "SP", object{"struct": []any{object{"float": 7.5}}})
		c.do("write", write("GWLD0/GGIO1.Set1.setMag", "SP", object{"struct": []any{object{"float": 8.5}}}), nil)
		c.want("GWLD0/GGIO1.Set1.setMag.f", "SP", object{"float": 8.5})
		c.do("write", write("GWLD0/LLN0.NamPlt.d", "DC", object{"string": "a description"}), nil)
		c.want("GWLD0/LLN0.NamPlt.d", "DC", object{"string": "a description"})
		c.do("write", write("GWLD0/GGIO1.ModeSet.setVal", "SP", object{"int": 2}), nil)
		c.refused("write", write("GWLD0/GGIO1.ModeSet.setVal", "SP", object{"int": 9}), "OBJECT_VALUE_INVALID")
		c.want("GWLD0/GGIO1.ModeSet.setVal", "SP", object{"int": 2.0})
		c.refused("write", write("GWLD0/GGIO1.Set2.setMag.f", "SP", object{"float": 1}), "ACCESS_DENIED")
		c.refused("write", write("GWLD0/GGIO1.Set1.setMag.f", "SP", object{"bool": true}), "TYPE_INCONSISTENT")
		c.refused("write", write("GWLD0/GGIO1.Ind1.stVal", "ST", object{"bool": true}), "ACCESS_DENIED")
		c.refused("write", write("GWLD0/GGIO1.Nope.setVal", "SP", object{"bool": true}), "OBJECT_DOES_NOT_EXIST")
		var results []int
		c.do("write_many", args{
			"domain": "GWLD0", "names": []string{"GGIO1$SP$Set1$setMag$f", "GGIO1$ST$Ind1$stVal"},
			"values": []any{object{"float": 9}, object{"bool": true}},
		}, &results)
		if !slices.Equal(results, []int{-1, 3}) {
			t.Errorf("results %v", results)
		}
	})
}

func TestTheirDataSets(t *testing.T) {
	theirClient(t, "data-sets", func(c *theirs) {
		type directory struct {
			Members   []string
			Deletable bool
		}
		four := []string{"GWLD0/GGIO1.AnIn1[MX]", "GWLD0/GGIO1.AnIn2.mag.f[MX]", "GWLD0/GGIO1.Ind1[ST]", "GWLD1/GGIO9.Ind1.stVal[ST]"}
		check := func(ref string, want directory) {
			t.Helper()
			var got directory
			c.do("members", args{"ref": ref}, &got)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: -want +got\n%s", ref, d)
			}
		}
		check("GWLD0/LLN0.Four", directory{four, false})
		var values object
		c.do("dataset", args{"ref": "GWLD0/LLN0.Four"}, &values)
		if got := values["array"].([]any); len(got) != 4 || !cmp.Equal(got[3], any(object{"bool": false})) {
			t.Errorf("values %v", values)
		}
		mine := []string{"GWLD0/GGIO1.AnIn1.mag.f[MX]", "GWLD0/GGIO1.Ind1.stVal[ST]", "GWLD0/MHAI1.HA.phsAHar(1)[MX]"}
		for _, ref := range []string{"GWLD0/LLN0.mine", "@mine"} {
			c.do("define", args{"ref": ref, "members": mine}, nil)
			check(ref, directory{mine, true})
			c.do("dataset", args{"ref": ref}, &values)
			got := values["array"].([]any)
			if d := cmp.Diff([]any{object{"float": 0.0}, object{"bool": false}}, got[:2]); d != "" {
				t.Errorf("%s: -want +got\n%s", ref, d)
			}
			c.refused("define", args{"ref": ref, "members": mine}, "OBJECT_EXISTS")
		}
		var names []string
		c.do("datasets", args{"domain": "GWLD0"}, &names)
		slices.Sort(names)
		if !slices.Equal(names, []string{"LLN0$Four", "LLN0$mine"}) {
			t.Errorf("data sets %q", names)
		}
		c.refused("define", args{"ref": "GWLD0/LLN0.bad", "members": []string{"GWLD0/GGIO1.Nope.stVal[ST]"}}, "OBJECT_UNDEFINED")
		for ref, want := range map[string]bool{"GWLD0/LLN0.mine": true, "@mine": true} {
			var got bool
			c.do("undefine", args{"ref": ref}, &got)
			if got != want {
				t.Errorf("%s: deleted %v", ref, got)
			}
		}
		if err := c.try("undefine", args{"ref": "GWLD0/LLN0.Four"}, nil); err != nil {
			t.Logf("the configured data set: %v", err)
		}
		check("GWLD0/LLN0.Four", directory{four, false})
		if err := c.try("members", args{"ref": "GWLD0/LLN0.mine"}, nil); err == nil {
			t.Error("the deleted data set is still there")
		}
	})
}
