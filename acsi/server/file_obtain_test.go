package server

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
)

// giver is a peer that gives a file by hand.
type giver struct {
	*peer
	h   *harness
	dir string
}

// obtain has the server fetch "x" as "in/x" and gives the fetch's first request.
func (g *giver) obtain() uint32 {
	g.Helper()
	g.id++
	if err := g.end.Send(&mms.ConfirmedRequest{InvokeID: g.id, Service: &mms.ObtainFile{Source: mms.FileName{"x"}, Destination: mms.FileName{"in/x"}}}); err != nil {
		g.Fatal(err)
	}
	id, s := g.asked()
	if o, ok := s.(*mms.FileOpen); !ok || len(o.Name) != 1 || o.Name[0] != "x" || o.Position != 0 {
		g.Fatalf("asked for %T %+v", s, s)
	}
	return id
}

func (g *giver) recv() mms.PDU {
	g.Helper()
	p, err := g.end.Recv(g.Context())
	if err != nil {
		g.Fatal(err)
	}
	return p
}

// asked gives the server's next request.
func (g *giver) asked() (uint32, mms.Service) {
	g.Helper()
	p := g.recv()
	r, ok := p.(*mms.ConfirmedRequest)
	if !ok {
		g.Fatalf("the server sent %+v and asked nothing", p)
	}
	return r.InvokeID, r.Service
}

func (g *giver) give(id uint32, s mms.Service) {
	g.Helper()
	if err := g.end.Send(&mms.ConfirmedResponse{InvokeID: id, Service: s}); err != nil {
		g.Fatal(err)
	}
}

// opened answers fileOpen and gives the request for the first part.
func (g *giver) opened(id, size uint32) uint32 {
	g.Helper()
	g.give(id, &mms.FileOpenResponse{FRSM: 7, Attributes: mms.FileAttributes{Size: size}})
	return g.wants(&mms.FileRead{FRSM: 7})
}

// wants sees that the server's next request is s.
func (g *giver) wants(s mms.Service) uint32 {
	g.Helper()
	id, got := g.asked()
	switch want := s.(type) {
	case *mms.FileRead:
		if r, ok := got.(*mms.FileRead); !ok || *r != *want {
			g.Fatalf("asked for %T %+v", got, got)
		}
	case *mms.FileClose:
		if r, ok := got.(*mms.FileClose); !ok || *r != *want {
			g.Fatalf("asked for %T %+v", got, got)
		}
	}
	return id
}

// closed answers fileClose.
func (g *giver) closed() {
	g.Helper()
	g.give(g.wants(&mms.FileClose{FRSM: 7}), &mms.FileCloseResponse{})
}

// failed sees that obtainFile is answered with an error and that nothing is there.
func (g *giver) failed(class mms.ErrorClass, code int32) {
	g.Helper()
	p := g.recv()
	if e, ok := p.(*mms.ConfirmedError); !ok || e.InvokeID != g.id || e.Error.Class != class || e.Error.Code != code {
		g.Errorf("answered with %+v, want %s/%d", p, class, code)
	}
	g.nothing()
}

// nothing sees that neither the file nor a part of it is there, and that the failure was recorded.
func (g *giver) nothing() {
	g.Helper()
	synctest.Wait()
	if _, err := os.Stat(filepath.Join(g.dir, "in/x")); err == nil {
		g.Error("it is there")
	}
	if left, err := os.ReadDir(filepath.Join(g.dir, ".incoming")); err != nil || len(left) > 0 {
		g.Errorf("left: %v, %v", left, err)
	}
	if a := g.h.lastAudit(); a.Service != "obtainFile" || a.Err == nil || a.Ref.String() != "/in/x" {
		g.Errorf("audit %+v", a)
	}
}

func TestObtainFile(t *testing.T) {
	for name, c := range map[string]struct {
		limits Limits
		give   func(g *giver)
	}{
		"whole": {give: func(g *giver) {
			id := g.opened(g.obtain(), 5)
			g.give(id, &mms.FileReadResponse{Data: "abc", MoreFollows: true})
			g.give(g.wants(&mms.FileRead{FRSM: 7}), &mms.FileReadResponse{Data: "de"})
			id = g.wants(&mms.FileClose{FRSM: 7})
			if _, err := os.Stat(filepath.Join(g.dir, "in/x")); err == nil {
				g.Error("it is there before it is closed")
			}
			g.give(id, &mms.FileCloseResponse{})
			if r, ok := g.recv().(*mms.ConfirmedResponse); !ok || r.InvokeID != g.id {
				g.Errorf("answered with %+v", r)
			}
			if b, err := os.ReadFile(filepath.Join(g.dir, "in/x")); err != nil || string(b) != "abcde" {
				g.Errorf("%q, %v", b, err)
			}
			if a := g.h.lastAudit(); a.Service != "obtainFile" || a.Err != nil || a.Right != RightFileWrite {
				g.Errorf("audit %+v", a)
			}
		}},
		"of unknown size": {give: func(g *giver) {
			id := g.opened(g.obtain(), 0)
			g.give(id, &mms.FileReadResponse{Data: "abc"})
			g.closed()
			if r, ok := g.recv().(*mms.ConfirmedResponse); !ok || r.InvokeID != g.id {
				g.Errorf("answered with %+v", r)
			}
		}},
		"close refused": {give: func(g *giver) {
			g.give(g.opened(g.obtain(), 3), &mms.FileReadResponse{Data: "abc"})
			id := g.wants(&mms.FileClose{FRSM: 7})
			if err := g.end.Send(&mms.ConfirmedError{InvokeID: id, Error: mms.ServiceError{Class: mms.ErrFile}}); err != nil {
				g.Fatal(err)
			}
			if r, ok := g.recv().(*mms.ConfirmedResponse); !ok || r.InvokeID != g.id {
				g.Errorf("answered with %+v", r)
			}
		}},
		"peer has no such file": {give: func(g *giver) {
			if err := g.end.Send(&mms.ConfirmedError{InvokeID: g.obtain(), Error: mms.ServiceError{Class: mms.ErrFile, Code: mms.FileNonExistent}}); err != nil {
				g.Fatal(err)
			}
			g.failed(mms.ErrFile, mms.FileNonExistent)
		}},
		"peer serves nothing": {give: func(g *giver) {
			id := g.obtain()
			if err := g.end.Send(&mms.Reject{HasInvokeID: true, InvokeID: id, Reason: mms.RejectReason{Class: mms.RejectConfirmedRequest, Code: 1}}); err != nil {
				g.Fatal(err)
			}
			g.failed(mms.ErrFile, mms.FileOther)
		}},
		"longer than said": {give: func(g *giver) {
			g.give(g.opened(g.obtain(), 3), &mms.FileReadResponse{Data: "abcd", MoreFollows: true})
			g.closed()
			g.failed(mms.ErrFile, mms.FileOther)
		}},
		"shorter than said": {give: func(g *giver) {
			g.give(g.opened(g.obtain(), 3), &mms.FileReadResponse{Data: "ab"})
			g.closed()
			g.failed(mms.ErrFile, mms.FileOther)
		}},
		"nothing without end": {give: func(g *giver) {
			g.give(g.opened(g.obtain(), 3), &mms.FileReadResponse{MoreFollows: true})
			g.closed()
			g.failed(mms.ErrFile, mms.FileOther)
		}},
		"too large": {limits: Limits{FileSize: 100}, give: func(g *giver) {
			g.give(g.obtain(), &mms.FileOpenResponse{FRSM: 7, Attributes: mms.FileAttributes{Size: 101}})
			g.closed()
			g.failed(mms.ErrFile, mms.FileOther)
		}},
		"too large unsaid": {limits: Limits{FileSize: 100}, give: func(g *giver) {
			g.give(g.opened(g.obtain(), 0), &mms.FileReadResponse{Data: strings.Repeat("x", 101), MoreFollows: true})
			g.closed()
			g.failed(mms.ErrFile, mms.FileOther)
		}},
		"over the quota": {give: func(g *giver) {
			g.give(g.obtain(), &mms.FileOpenResponse{FRSM: 7, Attributes: mms.FileAttributes{Size: 1 << 20}})
			g.closed()
			g.failed(mms.ErrFile, mms.FileInsufficientSpace)
		}},
		"another answer": {give: func(g *giver) {
			g.give(g.opened(g.obtain(), 3), &mms.FileCloseResponse{})
			g.failed(mms.ErrFile, mms.FileOther)
		}},
		"answer out of turn": {give: func(g *giver) {
			g.give(g.obtain(), &mms.FileReadResponse{Data: "abc"})
			g.failed(mms.ErrFile, mms.FileOther)
		}},
		"silence": {give: func(g *giver) {
			at := time.Now()
			g.opened(g.obtain(), 3)
			g.failed(mms.ErrServicePreempt, mms.PreemptTimeout)
			if waited := time.Since(at); waited != 10*time.Second {
				g.Errorf("after %v", waited)
			}
		}},
		"drop by drop": {limits: Limits{FileTime: time.Minute}, give: func(g *giver) {
			at := time.Now()
			id := g.opened(g.obtain(), 100)
			for time.Since(at) < 54*time.Second {
				<-time.After(9 * time.Second)
				g.give(id, &mms.FileReadResponse{Data: "x", MoreFollows: true})
				id = g.wants(&mms.FileRead{FRSM: 7})
			}
			g.failed(mms.ErrServicePreempt, mms.PreemptTimeout)
			if waited := time.Since(at); waited != time.Minute {
				g.Errorf("after %v", waited)
			}
		}},
		"cancelled": {give: func(g *giver) {
			g.opened(g.obtain(), 3)
			if err := g.end.Send(&mms.CancelRequest{InvokeID: g.id}); err != nil {
				g.Fatal(err)
			}
			if c, ok := g.recv().(*mms.CancelResponse); !ok || c.InvokeID != g.id {
				g.Errorf("cancel was answered with %+v", c)
			}
			g.failed(mms.ErrServicePreempt, mms.PreemptCancel)
		}},
		"another cancelled": {give: func(g *giver) {
			id := g.opened(g.obtain(), 1)
			if err := g.end.Send(&mms.CancelRequest{InvokeID: g.id + 1}); err != nil {
				g.Fatal(err)
			}
			if c, ok := g.recv().(*mms.CancelError); !ok || c.Error.Code != mms.CancelNotPossible {
				g.Errorf("cancel was answered with %+v", c)
			}
			g.give(id, &mms.FileReadResponse{Data: "x"})
			g.closed()
			if r, ok := g.recv().(*mms.ConfirmedResponse); !ok || r.InvokeID != g.id {
				g.Errorf("answered with %+v", r)
			}
		}},
		"association lost": {give: func(g *giver) {
			g.give(g.opened(g.obtain(), 100), &mms.FileReadResponse{Data: "abc", MoreFollows: true})
			g.wants(&mms.FileRead{FRSM: 7})
			g.lose()
			g.nothing()
		}},
		"a second one": {give: func(g *giver) {
			g.obtain()
			id := g.id
			if e := g.serviceError(&mms.ObtainFile{Source: mms.FileName{"y"}, Destination: mms.FileName{"y"}}); e.Class != mms.ErrFile || e.Code != mms.FileBusy {
				g.Errorf("second: %s", e.Error())
			}
			g.readAll(spec("GGIO1$MX$AnIn1")) // all else is served meanwhile
			g.id = id
			g.failed(mms.ErrServicePreempt, mms.PreemptTimeout)
		}},
		"third party": {give: func(g *giver) {
			e := g.serviceError(&mms.ObtainFile{SourceServer: []byte{}, Source: mms.FileName{"y"}, Destination: mms.FileName{"y"}})
			if e.Class != mms.ErrAccess || e.Code != mms.AccessObjectUnsupported {
				g.Errorf("%s", e.Error())
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			withFiles(t, Config{Limits: c.limits}, func(h *harness, dir string) {
				c.give(&giver{peer: h.peer("cc"), h: h, dir: dir})
			})
		})
	}
}

// Answers that nobody asked for change nothing.
func TestUnaskedAnswers(t *testing.T) {
	withFiles(t, Config{}, func(h *harness, _ string) {
		g := &giver{peer: h.peer("cc"), h: h}
		id := g.opened(g.obtain(), 1)
		for _, p := range []mms.PDU{
			&mms.ConfirmedResponse{InvokeID: id + 1, Service: &mms.FileReadResponse{Data: "y"}},
			&mms.ConfirmedError{InvokeID: id - 1, Error: mms.ServiceError{Class: mms.ErrFile}},
			&mms.Reject{Reason: mms.RejectReason{Class: mms.RejectPDUError}},
		} {
			if err := g.end.Send(p); err != nil && !errors.Is(err, mms.ErrInvokeID) {
				t.Fatal(err)
			}
		}
		g.give(id, &mms.FileReadResponse{Data: "x"})
		g.closed()
		if r, ok := g.recv().(*mms.ConfirmedResponse); !ok || r.InvokeID != g.id {
			t.Errorf("answered with %+v", r)
		}
	})
}
