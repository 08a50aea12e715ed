// Package mmstcp carries MMS associations of IEC 61850-8-1 over TCP, or any other stream of octets: it drives the
// machines of packages osi and mms. What it gives is an mms.Association, over which packages acsi/client and acsi/server
// work as they do over XMPP. An association has no goroutines of its own: whoever receives reads, whoever sends writes.
//
// Dial and Client open associations, Serve and Server take them. A connection can be secured in between (Config.Secure).
//
//	l, err := tcp.Listen(ctx, ":102", tcp.Limits{})
//	err = mmstcp.Serve(ctx, l, cfg, func(ctx context.Context, a mms.Association) { _ = srv.Serve(ctx, a) })
//
//	a, err := mmstcp.Dial(ctx, "10.0.0.7:102", cfg)
//	c := client.New(a, client.Options{})
package mmstcp
