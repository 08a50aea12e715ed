package scl

import (
	"net/netip"
	"strings"
)

// checkCommunication looks at the addresses and at what they belong to.
func (c *checker) checkCommunication() {
	comm := c.f.Communication
	if comm == nil {
		return
	}
	c.controls = c.controlBlocks()
	nets := make(map[string]*Element)
	for _, n := range comm.SubNetworks {
		if n.Name != "" {
			c.twice(nets, n.Name, n.Element)
		}
		used := make(map[string]*Element) // addresses of this subnetwork
		for _, ap := range n.AccessPoints {
			c.checkConnectedAP(ap)
			c.twice(used, "AP "+ap.IED+"/"+ap.AP, ap.Element)
			c.checkAddress(ap.Address, used)
			for _, g := range ap.GSE {
				c.checkGroup(ap, g, "GSEControl", used)
			}
			for _, g := range ap.SMV {
				c.checkGroup(ap, g, "SampledValueControl", used)
			}
		}
	}
	c.checkUnaddressed(comm)
	c.checkUnconnected(comm)
}

// checkUnconnected warns of servers that nobody can reach.
func (c *checker) checkUnconnected(comm *Communication) {
	connected := make(map[[2]string]bool)
	for _, n := range comm.SubNetworks {
		for _, ap := range n.AccessPoints {
			connected[[2]string{ap.IED, ap.AP}] = true
		}
	}
	for _, i := range c.f.ieds {
		for _, a := range i.AccessPoints {
			if (a.HasServer() || a.ServerAt != "") && !connected[[2]string{i.Name, a.Name}] {
				c.warn(a.Element, "add a ConnectedAP with its address", "access point %q of IED %q is not in Communication", a.Name, i.Name)
			}
		}
	}
}

func (c *checker) checkConnectedAP(ap *ConnectedAP) {
	i, ok := c.f.IED(ap.IED)
	if !ok {
		c.error(ap.Element, c.iedHint(), "ConnectedAP names IED %q, which is not in the file", ap.IED)
		return
	}
	if _, ok := i.AccessPoint(ap.AP); ok {
		return
	}
	c.error(ap.Element, "access points of "+i.Name+": "+i.names(i.AccessPoints), "ConnectedAP names access point %q, which IED %q has not", ap.AP, i.Name)
}

// unique are the P-types of which no two access points of a subnetwork may have the same.
var unique = map[string]bool{"IP": true, "JID": true, "MAC-Address": true}

// uniqueValue gives the value of such a part in one spelling: IPv6 addresses have many. An address that is not set yet counts
// for none.
func uniqueValue(p P) (value string, ok bool) {
	if !unique[p.Type] {
		return "", false
	}
	if ip, err := netip.ParseAddr(p.Value); err == nil && p.Type == "IP" {
		return ip.Unmap().String(), !ip.IsUnspecified()
	}
	return strings.ToLower(p.Value), true
}

func (c *checker) checkAddress(a Address, used map[string]*Element) {
	types := make(map[string]*Element)
	for _, p := range a {
		if msg, hint := checkP(p); msg != "" {
			c.error(p.Element, hint, "%s", msg)
			continue
		}
		c.twice(types, p.Type, p.Element)
		value, ok := uniqueValue(p)
		if !ok {
			continue
		}
		key := p.Type + " " + value
		if first, dup := used[key]; dup {
			c.warn(p.Element, "give each access point its own address", "%s %s is used twice, first in line %d", p.Type, p.Value, first.Line)
			continue
		}
		used[key] = p.Element
	}
}

// checkGroup looks at the address of one GOOSE or sampled value control block.
func (c *checker) checkGroup(ap *ConnectedAP, g *ControlAddress, kind string, used map[string]*Element) {
	what := g.LDInst + "/" + g.CBName
	if _, ok := c.f.IED(ap.IED); ok && !c.controls[ap.IED+"/"+g.LDInst+"/"+kind+"/"+g.CBName] {
		c.error(g.Element, "correct ldInst and cbName, or remove the element", "%s of IED %s names %s %s, which does not exist",
			g.Element.Name, ap.IED, kind, what)
	}
	c.twice(used, g.Element.Name+" "+ap.IED+"/"+what, g.Element)
	types := make(map[string]*Element)
	for _, p := range g.Address {
		if msg, hint := checkP(p); msg != "" {
			c.error(p.Element, hint, "%s", msg)
		} else {
			c.twice(types, p.Type, p.Element)
		}
	}
	m, ok := g.Address.Multicast()
	switch {
	case !ok:
		return
	case !m.Set:
		c.error(g.Element, `add <P type="MAC-Address">`, "%s %s has no MAC-Address", g.Element.Name, what)
		return
	case m.MAC[0]&1 == 0:
		c.error(g.Element, "GOOSE uses 01-0C-CD-01-..., sampled values 01-0C-CD-04-...", "MAC-Address of %s is not a multicast address", what)
	}
	if _, ok := g.Address.Lookup("APPID"); !ok {
		c.warn(g.Element, `add <P type="APPID">`, "%s %s has no APPID", g.Element.Name, what)
	}
	key := g.Element.Name + " MAC " + strings.ToUpper(g.Address.Get("MAC-Address")) + " APPID " + strings.ToUpper(g.Address.Get("APPID"))
	if first, dup := used[key]; dup {
		c.warn(g.Element, "give each control block its own address", "%s is used twice, first in line %d", key, first.Line)
		return
	}
	used[key] = g.Element
	if g.MinTime > 0 && g.MaxTime > 0 && g.MinTime > g.MaxTime {
		c.error(g.Element, "swap them", "MinTime of %s is longer than MaxTime", what)
	}
}

// controlBlocks lists every control block that needs an address.
func (c *checker) controlBlocks() map[string]bool {
	all := make(map[string]bool)
	for _, i := range c.f.ieds {
		for _, a := range i.AccessPoints {
			a.server.Each("LDevice", func(ld *Element) {
				for _, kind := range [...]string{"GSEControl", "SampledValueControl"} {
					ld.Child("LN0").Each(kind, func(e *Element) {
						all[i.Name+"/"+ld.Attr("inst")+"/"+kind+"/"+e.Attr("name")] = true
					})
				}
			})
		}
	}
	return all
}

// checkUnaddressed warns of control blocks that could never send.
func (c *checker) checkUnaddressed(comm *Communication) {
	ids := map[string]map[string]*Element{"appID": {}, "smvID": {}}
	addressed := make(map[string]bool)
	for _, n := range comm.SubNetworks {
		for _, ap := range n.AccessPoints {
			for _, g := range append(ap.GSE[:len(ap.GSE):len(ap.GSE)], ap.SMV...) {
				addressed[ap.IED+"/"+g.LDInst+"/"+g.CBName] = true
			}
		}
	}
	for _, i := range c.f.ieds {
		for _, a := range i.AccessPoints {
			a.server.Each("LDevice", func(ld *Element) {
				for _, kind := range [...]string{"GSEControl", "SampledValueControl"} {
					ld.Child("LN0").Each(kind, func(e *Element) {
						c.checkID(e, ids)
						if e.Attr("datSet") != "" && !addressed[i.Name+"/"+ld.Attr("inst")+"/"+e.Attr("name")] {
							c.warn(e, "add it to a ConnectedAP of IED "+i.Name, "%s %q has no address in Communication", kind, e.Attr("name"))
						}
					})
				}
			})
		}
	}
}

// checkID warns of an appID or smvID that two control blocks share: subscribers could not tell them apart.
func (c *checker) checkID(e *Element, ids map[string]map[string]*Element) {
	for attr, seen := range ids {
		id := e.Attr(attr)
		if first, dup := seen[id]; dup && id != "" {
			c.warn(e, "give each control block its own", "%s %q is used twice, first in line %d", attr, id, first.Line)
			continue
		}
		seen[id] = e
	}
}
