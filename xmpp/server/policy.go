package server

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// ErrPolicy is matched by everything that is wrong with a Policy.
var ErrPolicy = errors.New("server: bad policy")

// Policy says who may log in and who may send what to whom. The zero value lets nobody in.
type Policy struct {
	Accounts []Account
	Deny     Deny
	Rules    []Rule // first match wins; what no rule matches is denied
}

// An Account may log in.
type Account struct {
	JID       string   // bare JID, or "*@domain" for every user of the domain whom the authority has certified
	Groups    []string // names that rules use as @name
	Resources []string // resources that may be bound; empty: IEC
	Certs     []string // SHA-256 of the certificates that may be used, base64url or hexadecimal; empty: any of the authority
	Weight    int      // how many devices' worth it may send, ask and have waiting, 1 to MaxWeight; 0: 1
}

// MaxWeight bounds Account.Weight.
const MaxWeight = 10_000

// Deny lists who may not log in, whatever else says so.
type Deny struct {
	JIDs    []string // bare JIDs
	Certs   []string // SHA-256 of certificates, base64url or hexadecimal
	Serials []string // "issuer:serial": SHA-256 of the issuer's subject in hexadecimal, serial in hexadecimal; or the serial alone
}

// A Rule lets stanzas pass. Selectors are a bare JID, "@group", "*@domain", "*" or "self": this server and the sender's own
// account. Answers to an iq that was let through need no rule.
type Rule struct {
	From, To string
	Allow    []string // of "iq", "message", "presence"
}

// mask has one bit for each kind of stanza.
type mask uint8

const (
	maskIQ mask = 1 << iota
	maskMessage
	maskPresence
)

func maskOf(k stanza.Kind) mask {
	switch k {
	case stanza.IQ:
		return maskIQ
	case stanza.Message:
		return maskMessage
	case stanza.Presence:
		return maskPresence
	}
	return 0
}

// selKind says how a selector matches.
type selKind uint8

const (
	selAny selKind = iota
	selBare
	selGroup
	selDomain
	selSelf
)

type selector struct {
	kind selKind
	name string // bare JID, group or domain
}

func parseSelector(s string) (selector, error) {
	switch {
	case s == "*":
		return selector{kind: selAny}, nil
	case s == "self":
		return selector{kind: selSelf}, nil
	case strings.HasPrefix(s, "@"):
		if len(s) == 1 {
			return selector{}, fmt.Errorf("%w: selector %q has no group", ErrPolicy, s)
		}
		return selector{kind: selGroup, name: s[1:]}, nil
	case strings.HasPrefix(s, "*@"):
		j, err := jid.Parse(s[2:])
		if err != nil || j.Domain() != j.String() {
			return selector{}, fmt.Errorf("%w: selector %q is not *@domain", ErrPolicy, s)
		}
		return selector{kind: selDomain, name: j.Domain()}, nil
	}
	j, err := jid.Parse(s)
	if err != nil || !j.IsBare() {
		return selector{}, fmt.Errorf("%w: selector %q is not a bare JID, @group, *@domain, * or self", ErrPolicy, s)
	}
	return selector{kind: selBare, name: j.String()}, nil
}

type compiledRule struct {
	from, to selector
	allow    mask
}

type compiledAccount struct {
	groups    []string // sorted
	resources []string
	certs     map[[32]byte]bool
	weight    int
}

// policy is a Policy made ready: who is in which class, and what one class may send to another. It is immutable but for
// the classes, which are made when an account is first seen (see class.go).
type policy struct {
	domain   string
	accounts map[string]*compiledAccount // by bare JID
	wild     map[string]*compiledAccount // by domain
	denyJID  map[string]bool
	denyCert map[[32]byte]bool
	serials  map[string]bool
	rules    []compiledRule
	classes  classes
}

// DefaultResource is the one resource that IEC 61850-8-2 uses: one account a device, one session an account.
const DefaultResource = "IEC"

func compile(domain string, p Policy) (*policy, error) {
	c := &policy{
		domain: domain, accounts: map[string]*compiledAccount{}, wild: map[string]*compiledAccount{},
		denyJID: map[string]bool{}, denyCert: map[[32]byte]bool{}, serials: map[string]bool{},
	}
	for i, a := range p.Accounts {
		if err := c.addAccount(a); err != nil {
			return nil, fmt.Errorf("%w (account %d)", err, i+1)
		}
	}
	if err := c.addDeny(p.Deny); err != nil {
		return nil, err
	}
	for i, r := range p.Rules {
		cr, err := compileRule(r)
		if err != nil {
			return nil, fmt.Errorf("%w (rule %d)", err, i+1)
		}
		c.rules = append(c.rules, cr)
	}
	c.classes.init(c.rules)
	return c, nil
}

func compileRule(r Rule) (compiledRule, error) {
	from, err := parseSelector(r.From)
	if err != nil {
		return compiledRule{}, err
	}
	if from.kind == selSelf {
		return compiledRule{}, fmt.Errorf("%w: self cannot be a sender", ErrPolicy)
	}
	to, err := parseSelector(r.To)
	if err != nil {
		return compiledRule{}, err
	}
	cr := compiledRule{from: from, to: to}
	for _, a := range r.Allow {
		switch a {
		case "iq":
			cr.allow |= maskIQ
		case "message":
			cr.allow |= maskMessage
		case "presence":
			cr.allow |= maskPresence
		default:
			return compiledRule{}, fmt.Errorf("%w: %q is none of iq, message, presence", ErrPolicy, a)
		}
	}
	return cr, nil
}

func (c *policy) addAccount(a Account) error {
	sel, err := parseSelector(a.JID)
	if err != nil {
		return err
	}
	if a.Weight < 0 || a.Weight > MaxWeight {
		return fmt.Errorf("%w: account %q has weight %d, want 1 to %d", ErrPolicy, a.JID, a.Weight, MaxWeight)
	}
	ca := &compiledAccount{groups: slices.Clone(a.Groups), resources: a.Resources, weight: max(a.Weight, 1)}
	slices.Sort(ca.groups)
	ca.groups = slices.Compact(ca.groups)
	if len(ca.resources) == 0 {
		ca.resources = []string{DefaultResource}
	}
	for _, s := range a.Certs {
		h, err := parseHash(s)
		if err != nil {
			return err
		}
		if ca.certs == nil {
			ca.certs = map[[32]byte]bool{}
		}
		ca.certs[h] = true
	}
	byName := c.accounts
	switch sel.kind {
	case selBare:
		if j := jid.MustParse(sel.name); j.Local() == "" || j.Domain() != c.domain {
			return fmt.Errorf("%w: account %q is not user@%s", ErrPolicy, a.JID, c.domain)
		}
	case selDomain:
		if sel.name != c.domain {
			return fmt.Errorf("%w: account %q is not of %s", ErrPolicy, a.JID, c.domain)
		}
		byName = c.wild
	default:
		return fmt.Errorf("%w: account %q is neither a bare JID nor *@%s", ErrPolicy, a.JID, c.domain)
	}
	if byName[sel.name] != nil {
		return fmt.Errorf("%w: account %q twice", ErrPolicy, a.JID)
	}
	byName[sel.name] = ca
	return nil
}

func (c *policy) addDeny(d Deny) error {
	for _, s := range d.JIDs {
		j, err := jid.Parse(s)
		if err != nil || !j.IsBare() {
			return fmt.Errorf("%w: denied JID %q", ErrPolicy, s)
		}
		c.denyJID[j.String()] = true
	}
	for _, s := range d.Certs {
		h, err := parseHash(s)
		if err != nil {
			return err
		}
		c.denyCert[h] = true
	}
	for _, s := range d.Serials {
		issuer, serial, both := strings.Cut(strings.ToLower(s), ":")
		if !both {
			issuer, serial = "", issuer
		}
		if !isHex(serial) || both && (!isHex(issuer) || len(issuer) != 64) {
			return fmt.Errorf("%w: denied serial %q is neither SERIAL nor SHA256-OF-ISSUER:SERIAL in hexadecimal", ErrPolicy, s)
		}
		c.serials[issuer+":"+strings.TrimLeft(serial, "0")] = true
	}
	return nil
}

func isHex(s string) bool { return s != "" && strings.Trim(s, "0123456789abcdef") == "" }

func parseHash(s string) (h [32]byte, err error) {
	b, err := hex.DecodeString(s)
	if err != nil {
		b, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
	}
	if err != nil || len(b) != len(h) {
		return h, fmt.Errorf("%w: %q is not a SHA-256", ErrPolicy, s)
	}
	return [32]byte(b), nil
}

// A login decision's reasons; they are metric labels.
const (
	ReasonNoAccount   = "no-account"
	ReasonDeniedJID   = "denied-jid"
	ReasonDeniedCert  = "denied-certificate"
	ReasonOtherPinned = "other-certificate-pinned"
)

// admit decides whether bare may log in with cert (nil: only whether the account still stands). The reason is "" for yes.
func (c *policy) admit(bare jid.JID, cert *x509.Certificate) (acc *compiledAccount, reason string) {
	if c.denyJID[bare.String()] {
		return nil, ReasonDeniedJID
	}
	acc = c.account(bare)
	if acc == nil {
		return nil, ReasonNoAccount
	}
	if cert == nil {
		return acc, ""
	}
	sum := sha256.Sum256(cert.Raw)
	serial := ":" + cert.SerialNumber.Text(16)
	issuer := sha256.Sum256(cert.RawIssuer)
	switch {
	case c.denyCert[sum], c.serials[serial], c.serials[hex.EncodeToString(issuer[:])+serial]:
		return nil, ReasonDeniedCert
	case acc.certs != nil && !acc.certs[sum]:
		return nil, ReasonOtherPinned
	}
	return acc, ""
}

func (c *policy) account(bare jid.JID) *compiledAccount {
	if a := c.accounts[bare.String()]; a != nil {
		return a
	}
	return c.wild[bare.Domain()]
}
