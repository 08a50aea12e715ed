package mmsbench

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"sync"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/security/tlsprofile"
)

// A worker does orders, one at a time.
type worker struct {
	ctx context.Context
	all sync.WaitGroup

	srv     *server.Server // of serve
	held    []io.Closer    // of hold and silent
	subs    *subscribers   // of subscribe
	stopped []func()
}

func (w *worker) end() {
	_, _ = w.drop(order{})
	for _, f := range w.stopped {
		f()
	}
	w.all.Wait()
	if w.srv != nil {
		w.srv.Close()
	}
}

// serve opens three ports: an echo, MMS in the clear and, with a key, MMS through TLS.
func (w *worker) serve(o order) (result, error) {
	m, err := benchModel()
	if err != nil {
		return result{}, err
	}
	if w.srv, err = server.New(server.Config{Model: m, InsecureAnonymous: true}); err != nil {
		return result{}, err
	}
	echo, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return result{}, err
	}
	w.stopped = append(w.stopped, func() { _ = echo.Close() })
	w.all.Go(func() { echoAll(w.ctx, echo) })
	r := result{Echo: echo.Addr().String()}
	// Everything comes from one address here, so the limits of one source are lifted, in the clear.
	if r.Clear, err = w.listen(tcp.Limits{Open: 3000, HalfOpen: 3000, HalfOpenPerSource: 3000}, nil); err != nil || o.Key == "" {
		return r, err
	}
	b, err := keystore.Load(o.Cert, o.Key, o.CA)
	if err != nil {
		return r, err
	}
	conf, err := tlsprofile.Server{Certificate: b.Certificate, ClientCAs: b.Pool}.Config()
	if err != nil {
		return r, err
	}
	r.Secured, err = w.listen(tcp.Limits{}, conf)
	return r, err
}

func (w *worker) listen(limits tcp.Limits, conf *tls.Config) (string, error) {
	l, err := tcp.Listen(w.ctx, "127.0.0.1:0", limits)
	if err != nil {
		return "", err
	}
	cfg := mmstcp.Config{OSI: osi.Config{InsecureAnonymous: true}}
	if conf != nil {
		cfg.Secure = mmstcp.TLSServer(conf)
	}
	w.all.Go(func() {
		_ = mmstcp.Serve(w.ctx, l, cfg, func(ctx context.Context, a mms.Association) { _ = w.srv.Serve(ctx, a) })
	})
	return l.Addr().String(), nil
}

// echoAll answers as many octets as it is told first.
func echoAll(ctx context.Context, l net.Listener) {
	for {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer context.AfterFunc(ctx, func() { _ = nc.Close() })()
			defer func() { _ = nc.Close() }()
			var sizes [4]byte
			if _, err := io.ReadFull(nc, sizes[:]); err != nil {
				return
			}
			question := make([]byte, int(sizes[0])<<8|int(sizes[1]))
			answer := make([]byte, int(sizes[2])<<8|int(sizes[3]))
			for {
				if _, err := io.ReadFull(nc, question); err != nil {
					return
				}
				if _, err := nc.Write(answer); err != nil {
					return
				}
			}
		}()
	}
}

var counter = model.Ref{LDevice: "BENCHLD0", LN: "GGIO1", Path: "CntVal1.actVal", FC: model.ST}

// event changes the counter to the time of day in nanoseconds.
func (w *worker) event() error {
	now := time.Now()
	return w.srv.Update(now, func(tx *server.Tx) { tx.Set(counter, model.Int(now.UnixNano())) })
}

// flood makes events for a while, no faster than they are sent: with what waits in an association's queue nothing is lost.
func (w *worker) flood(o order) (result, error) {
	clients := uint64(max(o.N, 1))
	began := time.Now()
	sent := w.srv.Stats().Reports
	var n uint64
	for time.Since(began) < o.duration() {
		for range 10 {
			if err := w.event(); err != nil {
				return result{}, err
			}
			n++
		}
		for n*clients > w.srv.Stats().Reports-sent+100*clients && time.Since(began) < o.duration() {
			time.Sleep(20 * time.Microsecond)
		}
	}
	return result{Count: int(n), Seconds: time.Since(began).Seconds()}, nil //nolint:gosec // a few million
}

// pulse makes N events, one every so often.
func (w *worker) pulse(o order) (result, error) {
	tick := time.NewTicker(time.Duration(o.Every) * time.Millisecond)
	defer tick.Stop()
	for range o.N {
		<-tick.C
		if err := w.event(); err != nil {
			return result{}, err
		}
	}
	return result{Count: o.N}, nil
}
