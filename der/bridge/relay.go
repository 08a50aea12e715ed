package bridge

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A relay is one association of a client and the one with the device that belongs to it.
type relay struct {
	b      *Bridge
	id     uint64 // for audit
	client mms.Association
	device mms.Association
	slots  chan struct{}              // one token for each request that the device may have unanswered
	queue  chan *mms.ConfirmedRequest // of the client, in their order

	mu       sync.Mutex
	toDevice *mms.Outstanding[*pending]      // by the invokeID that the device knows
	toClient *mms.Outstanding[*pending]      // requests of the device: it fetches a file
	rest     map[int32]*mms.FileReadResponse // of files that the device fetches, by the client's frsmID
}

// A pending is a request that was passed on.
type pending struct {
	id       uint32        // that the asking side knows
	answer   chan mms.PDU  // of a request of the bridge itself, capacity 1; nil: the answer is passed on
	denied   []denial      // variables that were left out
	total    int           // of variables that were asked for
	canceled bool          // the client wishes so, and has no answer to that
	expired  bool          // the client has got an answer, the device still owes one
	frsm     int32         // of a fileRead of the device
	obtains  bool          // the device fetches a file of the client
	late     bool          // refused for the age of a command
	commands []held        // that the request has; they are not to wait
	done     func(mms.PDU) // hears of the answer before it is passed on; may be nil
	timer    *time.Timer
}

// A denial is a variable of a request that does not reach the device.
type denial struct {
	index int
	code  mms.DataAccessError
}

func newRelay(b *Bridge, client, device mms.Association) *relay {
	n := max(device.Params().OutstandingOut, 1)
	return &relay{
		b: b, id: b.associations.Add(1), client: client, device: device, slots: make(chan struct{}, n),
		queue:    make(chan *mms.ConfirmedRequest, max(client.Params().OutstandingIn, 1)+1),
		toDevice: mms.NewOutstanding[*pending](n),
		toClient: mms.NewOutstanding[*pending](max(client.Params().OutstandingOut, 1)),
	}
}

var nobody = &model.Principal{}

// principal is who is at the client's end, now.
func (r *relay) principal() *model.Principal { return who(r.client) }

func who(a mms.Association) *model.Principal {
	if p := a.Peer(); p != nil {
		return p
	}
	return nobody
}

// run passes PDUs on until one of the two associations ends, ends the other one, and gives the cause.
func (r *relay) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ends := make(chan error, 3)
	part := func(f func() error) {
		ends <- f()
		stop()
	}
	go part(func() error { return r.pump(ctx, r.device, r.fromDevice) })
	go part(func() error { return r.serve(ctx) })
	part(func() error { return r.pump(ctx, r.client, r.fromClient) })
	first := [...]error{<-ends, <-ends, <-ends}[0] // what ended first ended the others
	r.drop()
	switch {
	case r.client.Err() != nil:
		r.release(r.client.Err())
		return r.client.Err()
	case r.device.Err() != nil:
		err := fmt.Errorf("%w: %w", ErrDevice, r.device.Err())
		if !errors.Is(r.device.Err(), mms.ErrReleased) {
			r.b.down(r.device.Err())
		}
		r.client.Abort(err)
		return err
	}
	r.device.Abort(first)
	r.client.Abort(first)
	return first
}

// serve decides about the requests of the client one after the other. It may wait for the device, while what the client
// answers goes on to be taken.
func (r *relay) serve(ctx context.Context) error {
	for {
		select {
		case q := <-r.queue:
			if err := r.request(ctx, q); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// release ends the association with the device as that of the client has ended.
func (r *relay) release(cause error) {
	if errors.Is(cause, mms.ErrReleased) {
		ctx, cancel := context.WithTimeout(context.Background(), r.b.cfg.DialTimeout)
		defer cancel()
		if r.device.Release(ctx) == nil {
			return
		}
	}
	r.device.Abort(cause)
}

func (r *relay) pump(ctx context.Context, from mms.Association, take func(mms.PDU) error) error {
	for {
		p, err := from.Recv(ctx)
		if err != nil {
			return err
		}
		if err := take(p); err != nil {
			return err
		}
	}
}

// fromClient takes a PDU of the client.
func (r *relay) fromClient(p mms.PDU) error {
	switch p := p.(type) {
	case *mms.ConfirmedRequest:
		select {
		case r.queue <- p:
			return nil
		default:
			return r.client.Send(reject(p.InvokeID, mms.RejectMaxServOutstanding))
		}
	case *mms.CancelRequest:
		return r.cancel(p.InvokeID)
	case *mms.ConfirmedResponse:
		return r.answerDevice(p.InvokeID, func(id uint32) mms.PDU { c := *p; c.InvokeID = id; return &c })
	case *mms.ConfirmedError:
		return r.answerDevice(p.InvokeID, func(id uint32) mms.PDU { c := *p; c.InvokeID = id; return &c })
	case *mms.Reject:
		if p.HasInvokeID {
			return r.answerDevice(p.InvokeID, func(id uint32) mms.PDU { c := *p; c.InvokeID = id; return &c })
		}
	}
	return nil // clients have nothing to report
}

// fromDevice takes a PDU of the device.
func (r *relay) fromDevice(p mms.PDU) error {
	switch p := p.(type) {
	case *mms.ConfirmedResponse:
		return r.answerClient(p.InvokeID, func(id uint32) mms.PDU { c := *p; c.InvokeID = id; return &c })
	case *mms.ConfirmedError:
		return r.answerClient(p.InvokeID, func(id uint32) mms.PDU { c := *p; c.InvokeID = id; return &c })
	case *mms.Reject:
		if p.HasInvokeID {
			return r.answerClient(p.InvokeID, func(id uint32) mms.PDU { c := *p; c.InvokeID = id; return &c })
		}
	case *mms.CancelResponse:
		return r.canceled(p.InvokeID, func(id uint32) mms.PDU { return &mms.CancelResponse{InvokeID: id} })
	case *mms.CancelError:
		return r.canceled(p.InvokeID, func(id uint32) mms.PDU { return &mms.CancelError{InvokeID: id, Error: p.Error} })
	case *mms.Unconfirmed:
		return r.report(p)
	case *mms.ConfirmedRequest:
		return r.fetch(p)
	}
	return nil
}

// report passes on what the device reports by itself.
func (r *relay) report(p *mms.Unconfirmed) error {
	q, ok := legible(r.client, p)
	if !ok {
		r.b.cfg.Events(Illegible{Principal: r.principal()})
		return nil
	}
	if size, ok := tooLong(r.client, q); ok {
		r.b.cfg.Events(TooLong{Principal: r.principal(), Size: size})
		return nil
	}
	return r.client.Send(q)
}

// tooLong tells whether a peer takes p, and the size of what it does not take.
func tooLong(to mms.Association, p mms.PDU) (int, bool) {
	params := to.Params()
	if params.Size == nil || params.MaxPDU <= 0 {
		return 0, false
	}
	size := params.Size(p)
	return size, size > params.MaxPDU
}

// answerClient passes an answer of the device on.
func (r *relay) answerClient(id uint32, with func(uint32) mms.PDU) error {
	r.mu.Lock()
	w, ok := r.toDevice.Close(id)
	r.mu.Unlock()
	if !ok {
		return nil // never asked for
	}
	w.timer.Stop()
	<-r.slots
	if w.expired {
		if w.done != nil { // so that is what became of it
			w.done(r.merge(w, with(w.id)))
		}
		return nil
	}
	return r.deliver(w, with(w.id))
}

// deliver gives the answer to a request to whoever asked.
func (r *relay) deliver(w *pending, p mms.PDU) error {
	if w.answer != nil {
		w.answer <- p
		return nil
	}
	if p = r.merge(w, p); w.done != nil {
		w.done(p)
	}
	p, ok := legible(r.client, p)
	if !ok {
		r.b.cfg.Events(Illegible{Principal: r.principal()})
		p = &mms.ConfirmedError{InvokeID: w.id, Error: mms.ServiceError{Class: mms.ErrOthers, AdditionalDescription: "the answer of the device has no form in XML"}}
	}
	if _, ok := tooLong(r.client, p); ok {
		p = refused(w.id, mms.ErrService, mms.ServicePDUSize)
	}
	return r.client.Send(p)
}

// cancel passes the wish of the client on to cancel a request.
func (r *relay) cancel(id uint32) error {
	r.mu.Lock()
	at, ok := r.deviceID(id)
	if ok {
		w, _ := r.toDevice.Get(at)
		w.canceled = true
	}
	r.mu.Unlock()
	if !ok {
		return r.client.Send(&mms.CancelError{InvokeID: id, Error: mms.ServiceError{Class: mms.ErrCancel, Code: mms.CancelInvokeIDUnknown}})
	}
	return r.device.Send(&mms.CancelRequest{InvokeID: at})
}

func (r *relay) canceled(id uint32, with func(uint32) mms.PDU) error {
	r.mu.Lock()
	w, ok := r.toDevice.Get(id)
	ok = ok && w.answer == nil && w.canceled && !w.expired
	if ok {
		w.canceled = false
	}
	r.mu.Unlock()
	if !ok {
		return nil
	}
	return r.client.Send(with(w.id))
}

// drop forgets what waits for the device. It may still do what it was asked to: audit hears of that.
func (r *relay) drop() {
	var open []*pending
	r.mu.Lock()
	r.toDevice.Each(func(_ uint32, w *pending) {
		w.timer.Stop()
		if !w.expired {
			w.expired = true
			open = append(open, w)
		}
	})
	r.mu.Unlock()
	for _, w := range open {
		if w.done != nil {
			w.done(unknown(w.id))
		}
	}
}

// deviceID finds by which invokeID the device knows a request of the client.
func (r *relay) deviceID(id uint32) (at uint32, ok bool) {
	r.toDevice.Each(func(invokeID uint32, w *pending) {
		if w.answer == nil && w.id == id && !w.expired {
			at, ok = invokeID, true
		}
	})
	return at, ok
}
