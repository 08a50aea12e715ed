package server

import (
	"bufio"
	"errors"
	"io"
	"slices"

	"github.com/gridward/gridward/mms"
)

// fileService serves the file services; ok is false for any other.
func (ss *session) fileService(id uint32, service mms.Service) (answer mms.PDU, ok bool) {
	switch r := service.(type) {
	case *mms.FileOpen:
		return ss.fileOpen(id, r), true
	case *mms.FileRead:
		return ss.fileRead(id, r), true
	case *mms.FileClose:
		return ss.fileClose(id, r), true
	case *mms.FileRename:
		return ss.fileRename(id, r), true
	case *mms.FileDelete:
		return ss.fileDelete(id, r), true
	case *mms.FileDirectory:
		return ss.fileDirectory(id, r), true
	case *mms.ObtainFile:
		return ss.obtainFile(id, r), true
	}
	return nil, false
}

// fileOpen starts GetFile, ISO 9506-2 D.5.
func (ss *session) fileOpen(id uint32, r *mms.FileOpen) mms.PDU {
	name, bad := ss.file(id, r.Name, RightFileRead, "fileOpen")
	switch {
	case bad != nil:
		return bad
	case len(ss.files.open) >= ss.s.cfg.Limits.OpenFiles:
		return failed(id, mms.ErrResource, mms.ResourceCapabilityUnavailable)
	}
	f, err := ss.s.cfg.Files.Open(name)
	if err != nil {
		return fileFailed(id, err)
	}
	info, err := f.Stat()
	if err == nil {
		err = skip(f, info.Size(), int64(r.Position))
	}
	if err != nil {
		_ = f.Close() // it was only read
		if errors.Is(err, errPosition) {
			return failed(id, mms.ErrFile, mms.FilePosition)
		}
		return fileFailed(id, err)
	}
	// Numbers are never used again, by no association, so that one that was closed or is another's names nothing.
	o := &openFile{frsm: ss.s.frsm.Add(1), f: f, r: bufio.NewReaderSize(f, 512)}
	ss.files.open = append(ss.files.open, o)
	return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.FileOpenResponse{FRSM: o.frsm, Attributes: fileAttributes(info)}}
}

var errPosition = errors.New("server: position beyond the end of the file")

// skip moves f to a position.
func skip(f io.Reader, size, position int64) error {
	if position > size {
		return errPosition
	}
	if s, ok := f.(io.Seeker); ok {
		_, err := s.Seek(position, io.SeekStart)
		return err
	}
	_, err := io.CopyN(io.Discard, f, position)
	return err
}

// fileRead gives the next part of an open file. A file that cannot be read on is closed.
func (ss *session) fileRead(id uint32, r *mms.FileRead) mms.PDU {
	if ss.s.cfg.Files == nil {
		return ss.unrecognized(id)
	}
	i := ss.openFile(r.FRSM)
	if i < 0 {
		return failed(id, mms.ErrFile, mms.FileNonExistent)
	}
	o := ss.files.open[i]
	answer := &mms.FileReadResponse{}
	pdu := &mms.ConfirmedResponse{InvokeID: id, Service: answer}
	part := make([]byte, ss.chunk(pdu, answer))
	n, err := io.ReadFull(o.r, part)
	if err == nil {
		_, err = o.r.Peek(1)
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		ss.shutFile(i)
		return fileFailed(id, err)
	}
	answer.Data, answer.MoreFollows = string(part[:n]), err == nil
	return pdu
}

// chunk is how many octets of a file one answer holds: what the PDU size leaves besides 64 octets, and half of that where an
// octet takes two.
func (ss *session) chunk(pdu mms.PDU, answer *mms.FileReadResponse) int {
	room := ss.params.MaxPDU
	if room <= 0 {
		return 64 << 10
	}
	each := 1
	if ss.params.Size != nil {
		answer.MoreFollows = true
		empty := ss.params.Size(pdu)
		answer.Data = string(make([]byte, 64))
		each = max((ss.params.Size(pdu)-empty)/64, 1)
		room -= max(empty+16-64, 0)
		answer.Data = ""
	}
	return max((room-64)/each, 1)
}

// fileClose ends GetFile.
func (ss *session) fileClose(id uint32, r *mms.FileClose) mms.PDU {
	if ss.s.cfg.Files == nil {
		return ss.unrecognized(id)
	}
	i := ss.openFile(r.FRSM)
	if i < 0 {
		return failed(id, mms.ErrFile, mms.FileNonExistent)
	}
	ss.shutFile(i)
	return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.FileCloseResponse{}}
}

// openFile finds an open file by its number, -1 if this association has none such.
func (ss *session) openFile(frsm int32) int {
	return slices.IndexFunc(ss.files.open, func(o *openFile) bool { return o.frsm == frsm })
}

func (ss *session) shutFile(i int) {
	ss.files.open[i].close()
	ss.files.open = slices.Delete(ss.files.open, i, i+1)
}
