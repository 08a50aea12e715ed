package main

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/jid"
)

func TestTargets(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7:102", "192.0.2.7:10102": "192.0.2.7:10102", "ied.example": "ied.example:102", "mms://ied.example": "ied.example:102",
		"mms://ied.example:7/": "ied.example:7", "mmss://ied.example": "ied.example:3782", "mmss://[2001:db8::7]": "[2001:db8::7]:3782",
		"2001:db8::7": "[2001:db8::7]:102", "[2001:db8::7]:103": "[2001:db8::7]:103", "::1": "[::1]:102",
		"der1@grid.example": "der1@grid.example", "xmpp:der1@grid.example/IEC": "der1@grid.example/IEC",
		"": "", "http://ied": "", "ied:x": "", "ied:0": "", "ied:99999": "", "mms://": "", "a b": "", "xmpp:grid.example": "", "@grid.example": "", "a:b:c": "", "ied/x": "",
	} {
		got, err := parseMMSTarget(in)
		switch {
		case want == "" && cli.CodeOf(err) != cli.BadUsage:
			t.Errorf("%q: %s, %v", in, got, err)
		case want != "" && (err != nil || got.String() != want):
			t.Errorf("%q: %s, %v, want %s", in, got, err, want)
		}
	}
}

func FuzzTarget(f *testing.F) {
	for _, s := range []string{"192.0.2.7:102", "mms://[::1]:7", "der1@grid.example", "xmpp:", "mmss://a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		target, err := parseMMSTarget(s)
		if err != nil {
			return
		}
		if target.overXMPP() {
			return
		}
		if _, _, err := net.SplitHostPort(target.address()); err != nil {
			t.Errorf("%q gives the address %q: %v", s, target.address(), err)
		}
	})
}

// Whose fault it is shows in the exit code, and there is something to do about it.
func TestDialErrors(t *testing.T) {
	tcp := mmsTarget{host: "192.0.2.7"}
	over := mmsTarget{jid: jid.MustParse("der1@grid.example")}
	refused := func(code int) error {
		return fmt.Errorf("%w: %w", mms.ErrRefused, &osi.RefusedError{Layer: "acse", Diagnostic: &acse.Diagnostic{Code: code}})
	}
	for _, tc := range []struct {
		err    error
		target mmsTarget
		code   int
	}{
		{fmt.Errorf("x: %w", syscall.ECONNREFUSED), tcp, cli.Failed},
		{&net.DNSError{Err: "no such host"}, tcp, cli.Failed},
		{mms.ErrTimeout, tcp, cli.Failed},
		{mms.ErrLinkLost, tcp, cli.Refused},
		{refused(acse.DiagAuthenticationFailed), tcp, cli.Refused},
		{refused(acse.DiagAuthenticationNeeded), tcp, cli.Refused},
		{refused(acse.DiagMechanismUnknown), tcp, cli.Refused},
		{refused(acse.DiagCalledAPTitle), tcp, cli.Refused},
		{refused(acse.DiagCallingAPTitle), tcp, cli.Refused},
		{refused(acse.DiagNoReason), tcp, cli.Refused},
		{&osi.RefusedError{Layer: "transport", Reason: 2}, tcp, cli.Refused},
		{&osi.RefusedError{Layer: "session", Reason: 129}, tcp, cli.Refused},
		{&osi.RefusedError{Layer: "presentation"}, tcp, cli.Refused},
		{&tlsprofile.CertificateError{Reason: tlsprofile.ErrOtherCA}, tcp, cli.Insecure},
		{&tlsprofile.CertificateError{Reason: tlsprofile.ErrOtherCA, Remote: true}, tcp, cli.Refused},
		{&tlsprofile.CertificateError{Reason: tlsprofile.ErrWrongName, Err: x509.HostnameError{}}, tcp, cli.Insecure},
		{mms.ErrPeerOffline, over, cli.Failed},
		{mms.ErrPolicy, over, cli.Refused},
		{mms.ErrRefused, over, cli.Refused},
		{fmt.Errorf("%w: conflict", errLogin), over, cli.Refused},
	} {
		err := dialError(tc.err, tc.target)
		if cli.CodeOf(err) != tc.code || cli.HintOf(err) == "" || !errors.Is(err, tc.err) {
			t.Errorf("%v: exit code %d, want %d; hint %q", tc.err, cli.CodeOf(err), tc.code, cli.HintOf(err))
		}
	}
}

func TestRequestErrors(t *testing.T) {
	target := mmsTarget{host: "192.0.2.7"}
	access := func(code mms.DataAccessError) error { return &client.AccessError{Code: code} }
	for _, tc := range []struct {
		err  error
		code int
	}{
		{access(mms.ObjectNonExistent), cli.Refused},
		{access(mms.ObjectAccessDenied), cli.Refused},
		{access(mms.TypeInconsistent), cli.Refused},
		{access(mms.TemporarilyUnavailable), cli.Refused},
		{&mms.ServiceError{Class: mms.ErrAccess, Code: mms.AccessNonExistent}, cli.Refused},
		{&mms.RejectReason{}, cli.Refused},
		{client.ErrReserved, cli.Refused},
		{mms.ErrTimeout, cli.Failed},
	} {
		err := mmsError(tc.err, target)
		if cli.CodeOf(err) != tc.code || cli.HintOf(err) == "" {
			t.Errorf("%v: exit code %d, want %d; hint %q", tc.err, cli.CodeOf(err), tc.code, cli.HintOf(err))
		}
	}
	if err := mmsError(mms.ErrLinkLost, target); cli.CodeOf(err) != cli.Failed || !errors.Is(err, mms.ErrLinkLost) {
		t.Errorf("%v", err)
	}
	if mmsError(nil, target) != nil {
		t.Error("no error became one")
	}
}

func TestControlCausesHaveWords(t *testing.T) {
	for cause := model.AddCauseNotSupported; cause <= model.AddCauseLockedByOtherClient; cause++ {
		switch cause {
		case model.AddCauseNone, model.AddCauseAbortedByCancel, model.AddCauseEndedWithOvershoot, model.AddCauseAbortedByDeviation:
			continue // nothing to do about them
		}
		if causeHints[cause] == "" {
			t.Errorf("%s has no hint", cause)
		}
	}
}

func TestCompletionsAreKeptForAMinute(t *testing.T) {
	c := cacheFile(filepath.Join(t.TempDir(), "names", "x.json"))
	if _, ok := c.load(time.Now()); ok {
		t.Error("something was there")
	}
	c.save([]string{"a", "b"})
	if names, ok := c.load(time.Now()); !ok || len(names) != 2 {
		t.Errorf("%v, %t", names, ok)
	}
	if _, ok := c.load(time.Now().Add(2 * completeKeep)); ok {
		t.Error("an old answer is used")
	}
	info, err := os.Stat(string(c))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	old := time.Now().Add(-2 * completeKeep)
	if err := os.Chtimes(string(c), old, old); err != nil {
		t.Fatal(err)
	}
	other := cacheFile(filepath.Join(filepath.Dir(string(c)), "y.json"))
	other.save(nil)
	if _, err := os.Stat(string(c)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an old answer stays: %v", err)
	}
	cacheFile("").save([]string{"a"})
}
