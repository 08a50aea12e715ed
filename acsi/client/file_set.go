package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/gridward/gridward/mms"
)

// A Source is a file that SetFile brings to the server.
type Source struct {
	Reader io.Reader
	// Size is how many octets Reader gives. 0 with an io.Seeker: what is between its place and its end.
	Size     int64
	Modified time.Time              // told to the server; zero: not
	Name     string                 // under which the server asks for it; "": the name that it gets there
	Progress func(done, size int64) // after each part; nil: nobody is told
}

// An offer is the file that a running SetFile gives to the server, which opens, reads and closes it over the same association.
// Its goroutine is that of SetFile.
type offer struct {
	c        *Client
	src      Source
	r        *bufio.Reader
	requests chan *mms.ConfirmedRequest // as many as may be outstanding
	frsm     int32                      // no other offer has the same: the server may ask yet for what was withdrawn
	isOpen   bool
	opened   bool // once
	done     int64
	err      error // of the source
}

// SetFile has the server keep a file under name. The server fetches it from here: SetFile answers it until it says that the file
// is there, or refuses. Options.Timeout is the time between two questions of the server. There is one SetFile at a time.
func (c *Client) SetFile(ctx context.Context, name string, src Source) error {
	if src.Name == "" {
		src.Name = name
	}
	if s, ok := src.Reader.(io.Seeker); ok && src.Size == 0 {
		var err error
		if src.Size, err = remaining(s); err != nil {
			return err
		}
	}
	if src.Size < 0 || src.Size > math.MaxUint32 {
		return fmt.Errorf("%w: %d octets", ErrTooLarge, src.Size)
	}
	o := &offer{c: c, src: src, r: bufio.NewReaderSize(src.Reader, 512)}
	o.requests = make(chan *mms.ConfirmedRequest, max(c.a.Params().OutstandingIn, 1))
	if !c.offers(nil, o) {
		return ErrBusy
	}
	defer o.withdraw()
	err := o.run(ctx, &mms.ObtainFile{Source: c.fileName(src.Name), Destination: c.fileName(name)})
	if o.err != nil {
		return o.err
	}
	return err
}

// remaining is how many octets are between the place of s and its end.
func remaining(s io.Seeker) (int64, error) {
	at, err := s.Seek(0, io.SeekCurrent)
	if err != nil {
		return 0, err
	}
	end, err := s.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	_, err = s.Seek(at, io.SeekStart)
	return end - at, err
}

// offers puts one offer in the place of another.
func (c *Client) offers(from, to *offer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.offer != from {
		return false
	}
	if c.offer = to; to != nil {
		c.frsm = max(c.frsm+1, 1)
		to.frsm = c.frsm
	}
	return true
}

// withdraw ends the offer and rejects what the server still asks.
func (o *offer) withdraw() {
	o.c.offers(o, nil)
	for {
		select {
		case r := <-o.requests:
			o.c.refuse(r.InvokeID)
		default:
			return
		}
	}
}

// run asks the server and answers it until it answers.
func (o *offer) run(ctx context.Context, q *mms.ObtainFile) error {
	c := o.c
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return ctx.Err()
	case <-c.a.Done():
		return c.ended()
	}
	w, id, err := c.start(ctx, &mms.ConfirmedRequest{Service: q}, nil)
	if err != nil {
		return err
	}
	c.attend(w)
	for {
		select {
		case p := <-w.answer:
			c.shut(w, id)
			s, err := result(p)
			if err != nil {
				return err
			}
			if _, ok := s.(*mms.ObtainFileResponse); !ok {
				return unexpected(q, s)
			}
			return nil
		case r := <-o.requests:
			w.timer.Reset(c.opt.Timeout)
			if err = c.send(o.serve(r)); err == nil {
				continue
			}
		case <-w.timer.C:
			err = fmt.Errorf("%w: %T", mms.ErrTimeout, q)
		case <-ctx.Done():
			err = ctx.Err()
		case <-c.heard:
			err = c.ended()
		}
		if p := c.shut(w, id); p != nil {
			_, err = result(p) // it came at the same moment
			return err
		}
		_ = c.send(&mms.CancelRequest{InvokeID: id}) // the server may stop then; whatever it answers comes late
		return err
	}
}

// offered takes a request of the server that a running SetFile may serve.
func (c *Client) offered(r *mms.ConfirmedRequest) bool {
	switch r.Service.(type) {
	case *mms.FileOpen, *mms.FileRead, *mms.FileClose:
	default:
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.offer == nil {
		return false
	}
	select {
	case c.offer.requests <- r:
		return true
	default:
		return false
	}
}

// serve answers a request of the server.
func (o *offer) serve(r *mms.ConfirmedRequest) mms.PDU {
	switch s := r.Service.(type) {
	case *mms.FileOpen:
		if o.c.joinName(s.Name) != o.src.Name {
			return fileRefused(r.InvokeID, mms.FileNonExistent)
		}
		return o.open(r.InvokeID, int64(s.Position))
	case *mms.FileRead:
		if s.FRSM == o.frsm && o.isOpen {
			return o.read(r.InvokeID)
		}
	case *mms.FileClose:
		if s.FRSM == o.frsm && o.isOpen {
			o.isOpen = false
			return &mms.ConfirmedResponse{InvokeID: r.InvokeID, Service: &mms.FileCloseResponse{}}
		}
	}
	return fileRefused(r.InvokeID, mms.FileNonExistent)
}

// open serves fileOpen: once, and again from the start where the source can go back.
func (o *offer) open(id uint32, position int64) mms.PDU {
	switch {
	case o.isOpen:
		return fileRefused(id, mms.FileBusy)
	case position > o.src.Size:
		return fileRefused(id, mms.FilePosition)
	}
	if s, ok := o.src.Reader.(io.Seeker); ok && o.opened {
		if _, o.err = s.Seek(-(o.done + int64(o.r.Buffered())), io.SeekCurrent); o.err != nil {
			return fileRefused(id, mms.FileOther)
		}
		o.r.Reset(o.src.Reader)
	} else if o.opened {
		return fileRefused(id, mms.FileAccessDenied)
	}
	o.opened = true
	if o.done, o.err = io.CopyN(io.Discard, o.r, position); o.err != nil {
		return fileRefused(id, mms.FileOther)
	}
	o.isOpen = true
	return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.FileOpenResponse{FRSM: o.frsm, Attributes: mms.FileAttributes{
		Size: uint32(o.src.Size), LastModified: mms.GeneralizedTime(o.src.Modified),
	}}}
}

func (o *offer) read(id uint32) mms.PDU {
	answer := &mms.FileReadResponse{MoreFollows: true}
	pdu := &mms.ConfirmedResponse{InvokeID: id, Service: answer}
	part := make([]byte, min(int64(o.c.chunk(pdu, answer)), o.src.Size-o.done))
	n, err := io.ReadFull(o.r, part)
	o.done += int64(n)
	answer.MoreFollows = o.done < o.src.Size
	if err == nil && !answer.MoreFollows {
		if _, more := o.r.Peek(1); more == nil {
			err = ErrFileSize
		}
	}
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = ErrFileSize
		}
		o.err = err
		return fileRefused(id, mms.FileOther)
	}
	answer.Data = string(part)
	if o.src.Progress != nil {
		o.src.Progress(o.done, o.src.Size)
	}
	return pdu
}

// chunk is how many octets of a file one answer holds: what the PDU size leaves besides 64 octets, and half of that where an
// octet takes two.
func (c *Client) chunk(pdu mms.PDU, answer *mms.FileReadResponse) int {
	params := c.a.Params()
	room, each := params.MaxPDU, 1
	if room <= 0 {
		return 64 << 10
	}
	if params.Size != nil {
		empty := params.Size(pdu)
		answer.Data = string(make([]byte, 64))
		each = max((params.Size(pdu)-empty)/64, 1)
		room -= max(empty+16-64, 0)
		answer.Data = ""
	}
	return max((room-64)/each, 1)
}

func fileRefused(id uint32, code int32) mms.PDU {
	return &mms.ConfirmedError{InvokeID: id, Error: mms.ServiceError{Class: mms.ErrFile, Code: code}}
}
