package mmstcp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
)

// Dial associates with the server at a TCP address. Refusals are mms.ErrRefused, and an *osi.RefusedError or
// *mms.ServiceError says more.
func Dial(ctx context.Context, addr string, cfg Config) (mms.Association, error) {
	nc, err := tcp.Dial(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", mms.ErrPeerOffline, err)
	}
	return Client(ctx, nc, cfg)
}

// Client associates over a connection, which it takes.
func Client(ctx context.Context, nc net.Conn, cfg Config) (mms.Association, error) {
	cfg.setDefaults()
	h, err := begin(ctx, nc, &cfg)
	if err != nil {
		return nil, err
	}
	return h.finish(h.client())
}

// Server takes the association that the peer asks for over a connection, which it takes too.
func Server(ctx context.Context, nc net.Conn, cfg Config) (mms.Association, error) {
	cfg.setDefaults()
	h, err := begin(ctx, nc, &cfg)
	if err != nil {
		return nil, err
	}
	return h.finish(h.server())
}

// A handshake is a connection before the association is there.
type handshake struct {
	ctx  context.Context
	stop func() bool
	cfg  *Config
	nc   net.Conn
	r    receiver
	m    *osi.Machine
}

func begin(ctx context.Context, nc net.Conn, cfg *Config) (*handshake, error) {
	cfg.OSI.Addr = nc.RemoteAddr().String()
	if cfg.Secure != nil {
		secured, channel, err := secure(ctx, nc, cfg)
		if err != nil {
			_ = nc.Close() // the handshake failed
			return nil, fmt.Errorf("%w: %w", mms.ErrRefused, err)
		}
		nc, cfg.OSI.Channel = secured, channel
	}
	h := &handshake{ctx: ctx, cfg: cfg, nc: nc, r: newReceiver(nc)}
	h.stop = context.AfterFunc(ctx, func() { _ = nc.SetDeadline(past) })
	return h, nil
}

// secure gives the protected transport no more time than the association may take.
func secure(ctx context.Context, nc net.Conn, cfg *Config) (net.Conn, acse.Channel, error) {
	limit := cfg.OSI.Timeouts.Associate
	orDefault(&limit, 10*time.Second)
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = nc.SetDeadline(past) })
	secured, channel, err := cfg.Secure(ctx, nc)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	return secured, channel, err
}

// past is a deadline that ends every call.
var past = time.Unix(1, 0)

// finish makes an association run, or gives up the connection.
func (h *handshake) finish(c *conn, err error) (mms.Association, error) {
	if !h.stop() && err == nil {
		err = h.ctx.Err()
	}
	if err == nil {
		err = h.nc.SetDeadline(time.Time{})
	}
	if err != nil {
		if cause := h.ctx.Err(); cause != nil {
			_ = h.nc.Close() // nobody waits for more
			return nil, cause
		}
		linger(h.nc)
		return nil, err
	}
	c.r = h.r
	c.mu.Lock()
	defer c.mu.Unlock()
	c.alone()
	return c, nil
}

func (h *handshake) client() (*conn, error) {
	pdu, err := mms.AppendBER(nil, h.cfg.terms().Propose(mms.ServicesSupported))
	if err != nil {
		return nil, err
	}
	if h.m, err = osi.NewCalling(h.cfg.OSI, pdu, time.Now()); err != nil {
		return nil, err
	}
	ev, err := h.next()
	if err != nil {
		return nil, err
	}
	answer, err := mms.ParseBER(ev.PDU, mms.Limits{})
	if err != nil {
		h.abort()
		return nil, fmt.Errorf("%w: %w", mms.ErrProtocol, err)
	}
	var params mms.Params
	switch a := answer.(type) {
	case *mms.InitiateResponse:
		params, err = h.cfg.terms().Accept(a)
	case *mms.InitiateError:
		err = fmt.Errorf("%w: %w", mms.ErrRefused, &a.Error)
	default:
		err = fmt.Errorf("%w: initiate answered with %T", mms.ErrProtocol, a)
	}
	if err != nil {
		h.abort()
		return nil, err
	}
	h.m.SetMaxPDU(params.MaxPDU)
	return newConn(h, params), nil
}

func (h *handshake) server() (*conn, error) {
	h.m = osi.NewCalled(h.cfg.OSI, time.Now())
	ev, err := h.next()
	if err != nil {
		return nil, err
	}
	p, err := mms.ParseBER(ev.PDU, mms.Limits{})
	initiate, ok := p.(*mms.InitiateRequest)
	if err == nil && !ok {
		err = fmt.Errorf("%T instead of an initiate", p)
	}
	if err != nil {
		return nil, h.refuse(fmt.Errorf("%w: %w", mms.ErrProtocol, err))
	}
	answer, params, err := h.cfg.terms().Answer(initiate, mms.ServicesSupported)
	if err != nil {
		return nil, h.refuse(err)
	}
	if a, ok := h.nc.(interface{ Admit() error }); ok {
		if err := a.Admit(); err != nil {
			return nil, h.refuse(fmt.Errorf("%w: %w", mms.ErrRefused, err))
		}
	}
	pdu, err := mms.AppendBER(nil, answer)
	if err == nil {
		err = h.m.Accept(pdu, params.MaxPDU)
	}
	if err != nil {
		return nil, err
	}
	return newConn(h, params), h.flush()
}

// refuse answers with an initiate-ErrorPDU.
func (h *handshake) refuse(cause error) error {
	pdu, err := mms.AppendBER(nil, &mms.InitiateError{Error: mms.ServiceError{Class: mms.ErrInitiate}})
	if err != nil {
		return err
	}
	if _, err := h.m.Refuse(cause, pdu); err != nil {
		return err
	}
	return errors.Join(cause, h.flush())
}

func (h *handshake) abort() {
	h.m.Abort()
	_ = h.flush() // the connection is given up anyway
}

func (h *handshake) flush() error {
	out := h.m.Output()
	if len(out) == 0 {
		return nil
	}
	if _, err := h.nc.Write(out); err != nil {
		return fmt.Errorf("%w: %w", mms.ErrLinkLost, err)
	}
	return nil
}

// next goes on until the machine gives an Event. An error is the end.
func (h *handshake) next() (osi.Event, error) {
	for {
		now := time.Now()
		n, ev := h.m.Receive(h.r.octets(), now)
		h.r.take(n)
		if err := h.flush(); err != nil && ev.Kind == osi.None {
			return ev, err
		}
		switch ev.Kind {
		case osi.Confirmed, osi.Indication:
			return ev, nil
		case osi.Ended:
			return ev, named(ev.Err)
		case osi.Received, osi.Released:
			return ev, mms.ErrProtocol
		}
		if h.ctx.Err() == nil {
			if err := h.nc.SetReadDeadline(h.m.Deadline()); err != nil {
				return ev, fmt.Errorf("%w: %w", mms.ErrLinkLost, err)
			}
		}
		if err := h.ctx.Err(); err != nil {
			return ev, err
		}
		switch err := h.r.fill(); {
		case errors.Is(err, os.ErrDeadlineExceeded) && h.ctx.Err() == nil:
			if ev := h.m.Tick(time.Now()); ev.Kind == osi.Ended {
				_ = h.flush() // the peer did not answer before either
				return ev, named(ev.Err)
			}
		case err != nil:
			return ev, fmt.Errorf("%w: %w", mms.ErrLinkLost, err)
		}
	}
}

// named gives the ends of package osi the names that callers decide upon.
func named(err error) error {
	for _, x := range []struct{ osi, mms error }{
		{osi.ErrRefused, mms.ErrRefused},
		{osi.ErrAborted, mms.ErrAborted},
		{osi.ErrTimeout, mms.ErrTimeout},
		{osi.ErrProtocol, mms.ErrProtocol},
	} {
		if errors.Is(err, x.osi) {
			return fmt.Errorf("%w: %w", x.mms, err)
		}
	}
	return err
}

// linger closes a connection so that what was sent last arrives: it waits a moment for the peer to close first.
func linger(nc net.Conn) {
	if w, ok := nc.(interface{ CloseWrite() error }); ok && w.CloseWrite() == nil {
		if nc.SetReadDeadline(time.Now().Add(time.Second)) == nil {
			var sink [512]byte
			for range 64 {
				if _, err := nc.Read(sink[:]); err != nil {
					break
				}
			}
		}
	}
	_ = nc.Close() // nothing depends on it any more
}
