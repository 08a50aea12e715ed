package main

import (
	"fmt"
	"net"
	"os"
	"time"

	"github.com/gridward/gridward/der"
	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/xmpp/jid"
)

// derFile is der.yaml. Paths are relative to the file. What is left out has the defaults of der.Config and device.Config.
type derFile struct {
	IED                string  `yaml:"ied"`
	XMPP               derXMPP `yaml:"xmpp"`
	InsecureClear61850 bool    `yaml:"InsecureClear61850"`

	Device derDevice `yaml:"device"`
	Bridge derBridge `yaml:"bridge"`

	SCL         string            `yaml:"scl"`
	AccessPoint string            `yaml:"access_point"`
	Map         map[string]string `yaml:"map"`

	Speed          float64       `yaml:"speed"`
	Start          string        `yaml:"start"`
	Tick           time.Duration `yaml:"tick"`
	StallAfter     time.Duration `yaml:"stall_after"`
	CommandTimeout time.Duration `yaml:"command_timeout"`
	FailSafe       derFailSafe   `yaml:"fail_safe"`

	Metrics string `yaml:"metrics"` // address of the listener for Prometheus; empty: none
}

type derXMPP struct {
	Client xmppClient    `yaml:",inline"`
	Peers  []string      `yaml:"peers"`  // bare JIDs that may associate
	Spread time.Duration `yaml:"spread"` // random pause after the server went away; 0: 30 s
}

func (x derXMPP) peers() ([]jid.JID, error) {
	var all []jid.JID
	for _, p := range x.Peers {
		j, err := jid.Parse(p)
		if err != nil {
			return nil, err
		}
		all = append(all, j)
	}
	return all, nil
}

type derFailSafe struct {
	After   time.Duration `yaml:"after"`
	Limit   float64       `yaml:"limit"`
	Release bool          `yaml:"release"`
}

// derDevice is the section device.
type derDevice struct {
	Kind      string        `yaml:"kind"`
	Rated     float64       `yaml:"rated"`
	RampTime  time.Duration `yaml:"ramp_time"`
	PF        float64       `yaml:"power_factor"`
	Voltage   float64       `yaml:"voltage"`
	Hz        float64       `yaml:"frequency"`
	Latitude  float64       `yaml:"latitude"`
	Longitude float64       `yaml:"longitude"`
	Seed      uint64        `yaml:"seed"`

	PV struct {
		Peak    float64 `yaml:"peak"`
		Tilt    float64 `yaml:"tilt"`
		Azimuth float64 `yaml:"azimuth"`
		Cloudy  float64 `yaml:"cloudy"`
	} `yaml:"pv"`
	Battery struct {
		Capacity      float64 `yaml:"capacity"`
		SoC           float64 `yaml:"soc"`
		MinSoC        float64 `yaml:"min_soc"`
		MaxSoC        float64 `yaml:"max_soc"`
		Efficiency    float64 `yaml:"efficiency"`
		SelfDischarge float64 `yaml:"self_discharge"`
	} `yaml:"battery"`
	Load struct {
		MustRun float64 `yaml:"must_run"`
	} `yaml:"load"`
	ChargePoint struct {
		Sessions int `yaml:"sessions"`
	} `yaml:"chargepoint"`
}

func (d derDevice) config() device.Config {
	return device.Config{
		Kind: device.Kind(d.Kind), Rated: d.Rated, RampTime: d.RampTime, PF: d.PF, Voltage: d.Voltage, Hz: d.Hz,
		Site: device.Site{Latitude: d.Latitude, Longitude: d.Longitude}, Seed: d.Seed,
		Peak: d.PV.Peak, Tilt: d.PV.Tilt, Azimuth: d.PV.Azimuth, Cloudy: d.PV.Cloudy,
		Capacity: d.Battery.Capacity, SoC: d.Battery.SoC, MinSoC: d.Battery.MinSoC, MaxSoC: d.Battery.MaxSoC,
		Efficiency: d.Battery.Efficiency, SelfDischarge: d.Battery.SelfDischarge,
		MustRun: d.Load.MustRun, Sessions: d.ChargePoint.Sessions,
	}
}

// resolve turns the file into what package der takes, without looking at keys.
func (f *derFile) resolve(flags *serviceFlags) (der.Config, error) {
	c := der.Config{
		IED: f.IED, AccessPoint: f.AccessPoint, Map: f.Map, Hosts: f.XMPP.Client.Hosts, Spread: f.XMPP.Spread, InsecureClear61850: f.InsecureClear61850,
		Device: f.Device.config(), Speed: f.Speed, Tick: f.Tick, StallAfter: f.StallAfter, CommandTimeout: f.CommandTimeout,
		FailSafe: der.FailSafe(f.FailSafe),
	}
	bad := func(key string, err error, hint string) (der.Config, error) {
		return c, cli.Usage(fmt.Errorf("%s: %s: %w", flags.config, key, err), hint)
	}
	var err error
	if c.JID, err = jid.Parse(f.XMPP.Client.JID); err != nil {
		return bad("xmpp.jid", err, "for example jid: der1@grid.example")
	}
	if c.Peers, err = f.XMPP.peers(); err != nil {
		return bad("xmpp.peers", err, "for example peers: [center@grid.example]")
	}
	if f.Start != "" {
		if c.Start, err = time.Parse(time.RFC3339, f.Start); err != nil {
			return bad("start", err, "for example start: 2026-06-21T08:00:00Z")
		}
	}
	if f.SCL != "" {
		c.SCLName = flags.path(f.SCL)
		if c.SCL, err = os.ReadFile(c.SCLName); err != nil {
			return bad("scl", err, "")
		}
	}
	if f.Metrics != "" {
		if _, _, err := net.SplitHostPort(f.Metrics); err != nil {
			return bad("metrics", err, "for example metrics: 127.0.0.1:9109")
		}
	}
	return c, nil
}
