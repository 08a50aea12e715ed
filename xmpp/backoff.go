package xmpp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/gridward/gridward/security/tlsprofile"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// backoff chooses the pause before the next attempt.
type backoff struct {
	least, most, spread, refused time.Duration
	rand                         *rand.Rand
	failures                     int
}

// next returns the pause: BackoffMin doubled for every failure, at most BackoffMax, times a random factor between one
// half and three halves. After the server itself went away, everybody comes back at once: a random part of Spread is
// added. What will be refused again waits long.
func (b *backoff) next(err error, wasUp bool) (pause time.Duration, refused bool) {
	if isRefusal(err) {
		return time.Duration(float64(b.refused) * (1 + b.rand.Float64())), true
	}
	d := b.most
	if b.failures < 30 && b.least<<b.failures < b.most {
		d = b.least << b.failures
	}
	b.failures++
	d = time.Duration(float64(d) * (0.5 + b.rand.Float64()))
	if wasUp && b.spread > 0 && serverWentAway(err) {
		d += time.Duration(b.rand.Float64() * float64(b.spread))
	}
	return d, false
}

func (b *backoff) reset() { b.failures = 0 }

// serverWentAway reports whether the loss hits all clients of the server alike.
func serverWentAway(err error) bool {
	var se *stream.Error
	if errors.As(err, &se) {
		return se.Remote && se.Cond == stream.SystemShutdown
	}
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, errStreamEnd)
}

// isRefusal reports whether trying again soon is pointless.
func isRefusal(err error) bool {
	var (
		se   *stream.Error
		fail *sasl.Failure
		bind *stream.BindError
		cert *tlsprofile.CertificateError
		ver  *tls.CertificateVerificationError
		unk  x509.UnknownAuthorityError
		op   *net.OpError
	)
	switch {
	case errors.As(err, &fail):
		return fail.Cond != sasl.TemporaryAuthFailure
	case errors.As(err, &bind):
		return bind.Cond == stanza.NotAllowed || bind.Cond == stanza.Conflict || bind.Cond == stanza.NotAuthorized || bind.Cond == stanza.Forbidden
	case errors.As(err, &se) && se.Remote:
		return se.Cond == stream.Conflict || se.Cond == stream.NotAuthorized
	case errors.As(err, &op) && op.Op == "remote error": // a TLS alert: the server does not like our certificate
		return true
	}
	return errors.As(err, &cert) || errors.As(err, &ver) || errors.As(err, &unk) || errors.Is(err, stream.ErrResource) ||
		errors.Is(err, stream.ErrNoTLS) || errors.Is(err, stream.ErrInjection) || errors.Is(err, stream.ErrNoMechanism)
}

// isTimeout reports whether a read ended because of its deadline.
func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
