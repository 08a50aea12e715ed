package mmsbench

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/pki/keystore"
	"github.com/gridward/gridward/security/tlsprofile"
)

const warmUp = 50 // requests before the clock runs

func (w *worker) config(o order) (mmstcp.Config, error) {
	if !o.TLS {
		return mmstcp.Config{}, nil
	}
	b, err := keystore.Load(o.Cert, o.Key, o.CA)
	if err != nil {
		return mmstcp.Config{}, err
	}
	conf, err := tlsprofile.Client{Certificate: b.Certificate, RootCAs: b.Pool, Domain: o.Domain}.Config()
	if err != nil {
		return mmstcp.Config{}, err
	}
	return mmstcp.Config{Secure: mmstcp.TLSClient(conf)}, nil
}

// associate opens n associations.
func (w *worker) associate(o order, n int) ([]*client.Client, error) {
	cfg, err := w.config(o)
	if err != nil {
		return nil, err
	}
	var all []*client.Client
	for range n {
		a, err := mmstcp.Dial(w.ctx, o.Addr, cfg)
		if err != nil {
			return nil, errors.Join(err, releaseAll(w.ctx, all))
		}
		all = append(all, client.New(a, client.Options{}))
	}
	return all, nil
}

func releaseAll(ctx context.Context, all []*client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var errs []error
	for _, c := range all {
		errs = append(errs, c.Release(ctx))
	}
	return errors.Join(errs...)
}

// timed has N associations (0: one) do something over and over until the time is up.
func (w *worker) timed(o order, f func(c *client.Client) error) (r result, err error) {
	all, err := w.associate(o, max(o.N, 1))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, releaseAll(w.ctx, all)) }()
	for _, c := range all {
		for range warmUp {
			if err := f(c); err != nil {
				return r, err
			}
		}
	}
	before, _ := mallocs(order{})
	var total atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, len(all))
	began := time.Now()
	for i, c := range all {
		group.Go(func() {
			n := 0
			for ; time.Since(began) < o.duration() && errs[i] == nil; n += 20 {
				for k := 0; k < 20 && errs[i] == nil; k++ {
					errs[i] = f(c)
				}
			}
			total.Add(int64(n))
		})
	}
	group.Wait()
	took := time.Since(began)
	after, _ := mallocs(order{})
	return result{Count: int(total.Load()), Seconds: took.Seconds(), Mallocs: after.Mallocs - before.Mallocs}, errors.Join(errs...)
}

// reads reads one floating-point value.
func (w *worker) reads(o order) (result, error) {
	ref, err := model.ParseRef(o.Ref)
	if err != nil {
		return result{}, err
	}
	return w.timed(o, func(c *client.Client) error {
		_, err := c.ReadOne(w.ctx, ref)
		return err
	})
}

// dataset reads all members of a data set.
func (w *worker) dataset(o order) (result, error) {
	ref, err := model.ParseRef(o.Ref)
	if err != nil {
		return result{}, err
	}
	return w.timed(o, func(c *client.Client) error {
		values, err := c.ReadDataSet(w.ctx, ref)
		if err == nil && len(values) != members {
			err = errors.New("the data set has another size")
		}
		return err
	})
}

// A tallied counts what crosses a connection.
type tallied struct {
	net.Conn
	in, out int
}

func (t *tallied) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.in += n
	return n, err
}

func (t *tallied) Write(b []byte) (int, error) {
	n, err := t.Conn.Write(b)
	t.out += n
	return n, err
}

// sizes tells the octets of a read and of its answer.
func (w *worker) sizes(o order) (result, error) {
	ref, err := model.ParseRef(o.Ref)
	if err != nil {
		return result{}, err
	}
	nc, err := tcp.Dial(w.ctx, o.Addr)
	if err != nil {
		return result{}, err
	}
	t := &tallied{Conn: nc}
	a, err := mmstcp.Client(w.ctx, t, mmstcp.Config{})
	if err != nil {
		return result{}, err
	}
	c := client.New(a, client.Options{})
	defer c.Close()
	if _, err := c.ReadOne(w.ctx, ref); err != nil {
		return result{}, err
	}
	in, out := t.in, t.out
	for range 10 {
		if _, err := c.ReadOne(w.ctx, ref); err != nil {
			return result{}, err
		}
	}
	return result{In: (t.in - in) / 10, Out: (t.out - out) / 10}, nil
}

// echo sends In octets and waits for Out, over and over, on N connections.
func (w *worker) echo(o order) (result, error) {
	var total atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, max(o.N, 1))
	began := time.Now()
	for i := range errs {
		group.Go(func() {
			n, err := echoes(o, began)
			total.Add(int64(n))
			errs[i] = err
		})
	}
	group.Wait()
	return result{Count: int(total.Load()), Seconds: time.Since(began).Seconds()}, errors.Join(errs...)
}

func echoes(o order, began time.Time) (n int, err error) {
	nc, err := net.Dial("tcp", o.Addr)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, nc.Close()) }()
	if _, err := nc.Write([]byte{byte(o.In >> 8), byte(o.In), byte(o.Out >> 8), byte(o.Out)}); err != nil {
		return 0, err
	}
	question, answer := make([]byte, o.In), make([]byte, o.Out)
	for ; time.Since(began) < o.duration(); n += 20 {
		for range 20 {
			if _, err := nc.Write(question); err != nil {
				return n, err
			}
			if _, err := io.ReadFull(nc, answer); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

// associations sets up and releases associations, N at a time.
func (w *worker) associations(o order) (result, error) {
	cfg, err := w.config(o)
	if err != nil {
		return result{}, err
	}
	var total atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, max(o.N, 1))
	began := time.Now()
	for i := range errs {
		group.Go(func() {
			for time.Since(began) < o.duration() && errs[i] == nil {
				var a mms.Association
				if a, errs[i] = mmstcp.Dial(w.ctx, o.Addr, cfg); errs[i] == nil {
					errs[i] = a.Release(w.ctx)
					total.Add(1)
				}
			}
		})
	}
	group.Wait()
	return result{Count: int(total.Load()), Seconds: time.Since(began).Seconds()}, errors.Join(errs...)
}
