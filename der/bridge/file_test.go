package bridge

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/store/files"
)

// longName takes more than one item over 8-2, and one over 8-1.
var longName = "COMTRADE/" + strings.Repeat("a-very-long-name-", 6) + ".cfg"

func TestFilesBothWays(t *testing.T) {
	store, err := files.Open(t.TempDir(), files.Options{})
	noErr(t, err)
	defer func() { noErr(t, store.Close()) }()
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		g.serveFiles(store)
		c := g.client("center@grid.example/IEC")
		content := strings.Repeat("station,device,1999\r\n", 2000)
		noErr(t, c.SetFile(t.Context(), longName, client.Source{Reader: strings.NewReader(content), Size: int64(len(content))}))
		if got := reached[*mms.ObtainFile](g); len(got) != 1 || len(got[0].Destination) != 1 || got[0].Destination[0] != longName {
			t.Errorf("the device was asked to obtain %+v", got)
		}
		list, err := c.FileDirectory(t.Context(), "COMTRADE")
		noErr(t, err)
		if len(list) != 1 || list[0].Name != longName || int(list[0].Size) != len(content) {
			t.Errorf("directory: %+v", list)
		}
		var b bytes.Buffer
		_, err = c.GetFile(t.Context(), longName, &b, nil)
		noErr(t, err)
		if b.String() != content {
			t.Errorf("%d octets came back, want %d", b.Len(), len(content))
		}
		noErr(t, c.RenameFile(t.Context(), longName, "COMTRADE/short.cfg"))
		noErr(t, c.DeleteFile(t.Context(), "COMTRADE/short.cfg"))
		var refused *mms.ServiceError
		if _, err = c.GetFile(t.Context(), "COMTRADE/short.cfg", io.Discard, nil); !errors.As(err, &refused) || refused.Code != mms.FileNonExistent {
			t.Errorf("a deleted file: %v", err)
		}
		var services []string
		for _, r := range g.audited() {
			services = append(services, r.Service+" "+r.Ref.Path)
		}
		want := []string{"obtainFile /" + longName, "fileRename /" + longName, "fileDelete /COMTRADE/short.cfg"}
		if strings.Join(services, "\n") != strings.Join(want, "\n") {
			t.Errorf("audit has %q, want %q", services, want)
		}
	})
}

func TestNobodyIsReadUnasked(t *testing.T) {
	bridged(t, Config{}, func(t *testing.T, g *rig) {
		client, bridgeEnd := mmstest.Pipe(mms.Params{})
		near, device := mmstest.Pipe(mms.Params{})
		go func() { _ = newRelay(g.bridge, bridgeEnd, near).run(g.ctx) }() // ends with the test
		if e, ok := g.ask(device, 9, &mms.FileOpen{Name: mms.FileName{"/etc/passwd"}}).(*mms.ConfirmedError); !ok || e.Error.Class != mms.ErrFile || e.Error.Code != mms.FileAccessDenied {
			t.Errorf("an unasked fileOpen: %+v", e)
		}
		if e, ok := g.ask(device, 10, &mms.Identify{}).(*mms.Reject); !ok || e.Reason.Code != mms.RejectUnrecognizedService {
			t.Errorf("an identify of the device: %+v", e)
		}
		client.Abort(nil)
	})
}

func TestNamesDoNotClimb(t *testing.T) {
	bridged(t, Config{Authorizer: deny(server.RightSecurity, anything)}, func(t *testing.T, g *rig) {
		a := g.associate("center@grid.example/IEC")
		for i, name := range []string{"../x", "COMTRADE/../x", `COMTRADE\..\x`, "..", "a/.."} {
			p := g.ask(a, uint32(i+1), &mms.FileOpen{Name: mms.FileName{name}})
			if e, ok := p.(*mms.ConfirmedError); !ok || e.Error.Class != mms.ErrFile || e.Error.Code != mms.FileAccessDenied {
				t.Errorf("%q: %+v", name, p)
			}
		}
		if n := deviceHeard(g); n != 0 {
			t.Errorf("%d requests reached the device", n)
		}
		a.Abort(nil)
	})
}

// TestFileInOtherWords: Authorizer is asked about a file by one name, whichever way the client writes it.
func TestFileInOtherWords(t *testing.T) {
	authorizer := deny(server.RightFileRead, func(r model.Ref) bool { return r.Path == "/secret/x" })
	bridged(t, Config{Authorizer: authorizer}, func(t *testing.T, g *rig) {
		a := g.associate("center@grid.example/IEC")
		for i, name := range []mms.FileName{
			{"secret/x"}, {"/secret/x"}, {"./secret/x"}, {"secret//x"}, {"secret/./x"}, {"secret", "x"}, {`secret\x`}, {"secret/x/"}, {"secret/x\x00.txt"}, {"a/../secret/x"},
		} {
			p := g.ask(a, uint32(i+1), &mms.FileOpen{Name: name})
			if e, ok := p.(*mms.ConfirmedError); !ok || e.Error.Class != mms.ErrFile || e.Error.Code != mms.FileAccessDenied {
				t.Errorf("%q: %+v", name, p)
			}
		}
		if n := deviceHeard(g); n != 0 {
			t.Errorf("%d requests reached the device", n)
		}
		a.Abort(nil)
	})
}
