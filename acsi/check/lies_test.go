package check_test

import (
	"slices"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// nameList changes the last page of the name lists of a class.
func nameList(class mms.ObjectClass, f func([]string) []string) func(mms.Service, mms.PDU) mms.PDU {
	return answers(func(q *mms.GetNameList, a *mms.GetNameListResponse) mms.Service {
		if q.Class != class || len(a.Names) < 2 || a.MoreFollows || q.ContinueAfter != "" || q.Domain != "TLD0" {
			return a
		}
		return &mms.GetNameListResponse{Names: f(slices.Clone(a.Names))}
	})
}

// shuffled turns every second list round.
func shuffled() func(mms.Service, mms.PDU) mms.PDU {
	n := 0
	return nameList(mms.ClassNamedVariable, func(list []string) []string {
		if n++; n%2 == 0 {
			slices.Reverse(list)
		}
		return list
	})
}

// skipsOne leaves a name out after continueAfter.
func skipsOne() func(mms.Service, mms.PDU) mms.PDU {
	return answers(func(q *mms.GetNameList, a *mms.GetNameListResponse) mms.Service {
		if q.ContinueAfter == "" || len(a.Names) < 2 {
			return a
		}
		return &mms.GetNameListResponse{Names: a.Names[1:], MoreFollows: a.MoreFollows}
	})
}

// changes keeps writes of an item from the server, and makes it look changed by a wrong answer to the next read.
func changes(item string) func(mms.Service) mms.PDU {
	written := false
	return func(q mms.Service) mms.PDU {
		switch q := q.(type) {
		case *mms.Write:
			if q.Access.List[0].Name.Item == item {
				written = true
				return good(&mms.WriteResponse{Results: make([]mms.WriteResult, 1)})
			}
		case *mms.Read:
			if written && !q.Access.NamedList && q.Access.List[0].Name.Item == item {
				written = false
				return good(&mms.ReadResponse{Results: []mms.AccessResult{{Value: model.Float32(99)}}})
			}
		}
		return nil
	}
}

// withoutComponent takes components of a name out of all types.
func withoutComponent(name string) func(mms.Service, mms.PDU) mms.PDU {
	return answers(func(_ *mms.GetVariableAccessAttributes, a *mms.GetVariableAccessAttributesResponse) mms.Service {
		return &mms.GetVariableAccessAttributesResponse{Type: prune(a.Type, name)}
	})
}

func prune(t mms.TypeSpec, name string) mms.TypeSpec {
	if t.Kind != model.KindStruct {
		return t
	}
	var list []mms.Component
	for _, c := range t.Components {
		if c.Name != name {
			list = append(list, mms.Component{Name: c.Name, Type: prune(c.Type, name)})
		}
	}
	t.Components = list
	return t
}

// second accepts the second and later writes of an item that ends so: the first is the owner's.
func second(end string) func(mms.Service) mms.PDU {
	n := 0
	return func(q mms.Service) mms.PDU {
		if w, ok := q.(*mms.Write); ok && strings.HasSuffix(w.Access.List[0].Name.Item, end) {
			if n++; n > 2 {
				return good(&mms.WriteResponse{Results: make([]mms.WriteResult, 1)})
			}
		}
		return nil
	}
}

// edited changes reports. Their results are: RptID, OptFlds, then what OptFlds announces.
func edited(f func([]mms.AccessResult) []mms.AccessResult) func(*mms.InformationReport) *mms.InformationReport {
	return func(r *mms.InformationReport) *mms.InformationReport {
		if !r.Access.NamedList {
			return r
		}
		return &mms.InformationReport{Access: r.Access, Results: f(slices.Clone(r.Results))}
	}
}

// inclusion finds the inclusion bit string: the first bit string after OptFlds.
func inclusion(list []mms.AccessResult) int {
	for i := 2; i < len(list); i++ {
		if list[i].Value.Kind() == model.KindBits {
			return i
		}
	}
	return -1
}

func withoutMember(list []mms.AccessResult) []mms.AccessResult {
	opt, _, _ := list[1].Value.AsBits()
	at := inclusion(list)
	bits, n, _ := list[at].Value.AsBits()
	if bits&1 == 0 || n < 2 {
		return list
	}
	list[at].Value = model.Bits(bits&^1, n)
	per := 1
	if model.OptFields(opt)&model.OptDataRef != 0 {
		per++
	}
	if model.OptFields(opt)&model.OptReasonCode != 0 {
		per++
	}
	included := (len(list) - at - 1) / per
	var out []mms.AccessResult
	out = append(out, list[:at+1]...)
	for p := range per {
		out = append(out, list[at+1+p*included:at+(p+1)*included]...)
	}
	return out
}

func otherReason(list []mms.AccessResult) []mms.AccessResult {
	for i := inclusion(list) + 1; i < len(list); i++ {
		if _, n, ok := list[i].Value.AsBits(); ok && n == 7 {
			list[i].Value = model.Bits(2, 7) // general interrogation
		}
	}
	return list
}

func otherConfRev(list []mms.AccessResult) []mms.AccessResult {
	if at := inclusion(list); list[at-1].Value.Kind() == model.KindUint {
		list[at-1].Value = model.Uint(4711)
	} else if list[at-3].Value.Kind() == model.KindUint { // SubSqNum and MoreSegmentsFollow between
		list[at-3].Value = model.Uint(4711)
	}
	return list
}

func sameSqNum(list []mms.AccessResult) []mms.AccessResult {
	list[2].Value = model.Uint(0)
	return list
}

// alwaysSelected selects for whoever reads SBO.
func alwaysSelected(q mms.Service, a mms.PDU) mms.PDU {
	return values("GGIO1$CO$SPCSO2$SBO", func(model.Value) model.Value { return model.Visible("TLD0/GGIO1$CO$SPCSO2") })(q, a)
}

// badFiles is a file store that gives everything, in another length each time, and reads what is closed.
func badFiles(q mms.Service) mms.PDU {
	switch q := q.(type) {
	case *mms.FileDirectory:
		size := uint32(10)
		if q.Specification != nil {
			size = 11
		}
		return good(&mms.FileDirectoryResponse{Entries: []mms.DirectoryEntry{{
			Name: mms.FileName{"a.txt"}, Attributes: mms.FileAttributes{Size: size, LastModified: "20260301000000.000Z"},
		}}})
	case *mms.FileOpen:
		return good(&mms.FileOpenResponse{FRSM: 1, Attributes: mms.FileAttributes{Size: 10}})
	case *mms.FileRead:
		return good(&mms.FileReadResponse{Data: "0123456789"})
	case *mms.FileClose:
		return good(&mms.FileCloseResponse{})
	}
	return nil
}
