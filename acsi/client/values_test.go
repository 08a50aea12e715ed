package client_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// TestDiscover browses the server's model to equality, as far as MMS shows it.
func TestDiscover(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		want := testModel(t)
		got, err := s.client("hmi", client.Options{}).Discover(t.Context())
		noErr(t, err)
		if got.Vendor != "Gridward" || got.IEDType != "test" || got.ConfigRev != "1" {
			t.Errorf("identified as %q %q %q", got.Vendor, got.IEDType, got.ConfigRev)
		}
		leaves := 0
		for want := range want.Walk() {
			leaves++
			tg, ok := got.Find(want.Ref)
			if !ok {
				t.Errorf("%s is missing", want.Ref)
				continue
			}
			wk, ws := want.Type.Layout()
			gk, gs := tg.Type.Layout()
			if tg.FC != want.Ref.FC || wk != gk || ws != gs {
				t.Errorf("%s: FC %s, %v %d, want %v %d", want.Ref, tg.FC, gk, gs, wk, ws)
			}
		}
		n := 0
		for leaf := range got.Walk() {
			if leaf.Slot != n {
				t.Fatalf("%s has slot %d, is number %d", leaf.Ref, leaf.Slot, n)
			}
			n++
		}
		if n != leaves || n == 0 {
			t.Errorf("%d leaves, want %d", n, leaves)
		}
		for _, wd := range want.Devices {
			for _, wn := range wd.Nodes {
				d, _ := got.Device(wd.Name)
				gn, ok := d.Node(wn.Name())
				if !ok {
					t.Errorf("%s/%s is missing", wd.Name, wn.Name())
					continue
				}
				if gn.Class != wn.Class || gn.Prefix != wn.Prefix || gn.Inst != wn.Inst {
					t.Errorf("%s is %s %s %s", wn.Name(), gn.Prefix, gn.Class, gn.Inst)
				}
				compareBlocks(t, wn, gn)
			}
		}
	})
}

func compareBlocks(t *testing.T, want, got *model.LogicalNode) {
	t.Helper()
	for _, ds := range want.DataSets {
		g, ok := got.DataSet(ds.Name)
		if !ok {
			t.Errorf("data set %s is missing", ds.Name)
		} else if diff := cmp.Diff(ds.Members, g.Members); diff != "" {
			t.Errorf("data set %s: %s", ds.Name, diff)
		}
	}
	blocks := make(map[string]*model.ReportControl)
	for _, rc := range got.Reports {
		blocks[rc.Name] = rc
	}
	if len(blocks) != len(want.Reports) {
		t.Errorf("%d report control blocks, want %d", len(blocks), len(want.Reports))
	}
	for _, rc := range want.Reports {
		g := blocks[rc.Name]
		if g == nil {
			t.Errorf("report control block %s is missing", rc.Name)
			continue
		}
		if g.Buffered != rc.Buffered || g.DataSet != rc.DataSet || g.ConfRev != rc.ConfRev || g.Triggers != rc.Triggers || g.OptFields != rc.OptFields {
			t.Errorf("%s: %+v, want %+v", rc.Name, g, rc)
		}
	}
	if (want.SettingGroups == nil) != (got.SettingGroups == nil) {
		t.Errorf("setting groups %+v, want %+v", got.SettingGroups, want.SettingGroups)
	}
}

func TestRead(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		noErr(t, s.srv.Update(time.Now(), func(tx *server.Tx) {
			tx.Set(ref("TLD0/GGIO1.AnIn1.mag.f[MX]"), model.Float32(12.5))
			tx.Set(ref("TLD0/GGIO1.Ind1.stVal[ST]"), model.Bool(true))
			tx.Set(ref("TLD0/MHAI1.HA.phsAHar(2).mag.f[MX]"), model.Float32(3))
		}))
		c := s.client("hmi", client.Options{})
		rs, err := c.Read(t.Context(),
			ref("TLD0/GGIO1.AnIn1.mag.f[MX]"), ref("TLD0/GGIO1.Ind1.stVal[ST]"), ref("TLD0/GGIO1.Nope[ST]"),
			ref("TLD0/GGIO1.AnIn1"), ref("TLD0/MHAI1.HA.phsAHar(2).mag.f[MX]"), ref("TLD0/GGIO1.AnIn1[MX]"), ref("TLD0/MHAI1.HA.phsAHar(9)[MX]"))
		noErr(t, err)
		for i, want := range map[int]model.Value{0: model.Float32(12.5), 1: model.Bool(true), 4: model.Float32(3)} {
			if rs[i].Err != nil || !rs[i].Value.Equal(want) {
				t.Errorf("%d: %+v, want %+v", i, rs[i], want)
			}
		}
		wantErr(t, "unknown object", rs[2].Err, mms.ObjectNonExistent)
		wantErr(t, "no functional constraint", rs[3].Err, client.ErrNoFC)
		if v := rs[5].Value; v.Len() != 3 || !v.At(0).At(0).Equal(model.Float32(12.5)) {
			t.Errorf("structure: %+v", rs[5])
		}
		if rs[6].Err == nil {
			t.Errorf("element 9 of 4: %+v", rs[6])
		}
		whole, err := c.ReadOne(t.Context(), ref("TLD0/GGIO1[MX]"))
		noErr(t, err)
		node, err := c.ReadOne(t.Context(), ref("TLD0/GGIO1"))
		noErr(t, err)
		if whole.Len() != 3 || node.Len() < 5 {
			t.Errorf("GGIO1$MX has %d members, GGIO1 %d", whole.Len(), node.Len())
		}
	})
}

// TestReadEveryLeaf reads more variables than fit into one request.
func TestReadEveryLeaf(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		var refs []model.Ref
		for l := range testModel(t).Walk() {
			refs = append(refs, l.Ref)
		}
		rs, err := s.client("hmi", client.Options{MaxVariables: 30}).Read(t.Context(), refs...)
		noErr(t, err)
		for i, r := range rs {
			if r.Err != nil {
				t.Errorf("%s: %v", refs[i], r.Err)
				continue
			}
			want, err := s.srv.Get(refs[i])
			if err != nil || !want.Equal(r.Value) {
				t.Errorf("%s: %+v, want %+v, %v", refs[i], r.Value, want, err)
			}
		}
	})
}

// TestReadTooLarge takes apart what does not fit, down to members of structures.
func TestReadTooLarge(t *testing.T) {
	over(t, &direct{codec: berCodec, params: mms.Params{MaxPDU: 200}}, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		refs := []model.Ref{ref("TLD0/GGIO1[CF]"), ref("TLD0/GGIO1.SPCSO1[CF]"), ref("TLD0/GGIO1.AnIn1[MX]")}
		rs, err := c.Read(t.Context(), refs...)
		noErr(t, err)
		for i, r := range rs {
			want, err := s.srv.Get(refs[i])
			if r.Err != nil || err != nil || !want.Equal(r.Value) {
				t.Errorf("%s: %+v, want %+v, %v", refs[i], r, want, err)
			}
		}
	})
	over(t, &direct{codec: berCodec, params: mms.Params{MaxPDU: 90}}, func(t *testing.T, s *site) {
		_, err := s.client("hmi", client.Options{}).ReadOne(t.Context(), ref("TLD0/GGIO1[CF]"))
		if err == nil {
			t.Error("no error where even the type does not fit")
		}
	})
}

func TestWrite(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		set1, set2 := ref("TLD0/GGIO1.Set1.setMag.f[SP]"), ref("TLD0/GGIO1.Set2.setMag.f[SP]")
		noErr(t, c.Write(t.Context(), set1, model.Float32(7)))
		if v, err := s.srv.Get(set1); err != nil || !v.Equal(model.Float32(7)) {
			t.Errorf("the server has %+v, %v", v, err)
		}
		wantErr(t, "read-only set point", c.Write(t.Context(), set2, model.Float32(7)), mms.ObjectAccessDenied)
		wantErr(t, "wrong type", c.Write(t.Context(), set1, model.Bool(true)), mms.TypeInconsistent)
		wantErr(t, "unknown", c.Write(t.Context(), ref("TLD0/GGIO1.Set9.setMag.f[SP]"), model.Float32(7)), mms.ObjectNonExistent)
		errs, err := c.WriteMany(t.Context(), []model.Ref{set1, set2, set1}, []model.Value{model.Float32(1), model.Float32(2), model.Float32(3)})
		noErr(t, err)
		if errs[0] != nil || errs[1] == nil || errs[2] != nil {
			t.Errorf("results %v", errs)
		}
		if v, _ := s.srv.Get(set1); !v.Equal(model.Float32(3)) {
			t.Errorf("the server has %+v", v)
		}
	})
}

func TestDataSets(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		fixed := ref("TLD0/LLN0.Four")
		members, deletable, err := c.DataSetDirectory(t.Context(), fixed)
		noErr(t, err)
		if len(members) != 4 || deletable {
			t.Errorf("members %v, deletable %v", members, deletable)
		}
		rs, err := c.ReadDataSet(t.Context(), fixed)
		noErr(t, err)
		for i := range rs {
			want, err := s.srv.Get(members[i])
			if rs[i].Err != nil || err != nil || !want.Equal(rs[i].Value) {
				t.Errorf("%s: %+v, want %+v, %v", members[i], rs[i], want, err)
			}
		}
		for _, mine := range []model.Ref{ref("TLD0/LLN0.mine"), {Path: "mine"}} {
			want := []model.Ref{ref("TLD0/GGIO1.Ind1.stVal[ST]"), ref("TLD0/MHAI1.HA.phsAHar(1)[MX]")}
			noErr(t, c.DefineDataSet(t.Context(), mine, want...))
			got, deletable, err := c.DataSetDirectory(t.Context(), mine)
			noErr(t, err)
			if diff := cmp.Diff(want, got); diff != "" || !deletable {
				t.Errorf("deletable %v, %s", deletable, diff)
			}
			noErr(t, c.DeleteDataSet(t.Context(), mine))
			if _, _, err := c.DataSetDirectory(t.Context(), mine); err == nil {
				t.Errorf("%s is still there", mine)
			}
		}
		if err := c.DeleteDataSet(t.Context(), fixed); err == nil {
			t.Error("a configured data set was deleted")
		}
		if err := c.DefineDataSet(t.Context(), ref("TLD0/LLN0.bad"), ref("TLD0/GGIO1.Nope[ST]")); err == nil {
			t.Error("a data set of nothing was defined")
		}
	})
}

func TestLeaves(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		noErr(t, s.srv.Update(time.Now(), func(tx *server.Tx) { tx.Set(ref("TLD0/GGIO1.AnIn1.mag.f[MX]"), model.Float32(4)) }))
		c := s.client("hmi", client.Options{})
		srv, err := c.Discover(t.Context())
		noErr(t, err)
		for _, r := range []string{"TLD0/GGIO1.AnIn1[MX]", "TLD0/GGIO1.AnIn1.mag[MX]", "TLD0/GGIO1.AnIn1.mag.f[MX]", "TLD0/MHAI1.HA[MX]", "TLD0/GGIO1.SPCSO1[CF]"} {
			v, err := c.ReadOne(t.Context(), ref(r))
			noErr(t, err)
			n := 0
			for leaf, got := range client.Leaves(srv, ref(r), v) {
				n++
				want, err := s.srv.Get(leaf)
				if err != nil || !want.Equal(got) {
					t.Errorf("%s of %s: %+v, want %+v, %v", leaf, r, got, want, err)
				}
			}
			if n == 0 {
				t.Errorf("%s has no leaves", r)
			}
			for leaf := range client.Leaves(srv, ref(r), model.Struct(v)) {
				t.Errorf("%s of %s: a value of another shape has leaves", leaf, r)
			}
		}
	})
}

// TestManyAtOnce: more readers than requests may be outstanding, each gets its own value.
func TestManyAtOnce(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		refs := []model.Ref{
			ref("TLD0/GGIO1.AnIn1.mag.f[MX]"), ref("TLD0/GGIO1.AnIn2.mag.f[MX]"), ref("TLD0/GGIO1.Set1.setMag.f[SP]"),
			ref("TLD0/GGIO1.AnOut1.mxVal.f[MX]"), ref("TLD0/MHAI1.HA.phsAHar(0).mag.f[MX]"), ref("TLD0/MHAI1.HA.phsAHar(3).ang.f[MX]"),
		}
		noErr(t, s.srv.Update(time.Now(), func(tx *server.Tx) {
			for i, r := range refs {
				tx.Set(r, model.Float32(float32(i)))
			}
		}))
		c := s.client("hmi", client.Options{})
		var wg sync.WaitGroup
		for i := range 2 * len(refs) {
			wg.Go(func() {
				for range 100 {
					i := i % len(refs)
					if v, err := c.ReadOne(t.Context(), refs[i]); err != nil || !v.Equal(model.Float32(float32(i))) {
						t.Errorf("%s: %+v, %v", refs[i], v, err)
						return
					}
				}
			})
		}
		wg.Wait()
		if n := c.Counters().LateAnswers; n != 0 {
			t.Errorf("%d late answers", n)
		}
	})
}
