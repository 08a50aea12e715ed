package server

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/gridward/gridward/mms"
)

// A fetch is SetFile in progress: the peer asked for obtainFile, and now we open, read and close the file at the peer, over
// the same association, one request after the other. The goroutine of Serve takes each answer as it comes and asks the next
// question, and serves the peer's other requests in between; nothing waits. What was read goes to Files.Create and has its
// name only once all of it is there.
type fetch struct {
	ss     *session
	id     uint32 // invokeID of obtainFile, which waits for its answer
	name   string // here
	asked  uint32 // invokeID of our request that is open
	state  fetchState
	frsm   int32
	size   int64 // that the peer announced; 0: it may not know
	got    int64
	w      io.WriteCloser
	timer  *time.Timer
	until  time.Time // the end of all patience
	failed error     // what is answered once the file is closed at the peer
}

type fetchState uint8

const (
	fetchOpening fetchState = iota
	fetchReading
	fetchClosing
)

// Errors of obtainFile that an audit names.
var (
	errFetchTime = errors.New("server: the peer did not answer in time")
	errFetchSize = errors.New("server: the file is not as long as the peer said, or longer than is allowed")
	errFetchPeer = errors.New("server: the peer did not give the file")
	errCancelled = errors.New("server: cancelled by the peer")
)

// obtainFile starts SetFile, ISO 9506-2 D.4. There is one at a time for each association.
func (ss *session) obtainFile(id uint32, r *mms.ObtainFile) mms.PDU {
	name, bad := ss.file(id, r.Destination, RightFileWrite, "obtainFile")
	switch {
	case bad != nil:
		return bad
	case r.SourceServer != nil: // a third party
		return failed(id, mms.ErrAccess, mms.AccessObjectUnsupported)
	case len(r.Source) == 0:
		return failed(id, mms.ErrFile, mms.FileSyntax)
	}
	f := &fetch{ss: ss, id: id, name: name, until: ss.s.now().Add(ss.s.cfg.Limits.FileTime)}
	ss.files.mu.Lock()
	if ss.files.fetch != nil {
		ss.files.mu.Unlock()
		return failed(id, mms.ErrFile, mms.FileBusy)
	}
	ss.files.fetch = f
	f.timer = time.AfterFunc(f.patience(), f.expire)
	ss.files.mu.Unlock()
	return ss.onFetch(func(f *fetch) error { return f.ask(&mms.FileOpen{Name: r.Source}) })
}

// patience is how long the peer has for its next answer.
func (f *fetch) patience() time.Duration {
	return max(min(f.ss.s.cfg.Limits.FileStep, f.until.Sub(f.ss.s.now())), 0)
}

// ask sends the next request to the peer.
func (f *fetch) ask(s mms.Service) error {
	files := &f.ss.files
	files.calls++
	f.asked = files.calls
	return f.ss.send(&mms.ConfirmedRequest{InvokeID: f.asked, Service: s})
}

// fetched takes an answer of the peer to one of our requests. It gives the answer to obtainFile once there is one.
func (ss *session) fetched(p mms.PDU) mms.PDU {
	id, ok := mms.InvokeID(p)
	return ss.onFetch(func(f *fetch) error {
		if !ok || f.asked != id {
			return nil
		}
		f.timer.Reset(f.patience())
		return f.step(p)
	})
}

// onFetch calls step for the fetch in progress, if there is one, and ends it with the error that step gives: then the answer to
// obtainFile is given.
func (ss *session) onFetch(step func(f *fetch) error) mms.PDU {
	ss.files.mu.Lock()
	f := ss.files.fetch
	var err error
	if f != nil {
		if err = step(f); err != nil {
			f.drop()
		}
	}
	ss.files.mu.Unlock()
	if err == nil {
		return nil
	}
	return f.answer(err)
}

// errFetched tells that everything is there.
var errFetched = errors.New("server: file is complete")

// step goes on with an answer; an error ends the fetch.
func (f *fetch) step(p mms.PDU) error {
	if f.state == fetchClosing { // whatever it said
		if f.failed != nil {
			return f.failed
		}
		if err := f.ss.s.cfg.Files.Commit(f.w); err != nil {
			return err
		}
		f.w = nil
		return errFetched
	}
	var service mms.Service
	switch p := p.(type) {
	case *mms.ConfirmedResponse:
		service = p.Service
	case *mms.ConfirmedError:
		return fmt.Errorf("%w: %w", errFetchPeer, &p.Error)
	case *mms.Reject:
		return fmt.Errorf("%w: %w", errFetchPeer, &p.Reason)
	}
	switch r := service.(type) {
	case *mms.FileOpenResponse:
		if f.state == fetchOpening {
			return f.opened(r)
		}
	case *mms.FileReadResponse:
		if f.state == fetchReading {
			return f.read(r)
		}
	}
	return fmt.Errorf("%w: answered with %T", errFetchPeer, service)
}

func (f *fetch) opened(r *mms.FileOpenResponse) error {
	f.frsm, f.size, f.state = r.FRSM, int64(r.Attributes.Size), fetchReading
	if f.size > f.ss.s.cfg.Limits.FileSize {
		return f.close(errFetchSize)
	}
	size := f.size
	if size == 0 {
		size = -1
	}
	w, err := f.ss.s.cfg.Files.Create(f.name, size)
	if err != nil {
		return f.close(err)
	}
	f.w = w
	return f.ask(&mms.FileRead{FRSM: f.frsm})
}

func (f *fetch) read(r *mms.FileReadResponse) error {
	f.got += int64(len(r.Data))
	limit := f.ss.s.cfg.Limits.FileSize
	if f.size > 0 {
		limit = f.size
	}
	if f.got > limit || !r.MoreFollows && f.got < f.size || r.MoreFollows && r.Data == "" {
		return f.close(errFetchSize)
	}
	if _, err := io.WriteString(f.w, r.Data); err != nil {
		return f.close(err)
	}
	if r.MoreFollows {
		return f.ask(&mms.FileRead{FRSM: f.frsm})
	}
	return f.close(nil)
}

// close closes the file at the peer. What comes to obtainFile is told afterwards.
func (f *fetch) close(failed error) error {
	f.state, f.failed = fetchClosing, failed
	return f.ask(&mms.FileClose{FRSM: f.frsm})
}

// answer records how it ended and makes the answer to obtainFile.
func (f *fetch) answer(err error) mms.PDU {
	if errors.Is(err, errFetched) {
		f.ss.auditFile("obtainFile", RightFileWrite, f.name, nil)
		return &mms.ConfirmedResponse{InvokeID: f.id, Service: &mms.ObtainFileResponse{}}
	}
	f.ss.auditFile("obtainFile", RightFileWrite, f.name, err)
	var peer *mms.ServiceError
	switch {
	case errors.As(err, &peer) && peer.Class == mms.ErrFile:
		return failed(f.id, mms.ErrFile, peer.Code)
	case errors.Is(err, errFetchTime):
		return failed(f.id, mms.ErrServicePreempt, mms.PreemptTimeout)
	case errors.Is(err, errCancelled):
		return failed(f.id, mms.ErrServicePreempt, mms.PreemptCancel)
	}
	return fileFailed(f.id, err)
}

// drop forgets the fetch and what was read. The caller holds files.mu.
func (f *fetch) drop() {
	f.timer.Stop()
	if f.w != nil {
		_ = f.w.Close() // it goes anyway
		f.w = nil
	}
	f.ss.files.fetch = nil
}

// expire ends a fetch of which the peer took too long to answer.
func (f *fetch) expire() {
	answer := f.ss.onFetch(func(now *fetch) error {
		if now != f {
			return nil
		}
		return errFetchTime
	})
	if answer != nil {
		_ = f.ss.send(answer) // the association may have ended meanwhile: there is nobody to tell then
	}
}

// cancelRequest ends the fetch that obtainFile with this invokeID started.
func (ss *session) cancelRequest(id uint32) mms.PDU {
	answer := ss.onFetch(func(f *fetch) error {
		if f.id != id {
			return nil
		}
		return errCancelled
	})
	if answer == nil {
		// Requests are answered in their order: what could be cancelled has been done.
		return &mms.CancelError{InvokeID: id, Error: *serviceError(mms.ErrCancel, mms.CancelNotPossible)}
	}
	ss.answered(func() { _ = ss.send(answer) }) // what ends the association is met by the loop itself
	return &mms.CancelResponse{InvokeID: id}
}
