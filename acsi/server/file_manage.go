package server

import (
	"io/fs"
	"slices"
	"sort"
	"strings"

	"github.com/gridward/gridward/mms"
)

// fileDelete serves DeleteFile.
func (ss *session) fileDelete(id uint32, r *mms.FileDelete) mms.PDU {
	name, bad := ss.file(id, r.Name, RightFileMgt, "fileDelete")
	if bad != nil {
		return bad
	}
	err := ss.s.cfg.Files.Delete(name)
	ss.auditFile("fileDelete", RightFileMgt, name, err)
	if err != nil {
		return fileFailed(id, err)
	}
	return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.FileDeleteResponse{}}
}

// fileRename serves the renaming of a file, for which both names are asked for.
func (ss *session) fileRename(id uint32, r *mms.FileRename) mms.PDU {
	from, bad := ss.file(id, r.Current, RightFileMgt, "fileRename")
	if bad != nil {
		return bad
	}
	to, bad := ss.file(id, r.New, RightFileMgt, "fileRename")
	if bad != nil {
		return bad
	}
	err := ss.s.cfg.Files.Rename(from, to)
	ss.auditFile("fileRename", RightFileMgt, from, err)
	if err == nil {
		ss.auditFile("fileRename", RightFileMgt, to, nil)
		return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.FileRenameResponse{}}
	}
	return fileFailed(id, err)
}

// fileDirectory serves GetServerDirectory(FILE), the entries of a folder with their whole names, since clients pass on what they
// are told; folders among them end with "/"; and GetFileAttributeValues, for the name of a file, which is given back as it came.
func (ss *session) fileDirectory(id uint32, r *mms.FileDirectory) mms.PDU {
	folder, bad := ss.file(id, r.Specification, RightFileRead, "fileDirectory")
	if bad != nil {
		return bad
	}
	if folder != "" {
		info, err := ss.s.cfg.Files.Stat(folder)
		switch {
		case err != nil:
			return fileFailed(id, err)
		case !info.IsDir() && r.ContinueAfter != nil:
			return failed(id, mms.ErrFile, mms.FileNonExistent)
		case !info.IsDir():
			return ss.filePage(id, []mms.DirectoryEntry{{Name: r.Specification, Attributes: fileAttributes(info)}})
		}
	}
	infos, err := ss.s.cfg.Files.List(folder)
	if err != nil {
		return fileFailed(id, err)
	}
	after, err := FileName(r.ContinueAfter, ss.params.FileNameItem)
	if err != nil {
		return failed(id, mms.ErrFile, mms.FileSyntax)
	}
	after = strings.TrimPrefix(after, folder+"/")
	// What follows the name in the order of names, whether it is still there or not.
	infos = infos[sort.Search(len(infos), func(i int) bool { return infos[i].Name() > after }):]
	return ss.filePage(id, ss.entries(folder, infos))
}

// entries gives those of infos that the principal may see.
func (ss *session) entries(folder string, infos []fs.FileInfo) []mms.DirectoryEntry {
	p := ss.principal()
	out := make([]mms.DirectoryEntry, 0, len(infos))
	for _, i := range infos {
		name := i.Name()
		if folder != "" {
			name = folder + "/" + name
		}
		if _, err := FileName(mms.FileName{name}, 0); err != nil { // nobody could ask for it
			continue
		}
		if ss.s.cfg.Authorizer != nil && ss.s.allow(p, RightFileRead, FileRef(name)) != nil {
			continue
		}
		if i.IsDir() {
			name += "/"
		}
		out = append(out, mms.DirectoryEntry{Name: mms.SplitFileName(name, ss.params.FileNameItem), Attributes: fileAttributes(i)})
	}
	return out
}

// maxPage bounds the entries of one answer: readers bound their lists.
const maxPage = 1000

// filePage answers with as many entries as fit.
func (ss *session) filePage(id uint32, all []mms.DirectoryEntry) mms.PDU {
	response := &mms.FileDirectoryResponse{}
	pdu := &mms.ConfirmedResponse{InvokeID: id, Service: response}
	fill := func(n int) { response.Entries, response.MoreFollows = all[:n:n], n < len(all) }
	fits := func(n int) bool {
		fill(n)
		return ss.params.Size == nil || ss.params.MaxPDU <= 0 || ss.params.Size(pdu) <= ss.params.MaxPDU
	}
	n := min(len(all), maxPage)
	if !fits(n) {
		n = sort.Search(n, func(i int) bool { return !fits(i + 1) })
		if n == 0 {
			return failed(id, mms.ErrService, mms.ServicePDUSize)
		}
		fill(n)
	}
	return pdu
}

// capabilities serves getCapabilityList: what of the services a peer cannot learn from initiate.
func (ss *session) capabilities(id uint32, r *mms.GetCapabilityList) mms.PDU {
	if ss.s.known(ss.principal()) != nil {
		return failed(id, mms.ErrAccess, mms.AccessDenied)
	}
	names := ss.s.cfg.Capabilities
	if r.ContinueAfter != "" {
		i := slices.Index(names, r.ContinueAfter)
		if i < 0 {
			return failed(id, mms.ErrAccess, mms.AccessNonExistent)
		}
		names = names[i+1:]
	}
	response := &mms.GetCapabilityListResponse{}
	pdu := &mms.ConfirmedResponse{InvokeID: id, Service: response}
	n := sort.Search(min(len(names), maxPage), func(n int) bool {
		response.Capabilities, response.MoreFollows = names[:n+1], true
		return ss.params.Size != nil && ss.params.MaxPDU > 0 && ss.params.Size(pdu) > ss.params.MaxPDU
	})
	response.Capabilities, response.MoreFollows = names[:n:n], n < len(names)
	return pdu
}
