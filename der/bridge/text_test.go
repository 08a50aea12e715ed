package bridge

import (
	"testing"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// TestTextOfOldDevices: text in ISO 8859-1 reaches the client in UTF-8; what cannot be repaired costs one answer, not the
// association.
func TestTextOfOldDevices(t *testing.T) {
	played(t, Config{}, func(t *testing.T, g *rig, a, device *mmstest.End) {
		c := client.New(a, client.Options{})
		text := model.Array(model.Struct(model.Visible("20 \xb0C"), model.Unicode("M\xfcller"), model.Unicode("a\ufffe"), model.Visible("plain")))
		want := model.Array(model.Struct(model.Visible("20 °C"), model.Unicode("Müller"), model.Unicode("a\ufffd"), model.Visible("plain")))
		go func() {
			answer(g, device, g.asked(device), &mms.ReadResponse{Results: []mms.AccessResult{{Value: text}}})
			answer(g, device, g.asked(device), &mms.IdentifyResponse{Vendor: "M\xfcller"})
			answer(g, device, g.asked(device), &mms.FileDirectoryResponse{Entries: []mms.DirectoryEntry{{Name: mms.FileName{"M\xfcller"}}}})
			noErr(t, device.Send(&mms.Unconfirmed{Service: &mms.InformationReport{
				Access: mms.VariableAccess{NamedList: true, ListName: mms.ObjectName{Item: "\xfc"}}, Results: []mms.AccessResult{{Value: text}},
			}}))
			answer(g, device, g.asked(device), &mms.IdentifyResponse{Vendor: "v"})
		}()
		if v, err := c.ReadOne(t.Context(), ref("TLD0/GGIO1.Ind1.d[DC]")); err != nil || !v.Equal(want) {
			t.Errorf("read %v, %v, want %v", v, err, want)
		}
		if who, err := c.Identify(t.Context()); err != nil || who.Vendor != "Müller" {
			t.Errorf("identify: %+v, %v", who, err)
		}
		if _, err := c.FileDirectory(t.Context(), ""); err == nil {
			t.Error("a name that cannot be told was told")
		}
		if _, err := c.Identify(t.Context()); err != nil {
			t.Errorf("the association ended: %v", err)
		}
		if n := len(happened[Illegible](g)); n != 2 {
			t.Errorf("%d events, want 2", n)
		}
		c.Close()
		<-c.Done()
	})
}
