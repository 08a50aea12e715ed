package bridge

import (
	"time"

	"github.com/gridward/gridward/mms"
)

// fetch passes a request of the device on to the client: while it obtains a file it opens, reads and closes that there.
// Clients serve nothing else.
func (r *relay) fetch(q *mms.ConfirmedRequest) error {
	service := q.Service
	w := &pending{id: q.InvokeID}
	switch s := q.Service.(type) {
	case *mms.FileOpen:
		service = &mms.FileOpen{Name: carry(s.Name, r.device, r.client), Position: s.Position}
	case *mms.FileRead:
		if part := r.part(s.FRSM, nil); part != nil {
			return r.device.Send(&mms.ConfirmedResponse{InvokeID: q.InvokeID, Service: part})
		}
		w.frsm = s.FRSM
	case *mms.FileClose:
		r.mu.Lock()
		delete(r.rest, s.FRSM)
		r.mu.Unlock()
	default:
		return r.device.Send(reject(q.InvokeID, mms.RejectUnrecognizedService))
	}
	if !r.obtaining() {
		return r.device.Send(refused(q.InvokeID, mms.ErrFile, mms.FileAccessDenied))
	}
	r.mu.Lock()
	id, err := r.toClient.Open(w, time.Time{})
	r.mu.Unlock()
	if err != nil {
		return r.device.Send(reject(q.InvokeID, mms.RejectMaxServOutstanding))
	}
	return r.client.Send(&mms.ConfirmedRequest{InvokeID: id, Service: service})
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
	if c, ok := p.(*mms.ConfirmedResponse); ok {
		switch s := c.Service.(type) {
		case *mms.FileReadResponse:
			p = &mms.ConfirmedResponse{InvokeID: w.id, Service: r.part(w.frsm, s)}
		case *mms.FileOpenResponse:
			r.mu.Lock()
			delete(r.rest, s.FRSM) // of a file that the device did not close
			r.mu.Unlock()
		}
	}
	if _, ok := tooLong(r.device, p); ok {
		p = refused(w.id, mms.ErrFile, mms.FileAccessDenied)
	}
	return r.device.Send(p)
}

// part gives as much of a file of the client as the device takes at once, and keeps what is left: a PDU of the client may
// hold more. read is what has come; nil: of what was left, if there is something.
func (r *relay) part(frsm int32, read *mms.FileReadResponse) *mms.FileReadResponse {
	r.mu.Lock()
	defer r.mu.Unlock()
	if read == nil {
		if read = r.rest[frsm]; read == nil {
			return nil
		}
		delete(r.rest, frsm)
	}
	most := len(read.Data)
	if size := r.device.Params().MaxPDU; size > 0 {
		most = min(most, max(size-fileOverhead, 1))
	}
	if most == len(read.Data) {
		return read
	}
	if r.rest == nil {
		r.rest = make(map[int32]*mms.FileReadResponse)
	}
	r.rest[frsm] = &mms.FileReadResponse{Data: read.Data[most:], MoreFollows: read.MoreFollows}
	return &mms.FileReadResponse{Data: read.Data[:most], MoreFollows: true}
}

// fileOverhead is more than an answer to fileRead has besides the octets of the file.
const fileOverhead = 64
