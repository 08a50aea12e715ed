package main

import (
	"fmt"
	"net"
	"time"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/server"
)

// xmppFile is the configuration of 'gridward xmpp serve'. Paths are relative to the file. What is left out of limits,
// session and sm has the defaults of server.DefaultLimits.
type xmppFile struct {
	Domain string       `yaml:"domain"`
	Listen []xmppListen `yaml:"listen"`
	TLS    tlsFiles     `yaml:"tls"`

	Accounts []xmppAccount `yaml:"accounts"`
	Deny     struct {
		JIDs    []string `yaml:"jids"`
		Certs   []string `yaml:"certs"`
		Serials []string `yaml:"serials"`
	} `yaml:"deny"`
	Rules []xmppRule `yaml:"rules"`

	Session struct {
		Conflict     string        `yaml:"conflict"` // probe, replace or refuse
		ProbeTimeout time.Duration `yaml:"probe_timeout"`
		CloneAlarm   int           `yaml:"clone_alarm"`
		PingAfter    time.Duration `yaml:"ping_after"`
		PingTimeout  time.Duration `yaml:"ping_timeout"`
	} `yaml:"session"`
	SM struct {
		ResumeMax    time.Duration `yaml:"resume_max"`
		HoldIQ       time.Duration `yaml:"iq_hold_max"`
		QueueStanzas int           `yaml:"queue_stanzas"`
		QueueBytes   int           `yaml:"queue_bytes"`
	} `yaml:"sm"`
	Limits xmppLimits `yaml:"limits"`

	Metrics string `yaml:"metrics"` // address of the listener for Prometheus; empty: none
}

type xmppListen struct {
	Address string `yaml:"address"`
	Mode    string `yaml:"mode"` // direct or starttls
}

type xmppAccount struct {
	JID       string   `yaml:"jid"`
	Groups    []string `yaml:"groups"`
	Resources []string `yaml:"resources"`
	Certs     []string `yaml:"certs"`
	Weight    int      `yaml:"weight"` // how many devices' worth it may send, ask and have waiting
}

type xmppRule struct {
	From  string   `yaml:"from"`
	To    string   `yaml:"to"`
	Allow []string `yaml:"allow"`
}

type xmppLimits struct {
	Sessions        int           `yaml:"sessions"`
	UnauthPerIP     int           `yaml:"unauthenticated_per_ip"`
	Handshakes      int           `yaml:"handshakes"`
	AuthTimeout     time.Duration `yaml:"auth_timeout"`
	BindTimeout     time.Duration `yaml:"bind_timeout"`
	StanzaTimeout   time.Duration `yaml:"stanza_timeout"`
	StanzaPreAuth   int           `yaml:"stanza_size_before_login"`
	Stanza          int           `yaml:"stanza_size"`
	LoginFailures   int           `yaml:"login_failures_per_ip"`
	BlockTime       time.Duration `yaml:"block_time"`
	StanzaRate      float64       `yaml:"stanza_rate"`
	StanzaBurst     float64       `yaml:"stanza_burst"`
	ByteRate        float64       `yaml:"byte_rate"`
	ByteBurst       float64       `yaml:"byte_burst"`
	OutBuffer       int           `yaml:"out_buffer"`
	WriteTimeout    time.Duration `yaml:"write_timeout"`
	PendingIQ       int           `yaml:"pending_iq"`
	IQTimeout       time.Duration `yaml:"iq_timeout"`
	PresenceTargets int           `yaml:"presence_targets"`
}

// Validate is called by cli.LoadConfig.
func (f *xmppFile) Validate() error {
	if len(f.Listen) == 0 {
		return fmt.Errorf("listen: no address")
	}
	for i, l := range f.Listen {
		if _, _, err := net.SplitHostPort(l.Address); err != nil {
			return fmt.Errorf("listen[%d].address: %w", i, err)
		}
		if m := server.Mode(l.Mode); m != server.Direct && m != server.StartTLS {
			return fmt.Errorf("listen[%d].mode: %q is neither direct nor starttls", i, l.Mode)
		}
	}
	return nil
}

func (f *xmppFile) policy() server.Policy {
	p := server.Policy{Deny: server.Deny{JIDs: f.Deny.JIDs, Certs: f.Deny.Certs, Serials: f.Deny.Serials}}
	for _, a := range f.Accounts {
		p.Accounts = append(p.Accounts, server.Account(a))
	}
	for _, r := range f.Rules {
		p.Rules = append(p.Rules, server.Rule(r))
	}
	return p
}

func (f *xmppFile) limits() server.Limits {
	l := f.Limits
	return server.Limits{
		Sessions: l.Sessions, UnauthPerIP: l.UnauthPerIP, Handshakes: l.Handshakes,
		AuthTimeout: l.AuthTimeout, BindTimeout: l.BindTimeout, StanzaTimeout: l.StanzaTimeout,
		StanzaPreAuth: l.StanzaPreAuth, Stanza: l.Stanza, LoginFailures: l.LoginFailures, BlockTime: l.BlockTime,
		StanzaRate: l.StanzaRate, StanzaBurst: l.StanzaBurst, ByteRate: l.ByteRate, ByteBurst: l.ByteBurst,
		OutBuffer: l.OutBuffer, WriteTimeout: l.WriteTimeout, PendingIQ: l.PendingIQ, IQTimeout: l.IQTimeout,
		PresenceTargets: l.PresenceTargets,
		PingAfter:       f.Session.PingAfter, PingTimeout: f.Session.PingTimeout,
		ResumeMax: f.SM.ResumeMax, HoldIQ: f.SM.HoldIQ, QueueStanzas: f.SM.QueueStanzas, QueueBytes: f.SM.QueueBytes,
		ProbeTimeout: f.Session.ProbeTimeout, CloneAlarm: f.Session.CloneAlarm,
	}
}

// resolve loads the files that the configuration names.
func (f *xmppFile) resolve(service *serviceFlags) (server.Config, error) {
	b, err := f.TLS.load(service)
	if err != nil {
		return server.Config{}, err
	}
	tc, err := tlsprofile.Server{Certificate: b.Certificate, ClientCAs: b.Pool, ALPN: []string{tlsprofile.ALPNClient}}.Config()
	if err != nil {
		return server.Config{}, cli.Exit(cli.Insecure, fmt.Errorf("%s: %w", service.path(f.TLS.Cert), err), "issue it with 'gridward pki issue --kind server --domain "+f.Domain+"'")
	}
	if err := tlsprofile.CheckDomain(b.Leaf(), f.Domain, "xmpp-client"); err != nil {
		return server.Config{}, cli.Exit(cli.Insecure, fmt.Errorf("%s: %w", service.path(f.TLS.Cert), err), "clients would refuse it: issue it with 'gridward pki issue --kind server --domain "+f.Domain+"'")
	}
	return server.Config{
		Domain: f.Domain, TLS: tc, Policy: f.policy(), Conflict: server.Conflict(f.Session.Conflict), Limits: f.limits(),
	}, nil
}
