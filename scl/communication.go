package scl

import (
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gridward/gridward/model"
)

// Communication is the section of that name, IEC 61850-6 9.4.
type Communication struct {
	SubNetworks []*SubNetwork
	Element     *Element

	points map[[2]string][]*ConnectedAP // by IED and access point
	byIED  map[string][]*ConnectedAP
}

// A SubNetwork is one logical bus. Type names the protocol, for example "8-MMS" or "8-2MMS".
type SubNetwork struct {
	Name         string
	Desc         string
	Type         string
	AccessPoints []*ConnectedAP
	Element      *Element
}

// A ConnectedAP is an access point on a subnetwork with its addresses.
type ConnectedAP struct {
	IED     string
	AP      string
	Address Address
	GSE     []*ControlAddress
	SMV     []*ControlAddress
	Element *Element
}

// A ControlAddress is the address of one GOOSE or sampled value control block.
type ControlAddress struct {
	LDInst           string
	CBName           string
	Address          Address
	MinTime, MaxTime time.Duration // GSE only, 0 when not given
	Element          *Element
}

// An Address is a list of P elements. The types that IEC 61850-8-1, -8-2 and -9-2 define are IP, IP-SUBNET, IP-GATEWAY,
// OSI-TSEL, OSI-SSEL, OSI-PSEL, OSI-AP-Title, OSI-AE-Qualifier, MAC-Address, APPID, VLAN-ID, VLAN-PRIORITY, JID and more.
type Address []P

// A P is one part of an address.
type P struct {
	Type    string
	Value   string // without white space around it
	Element *Element
}

// Lookup gives the first part of that type.
func (a Address) Lookup(typ string) (P, bool) {
	for _, p := range a {
		if p.Type == typ {
			return p, true
		}
	}
	return P{}, false
}

// Get gives the value of the first part of that type, "" when there is none.
func (a Address) Get(typ string) string {
	p, _ := a.Lookup(typ)
	return p.Value
}

// JID gives the XMPP address of IEC 61850-8-2, as written.
func (a Address) JID() string { return a.Get("JID") }

// IP gives the IP address, as written.
func (a Address) IP() string { return a.Get("IP") }

// Selector gives the octets of OSI-TSEL, OSI-SSEL or OSI-PSEL. ok is false when it is absent or not hexadecimal.
func (a Address) Selector(typ string) (octets []byte, ok bool) {
	p, ok := a.Lookup(typ)
	if !ok {
		return nil, false
	}
	b, err := hex.DecodeString(p.Value)
	return b, err == nil
}

// APTitle gives the arcs of OSI-AP-Title.
func (a Address) APTitle() ([]uint32, bool) {
	p, ok := a.Lookup("OSI-AP-Title")
	if !ok {
		return nil, false
	}
	var arcs []uint32
	for part := range strings.FieldsFuncSeq(p.Value, func(r rune) bool { return r == ',' || r == '.' || r == ' ' }) {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || len(arcs) > 31 {
			return nil, false
		}
		arcs = append(arcs, uint32(n))
	}
	return arcs, len(arcs) > 1
}

// Multicast gives MAC-Address, APPID, VLAN-ID and VLAN-PRIORITY. The address is Set when there is a MAC-Address; ok is
// false when one of them cannot be read.
func (a Address) Multicast() (m model.MulticastAddress, ok bool) {
	ok = true
	if p, has := a.Lookup("MAC-Address"); has {
		m.MAC, ok = parseMAC(p.Value)
		m.Set = ok
	}
	hexadecimal := func(typ string, most uint64) uint64 {
		p, has := a.Lookup(typ)
		if !has {
			return 0
		}
		n, err := strconv.ParseUint(p.Value, 16, 16)
		if err != nil || n > most {
			ok = false
			return 0
		}
		return n
	}
	m.AppID = uint16(hexadecimal("APPID", math.MaxUint16))
	m.VLAN = uint16(hexadecimal("VLAN-ID", 0xfff))
	m.Priority = uint8(hexadecimal("VLAN-PRIORITY", 7))
	return m, ok
}

// parseMAC reads six octets with dashes, or with the colons that some tools write.
func parseMAC(s string) (mac [6]byte, ok bool) {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == ':' })
	if len(parts) != 6 || len(s) != 17 {
		return mac, false
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 16, 8)
		if err != nil || len(p) != 2 {
			return mac, false
		}
		mac[i] = byte(n)
	}
	return mac, true
}

// Find gives the addresses of an access point on all subnetworks. c may be nil. The slice is c's own.
func (c *Communication) Find(ied, ap string) []*ConnectedAP {
	if c == nil {
		return nil
	}
	return c.points[[2]string{ied, ap}]
}

// Client finds the first access point of an IED that has an address of that type, for example its "JID" or "IP".
func (c *Communication) Client(ied, typ string) (string, bool) {
	if c == nil {
		return "", false
	}
	for _, a := range c.byIED[ied] {
		if v := a.Address.Get(typ); v != "" {
			return v, true
		}
	}
	return "", false
}

func readCommunication(e *Element, s *sink) *Communication {
	c := &Communication{Element: e, points: make(map[[2]string][]*ConnectedAP), byIED: make(map[string][]*ConnectedAP)}
	e.Each("SubNetwork", func(n *Element) {
		net := &SubNetwork{Name: n.Attr("name"), Desc: n.Attr("desc"), Type: n.Attr("type"), Element: n}
		n.Each("ConnectedAP", func(a *Element) {
			ap := &ConnectedAP{IED: a.Attr("iedName"), AP: a.Attr("apName"), Element: a}
			ap.Address = readAddress(a.Child("Address"))
			a.Each("GSE", func(g *Element) { ap.GSE = append(ap.GSE, readControlAddress(g, s)) })
			a.Each("SMV", func(g *Element) { ap.SMV = append(ap.SMV, readControlAddress(g, s)) })
			net.AccessPoints = append(net.AccessPoints, ap)
			key := [2]string{ap.IED, ap.AP}
			c.points[key] = append(c.points[key], ap)
			c.byIED[ap.IED] = append(c.byIED[ap.IED], ap)
		})
		c.SubNetworks = append(c.SubNetworks, net)
	})
	return c
}

func readAddress(e *Element) Address {
	var a Address
	e.Each("P", func(p *Element) { a = append(a, P{Type: p.Attr("type"), Value: p.text(), Element: p}) })
	return a
}

func readControlAddress(e *Element, s *sink) *ControlAddress {
	return &ControlAddress{
		LDInst: e.Attr("ldInst"), CBName: e.Attr("cbName"), Address: readAddress(e.Child("Address")), Element: e,
		MinTime: readDuration(e.Child("MinTime"), s), MaxTime: readDuration(e.Child("MaxTime"), s),
	}
}

// readDuration reads a tDurationInMilliSec. The multiplier is fixed to milli by the schema; seconds are understood.
func readDuration(e *Element, s *sink) time.Duration {
	if e == nil {
		return 0
	}
	n, err := strconv.ParseFloat(e.text(), 64)
	unit := time.Millisecond
	if m, ok := e.Lookup("multiplier"); ok && m == "" {
		unit = time.Second
	}
	if d := n * float64(unit); err == nil && d >= 0 && d <= float64(24*time.Hour) {
		return time.Duration(d)
	}
	s.error(e, "write milliseconds, for example 4", "%s %q is not a time", e.Name, e.text())
	return 0
}
