package openiec61850

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/model"
)

// kinds are the library's names of the basic types that our station has. It makes an INT8 of an enumeration.
var kinds = map[model.Basic]string{
	model.BasicBool: "BOOLEAN", model.BasicInt16: "INT16", model.BasicInt32: "INT32", model.BasicInt8U: "INT8U",
	model.BasicInt16U: "INT16U", model.BasicInt32U: "INT32U", model.BasicFloat32: "FLOAT32", model.BasicEnum: "INT8",
	model.BasicQuality: "QUALITY", model.BasicTimestamp: "TIMESTAMP", model.BasicVisString255: "VISIBLE_STRING",
	model.BasicObjRef: "VISIBLE_STRING", model.BasicUnicode255: "UNICODE_STRING", model.BasicOctet64: "OCTET_STRING",
	model.BasicCheck: "CHECK",
}

// TestTheirBrowse: what the library has retrieved is the model that we serve.
func TestTheirBrowse(t *testing.T) {
	theirClient(t, "browse", func(c *theirs) {
		got, leaves := c.tree, 0
		for l := range c.s.Model.Walk() {
			fcs := []model.FC{l.Ref.FC}
			if l.Ref.FC == model.SE {
				fcs = []model.FC{model.SG, model.SE}
			}
			for _, fc := range fcs {
				l.Ref.FC = fc
				leaves++
				if kind := got.Leaves[l.Ref.String()]; kind == "" || kind != kinds[l.Type.Basic] {
					t.Errorf("%s: %q, want %q for %s", l.Ref, kind, kinds[l.Type.Basic], l.Type.Basic)
				}
				delete(got.Leaves, l.Ref.String())
			}
		}
		blocks := 0 // the rest belongs to control blocks
		for ref := range got.Leaves {
			r := mmssite.Ref(ref)
			if r.FC != model.BR && r.FC != model.RP && r.FC != model.SP {
				t.Errorf("%s[%s] is not in the model", ref, r.FC)
			}
			blocks++
		}
		if leaves < 200 || blocks < 4*12 {
			t.Errorf("%d leaves, %d of control blocks", leaves, blocks)
		}
		slices.Sort(got.URCBs)
		slices.Sort(got.BRCBs)
		if !slices.Equal(got.URCBs, []string{"GWLD0/LLN0.urcb01", "GWLD0/LLN0.urcb02"}) ||
			!slices.Equal(got.BRCBs, []string{"GWLD0/LLN0.brcb01", "GWLD0/LLN0.brcb02"}) {
			t.Errorf("control blocks %q %q", got.URCBs, got.BRCBs)
		}
		if d := cmp.Diff(map[string]dataSet{"GWLD0/LLN0.Four": {Members: four}}, got.DataSets); d != "" {
			t.Errorf("data sets: -want +got\n%s", d)
		}
	})
}

var four = []string{"GWLD0/GGIO1.AnIn1[MX]", "GWLD0/GGIO1.AnIn2.mag.f[MX]", "GWLD0/GGIO1.Ind1[ST]", "GWLD1/GGIO9.Ind1.stVal[ST]"}

func TestTheirRead(t *testing.T) {
	theirClient(t, "read", func(c *theirs) {
		c.stimulate("set GWLD0/GGIO1.AnIn1.mag.f[MX] float 2.5")
		var all int
		c.do("getAllDataValues", nil, &all)
		if all != len(c.tree.Leaves) {
			t.Errorf("%d values of %d", all, len(c.tree.Leaves))
		}
		for ref, want := range map[string]object{
			"GWLD0/GGIO1.AnIn1.mag.f[MX]": {"float": 2.5}, "GWLD0/GGIO1.SPCSO4.ctlModel[CF]": {"int": 4.0},
			"GWLD0/GGIO1.AnIn1.q[MX]": {"bits": "0000000000000"}, "GWLD0/LLN0.NamPlt.vendor[DC]": {"string": "Gridward"},
			"GWLD0/LLN0.brcb01.RptID[BR]": {"string": "buf"}, "GWLD0/PTOC1.StrVal.setMag.f[SG]": {"float": 1.5},
			"GWLD0/LLN0.urcb01.ConfRev[RP]": {"uint": 4.0},
		} {
			var got object
			c.do("kept", args{"ref": ref}, &got)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: -want +got\n%s", ref, d)
			}
		}
		c.stimulate("set GWLD0/GGIO1.AnIn1.mag.f[MX] float 3.5")
		c.want("GWLD0/GGIO1.AnIn1.mag[MX]", object{"struct": []any{object{"float": 3.5}}})
		c.want("GWLD0/LLN0.Beh.stVal[ST]", object{"int": 1.0})
		c.refused("", "getDataValues", args{"ref": "GWLD0/PTOC1.StrVal[SE]"}) // no group is edited
	})
}

func TestTheirWrite(t *testing.T) {
	theirClient(t, "write", func(c *theirs) {
		write := func(ref string, v object) args { return args{"ref": ref, "value": v} }
		const set1 = "GWLD0/GGIO1.Set1.setMag.f[SP]"
		c.do("setDataValues", write(set1, object{"float": 7.5}), nil)
		c.want(set1, object{"float": 7.5})
		c.do("setDataValues", write("GWLD0/GGIO1.Set1.setMag[SP]", object{"struct": []any{object{"float": 8.5}}}), nil)
		c.want(set1, object{"float": 8.5})
		c.do("setDataValues", write("GWLD0/LLN0.NamPlt.d[DC]", object{"string": "a description"}), nil)
		c.want("GWLD0/LLN0.NamPlt.d[DC]", object{"string": "a description"})
		c.do("setDataValues", write("GWLD0/GGIO1.ModeSet.setVal[SP]", object{"int": 2}), nil)
		c.refused("PARAMETER_VALUE_INCONSISTENT", "setDataValues", write("GWLD0/GGIO1.ModeSet.setVal[SP]", object{"int": 9}))
		c.want("GWLD0/GGIO1.ModeSet.setVal[SP]", object{"int": 2.0})
		c.refused("ACCESS_VIOLATION", "setDataValues", write("GWLD0/GGIO1.Set2.setMag.f[SP]", object{"float": 1}))
		c.refused("ACCESS_VIOLATION", "setDataValues", write("GWLD0/GGIO1.Ind1.stVal[ST]", object{"bool": true}))
	})
}

func TestTheirDataSets(t *testing.T) {
	theirClient(t, "data-sets", func(c *theirs) {
		values := func(ref string) (got []object) {
			t.Helper()
			c.do("getDataSetValues", args{"ref": ref}, &got)
			return got
		}
		if got := values("GWLD0/LLN0.Four"); len(got) != 4 || !cmp.Equal(got[3], object{"bool": false}) {
			t.Errorf("values %v", got)
		}
		mine := []string{"GWLD0/GGIO1.Set1.setMag.f[SP]", "GWLD0/GGIO1.Ind1.stVal[ST]"}
		for _, ref := range []string{"GWLD0/LLN0.mine", "@mine"} {
			c.do("createDataSet", args{"ref": ref, "members": mine}, nil)
			c.refused("", "createDataSet", args{"ref": ref, "members": mine})
			if d := cmp.Diff([]object{{"float": 0.0}, {"bool": false}}, values(ref)); d != "" {
				t.Errorf("%s: -want +got\n%s", ref, d)
			}
			var got []object
			c.do("setDataSetValues", args{"ref": ref, "values": []any{object{"float": 3.5}, object{"bool": true}}}, &got)
			if len(got) != 2 || !cmp.Equal(got[1], object{"error": 3.0}) { // a process value
				t.Errorf("%s: results %v", ref, got)
			}
			c.want(mine[0], object{"float": 3.5})
			c.do("setDataValues", args{"ref": mine[0], "value": object{"float": 0}}, nil)
		}
		var sets map[string]dataSet
		c.do("updateDataSets", nil, &sets)
		if d := cmp.Diff(dataSet{mine, true}, sets["GWLD0/LLN0.mine"]); d != "" {
			t.Errorf("data set: -want +got\n%s", d)
		}
		c.do("deleteDataSet", args{"ref": "GWLD0/LLN0.mine"}, nil)
		c.do("deleteDataSet", args{"ref": "@mine"}, nil)
		c.refused("", "deleteDataSet", args{"ref": "GWLD0/LLN0.Four"})
		c.do("updateDataSets", nil, &sets)
		if len(values("GWLD0/LLN0.Four")) != 4 {
			t.Error("the configured data set has gone")
		}
	})
}

func TestTheirFiles(t *testing.T) {
	theirClient(t, "files", func(c *theirs) {
		list := func(name string) (names []string) {
			t.Helper()
			var got [][]any
			c.do("files", args{"name": name}, &got)
			for _, f := range got {
				names = append(names, f[0].(string))
				if f[2].(float64) == 0 {
					t.Errorf("%s: no time", f[0])
				}
			}
			return names
		}
		if got := list(""); !slices.Contains(got, "readme.txt") {
			t.Errorf("files %q", got)
		}
		if got := list("COMTRADE"); !slices.Equal(got, []string{"COMTRADE/fault.dat"}) {
			t.Errorf("files %q", got)
		}
		for name, want := range map[string][]byte{"readme.txt": mmssite.Readme, "COMTRADE/fault.dat": mmssite.Fault} {
			var text string
			c.do("getFile", args{"name": name}, &text)
			if got, err := hex.DecodeString(text); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %d octets, want %d", name, len(got), len(want))
			}
		}
		c.refused("FILE_NONE_EXISTENT", "getFile", args{"name": "nope.txt"})
		c.refused("", "getFile", args{"name": "../outside"})
		c.do("deleteFile", args{"name": "readme.txt"}, nil)
		if got := list(""); slices.Contains(got, "readme.txt") {
			t.Errorf("files %q", got)
		}
		c.refused("FILE_NONE_EXISTENT", "deleteFile", args{"name": "readme.txt"})
	})
}
