package main

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/xmpp/jid"
)

// An mmsTarget is where a server is: a TCP address (8-1) or the JID of an XMPP account (8-2).
type mmsTarget struct {
	host, port string // port is "" when none was given
	tls        bool   // mmss://
	jid        jid.JID
}

// parseMMSTarget reads HOST, HOST:PORT, [IPv6]:PORT, a bare IPv6 address, mms://HOST, mmss://HOST, JID and xmpp:JID.
func parseMMSTarget(s string) (mmsTarget, error) {
	bad := func(why string) (mmsTarget, error) {
		return mmsTarget{}, cli.Usage(fmt.Errorf("target %q: %s", s, why),
			"for example 192.0.2.7, [2001:db8::7]:102, mms://ied.example or der1@grid.example")
	}
	if address, ok := strings.CutPrefix(s, "xmpp:"); ok || strings.Contains(s, "@") {
		j, err := jid.Parse(address)
		switch {
		case err != nil:
			return bad(err.Error())
		case j.Local() == "":
			return bad("a JID of a server has a local part: der1@grid.example")
		}
		return mmsTarget{jid: j}, nil
	}
	var t mmsTarget
	rest := s
	if scheme, after, ok := strings.Cut(s, "://"); ok {
		if scheme != "mms" && scheme != "mmss" {
			return bad("the schemes are mms and mmss (TLS)")
		}
		t.tls, rest = scheme == "mmss", strings.TrimSuffix(after, "/")
	}
	if ip, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(rest, "["), "]")); err == nil {
		t.host = ip.String()
		return t, nil
	}
	t.host = rest
	if strings.Contains(rest, ":") {
		var err error
		if t.host, t.port, err = net.SplitHostPort(rest); err != nil {
			return bad("neither a host nor host:port")
		}
		if n, err := strconv.ParseUint(t.port, 10, 16); err != nil || n == 0 {
			return bad("the port is not from 1 to 65535")
		}
	}
	if t.host == "" || strings.ContainsAny(t.host, "/ \t\r\n") {
		return bad("no host")
	}
	return t, nil
}

// address gives host:port, the port being that of MMS with or without TLS when none was given.
func (t mmsTarget) address() string {
	port := t.port
	switch {
	case port != "":
	case t.tls:
		port = mmstcp.PortTLS
	default:
		port = mmstcp.PortClear
	}
	return net.JoinHostPort(t.host, port)
}

func (t mmsTarget) overXMPP() bool { return !t.jid.IsZero() }

// String names the target as messages do.
func (t mmsTarget) String() string {
	if t.overXMPP() {
		return t.jid.String()
	}
	return t.address()
}
