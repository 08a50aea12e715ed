package mmstest

import (
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Size estimates the BER size of a PDU: near enough for a sender that cuts reports and responses.
func Size(p mms.PDU) int {
	switch p := p.(type) {
	case *mms.ConfirmedRequest:
		return 12 + serviceSize(p.Service)
	case *mms.ConfirmedResponse:
		return 12 + serviceSize(p.Service)
	case *mms.Unconfirmed:
		return 6 + serviceSize(p.Service)
	}
	return 32
}

func serviceSize(s mms.Service) int {
	n := 8
	switch s := s.(type) {
	case *mms.Read:
		return n + accessSize(s.Access)
	case *mms.ReadResponse:
		return n + resultsSize(s.Results)
	case *mms.Write:
		n += accessSize(s.Access)
		for _, v := range s.Data {
			n += valueSize(v)
		}
	case *mms.WriteResponse:
		n += 3 * len(s.Results)
	case *mms.InformationReport:
		return n + accessSize(s.Access) + resultsSize(s.Results)
	case *mms.GetNameListResponse:
		for _, name := range s.Names {
			n += 2 + len(name)
		}
	case *mms.GetNamedVariableListAttributesResponse:
		return n + accessSize(mms.VariableAccess{List: s.List})
	case *mms.GetVariableAccessAttributesResponse:
		return n + typeSize(&s.Type)
	}
	return n
}

func accessSize(a mms.VariableAccess) int {
	n := 6 + len(a.ListName.Domain) + len(a.ListName.Item)
	for _, v := range a.List {
		n += 12 + len(v.Name.Domain) + len(v.Name.Item)
	}
	return n
}

func resultsSize(rs []mms.AccessResult) int {
	n := 4
	for _, r := range rs {
		n += 3 + valueSize(r.Value)
	}
	return n
}

func valueSize(v model.Value) int {
	n := 4
	if s, ok := v.AsText(); ok {
		return n + len(s)
	}
	for _, m := range v.Members() {
		n += valueSize(m)
	}
	return n + 6
}

func typeSize(t *mms.TypeSpec) int {
	n := 6
	if t.Elem != nil {
		n += typeSize(t.Elem)
	}
	for i := range t.Components {
		n += 6 + len(t.Components[i].Name) + typeSize(&t.Components[i].Type)
	}
	return n
}
