package server

import (
	"net"
	"net/netip"
	"sync"
	"time"
)

// maxAddresses bounds what is remembered about addresses; at the bound idle ones are forgotten, and if none is found, new
// addresses are refused.
const maxAddresses = 65536

// addresses counts what unauthenticated peers of each address do. Safe for concurrent use.
type addresses struct {
	unauth, failures int
	block            time.Duration

	mu sync.Mutex
	m  map[netip.Addr]*address
}

type address struct {
	open     int       // unauthenticated connections
	failures int       // in the minute since
	since    time.Time // when that minute began
	blocked  time.Time // until
}

func (a *addresses) init() { a.m = map[netip.Addr]*address{} }

// key is an IPv4 address, or the /64 of an IPv6 address, of which a single subscriber has all.
func key(a net.Addr) netip.Addr {
	var ip netip.Addr
	if t, ok := a.(*net.TCPAddr); ok {
		ip, _ = netip.AddrFromSlice(t.IP)
	} else if ap, err := netip.ParseAddrPort(a.String()); err == nil {
		ip = ap.Addr()
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if p, err := ip.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return ip
}

// enter notes a new connection. The reason is "" when it may stay; then leave must be called once.
func (a *addresses) enter(ip netip.Addr, now time.Time) (reason string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.m[ip]
	if e == nil {
		if !a.room(now) {
			return "addresses"
		}
		e = &address{}
		a.m[ip] = e
	}
	switch {
	case now.Before(e.blocked):
		return "blocked"
	case e.open >= a.unauth:
		return "unauthenticated-per-address"
	}
	e.open++
	return ""
}

// leave notes that a connection has authenticated or closed.
func (a *addresses) leave(ip netip.Addr) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.m[ip]; e != nil {
		if e.open--; e.open == 0 && e.failures == 0 && e.blocked.IsZero() {
			delete(a.m, ip)
		}
	}
}

// fail notes a failed login and reports whether the address has just been blocked for it.
func (a *addresses) fail(ip netip.Addr, now time.Time) (blocked bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	e := a.m[ip]
	if e == nil {
		if !a.room(now) {
			return false
		}
		e = &address{}
		a.m[ip] = e
	}
	if now.Sub(e.since) >= time.Minute {
		e.since, e.failures = now, 0
	}
	if e.failures++; e.failures <= a.failures || now.Before(e.blocked) {
		return false
	}
	e.blocked = now.Add(a.block)
	return true
}

// room makes sure that there is room for one more. At the bound it looks at a few addresses, picked at random, and forgets
// one that is neither connected nor blocked, although it may have failed a moment ago: who has a whole network of
// addresses to fail from neither keeps others out nor makes us search. The caller holds mu.
func (a *addresses) room(now time.Time) bool {
	if len(a.m) < maxAddresses {
		return true
	}
	looked := 0
	for ip, e := range a.m {
		if e.open == 0 && !now.Before(e.blocked) {
			delete(a.m, ip)
			return true
		}
		if looked++; looked == 64 {
			break
		}
	}
	return false
}

// forget drops what is no longer of interest. The caller holds mu.
func (a *addresses) forget(now time.Time) {
	for ip, e := range a.m {
		if e.open == 0 && !now.Before(e.blocked) && now.Sub(e.since) >= time.Minute {
			delete(a.m, ip)
		}
	}
}

func (a *addresses) sweep(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget(now)
}
