package server

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gridward/gridward/xmpp/jid"
)

// naive evaluates a rule list as the documentation words it, without classes.
func naive(p Policy, from, to string) mask {
	groups := func(bare string) []string {
		for _, a := range p.Accounts {
			if a.JID == bare {
				return a.Groups
			}
		}
		for _, a := range p.Accounts {
			if strings.HasPrefix(a.JID, "*@") {
				return a.Groups
			}
		}
		return nil
	}
	match := func(sel, bare string) bool {
		switch {
		case sel == "*":
			return true
		case strings.HasPrefix(sel, "@"):
			return slices.Contains(groups(bare), sel[1:])
		case strings.HasPrefix(sel, "*@"):
			return strings.HasSuffix(bare, sel[1:])
		}
		return sel == bare
	}
	for _, r := range p.Rules {
		if match(r.From, from) && (match(r.To, to) || r.To == "self" && from == to) {
			var m mask
			for _, a := range r.Allow {
				m |= map[string]mask{"iq": maskIQ, "message": maskMessage, "presence": maskPresence}[a]
			}
			return m
		}
	}
	return 0
}

func TestPolicyMatrix(t *testing.T) {
	users := []string{"a@x", "b@x", "c@x", "d@x", "e@x"}
	groups := []string{"der", "centre", "aux"}
	selectors := append([]string{"*", "*@x", "*@y", "@der", "@centre", "@aux", "@none"}, users...)
	kinds := []string{"iq", "message", "presence"}
	rapid.Check(t, func(t *rapid.T) {
		p := Policy{Accounts: []Account{{JID: "*@x", Groups: rapid.SliceOfNDistinct(rapid.SampledFrom(groups), 0, 1, rapid.ID).Draw(t, "wild")}}}
		for _, u := range users[:rapid.IntRange(0, 5).Draw(t, "accounts")] {
			p.Accounts = append(p.Accounts, Account{JID: u, Groups: rapid.SliceOfNDistinct(rapid.SampledFrom(groups), 0, 3, rapid.ID).Draw(t, "groups")})
		}
		for range rapid.IntRange(0, 80).Draw(t, "rules") {
			p.Rules = append(p.Rules, Rule{
				From:  rapid.SampledFrom(selectors).Draw(t, "from"),
				To:    rapid.SampledFrom(append(selectors, "self")).Draw(t, "to"),
				Allow: rapid.SliceOfNDistinct(rapid.SampledFrom(kinds), 0, 3, rapid.ID).Draw(t, "allow"),
			})
		}
		c, err := compile("x", p)
		if err != nil {
			t.Fatal(err)
		}
		for _, from := range users {
			fj := jid.MustParse(from)
			fc := c.classes.of(fj, c.account(fj))
			for _, to := range users {
				tj := jid.MustParse(to)
				got := c.toSelf(fj, c.account(fj), tj)
				if from != to {
					got = c.classes.between(fc, c.classes.of(tj, c.account(tj)))
				}
				if want := naive(p, from, to); got != want {
					t.Fatalf("%s to %s: got %03b, want %03b", from, to, got, want)
				}
			}
		}
	})
}

func TestPolicyBeyondTheMatrix(t *testing.T) {
	var p Policy
	for i := range maxMatrix + 20 {
		u := fmt.Sprintf("u%d@x", i)
		p.Accounts = append(p.Accounts, Account{JID: u})
		p.Rules = append(p.Rules, Rule{From: u, To: "u0@x", Allow: []string{"iq"}})
	}
	c, err := compile("x", p)
	if err != nil {
		t.Fatal(err)
	}
	class := func(u string) class { j := jid.MustParse(u); return c.classes.of(j, c.account(j)) }
	for i := range maxMatrix + 20 {
		class(fmt.Sprintf("u%d@x", i))
	}
	last, first := class(fmt.Sprintf("u%d@x", maxMatrix+19)), class("u0@x")
	if c.classes.between(last, first) != maskIQ || c.classes.between(first, last) != 0 {
		t.Error("classes beyond the matrix are not computed")
	}
}

func TestPolicyRefuses(t *testing.T) {
	tests := []Policy{
		{Accounts: []Account{{JID: "a@y"}}},
		{Accounts: []Account{{JID: "a@x/IEC"}}},
		{Accounts: []Account{{JID: "*@y"}}},
		{Accounts: []Account{{JID: "@g"}}},
		{Accounts: []Account{{JID: "x"}}},
		{Accounts: []Account{{JID: "a@x"}, {JID: "A@X"}}},
		{Accounts: []Account{{JID: "a@x", Certs: []string{"abcd"}}}},
		{Accounts: []Account{{JID: "a@x", Weight: -1}}},
		{Accounts: []Account{{JID: "a@x", Weight: MaxWeight + 1}}},
		{Rules: []Rule{{From: "self", To: "*"}}},
		{Rules: []Rule{{From: "@", To: "*"}}},
		{Rules: []Rule{{From: "*", To: "a@x/r"}}},
		{Rules: []Rule{{From: "*", To: "*@a@x"}}},
		{Rules: []Rule{{From: "*", To: "*", Allow: []string{"iqs"}}}},
		{Deny: Deny{JIDs: []string{"a@x/r"}}},
		{Deny: Deny{Certs: []string{"zz"}}},
		{Deny: Deny{Serials: []string{"0x17"}}},
		{Deny: Deny{Serials: []string{"12:17"}}},
		{Deny: Deny{Serials: []string{""}}},
	}
	for i, p := range tests {
		if _, err := compile("x", p); !errors.Is(err, ErrPolicy) {
			t.Errorf("%d: got %v", i, err)
		}
	}
}

func BenchmarkPolicyLookup(b *testing.B) {
	p := Policy{Accounts: []Account{{JID: "*@x", Groups: []string{"der"}}, {JID: "ems@x", Groups: []string{"centre"}}}}
	for i := range 50 {
		p.Rules = append(p.Rules, Rule{From: fmt.Sprintf("u%d@x", i), To: "*", Allow: []string{"iq"}})
	}
	p.Rules = append(p.Rules, Rule{From: "@centre", To: "@der", Allow: []string{"iq"}})
	c, err := compile("x", p)
	if err != nil {
		b.Fatal(err)
	}
	ems, der := jid.MustParse("ems@x"), jid.MustParse("d1@x")
	from, to := c.classes.of(ems, c.account(ems)), c.classes.of(der, c.account(der))
	for b.Loop() {
		if c.classes.between(from, to) != maskIQ {
			b.Fatal("denied")
		}
	}
}
