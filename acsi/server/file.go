package server

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strings"
	"sync"
	"syscall"
	"unicode"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Files is where the files of the file services are, IEC 61850-7-2 clause 23. Names are what FileName gives: components
// joined by "/", relative to the root, none of them empty, "." or "..". An implementation must confine them by itself as
// well, for links, and must be safe for concurrent use. Errors that wrap fs.ErrNotExist, fs.ErrPermission, fs.ErrExist or
// syscall.ENOSPC are told to the peer as such. store/files fits it.
type Files interface {
	Stat(name string) (fs.FileInfo, error)
	// Open opens a file, not a folder, for reading.
	Open(name string) (fs.File, error)
	// List gives what is in a folder, sorted by name; "" is the root.
	List(folder string) ([]fs.FileInfo, error)
	// Create starts a new content of size octets for name; -1: it is not known how many. It stands nowhere until Commit,
	// which puts it in the place of what had the name; Close without Commit drops it. Write fails beyond size.
	Create(name string, size int64) (io.WriteCloser, error)
	Commit(w io.WriteCloser) error
	// Rename fails with fs.ErrExist when to is there.
	Rename(from, to string) error
	Delete(name string) error
}

// ErrFileName is wrapped by every error of FileName.
var ErrFileName = errors.New("server: bad file name")

// Longest file names, in octets.
const (
	maxFileName      = 512
	maxFileComponent = 255
)

// FileName joins the items of a FileName by "/" and checks the name: one "/" may stand before it, for the root of the file
// store, and one after it, for a folder. With item > 0 an item of exactly so many characters goes on in the next
// (IEC 61850-8-2). "" is the root.
func FileName(items mms.FileName, item int) (string, error) {
	octets := 0
	for _, s := range items {
		if octets += len(s); octets > maxFileName {
			return "", fmt.Errorf("%w: longer than %d octets", ErrFileName, maxFileName)
		}
	}
	whole := items.Join(item)
	name := strings.TrimSuffix(strings.TrimPrefix(whole, "/"), "/")
	if name == "" {
		if len(whole) > 1 {
			return "", fmt.Errorf("%w %q: empty component", ErrFileName, whole)
		}
		return "", nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if why := badComponent(part); why != "" {
			return "", fmt.Errorf("%w %q: %s", ErrFileName, whole, why)
		}
	}
	return name, nil
}

// badComponent tells what is wrong with one component of a name.
func badComponent(s string) string {
	switch {
	case s == "":
		return "empty component"
	case s == "." || s == "..":
		return "relative component"
	case len(s) > maxFileComponent:
		return "component too long"
	case !inXML(s):
		return "not UTF-8 of XML"
	case strings.IndexFunc(s, unicode.IsControl) >= 0:
		return "control character"
	case strings.ContainsRune(s, '\\'):
		return "backslash"
	case len(s) > 1 && s[1] == ':':
		return "drive"
	}
	return ""
}

// FileRef is the reference under which rights on a file are asked for, and by which audits and events name it: "/" and the
// name, of the server itself.
func FileRef(name string) model.Ref { return model.Ref{Path: "/" + name} }

// A fileTable is what an association has of the file services.
type fileTable struct {
	open  []*openFile // of the goroutine of Serve
	mu    sync.Mutex  // guards fetch
	fetch *fetch
	calls uint32 // invokeID of the last request to the peer
}

// An openFile is a file state machine (FRSM) of ISO 9506-2 Annex D.
type openFile struct {
	frsm int32
	f    fs.File
	r    interface {
		io.Reader
		Peek(n int) ([]byte, error)
	}
}

func (o *openFile) close() { _ = o.f.Close() } // it was only read

// closeFiles lets go of everything: the association has ended.
func (ss *session) closeFiles() {
	for _, o := range ss.files.open {
		o.close()
	}
	ss.files.open = nil
	ss.onFetch(func(*fetch) error { return ss.end() })
}

// file checks the name and the right for a service. bad is the answer when there is no file store, the name is none, or the
// right is missing.
func (ss *session) file(id uint32, items mms.FileName, right Right, service string) (name string, bad mms.PDU) {
	if ss.s.cfg.Files == nil {
		return "", ss.unrecognized(id)
	}
	name, err := FileName(items, ss.params.FileNameItem)
	if err != nil || name == "" && service != "fileDirectory" {
		return "", failed(id, mms.ErrFile, mms.FileSyntax)
	}
	if ss.authorize(ss.principal(), right, FileRef(name), service) != nil {
		return "", failed(id, mms.ErrFile, mms.FileAccessDenied)
	}
	return name, nil
}

func (ss *session) auditFile(service string, right Right, name string, err error) {
	code := model.ErrorNone
	if err != nil {
		code = acsiError(fileError(err))
	}
	switch service {
	case "fileDelete":
		ss.s.trackService(model.ServiceDeleteFile, ss.principal(), "", name, code)
	case "obtainFile":
		ss.s.trackService(model.ServiceSetFile, ss.principal(), "", name, code)
	}
	ss.audit(AuditRecord{
		Principal: ss.principal(), Service: service, Right: right, Ref: FileRef(name), Err: err, AddCause: model.AddCauseNone,
	})
}

// fileFailed is the answer for an error of Files.
func fileFailed(id uint32, err error) mms.PDU {
	return &mms.ConfirmedError{InvokeID: id, Error: *fileError(err)}
}

func fileError(err error) *mms.ServiceError {
	code := int32(mms.FileOther)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code = mms.FileNonExistent
	case errors.Is(err, fs.ErrExist):
		code = mms.FileDuplicate
	case errors.Is(err, syscall.ENOSPC):
		code = mms.FileInsufficientSpace
	case errors.Is(err, fs.ErrPermission):
		code = mms.FileAccessDenied
	}
	return serviceError(mms.ErrFile, code)
}

// fileAttributes are size and time of change as MMS tells them.
func fileAttributes(i fs.FileInfo) mms.FileAttributes {
	a := mms.FileAttributes{LastModified: mms.GeneralizedTime(i.ModTime())}
	if !i.IsDir() {
		a.Size = uint32(min(max(i.Size(), 0), math.MaxUint32))
	}
	return a
}
