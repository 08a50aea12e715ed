package server

import (
	"fmt"
	"net"
	"testing"
	"time"
)

func TestKeyOfAnAddress(t *testing.T) {
	same := [][]string{
		{"192.0.2.1", "::ffff:192.0.2.1"},
		{"2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff:ffff:ffff:ffff"},
		{"2001:db8:0:1::1"},
		{"192.0.2.2"},
		{"::1"},
	}
	seen := map[string]int{}
	for i, group := range same {
		for j, s := range group {
			k := key(&net.TCPAddr{IP: net.ParseIP(s), Port: 1000 + j, Zone: "eth0"}).String()
			if other, ok := seen[k]; ok && other != i {
				t.Errorf("%s counts as one of %v", s, same[other])
			} else if !ok && j > 0 {
				t.Errorf("%s counts for itself", s)
			}
			seen[k] = i
		}
	}
}

func TestAddresses(t *testing.T) {
	now := time.Unix(1e9, 0)
	a := addresses{unauth: 2, failures: 3, block: time.Minute * 5}
	a.init()
	ip := key(&net.TCPAddr{IP: net.ParseIP("192.0.2.1")})
	enter := func(want string) {
		t.Helper()
		if got := a.enter(ip, now); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	enter("")
	enter("")
	enter("unauthenticated-per-address")
	a.leave(ip)
	enter("")
	for i := range 5 {
		if blocked := a.fail(ip, now); blocked != (i == 3) {
			t.Errorf("failure %d: blocked %t", i+1, blocked)
		}
	}
	a.leave(ip)
	a.leave(ip)
	enter("blocked")
	now = now.Add(5*time.Minute - 1)
	enter("blocked")
	now = now.Add(1)
	enter("")
	a.leave(ip)
	now = now.Add(time.Minute)
	a.sweep(now)
	if len(a.m) != 0 {
		t.Errorf("%d addresses remembered", len(a.m))
	}
}

// A network that has very many addresses cannot lock out everybody else by failing from each of them.
func TestManyAddressesLockNobodyOut(t *testing.T) {
	now := time.Unix(1e9, 0)
	a := addresses{unauth: 32, failures: 30, block: 5 * time.Minute}
	a.init()
	for i := range maxAddresses + 1000 {
		ip := key(&net.TCPAddr{IP: net.ParseIP(fmt.Sprintf("2001:db8:%x:%x::1", i>>16, i&0xffff))})
		if a.enter(ip, now) == "" {
			a.fail(ip, now)
			a.leave(ip)
		}
	}
	if len(a.m) > maxAddresses {
		t.Errorf("%d addresses remembered", len(a.m))
	}
	if reason := a.enter(key(&net.TCPAddr{IP: net.ParseIP("192.0.2.1")}), now); reason != "" {
		t.Errorf("refused: %s", reason)
	}
}
