package scl

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/model"
)

func plant(t testing.TB) *File {
	t.Helper()
	data, err := os.ReadFile("testdata/plant.scd")
	if err != nil {
		t.Fatal(err)
	}
	f, err := Parse("plant.scd", data, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func plantServer(t testing.TB) *model.Server {
	t.Helper()
	srv, err := plant(t).Server("DER1", "AP1")
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

func TestServerTree(t *testing.T) {
	srv := plantServer(t)
	var names []string
	for _, d := range srv.Devices {
		for _, n := range d.Nodes {
			names = append(names, d.Name+"/"+n.Name())
		}
	}
	want := []string{"DER1LD0/LLN0", "DER1LD0/MMXU1", "DER1LD0/pvDWMX1", "Meter/LLN0"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	if srv.Vendor != "Gridward" || srv.ConfigRev != "7" || srv.IEDType != "PV" {
		t.Errorf("identity: %+v", srv)
	}
	want = []string{
		"DER1LD0/LLN0.Mod.stVal[ST]", "DER1LD0/LLN0.Mod.q[ST]", "DER1LD0/LLN0.Mod.t[ST]", "DER1LD0/LLN0.Mod.ctlModel[CF]",
		"DER1LD0/LLN0.Mod.Oper.ctlVal[CO]", "DER1LD0/LLN0.Mod.Oper.origin.orCat[CO]",
	}
	i := 0
	for l := range srv.Walk() {
		if l.Slot != i {
			t.Fatalf("%s: slot %d, want %d", l.Ref, l.Slot, i)
		}
		if i < len(want) && l.Ref.String() != want[i] {
			t.Errorf("leaf %d: %s, want %s", i, l.Ref, want[i])
		}
		i++
	}
	if i != len(srv.Initial) {
		t.Errorf("%d leaves, %d initial values", i, len(srv.Initial))
	}
}

func TestServerSharesTypes(t *testing.T) {
	srv := plantServer(t)
	a, _ := srv.Find(model.Ref{LDevice: "DER1LD0", LN: "MMXU1", Path: "Beh"})
	b, _ := srv.Find(model.Ref{LDevice: "Meter", LN: "LLN0", Path: "Beh"})
	if a.Type == nil || a.Type != b.Type {
		t.Error("two instances of one DOType do not share a type")
	}
}

func TestServerInitial(t *testing.T) {
	srv := plantServer(t)
	tests := []struct {
		ref  string
		want model.Value
	}{
		{"DER1LD0/LLN0.Mod.ctlModel[CF]", model.Int(3)}, // DAI over the template's Val
		{"Meter/LLN0.Mod.ctlModel[CF]", model.Int(0)},   // the template's Val
		{"DER1LD0/LLN0.Mod.stVal[ST]", model.Int(1)},    // 0 is not in the enumeration
		{"DER1LD0/LLN0.NamPlt.vendor[DC]", model.Visible("Gridward")},
		{"DER1LD0/LLN0.NamPlt.swRev[DC]", model.Visible("")},
		{"DER1LD0/MMXU1.TotW.mag.f[MX]", model.Float32(1.5)},
		{"DER1LD0/MMXU1.TotW.q[MX]", model.QualityValue(model.Invalid | model.QOldData)},
		{"DER1LD0/MMXU1.TotW.units.SIUnit[CF]", model.Int(38)},
		{"DER1LD0/MMXU1.HaA.harm(1)[MX]", model.Float32(0)},
		{"DER1LD0/MMXU1.HaA.harm(2)[MX]", model.Float32(0.25)},
		{"DER1LD0/pvDWMX1.WMaxSpt.setMag.f[SG]", model.Float32(20)}, // group 2 is active
		{"DER1LD0/LLN0.Mod.Oper.Check[CO]", model.Bits(0, 2)},
		{"DER1LD0/LLN0.Mod.t[ST]", model.Time(0)},
	}
	for _, tt := range tests {
		r, err := model.ParseRef(tt.ref)
		if err != nil {
			t.Fatal(err)
		}
		target, ok := srv.Find(r)
		if !ok {
			t.Errorf("%s: not found", tt.ref)
			continue
		}
		if got := srv.Initial[target.Slot]; !got.Equal(tt.want) {
			t.Errorf("%s: %v, want %v", tt.ref, got, tt.want)
		}
	}
	target, _ := srv.Find(model.Ref{LDevice: "DER1LD0", LN: "pvDWMX1", Path: "WMaxSpt.setMag.f", FC: model.SG})
	if g := srv.Groups[target.Slot]; len(g) != 2 || !g[0].Equal(model.Float32(10)) || !g[1].Equal(model.Float32(20)) {
		t.Errorf("setting groups: %v", g)
	}
	mx, _ := srv.Find(model.Ref{LDevice: "DER1LD0", LN: "MMXU1", Path: "TotW"})
	if mx.Object.SAddr["mag.f"] != "pv.power" || mx.Object.ValKind["mag.f"] != "RO" || mx.Object.Desc != "active power" {
		t.Errorf("DAI attributes: %+v", mx.Object)
	}
	unit, _ := srv.Find(model.Ref{LDevice: "DER1LD0", LN: "MMXU1", Path: "TotW.units.SIUnit"})
	if kind, bits := unit.Type.Layout(); kind != model.KindInt || bits != 16 {
		t.Errorf("an enumeration up to 300 travels as %v of %d bits", kind, bits)
	}
}

func TestServerDataSets(t *testing.T) {
	srv := plantServer(t)
	ds, ok := srv.Devices[0].Nodes[0].DataSet("meas")
	if !ok {
		t.Fatal("no data set")
	}
	var got []string
	for _, m := range ds.Members {
		got = append(got, m.String())
	}
	want := []string{
		"DER1LD0/MMXU1.TotW[MX]", "DER1LD0/MMXU1.A.phsA.cVal.mag.f[MX]", "DER1LD0/MMXU1.HaA.harm(2)[MX]", "DER1LD0/LLN0.Mod.stVal[ST]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var leaves []string
	target, _ := srv.Find(ds.Members[0])
	for l := range target.Leaves(ds.Members[0], model.MX) {
		leaves = append(leaves, l.Ref.Path)
		if l.Ref.Path == "TotW.mag.f" && l.Trigger != model.TrgDataChange {
			t.Errorf("mag.f inherits triggers %b", l.Trigger)
		}
	}
	if diff := cmp.Diff([]string{"TotW.mag.f", "TotW.q", "TotW.t"}, leaves); diff != "" {
		t.Error(diff)
	}
}

func TestServerControlBlocks(t *testing.T) {
	n := plantServer(t).Devices[0].Nodes[0]
	urcb := model.ReportControl{
		Name: "urcb01", RptID: "u", DataSet: "meas", ConfRev: 3, Owner: "CENTER",
		OptFields: model.OptSeqNum | model.OptTimeStamp | model.OptReasonCode | model.OptDataSet | model.OptConfRev | model.OptBufOvfl,
		Triggers:  model.TrgDataChange | model.TrgQualityChange | model.TrgIntegrity | model.TrgGI,

		BufferTime: 100 * time.Millisecond, IntegrityPd: 5 * time.Second,
	}
	second, third := urcb, urcb
	second.Name, second.Owner, third.Name, third.Owner = "urcb02", "", "urcb03", ""
	want := []*model.ReportControl{&urcb, &second, &third, {
		Name: "brcb", DataSet: "meas", Buffered: true, ConfRev: 1, OptFields: model.OptEntryID, Triggers: model.TrgDataChange,
	}}
	if diff := cmp.Diff(want, n.Reports); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]*model.LogControl{{
		Name: "lcb", Log: "log", DataSet: "meas", ReasonCode: true, Triggers: model.TrgGI, IntegrityPd: time.Minute,
	}}, n.Logs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]*model.GooseControl{{
		Name: "gcb1", ID: "DER1/gcb1", DataSet: "meas", ConfRev: 5, FixedOffs: true,
		MinTime: 4 * time.Millisecond, MaxTime: time.Second,
		Address: model.MulticastAddress{MAC: [6]byte{1, 0x0c, 0xcd, 1, 0, 0x10}, AppID: 0x3001, VLAN: 10, Priority: 4, Set: true},
	}}, n.Goose); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]*model.SampledValueControl{{
		Name: "sv1", ID: "sv", DataSet: "meas", ConfRev: 1, Multicast: true, SmpRate: 4800, SmpMod: "SmpPerSec", NoASDU: 2,
		RefreshTime: true, SampleRate: true, SampleSynchronized: true,
		Address: model.MulticastAddress{MAC: [6]byte{1, 0x0c, 0xcd, 4, 0, 1}, AppID: 0x4000, Set: true},
	}}, n.Samples); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(&model.SettingControl{NumOfSG: 2, ActSG: 2, ResvTms: 30}, n.SettingGroups); diff != "" {
		t.Error(diff)
	}
}

func TestServices(t *testing.T) {
	want := model.Services{
		MaxDataSets: 10, MaxDataSetMembers: 50, ConfDataSets: 4, ConfDataSetMembers: 20, MaxReports: 8, BufferedConf: true,
		RptIDWrite: true, OptFieldsWrite: true, BufTimeWrite: true, TriggerWrite: true, IntegrityPeriodWrite: true,
		OwnerAttribute: true, ReserveTime: true, FileHandling: true, NameLength: 64,
	}
	if diff := cmp.Diff(want, plantServer(t).Services); diff != "" {
		t.Error(diff)
	}
}

func TestServerChoice(t *testing.T) {
	f := plant(t)
	if srv, err := f.Server("DER1", ""); err != nil || srv.AccessPoint != "AP1" {
		t.Errorf("the access point that has the server: %v", err)
	}
	srv, err := f.Server("DER1", "AP2")
	if err != nil {
		t.Fatal(err)
	}
	if len(srv.Devices) != 2 || srv.Devices[0].Nodes[0].Goose[0].Address.Set {
		t.Error("ServerAt shows the same devices, and has addresses of its own")
	}
	for _, tt := range []struct {
		ied, ap string
		want    error
		hint    string
	}{
		{"", "", ErrNotFound, "DER1, CENTER"},
		{"DER9", "", ErrNotFound, "DER1, CENTER"},
		{"DER1", "AP9", ErrNotFound, "AP1, AP2"},
		{"CENTER", "", ErrNoServer, ""},
		{"CENTER", "AP1", ErrNoServer, ""},
	} {
		_, err := f.Server(tt.ied, tt.ap)
		var p *Problem
		if !errors.Is(err, tt.want) || !errors.As(err, &p) || !strings.Contains(p.Hint, tt.hint) {
			t.Errorf("%s/%s: %v", tt.ied, tt.ap, err)
		}
	}
}

func TestCommunication(t *testing.T) {
	f := plant(t)
	aps := f.Communication.Find("DER1", "AP1")
	if len(aps) != 1 {
		t.Fatalf("%d access points", len(aps))
	}
	a := aps[0].Address
	if a.JID() != "der1@vpp.example" || a.IP() != "192.0.2.1" {
		t.Errorf("JID %q, IP %q", a.JID(), a.IP())
	}
	if b, ok := a.Selector("OSI-TSEL"); !ok || string(b) != "\x00\x01" {
		t.Errorf("TSEL %x", b)
	}
	if arcs, ok := a.APTitle(); !ok || !cmp.Equal(arcs, []uint32{1, 3, 9999, 23}) {
		t.Errorf("AP title %v", arcs)
	}
	if jid, ok := f.Communication.Client("CENTER", "JID"); !ok || jid != "center@vpp.example" {
		t.Errorf("client %q", jid)
	}
}

// TestServerConcurrently is for the race detector: one File serves many callers.
func TestServerConcurrently(t *testing.T) {
	f := plant(t)
	var wg sync.WaitGroup
	servers := make([]*model.Server, 8)
	for i := range servers {
		wg.Go(func() {
			if i%2 == 0 {
				Check(f)
			}
			srv, err := f.Server("DER1", "AP1")
			if err != nil {
				t.Error(err)
				return
			}
			servers[i] = srv
		})
	}
	wg.Wait()
	for _, s := range servers[1:] {
		if s == nil || s.Devices[0].Nodes[0].Objects[0].Type != servers[0].Devices[0].Nodes[0].Objects[0].Type {
			t.Fatal("types are not shared")
		}
		if &s.Initial[0] == &servers[0].Initial[0] {
			t.Fatal("initial values are shared")
		}
	}
}
