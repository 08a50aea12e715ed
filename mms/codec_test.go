package mms

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/asn1/xer"
	"github.com/gridward/gridward/model"
)

// samples is one PDU of every kind and service.
func samples() map[string]PDU {
	one := []VariableSpec{{Name: InDomain("DER1LD0", "MMXU1$MX$TotW$mag$f")}}
	code := int32(7)
	at := uint32(3)
	alternate := []AlternateAccess{
		{Component: "mag", Nested: []AlternateAccess{{Component: "f"}}},
		{HasIndex: true, Index: 3},
		{HasIndex: true, Index: 3, Count: 4},
		{AllElems: true},
		{Named: "x", Component: "y"},
	}
	mag := TypeSpec{Kind: model.KindStruct, Components: []Component{{Name: "f", Type: TypeSpec{Kind: model.KindFloat, Size: 32, Exponent: 8}}}}
	name := InDomain("LD", "T")
	all := map[string]PDU{
		"initiate": &InitiateRequest{
			LocalDetail: 65000, MaxServCalling: 10, MaxServCalled: 10, NestingLevel: 10, Version: 1,
			ParameterCBB: model.Bits(0b11110001000, 11), ServicesSupport: model.LongBits("\xee\x1c\x00\x00\x00\x02\x00\x00\x59\xfd\x18", 85),
		},
		"initiate answer": &InitiateResponse{
			LocalDetail: 65000, MaxServCalling: 10, MaxServCalled: 10, NestingLevel: 10, Version: 1,
			ParameterCBB: model.Bits(0b11110001000, 11), ServicesSupport: model.LongBits("\xee\x1c\x00\x00\x00\x02\x00\x00\x59\xfd\x18", 85),
			AdditionalServices: model.Bits(1, 22), HasAdditionalCBB: true, AdditionalCBB: model.Bits(2, 9), PrivilegeClass: "p",
		},
		"initiate error":  &InitiateError{ServiceError{Class: ErrInitiate, Code: 2}},
		"conclude":        &ConcludeRequest{},
		"conclude answer": &ConcludeResponse{},
		"conclude error":  &ConcludeError{ServiceError{Class: ErrConclude, Code: 1}},
		"cancel":          &CancelRequest{InvokeID: 4000000000},
		"cancel answer":   &CancelResponse{InvokeID: 42},
		"cancel error":    &CancelError{InvokeID: 42, Error: ServiceError{Class: ErrCancel, Code: 1}},
		"error": &ConfirmedError{InvokeID: 3, ModifierPosition: &at, Error: ServiceError{
			Class: ErrAccess, Code: 2, AdditionalCode: &code, AdditionalDescription: "no & <way>",
		}},
		"reject":      &Reject{HasInvokeID: true, InvokeID: 3, Reason: RejectReason{RejectConfirmedRequest, RejectMaxServOutstanding}},
		"reject PDU":  &Reject{Reason: RejectReason{RejectPDUError, RejectPDUInvalid}},
		"status":      &ConfirmedRequest{InvokeID: 1, Service: &Status{Extended: true}},
		"status ok":   &ConfirmedResponse{InvokeID: 1, Service: &StatusResponse{1, 2, model.Bits(5, 16)}},
		"identify":    &ConfirmedRequest{InvokeID: 1, Service: &Identify{}},
		"identify ok": &ConfirmedResponse{InvokeID: 1, Service: &IdentifyResponse{"Grïd", "ward", "1\x00\x1f\n", []string{"1.0.9506.2.1"}}},
		"names":       &ConfirmedRequest{InvokeID: 3, Service: &GetNameList{Class: ClassDomain}},
		"names of":    &ConfirmedRequest{InvokeID: 3, Service: &GetNameList{Scope: DomainSpecific, Domain: "D", ContinueAfter: "a"}},
		"names aa":    &ConfirmedRequest{InvokeID: 3, Service: &GetNameList{Class: ClassNamedVariableList, Scope: AASpecific}},
		"names ok":    &ConfirmedResponse{InvokeID: 3, Service: &GetNameListResponse{Names: []string{"LLN0", "LLN0$ST$Beh$stVal"}}},
		"names more":  &ConfirmedResponse{InvokeID: 3, Service: &GetNameListResponse{MoreFollows: true}},
		"read":        &ConfirmedRequest{InvokeID: 17, Service: &Read{Access: VariableAccess{List: one}}},
		"read list":   &ConfirmedRequest{InvokeID: 17, Service: &Read{true, VariableAccess{NamedList: true, ListName: InDomain("D", "LLN0$ds")}}},
		"read part":   &ConfirmedRequest{InvokeID: 17, Service: &Read{Access: VariableAccess{List: []VariableSpec{{Name: name, Alternate: alternate}}}}},
		"read ok": &ConfirmedResponse{InvokeID: 17, Service: &ReadResponse{Results: []AccessResult{
			{Value: model.Float32(123.456)}, {Value: model.QualityValue(0)}, {Failed: true, Error: ObjectNonExistent},
		}}},
		"read all": &ConfirmedResponse{InvokeID: 17, Service: &ReadResponse{
			Access: &VariableAccess{List: one}, Results: []AccessResult{{Value: allKinds()}},
		}},
		"write": &ConfirmedRequest{InvokeID: 18, Service: &Write{
			Access: VariableAccess{List: []VariableSpec{{Name: ObjectName{Item: "x"}}, {Name: ObjectName{Scope: AASpecific, Item: "y"}}}},
			Data:   []model.Value{model.Bool(true), model.Struct(model.Int(-1), model.Octets("ems"), model.Bits(0, 2))},
		}},
		"write ok":  &ConfirmedResponse{InvokeID: 18, Service: &WriteResponse{[]WriteResult{{}, {Failed: true, Error: ObjectAccessDenied}}}},
		"type":      &ConfirmedRequest{InvokeID: 5, Service: &GetVariableAccessAttributes{Name: InDomain("D", "LLN0")}},
		"type ok":   &ConfirmedResponse{InvokeID: 5, Service: &GetVariableAccessAttributesResponse{Type: allTypes(mag, name)}},
		"define":    &ConfirmedRequest{InvokeID: 6, Service: &DefineNamedVariableList{Name: InDomain("D", "LLN0$ds"), List: one}},
		"define ok": &ConfirmedResponse{InvokeID: 6, Service: &DefineNamedVariableListResponse{}},
		"list":      &ConfirmedRequest{InvokeID: 7, Service: &GetNamedVariableListAttributes{InDomain("D", "LLN0$ds")}},
		"list ok":   &ConfirmedResponse{InvokeID: 7, Service: &GetNamedVariableListAttributesResponse{true, one}},
		"delete":    &ConfirmedRequest{InvokeID: 8, Service: &DeleteNamedVariableList{Names: []ObjectName{name, {Scope: AASpecific, Item: "@d"}}}},
		"delete in": &ConfirmedRequest{InvokeID: 8, Service: &DeleteNamedVariableList{Scope: DeleteDomain, HasDomain: true, Domain: "D"}},
		"delete ok": &ConfirmedResponse{InvokeID: 8, Service: &DeleteNamedVariableListResponse{2, 1}},
		"report": &Unconfirmed{Service: &InformationReport{
			Access:  VariableAccess{NamedList: true, ListName: ObjectName{Item: "RPT"}},
			Results: []AccessResult{{Value: model.Visible("DER1rpt1")}, {Value: model.Entry(0x002932E03A7B)}, {Value: model.Float64(-1)}},
		}},
	}
	maps.Copy(all, fileSamples())
	maps.Copy(all, journalSamples())
	return all
}

func allKinds() model.Value {
	return model.Struct(
		model.Array(model.Int(1), model.Int(-129), model.Int(1<<62)), model.Struct(), model.Bool(false), model.Bits(0, 0),
		model.LongBits("\x80\x00\x00\x00\x00\x00\x00\x00\x40", 66), model.Uint(1<<62+1), model.Float32(0.5), model.Octets("\x00\xff"),
		model.Visible("a<&>\"'\t\x07"), model.Raw(model.KindGeneralizedTime, "20260301000000.5Z", 0, 0),
		model.Raw(model.KindEntryTime, "", 5, 4), model.Raw(model.KindBCD, "", 42, 0), model.Raw(model.KindBoolArray, "", 5, 4),
		model.Raw(model.KindOID, "\x28\xca\x22\x02\x03", 0, 0), model.Unicode("ü"), model.Time(0x69A37F000000000A),
	)
}

func allTypes(mag TypeSpec, name ObjectName) TypeSpec {
	kinds := []TypeSpec{
		mag,
		{Kind: model.KindArray, Count: 3, Elem: &mag, Packed: true},
		{Kind: model.KindBool},
		{Kind: model.KindBits, Size: -13},
		{Kind: model.KindInt, Size: 8},
		{Kind: model.KindUint, Size: 32},
		{Kind: model.KindFloat, Size: 64, Exponent: 11},
		{Kind: model.KindOctets, Size: -64},
		{Kind: model.KindString, Size: -129},
		{Kind: model.KindGeneralizedTime},
		{Kind: model.KindEntryTime, Size: 1},
		{Kind: model.KindEntryTime},
		{Kind: model.KindBCD, Size: 4},
		{Kind: model.KindOID},
		{Kind: model.KindUnicode, Size: -255},
		{Kind: model.KindTime},
		{TypeName: &name},
	}
	t := TypeSpec{Kind: model.KindStruct}
	for i, k := range kinds {
		c := Component{Type: k}
		if i > 0 {
			c.Name = "c" + string(rune('a'+i))
		}
		t.Components = append(t.Components, c)
	}
	return t
}

var equal = cmp.Options{
	cmp.Comparer(func(a, b model.Value) bool { return a.Equal(b) }),
}

func TestEveryPDUInEveryEncoding(t *testing.T) {
	for name, p := range samples() {
		b, err := AppendBER(nil, p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, lim := range []Limits{{}, {Borrow: true}} {
			q, err := ParseBER(b, lim)
			if err != nil {
				t.Errorf("%s: %x: %v", name, b, err)
				continue
			}
			if d := cmp.Diff(p, q, equal); d != "" {
				t.Errorf("%s: BER %x: -want +got\n%s", name, b, d)
			}
		}
		if n := SizeBER(p); n != len(b) {
			t.Errorf("%s: SizeBER %d, encoded %d", name, n, len(b))
		}
		for _, d := range []*xer.Dialect{GW1, BasicXER} {
			x, err := AppendXER(nil, p, d)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			for _, union := range [][]*xer.Dialect{{d}, {GW1, BasicXER}, {BasicXER, GW1}} {
				q, err := ParseXER(x, union, Limits{})
				if err != nil {
					t.Errorf("%s: %s: %v", name, x, err)
					continue
				}
				if d := cmp.Diff(p, q, equal); d != "" {
					t.Errorf("%s: XER %s: -want +got\n%s", name, x, d)
				}
			}
			if n := SizeXER(p, d); n != len(x) {
				t.Errorf("%s: SizeXER %d, encoded %d", name, n, len(x))
			}
		}
	}
}
