package mms

import "github.com/gridward/gridward/asn1"

// FileDirectory, ISO 9506-2 D.10. listOfDirectoryEntry is tagged explicitly.
var (
	reqFileDirectory  = elem(77, "fileDirectory")
	dirSpecification  = list(0, "fileSpecification")
	dirContinueAfter  = list(1, "continueAfter")
	respFileDirectory = elem(77, "fileDirectory")
	dirEntries        = list(0, "listOfDirectoryEntry")
	dirEntriesInner   = inner(asn1.TagSequence)
	dirMoreFollows    = defaulted(1, "moreFollows", 1, 0)
	dirEntry          = element(asn1.TagSequence, "DirectoryEntry")
	dirEntryName      = schema.Add(asn1.Elem{Tag: asn1.Context(0), Name: "fileName", Key: "DirectoryEntry.fileName", List: true})
	dirAttributes     = elem(1, "fileAttributes")
)

func (s FileDirectory) code(c asn1.Coder) FileDirectory {
	c.Begin(reqFileDirectory)
	s.Specification = codeFileNameIf(c, dirSpecification, s.Specification)
	s.ContinueAfter = codeFileNameIf(c, dirContinueAfter, s.ContinueAfter)
	c.End()
	return s
}

func (s FileDirectoryResponse) code(c asn1.Coder) FileDirectoryResponse {
	c.Begin(respFileDirectory)
	c.Begin(dirEntries)
	c.Begin(dirEntriesInner)
	s.Entries = codeList(c, s.Entries, codeDirectoryEntry)
	c.End()
	c.End()
	s.MoreFollows = c.Bool(dirMoreFollows, s.MoreFollows)
	c.End()
	return s
}

func codeDirectoryEntry(c asn1.Coder, d DirectoryEntry) DirectoryEntry {
	c.Begin(dirEntry)
	d.Name = codeFileName(c, dirEntryName, d.Name)
	c.Begin(dirAttributes)
	d.Attributes = codeFileAttributes(c, d.Attributes)
	c.End()
	c.End()
	return d
}
