package mms

import (
	"errors"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/ber"
)

// The services of ConfirmedServiceRequest and -Response, ISO 9506-2 7.2.1 and 7.2.2, and UnconfirmedService, 7.2.4.
// Others, and those with components that the structures do not represent, are kept as Raw.
var (
	requestChoice = openChoice(reqRead, reqWrite, reqGetNameList, reqAttributes, reqDefineList, reqListAttributes,
		reqDeleteList, reqIdentify, reqStatus,
		reqReadJournal, reqInitJournal, reqJournalStatus, reqCapabilities, reqObtainFile, reqFileOpen, reqFileRead, reqFileClose, reqFileRename, reqFileDelete, reqFileDirectory)
	responseChoice = openChoice(respRead, respWrite, respGetNameList, respAttributes, respDefineList, respListAttributes,
		respDeleteList, respIdentify, respStatus,
		respReadJournal, respInitJournal, respJournalStatus, respCapabilities, respObtainFile, respFileOpen, respFileRead, respFileClose, respFileRename, respFileDelete, respFileDirectory)
	unconfirmedChoice = openChoice(informationReport)
)

func requestIndex(s Service) int {
	switch s.(type) {
	case *Read:
		return 0
	case *Write:
		return 1
	case *GetNameList:
		return 2
	case *GetVariableAccessAttributes:
		return 3
	case *DefineNamedVariableList:
		return 4
	case *GetNamedVariableListAttributes:
		return 5
	case *DeleteNamedVariableList:
		return 6
	case *Identify:
		return 7
	case *Status:
		return 8
	case *ReadJournal:
		return 9
	case *InitializeJournal:
		return 10
	case *ReportJournalStatus:
		return 11
	case *GetCapabilityList:
		return 12
	case *ObtainFile:
		return 13
	case *FileOpen:
		return 14
	case *FileRead:
		return 15
	case *FileClose:
		return 16
	case *FileRename:
		return 17
	case *FileDelete:
		return 18
	case *FileDirectory:
		return 19
	case *Raw:
		return -1
	}
	return len(requestChoice.Elems) // refused by Choice
}

func codeRequest(c asn1.Coder, s Service) Service {
	mark, canKeep := markOf(c)
	i := c.Choice(requestChoice, requestIndex(s))
	switch {
	case c.Err() != nil:
		return nil
	case i < 0:
		return codeRaw(c, s)
	case i == 0:
		s = codeRead(c, s)
	case i == 1:
		s = codeService[Write](c, s)
	case i == 2:
		s = codeService[GetNameList](c, s)
	case i == 3:
		s = codeService[GetVariableAccessAttributes](c, s)
	case i == 4:
		s = codeService[DefineNamedVariableList](c, s)
	case i == 5:
		s = codeService[GetNamedVariableListAttributes](c, s)
	case i == 6:
		s = codeService[DeleteNamedVariableList](c, s)
	case i == 7:
		s = codeService[Identify](c, s)
	case i == 8:
		s = codeService[Status](c, s)
	case i == 9:
		s = codeService[ReadJournal](c, s)
	case i == 10:
		s = codeService[InitializeJournal](c, s)
	case i == 11:
		s = codeService[ReportJournalStatus](c, s)
	case i == 12:
		s = codeService[GetCapabilityList](c, s)
	case i == 13:
		s = codeService[ObtainFile](c, s)
	case i == 14:
		s = codeService[FileOpen](c, s)
	case i == 15:
		s = codeService[FileRead](c, s)
	case i == 16:
		s = codeService[FileClose](c, s)
	case i == 17:
		s = codeService[FileRename](c, s)
	case i == 18:
		s = codeService[FileDelete](c, s)
	case i == 19:
		s = codeService[FileDirectory](c, s)
	}
	if canKeep {
		return keep(c, mark, s)
	}
	return s
}

func responseIndex(s Service) int {
	switch s.(type) {
	case *ReadResponse:
		return 0
	case *WriteResponse:
		return 1
	case *GetNameListResponse:
		return 2
	case *GetVariableAccessAttributesResponse:
		return 3
	case *DefineNamedVariableListResponse:
		return 4
	case *GetNamedVariableListAttributesResponse:
		return 5
	case *DeleteNamedVariableListResponse:
		return 6
	case *IdentifyResponse:
		return 7
	case *StatusResponse:
		return 8
	case *ReadJournalResponse:
		return 9
	case *InitializeJournalResponse:
		return 10
	case *ReportJournalStatusResponse:
		return 11
	case *GetCapabilityListResponse:
		return 12
	case *ObtainFileResponse:
		return 13
	case *FileOpenResponse:
		return 14
	case *FileReadResponse:
		return 15
	case *FileCloseResponse:
		return 16
	case *FileRenameResponse:
		return 17
	case *FileDeleteResponse:
		return 18
	case *FileDirectoryResponse:
		return 19
	case *Raw:
		return -1
	}
	return len(responseChoice.Elems)
}

func codeResponse(c asn1.Coder, s Service) Service {
	mark, canKeep := markOf(c)
	i := c.Choice(responseChoice, responseIndex(s))
	switch {
	case c.Err() != nil:
		return nil
	case i < 0:
		return codeRaw(c, s)
	case i == 0:
		s = codeReadResponse(c, s)
	case i == 1:
		s = codeService[WriteResponse](c, s)
	case i == 2:
		s = codeService[GetNameListResponse](c, s)
	case i == 3:
		s = codeService[GetVariableAccessAttributesResponse](c, s)
	case i == 4:
		s = codeService[DefineNamedVariableListResponse](c, s)
	case i == 5:
		s = codeService[GetNamedVariableListAttributesResponse](c, s)
	case i == 6:
		s = codeService[DeleteNamedVariableListResponse](c, s)
	case i == 7:
		s = codeService[IdentifyResponse](c, s)
	case i == 8:
		s = codeService[StatusResponse](c, s)
	case i == 9:
		s = codeService[ReadJournalResponse](c, s)
	case i == 10:
		s = codeService[InitializeJournalResponse](c, s)
	case i == 11:
		s = codeService[ReportJournalStatusResponse](c, s)
	case i == 12:
		s = codeService[GetCapabilityListResponse](c, s)
	case i == 13:
		s = codeService[ObtainFileResponse](c, s)
	case i == 14:
		s = codeService[FileOpenResponse](c, s)
	case i == 15:
		s = codeService[FileReadResponse](c, s)
	case i == 16:
		s = codeService[FileCloseResponse](c, s)
	case i == 17:
		s = codeService[FileRenameResponse](c, s)
	case i == 18:
		s = codeService[FileDeleteResponse](c, s)
	case i == 19:
		s = codeService[FileDirectoryResponse](c, s)
	}
	if canKeep {
		return keep(c, mark, s)
	}
	return s
}

func codeUnconfirmed(c asn1.Coder, s Service) Service {
	i := len(unconfirmedChoice.Elems)
	switch s.(type) {
	case *InformationReport:
		i = 0
	case *Raw:
		i = -1
	}
	mark, canKeep := markOf(c)
	switch i = c.Choice(unconfirmedChoice, i); {
	case c.Err() != nil:
		return nil
	case i < 0:
		return codeRaw(c, s)
	}
	s = codeService[InformationReport](c, s)
	if canKeep {
		return keep(c, mark, s)
	}
	return s
}

// codeService walks a service of type T.
func codeService[T described[T], P interface {
	*T
	Service
}](c asn1.Coder, s Service) Service {
	if c.Reading() {
		v := new(T)
		*v = (*v).code(c)
		return P(v)
	}
	(*s.(P)).code(c)
	return s
}

// codeRead is codeService for the usual read of one variable with fewer allocations.
func codeRead(c asn1.Coder, s Service) Service {
	if !c.Reading() {
		return codeService[Read](c, s)
	}
	v := new(struct {
		Read
		one [1]VariableSpec
	})
	v.Access.List = v.one[:0]
	v.Read = v.Read.code(c)
	if v.Access.NamedList {
		v.Access.List = nil
	}
	return &v.Read
}

// codeReadResponse is codeService for the usual answer of one value with fewer allocations.
func codeReadResponse(c asn1.Coder, s Service) Service {
	if !c.Reading() {
		return codeService[ReadResponse](c, s)
	}
	v := new(struct {
		ReadResponse
		one [1]AccessResult
	})
	v.Results = v.one[:0]
	v.ReadResponse = v.ReadResponse.code(c)
	return &v.ReadResponse
}

func codeRaw(c asn1.Coder, s Service) Service {
	if c.Reading() {
		r := c.Raw(asn1.Raw{})
		if c.Err() == nil && r.Tag.Class() != 2 {
			c.Fail(asn1.ErrUnknown) // no service has such a tag
		}
		if c.Err() != nil {
			return nil
		}
		return &Raw{Class: r.Tag.Class(), Constructed: r.Constructed, Number: r.Tag.Number(), Content: []byte(r.Content)}
	}
	r := s.(*Raw)
	c.Raw(asn1.Raw{Tag: asn1.MakeTag(r.Class, r.Number), Constructed: r.Constructed, Content: string(r.Content)})
	return s
}

func markOf(c asn1.Coder) (ber.Mark, bool) {
	if r, ok := c.(*ber.Reader); ok {
		return r.Mark(), true
	}
	return ber.Mark{}, false
}

// keep reads a service again as Raw if it turned out to have a component that is not represented.
func keep(c asn1.Coder, mark ber.Mark, s Service) Service {
	if c.Err() == nil || !errors.Is(c.Err(), asn1.ErrUnsupported) {
		return s
	}
	c.(*ber.Reader).Rewind(mark)
	return codeRaw(c, nil)
}
