package sasl

import (
	"errors"
	"testing"

	"github.com/gridward/gridward/xmpp/jid"
)

func TestExternalServer(t *testing.T) {
	one := []string{"der1@grid.example"}
	two := []string{"der1@grid.example", "der2@grid.example"}
	for _, c := range []struct {
		name    string
		addrs   []string
		authzid string
		want    string // JID, or failure condition after "!"
	}{
		{"none", nil, "", "!not-authorized"},
		{"none, asked", nil, "der1@grid.example", "!not-authorized"},
		{"other domain", []string{"der1@other.example"}, "", "!not-authorized"},
		{"domain only", []string{"grid.example"}, "", "!not-authorized"},
		{"full JID in certificate", []string{"der1@grid.example/IEC"}, "", "!not-authorized"},
		{"one, empty", one, "", "der1@grid.example"},
		{"one, equal", one, "der1@grid.example", "der1@grid.example"},
		{"one, equal after preparation", one, "DER1@Grid.Example", "der1@grid.example"},
		{"one, other", one, "ems@grid.example", "!invalid-authzid"},
		{"one, full", one, "der1@grid.example/IEC", "!invalid-authzid"},
		{"one, garbage", one, "@@", "!invalid-authzid"},
		{"one, NUL", one, "der1@grid.example\x00", "!invalid-authzid"},
		{"one twice, empty", []string{"der1@grid.example", "der1@grid.example"}, "", "der1@grid.example"},
		{"one of two domains, empty", []string{"der1@grid.example", "der1@other.example"}, "", "der1@grid.example"},
		{"one of two domains, foreign", []string{"der1@grid.example", "der1@other.example"}, "der1@other.example", "!invalid-authzid"},
		{"two, empty", two, "", "!invalid-authzid"},
		{"two, first", two, "der1@grid.example", "der1@grid.example"},
		{"two, second", two, "der2@grid.example", "der2@grid.example"},
		{"two, other", two, "der3@grid.example", "!invalid-authzid"},
	} {
		var addrs []jid.JID
		for _, a := range c.addrs {
			addrs = append(addrs, jid.MustParse(a))
		}
		f := External("grid.example", addrs)
		for _, initial := range []bool{true, false} {
			s := f.New()
			if !initial {
				if step, err := s.Next(nil); err != nil || step.Done || step.Challenge == nil {
					t.Errorf("%s: without initial response: %+v, %v", c.name, step, err)
				}
			}
			step, err := s.Next([]byte(c.authzid))
			got := step.Identity.JID.String()
			var fail *Failure
			if errors.As(err, &fail) {
				got = "!" + fail.Cond
			}
			if got != c.want || step.Done == (err != nil) {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
	}
}

func TestExternalClient(t *testing.T) {
	c := ExternalClient(jid.MustParse("der1@grid.example/IEC"))
	if b, err := c.Start(); err != nil || string(b) != "der1@grid.example" || c.Name() != "EXTERNAL" {
		t.Errorf("%q %v", b, err)
	}
	if b, err := ExternalClient(jid.JID{}).Start(); err != nil || b == nil || len(b) != 0 {
		t.Errorf("%q %v", b, err)
	}
	if b, err := c.Next(nil); err != nil || string(b) != "der1@grid.example" {
		t.Errorf("%q %v", b, err)
	}
	if _, err := c.Next([]byte("x")); !errors.Is(err, &Failure{}) {
		t.Errorf("challenge answered: %v", err)
	}
	if err := c.Success(nil); err != nil {
		t.Error(err)
	}
}

func TestFailure(t *testing.T) {
	err := error(&Failure{NotAuthorized, "why"})
	if !errors.Is(err, &Failure{Cond: NotAuthorized}) || errors.Is(err, &Failure{Cond: Aborted}) || err.Error() != "sasl: not-authorized: why" {
		t.Error(err)
	}
	if (&Failure{Cond: Aborted}).Error() != "sasl: aborted" {
		t.Error("text without reason")
	}
}
