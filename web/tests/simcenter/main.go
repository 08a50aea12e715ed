// Command simcenter serves the dashboard over simulated DERs, without XMPP: for its tests, and for working on it.
//
//	go run ./web/tests/simcenter --listen 127.0.0.1:8080 --ders 8
//
// With --faults some DERs misbehave, each in its own way. It prints its address and ends when its standard input does.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/gridward/gridward/center/api"
	"github.com/gridward/gridward/center/dispatch"
	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/center/fleet/fleettest"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/web"
	"github.com/gridward/gridward/xmpp/jid"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address of the HTTP server")
	n := flag.Int("ders", 8, "number of DERs")
	faults := flag.Bool("faults", false, "let some DERs misbehave")
	flag.Parse()
	if err := run(*listen, *n, *faults); err != nil {
		fmt.Fprintln(os.Stderr, "simcenter:", err)
		os.Exit(1)
	}
}

func run(listen string, n int, faults bool) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	plant, entries := fleettest.Uniform(n, "plant.example")
	fl, err := fleet.New(fleet.Config{DERs: entries, Parallel: 100}, plant)
	if err != nil {
		return err
	}
	a := api.New(api.Config{Version: "simulated"}, fl)
	d := dispatch.New(dispatch.Config{OnChange: a.CommandChanged, Timeout: 20 * time.Second}, fl)
	defer d.Close()
	a.SetDispatcher(d)
	for _, e := range entries {
		plant.Device(e.JID).Delay = 400 * time.Millisecond
	}
	if faults && n >= 8 {
		plant.Device(entries[2].JID).Set(fleettest.Quality(model.Questionable | model.QOldData))
		plant.Device(entries[3].JID).Set(fleettest.Refuse(model.AddCauseBlockedByMode, false))
		plant.Device(entries[5].JID).Set(fleettest.Unwell(3))
		plant.RefuseAssociation(entries[6].JID, fmt.Errorf("associating: %w", mms.ErrRefused))
	}
	go func() { _ = fl.Run(ctx) }()
	go func() { _ = a.Run(ctx) }()
	for i, e := range entries {
		if !faults || i != 7 {
			fl.Available(jid.MustParse(e.JID + "/IEC"))
		}
	}
	ln, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: a.Handler(web.Files()), ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
		_ = srv.Close()
	}()
	fmt.Printf("http://%s/\n", ln.Addr())
	if err := srv.Serve(ln); err != http.ErrServerClosed {
		return err
	}
	return nil
}
