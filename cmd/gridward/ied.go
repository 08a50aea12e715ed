package main

import (
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
	"github.com/gridward/gridward/station/ied"
)

func newIEDCmd() *cobra.Command { return newServeIEDCmd("ied", "gridward ied") }

// newMMSServeCmd is the same by the name that users of 'gridward mms' look for.
func newMMSServeCmd() *cobra.Command { return newServeIEDCmd("serve", "gridward mms serve") }

func newServeIEDCmd(use, path string) *cobra.Command {
	flags := &iedFlags{}
	cmd := &cobra.Command{
		Use:   use + " --scl FILE [--ied NAME]",
		Short: "Serve any IED of an SCL file",
		Long: `Serve any IED of an SCL file over MMS: on TCP (IEC 61850-8-1), with TLS, and over XMPP (IEC 61850-8-2), all from one
server. Its values come from the file, and from a scenario, from lines of JSON at the standard input or from a simulation;
its controls are obeyed by simulated equipment, its schedules run.

TCP proves nothing about a client: name those with a password in the configuration, or allow anonymous ones.

A line of the standard input is {"ref": "LD0/MMXU1.TotW", "value": 1000, "q": "good"}, or a list of such objects that
change at once, or {"set": {"LD0/XCBR1.Pos": "on", ...}}. A bad line is told and has no effect.`,
		Args: cobra.NoArgs,
		Example: "  " + path + " --scl plant.scd --list\n" +
			"  " + path + " --scl plant.scd --ied BAY1 --port 10102 --insecure-anonymous --simulate\n" +
			"  " + path + " --config ied.yaml --scenario fault.yaml --check",
	}
	flags.service = addServiceFlags(cmd)
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON)
	flags.add(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		file, err := flags.load(cmd)
		if err != nil {
			return err
		}
		if file.SCL == "" {
			return cli.Usage(errors.New("no SCL file"), "give it with --scl FILE, or as scl: in the configuration")
		}
		f, err := loadSCL(file.path(file.SCL), cmd.InOrStdin())
		if err != nil {
			return err
		}
		if flags.list {
			return listIEDs(cmd, f, *format)
		}
		return serveIED(cmd, flags, file, f)
	}
	return cmd
}

func serveIED(cmd *cobra.Command, flags *iedFlags, file *iedFile, f *scl.File) error {
	log, err := flags.service.logger(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	m, err := compileIED(cmd, flags, file, f)
	if err != nil {
		return err
	}
	cfg, err := file.resolve(cmd, flags.service, f, m)
	if err != nil {
		return err
	}
	// A stranger that keeps knocking is counted each time, but does not fill the log.
	strangers := rate.NewLimiter(rate.Every(time.Minute), 10)
	cfg.Events = func(e ied.Event) {
		if _, ok := e.(ied.AssociationRefused); ok && !strangers.Allow() {
			return
		}
		logIED(cmd, log, e)
	}
	cfg.Audit = auditLog{cmd.Context(), log}
	if flags.service.check {
		return checkIED(cmd, file, cfg)
	}
	extra, err := file.extend(log, &cfg)
	if err != nil {
		return err
	}
	device, err := ied.New(cfg)
	if err != nil {
		return errors.Join(cli.Usage(err, file.hint(err)), extra.close())
	}
	err = describeIED(cmd, f.Name, m)
	if err == nil {
		err = runIED(cmd, log, file, &cfg, device)
	}
	if e := extra.close(); err == nil {
		err = e
	}
	return err
}

// checkIED makes an IED and throws it away.
func checkIED(cmd *cobra.Command, file *iedFile, cfg ied.Config) error {
	device, err := ied.New(cfg)
	if err != nil {
		return cli.Usage(err, file.hint(err))
	}
	device.Server().Close()
	steps := 0
	if cfg.Scenario != nil {
		steps = cfg.Scenario.Steps()
	}
	_, err = cli.Fprintf(cmd.OutOrStdout(), "%s: ok: IED %s, access point %s, %d steps of scenario\n", file.name(), cfg.Model.IED, cfg.Model.AccessPoint, steps)
	return err
}

// compileIED compiles the server that was chosen, or with --lenient what is sound of it.
func compileIED(cmd *cobra.Command, flags *iedFlags, file *iedFile, f *scl.File) (*model.Server, error) {
	if !flags.lenient {
		m, err := f.Server(file.IED, file.AccessPoint)
		if errors.Is(err, scl.ErrContent) {
			return nil, cli.Hint(sclError(err, file.SCL), "--lenient serves what is sound; 'gridward scl check "+file.SCL+"' lists everything")
		}
		return m, sclError(err, file.SCL)
	}
	m, left, err := f.Salvage(file.IED, file.AccessPoint)
	for i := range left {
		if _, err := cli.Fprintf(cmd.ErrOrStderr(), "left out: %s: %s\n", left[i].Where(), left[i].Msg); err != nil {
			return nil, err
		}
	}
	return m, sclError(err, file.SCL)
}

func runIED(cmd *cobra.Command, log *slog.Logger, file *iedFile, cfg *ied.Config, device *ied.IED) error {
	if cfg.InsecureAnonymous {
		log.Warn("InsecureAnonymous: whoever reaches this server may use it without proving who it is")
	}
	if file.InsecureNoClientCertificate {
		log.Warn("InsecureNoClientCertificate: clients need not show a certificate for TLS")
	}
	for _, c := range cfg.Clients {
		if c.InsecurePassword != "" {
			log.Warn("InsecurePassword: the password crosses the wire as it is", "client", c.Name)
		}
	}
	if cfg.XMPP != nil && cfg.XMPP.InsecureClear61850 {
		log.Warn("InsecureClear61850: the XMPP servers on the way can read and change what is sent")
	}
	group, ctx := errgroup.WithContext(cmd.Context())
	if file.Metrics != "" {
		l, err := net.Listen("tcp", file.Metrics)
		if err != nil {
			return cli.Hint(err, "choose another address with --metrics")
		}
		log.Info("metrics", "address", l.Addr().String())
		reg := prometheus.NewRegistry()
		if err := reg.Register(device); err != nil {
			return err
		}
		group.Go(func() error { return serveMetrics(ctx, l, reg) })
	}
	group.Go(func() error { return device.Run(ctx) })
	err := group.Wait()
	log.Info("stopped")
	if cmd.Context().Err() != nil {
		return nil
	}
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "listen" {
		hint := "choose another address with --listen or --port"
		if strings.Contains(err.Error(), "permission denied") {
			hint = "ports below 1024 need a privilege (CAP_NET_BIND_SERVICE): choose another with --port"
		}
		return cli.Hint(err, hint)
	}
	return err
}

// describeIED prints what is served.
func describeIED(cmd *cobra.Command, file string, m *model.Server) error {
	out := cmd.OutOrStdout()
	_, err := cli.Fprintf(out, "IED %s  access point %s  of %s\n", m.IED, m.AccessPoint, file)
	for _, d := range m.Devices {
		sets, reports, logs, controls := 0, 0, 0, 0
		for _, n := range d.Nodes {
			sets += len(n.DataSets)
			reports += len(n.Reports)
			logs += len(n.Logs)
			for i := range n.Objects {
				if _, ok := n.Find(n.Objects[i].Name+".Oper", model.CO); ok {
					controls++
				}
			}
		}
		if err == nil {
			_, err = cli.Fprintf(out, "LD %s  %d nodes  %d data sets  %d report control blocks  %d log control blocks  %d controls\n",
				d.Name, len(d.Nodes), sets, reports, logs, controls)
		}
	}
	return err
}

// iedListing is one line of --list.
type iedListing struct {
	IED         string   `json:"ied"`
	AccessPoint string   `json:"ap"`
	Server      bool     `json:"server"`
	ServerAt    string   `json:"serverAt,omitempty"`
	Devices     []string `json:"lDevices,omitempty"`
	Error       string   `json:"error,omitempty"`
}

// listIEDs shows the IEDs and access points of a file, and what would be served there.
func listIEDs(cmd *cobra.Command, f *scl.File, format cli.Format) error {
	list := []iedListing{}
	for _, i := range f.IEDs() {
		for _, a := range i.AccessPoints {
			l := iedListing{IED: i.Name, AccessPoint: a.Name, Server: a.HasServer(), ServerAt: a.ServerAt}
			if l.Server || l.ServerAt != "" {
				m, err := f.Server(i.Name, a.Name)
				if err != nil {
					l.Error = err.Error()
				} else {
					for _, d := range m.Devices {
						l.Devices = append(l.Devices, d.Name)
					}
				}
			}
			list = append(list, l)
		}
	}
	if format == cli.JSON {
		return cli.WriteJSON(cmd.OutOrStdout(), list)
	}
	for _, l := range list {
		what := "client"
		switch {
		case l.Error != "":
			what = "unusable: " + l.Error
		case l.Server:
			what = "server of " + strings.Join(l.Devices, " ")
		case l.ServerAt != "":
			what = "server of access point " + l.ServerAt
		}
		if _, err := cli.Fprintf(cmd.OutOrStdout(), "%s  %s  %s\n", l.IED, l.AccessPoint, what); err != nil {
			return err
		}
	}
	return nil
}

// hint says what to do about an error of New.
func (f *iedFile) hint(err error) string {
	switch {
	case errors.Is(err, ied.ErrRole):
		return "roles are " + strings.Join(ied.Roles(), ", ")
	case strings.Contains(err.Error(), "nobody could associate on"):
		return "--insecure-anonymous lets everybody in; or list clients with InsecurePassword, or use --tls-listen"
	}
	return ""
}

func (f *iedFile) name() string {
	if f.flags.config != "" {
		return f.flags.config
	}
	return f.SCL
}
