package main

import (
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/scl"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/station/ied"
	"github.com/gridward/gridward/xmpp"
	"github.com/gridward/gridward/xmpp/jid"
)

// iedFile is ied.yaml. Paths are relative to the file.
type iedFile struct {
	SCL         string `yaml:"scl"`
	IED         string `yaml:"ied"`
	AccessPoint string `yaml:"access_point"`

	Listen                      string   `yaml:"listen"`     // MMS on TCP; "none": not. Default :102, unless there is another way in
	TLSListen                   string   `yaml:"tls_listen"` // MMS over TLS, such as :3782
	TLS                         tlsFiles `yaml:"tls"`
	InsecureNoClientCertificate bool     `yaml:"InsecureNoClientCertificate"`
	CheckSelectors              bool     `yaml:"check_selectors"` // clients have to call the selectors of the SCL file

	XMPP               *iedXMPP `yaml:"xmpp"`
	InsecureClear61850 bool     `yaml:"InsecureClear61850"`

	Clients           []iedClient `yaml:"clients"`
	InsecureAnonymous bool        `yaml:"InsecureAnonymous"`
	BindOrigin        bool        `yaml:"bind_origin"` // orIdent of a command has to name its client

	Scenario string        `yaml:"scenario"`
	Stdin    bool          `yaml:"stdin"`
	Simulate bool          `yaml:"simulate"`
	Seed     uint64        `yaml:"seed"`
	Every    time.Duration `yaml:"every"` // between two steps of the simulation; 0: 1 s

	Controls struct {
		Mode        string        `yaml:"mode"`         // simulate or refuse
		OperateTime time.Duration `yaml:"operate_time"` // that an operation takes
	} `yaml:"controls"`

	Data    string `yaml:"data"`    // folder of what survives a restart
	Files   string `yaml:"files"`   // folder that clients see as the files of the IED
	Metrics string `yaml:"metrics"` // address of the listener for Prometheus; empty: none

	flags *serviceFlags
}

type iedXMPP struct {
	Client xmppClient    `yaml:",inline"`
	Peers  []string      `yaml:"peers"`  // bare JIDs that may associate
	Spread time.Duration `yaml:"spread"` // random pause after the server went away; 0: 30 s
}

type iedClient struct {
	Name             string   `yaml:"name"`
	InsecurePassword string   `yaml:"InsecurePassword"`
	Roles            []string `yaml:"roles"`
}

// iedFlags are the flags of the command. What is not given leaves the file as it is.
type iedFlags struct {
	service *serviceFlags
	file    iedFile // values of flags
	port    int
	jid     string
	hosts   []string
	peers   []string
	mode    string
	took    time.Duration
	list    bool
	lenient bool
}

func (fl *iedFlags) add(cmd *cobra.Command) {
	f, v := cmd.Flags(), &fl.file
	f.StringVar(&v.SCL, "scl", "", "SCL `file` of any kind and edition")
	f.StringVar(&v.IED, "ied", "", "`name` of the IED; may be left out when the file has one")
	f.StringVar(&v.AccessPoint, "access-point", "", "`name` of the access point; may be left out when the IED has one with a server")
	f.BoolVar(&fl.list, "list", false, "list the IEDs and access points of the file, then exit")
	f.BoolVar(&fl.lenient, "lenient", false, "leave out what is wrong in the file, and serve the rest")
	f.StringVar(&v.Listen, "listen", "", "`address` of MMS on TCP, or none (default :102 unless there is another way in)")
	f.IntVar(&fl.port, "port", 0, "port of MMS on TCP at all addresses, instead of --listen")
	f.StringVar(&v.TLSListen, "tls-listen", "", "`address` of MMS over TLS, such as :"+mmstcp.PortTLS)
	f.StringVar(&v.TLS.Cert, "cert", "", "certificate chain `file` for TLS and XMPP, leaf first")
	f.StringVar(&v.TLS.Key, "key", "", "private key `file` for TLS and XMPP, PKCS #8, mode 0600")
	f.StringVar(&v.TLS.CA, "ca", "", "`file` of those who may sign the certificates of clients and XMPP servers")
	f.BoolVar(&v.InsecureNoClientCertificate, "insecure-no-client-certificate", false, "clients need no certificate for TLS")
	f.BoolVar(&v.CheckSelectors, "check-selectors", false, "refuse clients that call other selectors (TSEL, SSEL, PSEL) than the SCL file gives")
	f.StringVar(&fl.jid, "jid", "", "bare JID over XMPP, instead of the file's")
	f.StringSliceVar(&fl.hosts, "hosts", nil, "addresses of the XMPP server, instead of the file's")
	f.StringSliceVar(&fl.peers, "peers", nil, "bare JIDs that may associate over XMPP, instead of the file's")
	f.BoolVar(&v.InsecureAnonymous, "insecure-anonymous", false, "let clients in that prove nothing")
	f.BoolVar(&v.InsecureClear61850, "insecure-clear-61850", false, "over XMPP: let the servers on the way read and change what is sent")
	f.StringVar(&v.Scenario, "scenario", "", "`file` of values over time (YAML)")
	f.BoolVar(&v.Stdin, "stdin", false, "take values from the standard input, a line of JSON each")
	f.BoolVar(&v.Simulate, "simulate", false, "move measured values plausibly, and now and then a status")
	f.Uint64Var(&v.Seed, "seed", 0, "of the simulation: the same gives the same")
	f.StringVar(&fl.mode, "controls", "", "what becomes of commands: simulate or refuse (default simulate)")
	f.DurationVar(&fl.took, "operate-time", 0, "that an operation takes")
	f.StringVar(&v.Data, "data", "", "`folder` of what survives a restart: logs, buffered reports, setting groups")
	f.StringVar(&v.Files, "files", "", "`folder` that clients see as the files of the IED")
	f.StringVar(&v.Metrics, "metrics", "", "`address` of a listener for Prometheus")
	for _, name := range []string{"scl", "scenario"} {
		_ = cmd.MarkFlagFilename(name)
	}
	for _, name := range []string{"data", "files"} {
		_ = cmd.MarkFlagDirname(name)
	}
	_ = cmd.RegisterFlagCompletionFunc("controls", cobra.FixedCompletions([]string{"simulate", "refuse"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("ied", completeIED(func(f *scl.File, _ string) (names []string) {
		for _, i := range f.IEDs() {
			names = append(names, i.Name)
		}
		return names
	}))
	_ = cmd.RegisterFlagCompletionFunc("access-point", completeIED(func(f *scl.File, ied string) (names []string) {
		for _, i := range f.IEDs() {
			if ied == "" || i.Name == ied {
				for _, a := range i.AccessPoints {
					names = append(names, a.Name)
				}
			}
		}
		return names
	}))
}

// completeIED completes a name out of the file of --scl.
func completeIED(names func(f *scl.File, ied string) []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		path, _ := cmd.Flags().GetString("scl")
		if path == "" || path == "-" {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		f, err := loadSCL(path, cmd.InOrStdin())
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ied, _ := cmd.Flags().GetString("ied")
		return names(f, ied), cobra.ShellCompDirectiveNoFileComp
	}
}

// load reads the file, if there is one, and puts the flags over it.
func (fl *iedFlags) load(cmd *cobra.Command) (*iedFile, error) {
	f := &iedFile{flags: fl.service}
	if fl.service.config != "" {
		if err := fl.service.load(f); err != nil {
			return nil, err
		}
	}
	given := func(name string) bool { // an empty text is none, as that of an empty variable
		flag := cmd.Flags().Lookup(name)
		return flag.Changed && flag.Value.String() != ""
	}
	here := func(p string) string { // a path of a flag is relative to where the user is, not to the file
		if p == "-" || p == "" || fl.service.config == "" {
			return p
		}
		return absolute(p)
	}
	for _, o := range []struct {
		name string
		set  func()
	}{
		{"scl", func() { f.SCL = here(fl.file.SCL) }},
		{"ied", func() { f.IED = fl.file.IED }},
		{"access-point", func() { f.AccessPoint = fl.file.AccessPoint }},
		{"listen", func() { f.Listen = fl.file.Listen }},
		{"port", func() { f.Listen = ":" + strconv.Itoa(fl.port) }},
		{"tls-listen", func() { f.TLSListen = fl.file.TLSListen }},
		{"cert", func() { f.TLS.Cert = here(fl.file.TLS.Cert) }},
		{"key", func() { f.TLS.Key = here(fl.file.TLS.Key) }},
		{"ca", func() { f.TLS.CA = here(fl.file.TLS.CA) }},
		{"insecure-no-client-certificate", func() { f.InsecureNoClientCertificate = fl.file.InsecureNoClientCertificate }},
		{"check-selectors", func() { f.CheckSelectors = fl.file.CheckSelectors }},
		{"insecure-anonymous", func() { f.InsecureAnonymous = fl.file.InsecureAnonymous }},
		{"insecure-clear-61850", func() { f.InsecureClear61850 = fl.file.InsecureClear61850 }},
		{"scenario", func() { f.Scenario = here(fl.file.Scenario) }},
		{"stdin", func() { f.Stdin = fl.file.Stdin }},
		{"simulate", func() { f.Simulate = fl.file.Simulate }},
		{"seed", func() { f.Seed = fl.file.Seed }},
		{"controls", func() { f.Controls.Mode = fl.mode }},
		{"operate-time", func() { f.Controls.OperateTime = fl.took }},
		{"data", func() { f.Data = here(fl.file.Data) }},
		{"files", func() { f.Files = here(fl.file.Files) }},
		{"metrics", func() { f.Metrics = fl.file.Metrics }},
	} {
		if given(o.name) {
			o.set()
		}
	}
	switch {
	case given("port") && given("listen"):
		return nil, cli.Usage(errors.New("--port and --listen exclude each other"), "")
	case given("port") && (fl.port < 0 || fl.port > 65535):
		return nil, cli.Usage(fmt.Errorf("--port %d is not within 0 and 65535", fl.port), "")
	}
	if fl.jid != "" || len(fl.hosts) > 0 || len(fl.peers) > 0 {
		if f.XMPP == nil {
			f.XMPP = &iedXMPP{}
		}
		if fl.jid != "" {
			f.XMPP.Client.JID = fl.jid
		}
		if len(fl.hosts) > 0 {
			f.XMPP.Client.Hosts = fl.hosts
		}
		if len(fl.peers) > 0 {
			f.XMPP.Peers = fl.peers
		}
	}
	if f.Listen == "" && f.TLSListen == "" && f.XMPP == nil {
		f.Listen = ":" + mmstcp.PortClear
	}
	if f.Listen == "none" {
		f.Listen = ""
	}
	return f, nil
}

// path resolves a path: "-" stays, others are relative to the configuration file.
func (f *iedFile) path(p string) string {
	if p == "-" || f.flags.config == "" {
		return p
	}
	return f.flags.path(p)
}

// resolve turns the file into what package ied takes.
func (f *iedFile) resolve(cmd *cobra.Command, flags *serviceFlags, file *scl.File, m *model.Server) (ied.Config, error) {
	c := ied.Config{
		Model: m, Listen: f.Listen, TLSListen: f.TLSListen, InsecureAnonymous: f.InsecureAnonymous, BindOrigin: f.BindOrigin,
		Controls: ied.Controls{OperateTime: f.Controls.OperateTime},
	}
	switch f.Controls.Mode {
	case "", "simulate":
	case "refuse":
		c.Controls.Refuse = true
	default:
		return c, cli.Usage(fmt.Errorf("controls: %q is neither simulate nor refuse", f.Controls.Mode), "")
	}
	for _, k := range f.Clients {
		c.Clients = append(c.Clients, ied.Client(k))
	}
	for _, a := range []struct{ flag, addr string }{{"listen", f.Listen}, {"tls-listen", f.TLSListen}, {"metrics", f.Metrics}} {
		if _, _, err := net.SplitHostPort(a.addr); a.addr != "" && err != nil {
			return c, cli.Usage(fmt.Errorf("--%s: %w", a.flag, err), "for example --"+a.flag+" 127.0.0.1:10102")
		}
	}
	if f.CheckSelectors {
		c.Address = selectors(file, m)
	}
	if f.TLSListen != "" {
		var err error
		if c.TLS, err = f.serverTLS(flags); err != nil {
			return c, err
		}
	}
	if f.XMPP != nil {
		x, err := f.xmpp(flags)
		if err != nil {
			return c, err
		}
		c.XMPP = x
	}
	if f.Scenario != "" {
		s, err := loadScenario(f.path(f.Scenario), m)
		if err != nil {
			return c, err
		}
		c.Scenario = s
	}
	if f.Stdin {
		if f.SCL == "-" {
			return c, cli.Usage(errors.New("the standard input cannot be both the SCL file and the values"), "")
		}
		c.Lines = cmd.InOrStdin()
	}
	if f.Simulate {
		if f.Every < 0 || f.Every > time.Hour {
			return c, cli.Usage(fmt.Errorf("every: %v is not within 0 and 1 h", f.Every), "")
		}
		c.Simulate = &ied.Simulation{Seed: f.Seed, Every: f.Every}
	}
	return c, nil
}

// loadScenario reads a scenario; the error lists everything that is wrong with it.
func loadScenario(path string, m *model.Server) (*ied.Scenario, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, cli.Usage(err, "give a scenario with --scenario FILE")
	}
	s, err := ied.ParseScenario(path, data, m)
	if err == nil {
		return s, nil
	}
	hint := ""
	var p *ied.Problem
	if errors.As(err, &p) {
		hint = p.Hint
	}
	return nil, cli.Usage(err, hint)
}

// serverTLS makes the TLS of the listener.
func (f *iedFile) serverTLS(flags *serviceFlags) (*tls.Config, error) {
	b, err := f.TLS.load(flags)
	if err != nil {
		return nil, err
	}
	conf, err := tlsprofile.Server{Certificate: b.Certificate, ClientCAs: b.Pool}.Config()
	if err != nil {
		return nil, cli.Exit(cli.Insecure, fmt.Errorf("%s: %w", f.path(f.TLS.Cert), err), "gridward pki issue makes certificates")
	}
	if f.InsecureNoClientCertificate {
		conf.ClientAuth = tls.VerifyClientCertIfGiven
		check := conf.VerifyConnection
		conf.VerifyConnection = func(cs tls.ConnectionState) error {
			if len(cs.PeerCertificates) == 0 {
				return nil
			}
			return check(cs)
		}
	}
	return conf, nil
}

func (f *iedFile) xmpp(flags *serviceFlags) (*ied.XMPP, error) {
	if f.XMPP.Client.TLS == (tlsFiles{}) { // one certificate may serve both
		f.XMPP.Client.TLS = f.TLS
	}
	j, conf, err := f.XMPP.Client.resolve(flags)
	if err != nil {
		return nil, err
	}
	x := &ied.XMPP{
		Client:             xmpp.Config{JID: j, TLS: conf, Hosts: f.XMPP.Client.Hosts, Spread: f.XMPP.Spread},
		InsecureClear61850: f.InsecureClear61850,
	}
	for _, p := range f.XMPP.Peers {
		peer, err := jid.Parse(p)
		if err != nil {
			return nil, cli.Usage(fmt.Errorf("%s: xmpp.peers: %w", flags.config, err), "for example peers: [center@grid.example]")
		}
		x.Client.Peers = append(x.Client.Peers, peer)
	}
	return x, nil
}

// selectors are those that the Communication section gives the access point.
func selectors(f *scl.File, m *model.Server) acse.Address {
	var a acse.Address
	if f.Communication == nil {
		return a
	}
	for _, n := range f.Communication.SubNetworks {
		for _, p := range n.AccessPoints {
			if p.IED != m.IED || p.AP != m.AccessPoint {
				continue
			}
			for name, to := range map[string]*[]byte{"OSI-TSEL": &a.TSEL, "OSI-SSEL": &a.SSEL, "OSI-PSEL": &a.PSEL} {
				if b, err := hex.DecodeString(p.Address.Get(name)); err == nil && len(b) > 0 {
					*to = b
				}
			}
		}
	}
	return a
}
