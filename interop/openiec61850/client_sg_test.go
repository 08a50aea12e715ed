package openiec61850

import "testing"

// TestTheirSettingGroups: the library has no functions for setting groups, but reads and writes their control block and
// values as any others.
func TestTheirSettingGroups(t *testing.T) {
	theirClient(t, "setting-groups", func(c *theirs) {
		const active, edited = "GWLD0/PTOC1.StrVal.setMag.f[SG]", "GWLD0/PTOC1.StrVal.setMag.f[SE]"
		block := func(name string) string { return "GWLD0/LLN0.SGCB." + name + "[SP]" }
		set := func(ref string, v object) { c.Helper(); c.do("setDataValues", args{"ref": ref, "value": v}, nil) }
		c.want(block("NumOfSG"), object{"uint": 3.0})
		c.want(block("ActSG"), object{"uint": 1.0})
		c.want(active, object{"float": 1.5})
		c.refused("ServiceError", "setDataValues", args{"ref": edited, "value": object{"float": 9}}) // no group is edited
		set(block("EditSG"), object{"uint": 2})
		set(edited, object{"float": 2.5})
		c.want(edited, object{"float": 2.5})
		set(block("CnfEdit"), object{"bool": true})
		c.want(active, object{"float": 1.5}) // group 1 is in force still
		set(block("ActSG"), object{"uint": 2})
		c.want(active, object{"float": 2.5})
		c.refused("PARAMETER_VALUE_INCONSISTENT", "setDataValues", args{"ref": block("ActSG"), "value": object{"uint": 4}})
		set(block("ActSG"), object{"uint": 1})
		c.want(active, object{"float": 1.5})
	})
}
