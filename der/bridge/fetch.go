package bridge

import (
	"time"

	"github.com/gridward/gridward/mms"
)

// fetch passes a request of the device on to the client: while it obtains a file it opens, reads and closes that there.
// Clients serve nothing else.
func (r *relay) fetch(q *mms.ConfirmedRequest) error {
	switch q.Service.(type) {
	case *mms.FileOpen, *mms.FileRead, *mms.FileClose:
	default:
		return r.device.Send(reject(q.InvokeID, mms.RejectUnrecognizedService))
	}
	if !r.obtaining() {
		return r.device.Send(refused(q.InvokeID, mms.ErrFile, mms.FileAccessDenied))
	}
	r.mu.Lock()
	id, err := r.toClient.Open(&pending{id: q.InvokeID}, time.Time{})
	r.mu.Unlock()
	if err != nil {
		return r.device.Send(reject(q.InvokeID, mms.RejectMaxServOutstanding))
	}
	return r.client.Send(&mms.ConfirmedRequest{InvokeID: id, Service: q.Service})
}

// obtaining tells whether the client has asked the device to fetch a file and waits.
func (r *relay) obtaining() (yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.toDevice.Each(func(_ uint32, w *pending) { yes = yes || w.obtains })
	return yes
}

// answerDevice passes an answer of the client on.
func (r *relay) answerDevice(id uint32, with func(uint32) mms.PDU) error {
	r.mu.Lock()
	w, ok := r.toClient.Close(id)
	if ok {
		r.toDevice.Each(func(_ uint32, w *pending) {
			if w.obtains { // it goes on: the device is not late
				w.timer.Reset(r.b.cfg.Timeout)
			}
		})
	}
	r.mu.Unlock()
	if !ok {
		return nil
	}
	p := with(w.id)
	if _, ok := tooLong(r.device, p); ok {
		p = refused(w.id, mms.ErrFile, mms.FileAccessDenied)
	}
	return r.device.Send(p)
}
