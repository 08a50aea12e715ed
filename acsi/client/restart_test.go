package client_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/scl"
	"github.com/gridward/gridward/store"
)

// TestSettingsOnDisk: over TCP, with the real store. What was confirmed before the server stopped is there when another
// one starts on the same file; what was only edited is not.
func TestSettingsOnDisk(t *testing.T) {
	b, err := os.ReadFile("../server/testdata/services.icd")
	noErr(t, err)
	f, err := scl.Parse("services.icd", b, scl.Limits{})
	noErr(t, err)
	file := filepath.Join(t.TempDir(), "station.db")
	strVal := ref("TLD0/PTOC1.StrVal.setMag.f")
	life := func(use func(g *client.SettingGroups)) {
		m, err := f.Server("T", "AP")
		noErr(t, err)
		db, err := store.Open(file, store.Options{})
		noErr(t, err)
		srv, err := server.New(server.Config{Model: m, Settings: db})
		noErr(t, err)
		known := &acse.InsecurePassword{Password: "secret", Principal: principal("engineer")}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		noErr(t, err)
		served := make(chan error, 1)
		go func() {
			conn, err := ln.Accept()
			if err != nil {
				served <- err
				return
			}
			a, err := mmstcp.Server(t.Context(), conn, mmstcp.Config{OSI: osi.Config{Authenticator: known}})
			if err != nil {
				served <- err
				return
			}
			served <- srv.Serve(t.Context(), a)
		}()
		conn, err := net.Dial("tcp", ln.Addr().String())
		noErr(t, err)
		a, err := mmstcp.Client(t.Context(), conn, mmstcp.Config{OSI: osi.Config{Authenticator: known}})
		noErr(t, err)
		c := client.New(a, client.Options{})
		g, err := c.SettingGroups(t.Context(), model.Ref{LDevice: "TLD0"})
		noErr(t, err)
		use(g)
		noErr(t, c.Release(t.Context()))
		noErr(t, <-served)
		noErr(t, ln.Close())
		srv.Close()
		noErr(t, db.Close())
	}
	edit := func(g *client.SettingGroups, group uint8, f float32) {
		noErr(t, g.SelectEdit(t.Context(), group))
		errs, err := g.SetEditValues(t.Context(), []model.Ref{strVal}, []model.Value{model.Float32(f)})
		noErr(t, err)
		noErr(t, errs[0])
	}
	var activated model.Timestamp
	life(func(g *client.SettingGroups) {
		edit(g, 1, 111)
		noErr(t, g.Confirm(t.Context()))
		noErr(t, g.SelectActive(t.Context(), 1))
		now, err := g.Refresh(t.Context())
		noErr(t, err)
		activated = now.LActTm
		edit(g, 1, -1)
	})
	life(func(g *client.SettingGroups) {
		now := g.Block()
		if now.ActSG != 1 || now.EditSG != 0 || now.LActTm.Time().Sub(activated.Time()).Abs() > 1e6 {
			t.Errorf("after the restart %+v, activated at %s", now, activated)
		}
		rs, err := g.GetActiveValues(t.Context(), strVal)
		noErr(t, err)
		if !rs[0].Value.Equal(model.Float32(111)) {
			t.Errorf("after the restart %+v", rs[0])
		}
	})
}
