package libiec61850

import (
	"testing"
)

func TestTheirSettingGroups(t *testing.T) {
	theirClient(t, "setting-groups", func(c *theirs) {
		write := func(ref, fc string, v object) args { return args{"ref": ref, "fc": fc, "value": v} }
		const sgcb, str, delay = "GWLD0/LLN0.SGCB", "GWLD0/PTOC1.StrVal.setMag.f", "GWLD0/PTOC1.OpDlTmms.setVal"
		c.want(sgcb+".NumOfSG", "SP", object{"uint": 3.0})
		c.want(sgcb+".ActSG", "SP", object{"uint": 1.0})
		c.want(str, "SG", object{"float": 1.5})
		c.want(str, "SE", object{"error": 2.0}) // nothing is edited
		c.refused("write", write(str, "SE", object{"float": 9}), "TEMPORARILY_UNAVAILABLE")
		c.refused("write", write(str, "SG", object{"float": 9}), "ACCESS_DENIED")
		c.do("write", write(sgcb+".EditSG", "SP", object{"uint": 2}), nil)
		c.do("write", write(str, "SE", object{"float": 2.5}), nil)
		c.do("write", write(delay, "SE", object{"int": 300}), nil)
		c.want(delay, "SE", object{"int": 300.0})
		c.do("write", write(sgcb+".CnfEdit", "SP", object{"bool": true}), nil)
		c.want(str, "SG", object{"float": 1.5})
		c.do("write", write(sgcb+".ActSG", "SP", object{"uint": 2}), nil)
		c.want(str, "SG", object{"float": 2.5})
		c.want(delay, "SG", object{"int": 300.0})
		c.refused("write", write(sgcb+".ActSG", "SP", object{"uint": 4}), "OBJECT_VALUE_INVALID")
		c.want(sgcb+".ActSG", "SP", object{"uint": 2.0})
	})
}

func TestTheirGoCB(t *testing.T) {
	theirClient(t, "gocb", func(c *theirs) {
		var got object
		c.do("gocb", args{"ref": "GWLD0/LLN0.gocb"}, &got)
		// It needs commissioning: the file gives it no address.
		for name, want := range map[string]any{"GoEna": false, "GoID": "GW/go", "DatSet": "GWLD0/LLN0$Four", "ConfRev": 2.0, "NdsComm": true} {
			if got[name] != want {
				t.Errorf("%s: %v, want %v", name, got[name], want)
			}
		}
		// The library's own function for setting the block ends its process.
		write := func(name string, v object) args {
			return args{"ref": "GWLD0/LLN0.gocb." + name, "fc": "GO", "value": v}
		}
		c.do("write", write("GoID", object{"string": "another"}), nil)
		c.want("GWLD0/LLN0.gocb.GoID", "GO", object{"string": "another"})
		if err := c.try("write", write("GoEna", object{"bool": true}), nil); err == nil {
			t.Error("GOOSE is published, by nobody")
		}
	})
}
