package bridge

import (
	"path"
	"slices"
	"strings"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// carry gives a file name as the other association has it.
func carry(name mms.FileName, from, to mms.Association) mms.FileName {
	if len(name) == 0 || from.Params().FileNameItem == to.Params().FileNameItem {
		return name
	}
	return mms.SplitFileName(name.Join(from.Params().FileNameItem), to.Params().FileNameItem)
}

// file decides about the file services.
func (r *relay) file(p *model.Principal, w *pending, s mms.Service) (mms.Service, mms.PDU) {
	carried := func(n mms.FileName) mms.FileName { return carry(n, r.client, r.device) }
	switch s := s.(type) {
	case *mms.FileOpen:
		return &mms.FileOpen{Name: carried(s.Name), Position: s.Position}, r.mayUseFiles(p, w, server.RightFileRead, "fileOpen", s.Name)
	case *mms.FileRead, *mms.FileClose:
		return s, nil // of a file that was opened: the device knows whose it is
	case *mms.FileDirectory:
		d := &mms.FileDirectory{Specification: carried(s.Specification), ContinueAfter: carried(s.ContinueAfter)}
		return d, r.mayUseFiles(p, w, server.RightFileRead, "fileDirectory", s.Specification)
	case *mms.FileDelete:
		return &mms.FileDelete{Name: carried(s.Name)}, r.changeFiles(p, w, server.RightFileMgt, "fileDelete", s.Name)
	case *mms.FileRename:
		return &mms.FileRename{Current: carried(s.Current), New: carried(s.New)}, r.changeFiles(p, w, server.RightFileMgt, "fileRename", s.Current, s.New)
	case *mms.ObtainFile:
		if s.SourceServer != nil {
			return s, refused(w.id, mms.ErrFile, mms.FileAccessDenied)
		}
		w.obtains = true
		o := &mms.ObtainFile{Source: carried(s.Source), Destination: carried(s.Destination)}
		return o, r.changeFiles(p, w, server.RightFileWrite, "obtainFile", s.Destination)
	}
	return s, reject(w.id, mms.RejectUnrecognizedService)
}

// mayUseFiles asks for a right on each name.
func (r *relay) mayUseFiles(p *model.Principal, w *pending, right server.Right, service string, names ...mms.FileName) mms.PDU {
	for _, n := range names {
		name := n.Join(r.client.Params().FileNameItem)
		if climbs(name) || strings.ContainsRune(name, 0) || r.authorize(p, right, server.FileRef(plain(name)), service) != nil {
			return refused(w.id, mms.ErrFile, mms.FileAccessDenied)
		}
	}
	return nil
}

// changeFiles is mayUseFiles for what audit has to know.
func (r *relay) changeFiles(p *model.Principal, w *pending, right server.Right, service string, names ...mms.FileName) mms.PDU {
	if bad := r.mayUseFiles(p, w, right, service, names...); bad != nil {
		return bad
	}
	r.record(w, server.AuditRecord{Principal: p, Service: service, Right: right, Ref: server.FileRef(plain(names[0].Join(r.client.Params().FileNameItem)))})
	return nil
}

// plain gives a name the form that Authorizer knows, whichever way it is written: rights are asked for by name.
func plain(name string) string {
	return strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/")
}

// climbs tells whether a name has a part "..", whichever way the device separates parts: rights are asked for by name.
func climbs(name string) bool {
	return slices.Contains(strings.FieldsFunc(name, func(c rune) bool { return c == '/' || c == '\\' }), "..")
}
