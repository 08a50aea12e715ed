package xmpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/jid"
)

// hosts returns the places to try, in order.
func (c *Client) hosts(ctx context.Context) []host {
	c.redirected = c.redirect != nil
	if c.redirected {
		h := *c.redirect
		c.redirect = nil
		return []host{h}
	}
	if len(c.cfg.Hosts) > 0 {
		hs := make([]host, 0, len(c.cfg.Hosts))
		for _, s := range c.cfg.Hosts {
			h, _ := parseHost(s) // was validated
			hs = append(hs, h)
		}
		return hs
	}
	return discover(ctx, c.cfg.Resolver, c.cfg.JID, c.cfg.Rand)
}

// srv is a service record together with what it serves.
type srv struct {
	*net.SRV
	direct bool
}

// discover looks up _xmpps-client and _xmpp-client, merges them by priority and orders equals by weight (RFC 2782,
// XEP-0368). A target "." means that the service is not offered. Without any record the domain itself is tried.
func discover(ctx context.Context, r Resolver, account jid.JID, rnd *rand.Rand) []host {
	domain := tlsprofile.ALabel(account.Domain())
	var records []srv
	found := false
	for _, service := range []string{"xmpps-client", "xmpp-client"} {
		_, rr, err := r.LookupSRV(ctx, service, "tcp", domain)
		if err != nil {
			continue // no record, or no answer: the other service, then the domain itself
		}
		for _, rec := range rr {
			found = true
			if rec.Target != "." && rec.Target != "" {
				records = append(records, srv{rec, service == "xmpps-client"})
			}
		}
	}
	if !found {
		return []host{{addr: net.JoinHostPort(strings.Trim(domain, "[]"), "5222")}}
	}
	slices.SortStableFunc(records, func(a, b srv) int { return int(a.Priority) - int(b.Priority) })
	var hs []host
	for len(records) > 0 {
		n := 1
		for n < len(records) && records[n].Priority == records[0].Priority {
			n++
		}
		i := pickWeighted(records[:n], rnd)
		rec := records[i]
		records = slices.Delete(records, i, i+1)
		hs = append(hs, host{net.JoinHostPort(strings.TrimSuffix(rec.Target, "."), strconv.Itoa(int(rec.Port))), rec.direct})
	}
	return hs
}

// pickWeighted chooses one of the records with a probability proportional to its weight; weight 0 counts a little.
func pickWeighted(records []srv, rnd *rand.Rand) int {
	total := 0
	for _, r := range records {
		total += int(r.Weight)*100 + 1
	}
	n := rnd.IntN(total)
	for i, r := range records {
		if n -= int(r.Weight)*100 + 1; n < 0 {
			return i
		}
	}
	return len(records) - 1
}

// dial connects to the first host that answers. A connection refused or a timeout leads to the next host.
func (c *Client) dial(ctx context.Context) (net.Conn, host, error) {
	hs := c.hosts(ctx)
	if len(hs) == 0 {
		return nil, host{}, fmt.Errorf("xmpp: domain %s offers no service for clients", c.cfg.JID.Domain())
	}
	var errs []error
	c.at = -1
	for i := range hs {
		n := (c.first + i) % len(hs)
		h := hs[n]
		dctx, cancel := context.WithTimeout(ctx, c.cfg.DialTimeout)
		conn, err := c.cfg.Dialer.DialContext(dctx, "tcp", h.addr)
		cancel()
		if err == nil {
			c.at = n
			return conn, h, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, host{}, errors.Join(errs...)
}

// chooseFirst says where the next attempt begins: behind a host that took the connection and came to nothing, so that
// one that hangs does not keep us from the others; at the one that worked, which has the session. What comes from DNS is
// drawn anew after that.
func (c *Client) chooseFirst(wasUp bool) {
	switch {
	case c.redirected || c.at < 0:
	case !wasUp:
		c.first = c.at + 1
	case len(c.cfg.Hosts) > 0:
		c.first = c.at
	default:
		c.first = 0
	}
}

// tlsConfig returns the configuration for a connection: direct TLS names its protocol (XEP-0368).
func (c *Client) tlsConfig(direct bool) *tls.Config {
	t := c.cfg.TLS.Clone()
	if t.ServerName == "" {
		t.ServerName = tlsprofile.ALabel(c.cfg.JID.Domain())
	}
	t.NextProtos = nil
	if direct {
		t.NextProtos = []string{tlsprofile.ALPNClient}
	}
	return t
}
