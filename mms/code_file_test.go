package mms

// fileSamples is one PDU of every file service, and of what is OPTIONAL in it.
func fileSamples() map[string]PDU {
	name := FileName{"COMTRADE", "r1.cfg"}
	attributes := FileAttributes{Size: 812, LastModified: "20260301000000.5Z"}
	return map[string]PDU{
		"file obtain":    &ConfirmedRequest{InvokeID: 9, Service: &ObtainFile{Source: name, Destination: FileName{"/in/größe \x07<1>"}}},
		"file obtain ok": &ConfirmedResponse{InvokeID: 9, Service: &ObtainFileResponse{}},
		"file open":      &ConfirmedRequest{InvokeID: 9, Service: &FileOpen{Name: name, Position: 1<<32 - 1}},
		"file open ok":   &ConfirmedResponse{InvokeID: 9, Service: &FileOpenResponse{FRSM: -1, Attributes: attributes}},
		"file open bare": &ConfirmedResponse{InvokeID: 9, Service: &FileOpenResponse{FRSM: 1 << 30}},
		"file read":      &ConfirmedRequest{InvokeID: 9, Service: &FileRead{FRSM: -129}},
		"file read ok":   &ConfirmedResponse{InvokeID: 9, Service: &FileReadResponse{Data: "\x00\xff<&", MoreFollows: true}},
		"file read end":  &ConfirmedResponse{InvokeID: 9, Service: &FileReadResponse{}},
		"file close":     &ConfirmedRequest{InvokeID: 9, Service: &FileClose{FRSM: 1}},
		"file close ok":  &ConfirmedResponse{InvokeID: 9, Service: &FileCloseResponse{}},
		"file rename":    &ConfirmedRequest{InvokeID: 9, Service: &FileRename{Current: name, New: FileName{"b"}}},
		"file rename ok": &ConfirmedResponse{InvokeID: 9, Service: &FileRenameResponse{}},
		"file delete":    &ConfirmedRequest{InvokeID: 9, Service: &FileDelete{Name: name}},
		"file delete ok": &ConfirmedResponse{InvokeID: 9, Service: &FileDeleteResponse{}},
		"file list":      &ConfirmedRequest{InvokeID: 9, Service: &FileDirectory{}},
		"file list from": &ConfirmedRequest{InvokeID: 9, Service: &FileDirectory{Specification: FileName{"/"}, ContinueAfter: name}},
		"file list none": &ConfirmedRequest{InvokeID: 9, Service: &FileDirectory{Specification: FileName{}, ContinueAfter: FileName{}}},
		"file list ok": &ConfirmedResponse{InvokeID: 9, Service: &FileDirectoryResponse{
			Entries: []DirectoryEntry{{Name: name, Attributes: attributes}, {Name: FileName{"b"}}}, MoreFollows: true,
		}},
		"file list empty": &ConfirmedResponse{InvokeID: 9, Service: &FileDirectoryResponse{}},
	}
}
