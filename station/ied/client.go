package ied

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi/acse"
)

// Anonymous is the name in Config.Clients that stands for clients that prove nothing.
const Anonymous = "anonymous"

// A Client is somebody who may associate.
type Client struct {
	// Name is what its certificate names (the first xmppAddr, the common name or the subject), its bare JID, or what
	// whoever knows InsecurePassword is called.
	Name string
	// InsecurePassword is an ACSE password (X.227 annex B), which crosses the wire as it is; "": none, the client has to
	// prove its name by TLS or XMPP.
	InsecurePassword string
	Roles            []string // of IEC 62351-8, see Roles
}

// ErrRole is wrapped when a name is not that of a role.
var ErrRole = errors.New("ied: no such role")

// roleRights is what the roles of IEC 62351-8 may do, in the order of the rights of acsi/server: View Read DataSet Reporting
// FileRead FileWrite FileMgt Control Config SettingGroup Security. From memory of the standard's table.
var roleRights = map[string]string{
	"VIEWER":    "x..x.......",
	"OPERATOR":  "xx.x...x...",
	"ENGINEER":  "xxxx.xx.x..",
	"INSTALLER": "xx.x.x..x..",
	"SECADM":    "xxx..xxxxxx",
	"SECAUD":    "xx.xx......",
	"RBACMNT":   "xx....x.x..",
	// Everything, for laboratories: not a role of the standard.
	"ALL": "xxxxxxxxxxx",
}

// Roles lists the names of roles.
func Roles() []string {
	return []string{"VIEWER", "OPERATOR", "ENGINEER", "INSTALLER", "SECADM", "SECAUD", "RBACMNT", "ALL"}
}

func checkClients(clients []Client) error {
	names, passwords := map[string]bool{}, map[string]bool{}
	for i, c := range clients {
		switch {
		case c.Name == "":
			return fmt.Errorf("%w: client %d has no name", ErrConfig, i+1)
		case names[c.Name]:
			return fmt.Errorf("%w: client %q is there twice", ErrConfig, c.Name)
		case c.Name == Anonymous && c.InsecurePassword != "":
			return fmt.Errorf("%w: client %q cannot have a password", ErrConfig, c.Name)
		case c.InsecurePassword != "" && passwords[c.InsecurePassword]:
			return fmt.Errorf("%w: the password of client %q is that of another one too", ErrConfig, c.Name)
		case len(c.InsecurePassword) > acse.MaxValue:
			return fmt.Errorf("%w: the password of client %q is longer than %d octets", ErrConfig, c.Name, acse.MaxValue)
		}
		names[c.Name], passwords[c.InsecurePassword] = true, true
		for _, r := range c.Roles {
			if roleRights[r] == "" {
				return fmt.Errorf("%w: client %q: %w: %q, want %s", ErrConfig, c.Name, ErrRole, r, strings.Join(Roles(), ", "))
			}
		}
	}
	return nil
}

// authority is who may associate and what they may do: an acse.Authenticator and a server.Authorizer.
type authority struct {
	clients   []Client
	anonymous bool
}

// Offer implements acse.Authenticator; a server does not call.
func (a *authority) Offer(_, _ acse.Address) (acse.Auth, error) { return acse.Auth{}, nil }

// Verify implements acse.Authenticator: a password if one is shown, otherwise what the channel proves, otherwise nothing.
func (a *authority) Verify(peer acse.Peer, auth acse.Auth) (acse.Auth, *model.Principal, error) {
	switch {
	case auth.IsZero():
		if peer.Channel != nil {
			if p := peer.Channel.Principal(); p != nil {
				return acse.Auth{}, p, nil
			}
		}
		if !a.anonymous {
			return acse.Auth{}, nil, &acse.Diagnostic{Code: acse.DiagAuthenticationNeeded}
		}
		return acse.Auth{}, &model.Principal{Name: peer.Addr}, nil
	case auth.Mechanism == "":
		return acse.Auth{}, nil, &acse.Diagnostic{Code: acse.DiagMechanismRequired}
	case auth.Mechanism != acse.Password || auth.Value.Form != acse.CharString:
		return acse.Auth{}, nil, &acse.Diagnostic{Code: acse.DiagMechanismUnknown}
	}
	if c := a.byPassword(auth.Value.Bytes); c != nil {
		return acse.Auth{}, &model.Principal{Name: c.Name, Proof: model.ProofPassword, Reach: model.Hop, Roles: c.Roles}, nil
	}
	return acse.Auth{}, nil, &acse.Diagnostic{Code: acse.DiagAuthenticationFailed}
}

// byPassword compares with every password, whatever the result of the others, and in a time that tells nothing about how
// much of one was right.
func (a *authority) byPassword(shown []byte) *Client {
	var found *Client
	digest := sha256.Sum256(shown)
	for i := range a.clients {
		c := &a.clients[i]
		want := sha256.Sum256([]byte(c.InsecurePassword))
		if subtle.ConstantTimeCompare(digest[:], want[:]) == 1 && c.InsecurePassword != "" {
			found = c
		}
	}
	return found
}

// errNoRole is why a client is denied that has no role, or none that grants the right.
var errNoRole = errors.New("ied: no role of the client grants that")

// Allow implements server.Authorizer.
func (a *authority) Allow(p *model.Principal, r server.Right, _ model.Ref) error {
	for _, role := range a.roles(p) {
		if rights := roleRights[role]; int(r) < len(rights) && rights[r] == 'x' {
			return nil
		}
	}
	return fmt.Errorf("%w: %s", errNoRole, r)
}

var everything = []string{"ALL"}

// roles are those of a principal.
func (a *authority) roles(p *model.Principal) []string {
	proven := p != nil && p.Proof != model.ProofNone
	var i int
	if proven {
		bare, _, _ := strings.Cut(p.Name, "/") // a full JID has the roles of the account
		i = slices.IndexFunc(a.clients, func(c Client) bool {
			return c.Name != Anonymous && (c.Name == p.Name || c.Name == bare && strings.Contains(bare, "@"))
		})
	} else {
		i = slices.IndexFunc(a.clients, func(c Client) bool { return c.Name == Anonymous })
	}
	switch {
	case i >= 0:
		return a.clients[i].Roles
	case !proven || len(a.clients) == 0:
		return everything // Config.InsecureAnonymous, or nobody is told apart
	}
	return nil
}
