package mms

import "github.com/gridward/gridward/asn1"

// FileName and FileAttributes, ISO 9506-2 Annex D.
var (
	graphicString = element(asn1.TagGraphic, "GraphicString")
	sizeOfFile    = unsigned32(0, "sizeOfFile")
	lastModified  = elem(1, "lastModified")
)

// codeFileName walks a FileName under the element e.
func codeFileName(c asn1.Coder, e *asn1.Elem, n FileName) FileName {
	c.Begin(e)
	n = codeList(c, n, codeGraphic)
	c.End()
	return n
}

// codeFileNameIf walks a FileName that is OPTIONAL: nil is none.
func codeFileNameIf(c asn1.Coder, e *asn1.Elem, n FileName) FileName {
	if !c.Has(e, n != nil) {
		return nil
	}
	return given(codeFileName(c, e, n))
}

func codeGraphic(c asn1.Coder, s string) string { return c.String(graphicString, s) }

// codeFileAttributes walks the content of a FileAttributes.
func codeFileAttributes(c asn1.Coder, a FileAttributes) FileAttributes {
	a.Size = uint32(c.Int(sizeOfFile, int64(a.Size)))
	if c.Has(lastModified, a.LastModified != "") {
		a.LastModified = c.String(lastModified, a.LastModified)
	}
	return a
}

// ObtainFile, ISO 9506-2 D.4.
var (
	reqObtainFile   = elem(46, "obtainFile")
	obtainServer    = binary(0, "sourceFileServer")
	obtainSource    = list(1, "sourceFile")
	obtainDest      = list(2, "destinationFile")
	respObtainFile  = elem(46, "obtainFile")
	reqFileOpen     = elem(72, "fileOpen")
	openName        = list(0, "fileName")
	openPosition    = unsigned32(1, "initialPosition")
	respFileOpen    = elem(72, "fileOpen")
	openFRSM        = integer32(0, "frsmID")
	openAttributes  = elem(1, "fileAttributes")
	reqFileRead     = integer32(73, "fileRead")
	respFileRead    = elem(73, "fileRead")
	readData        = elem(0, "fileData")
	readMoreFollows = defaulted(1, "moreFollows", 1, 1)
	reqFileClose    = integer32(74, "fileClose")
	respFileClose   = elem(74, "fileClose")
	reqFileRename   = elem(75, "fileRename")
	renameCurrent   = list(0, "currentFileName")
	renameNew       = list(1, "newFileName")
	respFileRename  = elem(75, "fileRename")
	reqFileDelete   = list(76, "fileDelete")
	respFileDelete  = elem(76, "fileDelete")
)

func (s ObtainFile) code(c asn1.Coder) ObtainFile {
	c.Begin(reqObtainFile)
	s.SourceServer = codeBinary(c, obtainServer, s.SourceServer)
	s.Source = codeFileName(c, obtainSource, s.Source)
	s.Destination = codeFileName(c, obtainDest, s.Destination)
	c.End()
	return s
}

func (s ObtainFileResponse) code(c asn1.Coder) ObtainFileResponse {
	c.Null(respObtainFile)
	return s
}

func (s FileOpen) code(c asn1.Coder) FileOpen {
	c.Begin(reqFileOpen)
	s.Name = codeFileName(c, openName, s.Name)
	s.Position = uint32(c.Int(openPosition, int64(s.Position)))
	c.End()
	return s
}

func (s FileOpenResponse) code(c asn1.Coder) FileOpenResponse {
	c.Begin(respFileOpen)
	s.FRSM = int32(c.Int(openFRSM, int64(s.FRSM)))
	c.Begin(openAttributes)
	s.Attributes = codeFileAttributes(c, s.Attributes)
	c.End()
	c.End()
	return s
}

func (s FileRead) code(c asn1.Coder) FileRead {
	s.FRSM = int32(c.Int(reqFileRead, int64(s.FRSM)))
	return s
}

func (s FileReadResponse) code(c asn1.Coder) FileReadResponse {
	c.Begin(respFileRead)
	s.Data = c.Octets(readData, s.Data)
	s.MoreFollows = c.Bool(readMoreFollows, s.MoreFollows)
	c.End()
	return s
}

func (s FileClose) code(c asn1.Coder) FileClose {
	s.FRSM = int32(c.Int(reqFileClose, int64(s.FRSM)))
	return s
}

func (s FileCloseResponse) code(c asn1.Coder) FileCloseResponse {
	c.Null(respFileClose)
	return s
}

func (s FileRename) code(c asn1.Coder) FileRename {
	c.Begin(reqFileRename)
	s.Current = codeFileName(c, renameCurrent, s.Current)
	s.New = codeFileName(c, renameNew, s.New)
	c.End()
	return s
}

func (s FileRenameResponse) code(c asn1.Coder) FileRenameResponse {
	c.Null(respFileRename)
	return s
}

func (s FileDelete) code(c asn1.Coder) FileDelete {
	s.Name = codeFileName(c, reqFileDelete, s.Name)
	return s
}

func (s FileDeleteResponse) code(c asn1.Coder) FileDeleteResponse {
	c.Null(respFileDelete)
	return s
}
