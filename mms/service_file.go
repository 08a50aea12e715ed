package mms

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A FileName is a SEQUENCE OF GraphicString, ISO 9506-2 Annex D. IEC 61850-8-1 joins the items with "/"; over 8-2 an item of
// exactly 64 characters goes on in the next (Params.FileNameItem).
type FileName []string

// Join gives the name in one piece. item is Params.FileNameItem: with item > 0 an item of exactly so many characters goes on
// in the next; between others stands a "/" unless there is one.
func (n FileName) Join(item int) string {
	if len(n) == 1 {
		return n[0]
	}
	var b strings.Builder
	for i, s := range n {
		if i > 0 && (item <= 0 || utf8.RuneCountInString(n[i-1]) != item) && !strings.HasSuffix(n[i-1], "/") {
			b.WriteByte('/')
		}
		b.WriteString(s)
	}
	return b.String()
}

// SplitFileName makes the FileName of a name: one item, or with item > 0 items of so many characters each and a rest.
func SplitFileName(name string, item int) FileName {
	if item <= 0 || len(name) <= item {
		return FileName{name}
	}
	var out FileName
	for part := range slices.Chunk([]rune(name), item) {
		out = append(out, string(part))
	}
	return out
}

// FileAttributes of fileOpen and fileDirectory.
type FileAttributes struct {
	Size         uint32 // octets
	LastModified string // GeneralizedTime as text, "20260301000000.000Z"; "": not given
}

// A DirectoryEntry is one file of a fileDirectory answer.
type DirectoryEntry struct {
	Name       FileName
	Attributes FileAttributes
}

// The file services, ISO 9506-2 Annex D. An frsmID names an open file of one association.
type (
	// ObtainFile asks the peer to fetch Source from us (or from SourceServer) and to keep it as Destination.
	ObtainFile struct {
		SourceServer []byte // sourceFileServer: BER content, for writing back; nil: the one who asks
		Source       FileName
		Destination  FileName
	}
	ObtainFileResponse struct{}
	FileOpen           struct {
		Name     FileName
		Position uint32 // octets to skip
	}
	FileOpenResponse struct {
		FRSM       int32
		Attributes FileAttributes
	}
	FileRead         struct{ FRSM int32 }
	FileReadResponse struct {
		Data        string
		MoreFollows bool
	}
	FileClose          struct{ FRSM int32 }
	FileCloseResponse  struct{}
	FileRename         struct{ Current, New FileName }
	FileRenameResponse struct{}
	FileDelete         struct{ Name FileName }
	FileDeleteResponse struct{}
	FileDirectory      struct {
		Specification FileName // file or folder; nil: the root
		ContinueAfter FileName // nil: from the first
	}
	FileDirectoryResponse struct {
		Entries     []DirectoryEntry
		MoreFollows bool
	}
)

func (*ObtainFile) service()            {}
func (*ObtainFileResponse) service()    {}
func (*FileOpen) service()              {}
func (*FileOpenResponse) service()      {}
func (*FileRead) service()              {}
func (*FileReadResponse) service()      {}
func (*FileClose) service()             {}
func (*FileCloseResponse) service()     {}
func (*FileRename) service()            {}
func (*FileRenameResponse) service()    {}
func (*FileDelete) service()            {}
func (*FileDeleteResponse) service()    {}
func (*FileDirectory) service()         {}
func (*FileDirectoryResponse) service() {}
