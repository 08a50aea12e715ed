package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/gridward/gridward/der/bridge"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/mmsbinding"
)

// derBridge is the section bridge of der.yaml: an existing device takes the place of the simulated one.
type derBridge struct {
	Device       string        `yaml:"device"`        // mms://HOST[:PORT], or mmss:// with TLS
	Associations int           `yaml:"associations"`  // that the device bears at once; 0: 4
	Probe        time.Duration `yaml:"probe"`         // how often the device is looked at; 0: 1 min
	Timeout      time.Duration `yaml:"timeout"`       // of the device for an answer; 0: 30 s
	TLS          tlsFiles      `yaml:"tls"`           // for mmss
	ServerName   string        `yaml:"server_name"`   // in the device's certificate; default: the host
	PasswordFile string        `yaml:"password_file"` // ACSE password
	TSEL         string        `yaml:"tsel"`
	SSEL         string        `yaml:"ssel"`
	PSEL         string        `yaml:"psel"`
	APTitle      string        `yaml:"ap_title"`
	AEQualifier  string        `yaml:"ae_qualifier"`
}

// maxXER is the largest PDU that a bridge offers to bear in XER: what a device says in one PDU of BER becomes long.
const maxXER = 180_000

// dialer makes associations with the device.
func (d *derBridge) dialer(service *serviceFlags) (func(context.Context, int) (mms.Association, error), error) {
	bad := func(key string, err error) (func(context.Context, int) (mms.Association, error), error) {
		return nil, cli.Usage(fmt.Errorf("%s: bridge.%s: %w", service.config, key, err), "for example device: mms://192.0.2.7")
	}
	if d.Probe < 0 {
		return bad("probe", fmt.Errorf("%v is no interval", d.Probe))
	}
	target, err := parseMMSTarget(d.Device)
	if err != nil {
		return bad("device", err)
	}
	if target.overXMPP() {
		return bad("device", errors.New("a device of IEC 61850-8-1 has a TCP address"))
	}
	f := &mmsFlags{
		timeout: 10 * time.Second, serverName: d.ServerName, passFile: service.path(d.PasswordFile),
		cert: service.path(d.TLS.Cert), key: service.path(d.TLS.Key), ca: service.path(d.TLS.CA),
		tsel: d.TSEL, ssel: d.SSEL, psel: d.PSEL, apTitle: d.APTitle, aeQual: d.AEQualifier,
	}
	place := &mmsPlace{target: target}
	if _, err := f.tcpConfig(place); err != nil {
		return nil, err
	}
	return func(ctx context.Context, maxPDU int) (mms.Association, error) {
		g := *f
		g.pduSize = maxPDU
		a, _, err := g.dialTCP(ctx, place)
		return a, err
	}, nil
}

// runBridge serves an existing device in place of a simulated one.
func runBridge(cmd *cobra.Command, service *serviceFlags, file *derFile) error {
	log, err := service.logger(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	if file.Device != (derDevice{}) || file.SCL != "" {
		return cli.Usage(fmt.Errorf("%s: a bridge has the model of its device: device and scl are for simulated ones", service.config), "take the sections out, or --device away")
	}
	dial, err := file.Bridge.dialer(service)
	if err != nil {
		return err
	}
	cfg := bridge.Config{
		Dial: dial, Associations: file.Bridge.Associations, Timeout: file.Bridge.Timeout,
		Audit: auditLog{cmd.Context(), log}, Events: func(e bridge.Event) { logBridge(cmd.Context(), log, e) },
	}
	b, err := bridge.New(cfg)
	if err != nil {
		return cli.Usage(fmt.Errorf("%s: %w", service.config, err), "")
	}
	host, address, err := file.bridgeHost(cmd.Context(), service, b, log)
	if err != nil {
		return err
	}
	if service.check {
		return checkBridge(cmd, service, file, b, address)
	}
	log.Warn("InsecureClear61850: the XMPP servers on the way can read and change what is sent")
	log.Info("starting", "device", file.Bridge.Device, "jid", address.String())
	return file.serveBridge(cmd, b, host, log)
}

func (f *derFile) serveBridge(cmd *cobra.Command, b *bridge.Bridge, host *mmsbinding.Host, log *slog.Logger) error {
	group, ctx := errgroup.WithContext(cmd.Context())
	if f.Metrics != "" {
		l, err := net.Listen("tcp", f.Metrics)
		if err != nil {
			return err
		}
		log.Info("metrics", "address", l.Addr().String())
		reg := prometheus.NewRegistry()
		reg.MustRegister(
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gridward_bridge_device_up", Help: "1 while the device could be associated with."}, func() float64 {
				if b.Up() {
					return 1
				}
				return 0
			}),
			prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "gridward_bridge_associations", Help: "Associations with the device."}, func() float64 {
				return float64(b.Associations())
			}),
		)
		group.Go(func() error { return serveMetrics(ctx, l, reg) })
	}
	probe := f.Bridge.Probe
	if probe == 0 {
		probe = time.Minute
	}
	group.Go(func() error { b.Watch(ctx, probe); return nil })
	group.Go(func() error { return host.Run(ctx) })
	err := group.Wait()
	log.Info("stopped")
	if cmd.Context().Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return nil
	}
	return err
}

// checkBridge tells whether the configuration is sound and, since it is the same question to whoever asks, whether the
// device is there.
func checkBridge(cmd *cobra.Command, service *serviceFlags, file *derFile, b *bridge.Bridge, address jid.JID) error {
	who, lds, err := b.Probe(cmd.Context())
	if err != nil {
		if _, err := cli.Fprintf(cmd.OutOrStdout(), "%s: ok: %s as %s\n", service.config, file.Bridge.Device, address); err != nil {
			return err
		}
		return cli.Exit(cli.Failed, err, "the configuration is sound, but the device does not answer: 'gridward mms discover "+file.Bridge.Device+"' looks closer")
	}
	_, err = cli.Fprintf(cmd.OutOrStdout(), "%s: ok: %s as %s: %s %s, logical devices %v\n",
		service.config, file.Bridge.Device, address, who.Vendor, who.Model, lds)
	return err
}

// bridgeHost makes the XMPP side.
func (f *derFile) bridgeHost(ctx context.Context, service *serviceFlags, b *bridge.Bridge, log *slog.Logger) (*mmsbinding.Host, jid.JID, error) {
	none := jid.JID{}
	bad := func(key string, err error, hint string) (*mmsbinding.Host, jid.JID, error) {
		return nil, none, cli.Usage(fmt.Errorf("%s: %s: %w", service.config, key, err), hint)
	}
	if !f.InsecureClear61850 {
		return bad("InsecureClear61850", errors.New("end-to-end protection of IEC 61850 is not available yet"), "set InsecureClear61850: true if the servers on the way may read and change what is sent")
	}
	address, conf, err := f.XMPP.Client.resolve(service)
	if err != nil {
		return nil, none, err
	}
	peers, err := f.XMPP.peers()
	if err != nil {
		return bad("xmpp.peers", err, "for example peers: [center@grid.example]")
	}
	if len(peers) == 0 {
		return bad("xmpp.peers", errors.New("nobody could associate"), "for example peers: [center@grid.example]")
	}
	allowed := make(map[jid.JID]bool)
	for _, p := range peers {
		allowed[p.Bare()] = true
	}
	host, err := mmsbinding.NewHost(mmsbinding.HostConfig{
		XMPP: xmpp.Config{JID: address, TLS: conf, Hosts: f.XMPP.Client.Hosts, Peers: peers, Spread: f.XMPP.Spread},
		Binding: mmsbinding.Config{
			InsecureClear61850: true,
			Allow:              func(peer jid.JID) bool { return allowed[peer.Bare()] },
			Accept:             func(a mms.Association) { _ = b.Serve(ctx, a) }, // Ended tells how
			Limits:             mmsbinding.Limits{MaxPDU: maxXER},
		},
		Session: func(e xmpp.Event) {
			switch e := e.(type) {
			case xmpp.Up:
				log.InfoContext(ctx, "online", "jid", e.JID.String(), "resumed", e.Resumed)
			case xmpp.Down:
				log.WarnContext(ctx, "offline", "err", e.Err)
			case xmpp.Retry:
				log.WarnContext(ctx, "offline", "err", e.Err, "retry", e.After)
			}
		},
	})
	if err != nil {
		return bad("xmpp", err, "")
	}
	return host, address, nil
}

func logBridge(ctx context.Context, log *slog.Logger, e bridge.Event) {
	switch e := e.(type) {
	case bridge.Associated:
		log.InfoContext(ctx, "associated", "peer", e.Principal.Name)
	case bridge.Ended:
		log.InfoContext(ctx, "association ended", "peer", e.Principal.Name, "cause", e.Cause)
	case bridge.DeviceUp:
		log.InfoContext(ctx, "device answers", "vendor", e.Identity.Vendor, "model", e.Identity.Model, "revision", e.Identity.Revision)
	case bridge.DeviceDown:
		log.WarnContext(ctx, "device does not answer", "err", e.Err)
	case bridge.Denied:
		log.WarnContext(ctx, "denied", "peer", e.Principal.Name, "service", e.Service, "right", e.Right.String(), "object", e.Ref.String(), "why", e.Err)
	case bridge.Illegible:
		log.WarnContext(ctx, "left out: the device said what XML cannot carry", "peer", e.Principal.Name)
	case bridge.TooLong:
		log.WarnContext(ctx, "report left out: longer than the client takes", "peer", e.Principal.Name, "octets", e.Size)
	}
}
