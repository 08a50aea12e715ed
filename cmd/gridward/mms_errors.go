package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/osi/tpkt"
	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/mmsbinding"
)

// dialError says why there is no association, what to do about it, and whose fault it is by the exit code.
func dialError(err error, t mmsTarget) error {
	var exit *cli.ExitError
	if err == nil || errors.As(err, &exit) {
		return err
	}
	if errors.Is(err, context.Canceled) {
		return cli.Exit(cli.Failed, fmt.Errorf("%s: %w", t, err), "")
	}
	err = fmt.Errorf("%s: %w", t, err)
	if ce := tlsprofile.Refusal(err, time.Now()); ce != nil {
		code := cli.Insecure
		if ce.Remote {
			code = cli.Refused
		}
		return cli.Exit(code, err, certificateHint(ce))
	}
	if t.overXMPP() {
		return xmppError(err, t)
	}
	return tcpError(err, t)
}

func tcpError(err error, t mmsTarget) error {
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var refused *osi.RefusedError
	var network *net.OpError
	secured := "the server may ask for TLS (--tls), for other selectors (--tsel, --ssel, --psel) or for a password (--password-file)"
	switch {
	case errors.As(err, &dns):
		return cli.Exit(cli.Failed, err, "the name is not known; give the IP address")
	case errors.Is(err, syscall.ECONNREFUSED):
		return cli.Exit(cli.Failed, err, "nobody listens at "+t.address()+"; MMS has port 102, with TLS 3782: give another one as HOST:PORT")
	case errors.As(err, &record):
		return cli.Exit(cli.Failed, err, "the server does not speak TLS at this port; leave out --tls, or give its TLS port")
	case errors.Is(err, tpkt.ErrHeader) && !t.tls:
		return cli.Exit(cli.Failed, err, "what answers is no MMS in the clear; if the server has TLS give --tls")
	case errors.As(err, &refused):
		return cli.Exit(cli.Refused, err, refusalHint(refused, secured))
	case errors.Is(err, mms.ErrRefused):
		return cli.Exit(cli.Refused, err, secured)
	case errors.Is(err, mms.ErrTimeout), errors.As(err, &network) && network.Timeout():
		return cli.Exit(cli.Failed, err, "is the address right, and does a firewall let port 102 or 3782 through? --timeout waits longer; "+secured)
	case errors.Is(err, mms.ErrAborted), errors.Is(err, mms.ErrLinkLost):
		return cli.Exit(cli.Refused, err, secured)
	}
	return cli.Exit(cli.Failed, err, "")
}

// refusalHint knows the refusals of the layers below MMS.
func refusalHint(e *osi.RefusedError, other string) string {
	switch {
	case e.Diagnostic != nil:
		return diagnosticHint(e.Diagnostic, other)
	case e.Layer == "transport":
		return "the server does not take the transport selector; --tsel gives another, --scl FILE takes it from SCL (OSI-TSEL)"
	case e.Layer == "session":
		return "the server does not take the session selector; --ssel gives another, --scl FILE takes it from SCL (OSI-SSEL)"
	case e.Layer == "presentation":
		return "the server does not take the presentation selector; --psel gives another, --scl FILE takes it from SCL (OSI-PSEL)"
	}
	return other
}

func diagnosticHint(d *acse.Diagnostic, other string) string {
	switch d.Code {
	case acse.DiagAuthenticationFailed:
		return "the password is wrong; give it with --password-file or " + cli.Env("password")
	case acse.DiagAuthenticationNeeded, acse.DiagMechanismRequired:
		return "the server asks for a password: give it with --password-file or " + cli.Env("password") + "; or for TLS: --tls"
	case acse.DiagMechanismUnknown:
		return "the server does not take passwords; it may ask for TLS: --tls"
	case acse.DiagCalledAPTitle:
		return "give the server's title with --ap-title and --ae-qualifier, or --scl FILE"
	case acse.DiagCallingAPTitle:
		return "the server knows its clients by title: --calling ap-title=OID,ae-qualifier=N"
	}
	return other
}

func xmppError(err error, t mmsTarget) error {
	switch {
	case errors.Is(err, mmsbinding.ErrInsecureClear):
		return cli.Exit(cli.Refused, err, "the server does not take unsecured associations (InsecureClear61850 in its configuration)")
	case errors.Is(err, errLogin):
		return cli.Exit(cli.Refused, err, "is the account known to the XMPP server, and is nobody else logged in as it? an operator needs an account of its own")
	case errors.Is(err, mms.ErrPeerOffline):
		return cli.Exit(cli.Failed, err, fmt.Sprintf("%s is offline, or the XMPP server does not let its presence through to this account", t.jid))
	case errors.Is(err, mms.ErrPolicy):
		return cli.Exit(cli.Refused, err, "the rules of the XMPP server do not let this account ask "+t.jid.String())
	case errors.Is(err, mms.ErrRefused), errors.Is(err, mms.ErrAborted):
		return cli.Exit(cli.Refused, err, "the server may take no client but those of its list (peers in der.yaml)")
	}
	return cli.Exit(cli.Failed, err, "check --hosts and --jid")
}

// mmsError gives an error of a request its exit code and a hint.
func mmsError(err error, target fmt.Stringer) error {
	var exit *cli.ExitError
	if err == nil || errors.As(err, &exit) {
		return err
	}
	if refusedByPeer(err) {
		return cli.Exit(cli.Refused, err, requestHint(err))
	}
	switch {
	case errors.Is(err, client.ErrReserved):
		return cli.Exit(cli.Refused, err, "another client uses the block; take another instance: 'gridward mms report list' shows who has which")
	case errors.Is(err, mms.ErrTimeout):
		return cli.Exit(cli.Failed, fmt.Errorf("%s: %w", target, err), "--timeout waits longer")
	}
	for _, end := range []error{mms.ErrReleased, mms.ErrAborted, mms.ErrLinkLost, mms.ErrTransport, mms.ErrPeerOffline, mms.ErrProtocol} {
		if errors.Is(err, end) {
			return cli.Exit(cli.Failed, fmt.Errorf("%s: %w", target, err), "")
		}
	}
	return err
}

// refusedByPeer reports whether err is a negative answer of the server.
func refusedByPeer(err error) bool {
	var service *mms.ServiceError
	var reject *mms.RejectReason
	var access *client.AccessError
	var control *client.ControlError
	return errors.As(err, &service) || errors.As(err, &reject) || errors.As(err, &access) || errors.As(err, &control)
}

func requestHint(err error) string {
	var service *mms.ServiceError
	var reject *mms.RejectReason
	switch {
	case errors.Is(err, mms.ObjectNonExistent):
		return "the server has nothing of this name; 'gridward mms browse' lists what it has"
	case errors.Is(err, mms.ObjectAccessDenied):
		return "the server does not allow it to this client, or not now"
	case errors.Is(err, mms.TypeInconsistent):
		return "the value does not have the type of the attribute; 'gridward mms browse --types' shows it"
	case errors.Is(err, mms.TemporarilyUnavailable):
		return "another client may have reserved it, or it cannot be changed in its present state"
	case errors.As(err, &service) && service.Class == mms.ErrAccess && service.Code == mms.AccessNonExistent:
		return "the server has nothing of this name; 'gridward mms browse' lists what it has"
	case errors.As(err, &reject):
		return "the server does not know this service"
	}
	return ""
}

// plainReason is why a single access failed, without the prefix of the package and without the reference.
func plainReason(err error) string {
	var access *client.AccessError
	var service *mms.ServiceError
	switch {
	case errors.As(err, &access):
		return access.Code.String()
	case errors.As(err, &service):
		return strings.TrimPrefix(service.Error(), "mms: peer refused the service: ")
	}
	return err.Error()
}
