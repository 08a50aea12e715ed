package tlsprofile

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Why a certificate is refused: one sentinel for each thing that an operator does about it.
var (
	ErrNoCertificate = errors.New("tlsprofile: the peer showed no certificate")
	ErrOtherCA       = errors.New("tlsprofile: certificate of another CA")
	ErrExpired       = errors.New("tlsprofile: certificate expired")
	ErrNotYetValid   = errors.New("tlsprofile: certificate not yet valid")
	ErrWrongUsage    = errors.New("tlsprofile: certificate is not for this use")
	ErrWeakKey       = errors.New("tlsprofile: key or signature too weak")
	ErrWrongName     = errors.New("tlsprofile: certificate names another server")
	ErrMalformed     = errors.New("tlsprofile: malformed certificate")
	ErrRevoked       = errors.New("tlsprofile: certificate revoked")
)

// A CertificateError says which certificate was refused and why. It is one of the sentinels above for errors.Is.
type CertificateError struct {
	Reason  error             // one of the Err… sentinels
	Cert    *x509.Certificate // the refused certificate, nil when the peer showed none or only told us so
	Remote  bool              // true when it is the peer that refused our certificate
	Details string            // what exactly, may be empty
	Err     error             // the cause, may be nil
}

func (e *CertificateError) Error() string {
	var b strings.Builder
	if e.Remote {
		b.WriteString("tlsprofile: refused by the peer: ")
		b.WriteString(strings.TrimPrefix(e.Reason.Error(), "tlsprofile: "))
	} else {
		b.WriteString(e.Reason.Error())
	}
	if e.Details != "" {
		b.WriteString(": " + e.Details)
	}
	if e.Cert != nil {
		fmt.Fprintf(&b, " (subject %q, issuer %q, serial %x)", e.Cert.Subject, e.Cert.Issuer, e.Cert.SerialNumber)
	}
	return b.String()
}

// Is reports whether target is the reason of e.
func (e *CertificateError) Is(target error) bool { return target == e.Reason }

// Unwrap returns the cause.
func (e *CertificateError) Unwrap() error { return e.Err }

// Refusal finds in the error of a failed handshake, or of the first read after it (where TLS 1.3 reports what the
// server made of the client's certificate), why a certificate was refused. It returns nil when the failure had
// another cause. now decides between expired and not yet valid.
func Refusal(err error, now time.Time) *CertificateError {
	if err == nil {
		return nil
	}
	var ce *CertificateError
	if errors.As(err, &ce) {
		return ce
	}
	var ve *tls.CertificateVerificationError
	if errors.As(err, &ve) {
		return fromVerify(ve.Err, ve.UnverifiedCertificates, now)
	}
	var oe *net.OpError
	if errors.As(err, &oe) && oe.Op == "remote error" {
		if reason := alertReason(oe.Err.Error()); reason != nil {
			return &CertificateError{Reason: reason, Remote: true, Err: err}
		}
		return nil
	}
	// crypto/tls has no type for this one.
	if strings.Contains(err.Error(), "client didn't provide a certificate") {
		return &CertificateError{Reason: ErrNoCertificate, Err: err}
	}
	return nil
}

// alertReason maps the text of a TLS alert (RFC 8446 6.2) that concerns a certificate.
func alertReason(text string) error {
	switch strings.TrimPrefix(text, "tls: ") {
	case "unknown certificate authority":
		return ErrOtherCA
	case "expired certificate":
		return ErrExpired
	case "certificate required":
		return ErrNoCertificate
	case "revoked certificate":
		return ErrRevoked
	case "unsupported certificate":
		return ErrWrongUsage
	case "bad certificate", "unknown certificate", "access denied":
		return ErrMalformed
	}
	return nil
}

// fromVerify names the cause of a failed path validation.
func fromVerify(err error, certs []*x509.Certificate, now time.Time) *CertificateError {
	e := &CertificateError{Reason: ErrMalformed, Err: err, Details: strings.TrimPrefix(err.Error(), "x509: ")}
	if len(certs) > 0 {
		e.Cert = certs[0]
	}
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &invalid):
		if invalid.Cert != nil {
			e.Cert = invalid.Cert
		}
		switch invalid.Reason {
		case x509.Expired:
			e.Reason, e.Details = ErrExpired, "since "+e.Cert.NotAfter.UTC().Format(time.RFC3339)
			if now.Before(e.Cert.NotBefore) {
				e.Reason, e.Details = ErrNotYetValid, "from "+e.Cert.NotBefore.UTC().Format(time.RFC3339)
			}
		case x509.IncompatibleUsage, x509.NotAuthorizedToSign:
			e.Reason = ErrWrongUsage
		}
	case errors.As(err, &unknown):
		e.Reason, e.Details = ErrOtherCA, ""
	}
	return e
}
