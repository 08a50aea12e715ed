package client

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

var boolOper = mms.TypeSpec{Kind: model.KindStruct, Components: []mms.Component{
	{Name: "ctlVal", Type: mms.TypeSpec{Kind: model.KindBool}},
	{Name: "origin", Type: mms.TypeSpec{Kind: model.KindStruct, Components: []mms.Component{
		{Name: "orCat", Type: mms.TypeSpec{Kind: model.KindInt, Size: 8}}, {Name: "orIdent", Type: mms.TypeSpec{Kind: model.KindOctets, Size: -64}},
	}}},
	{Name: "ctlNum", Type: mms.TypeSpec{Kind: model.KindUint, Size: 8}},
	{Name: "T", Type: mms.TypeSpec{Kind: model.KindTime, Size: 8}},
	{Name: "Test", Type: mms.TypeSpec{Kind: model.KindBool}},
	{Name: "Check", Type: mms.TypeSpec{Kind: model.KindBits, Size: 2}},
}}

// enhancedObject answers for LD0/GGIO1.SPCSO1 with enhanced security and accepts every command.
func enhancedObject(s mms.Service) any {
	switch s.(type) {
	case *mms.Read:
		return &mms.ReadResponse{Results: ok(model.Int(int64(model.DirectEnhanced)))}
	case *mms.GetVariableAccessAttributes:
		return &mms.GetVariableAccessAttributesResponse{Type: mms.TypeSpec{Kind: model.KindStruct, Components: []mms.Component{{Name: "Oper", Type: boolOper}}}}
	case *mms.Write:
		return &mms.WriteResponse{Results: []mms.WriteResult{{}}}
	}
	return nil
}

func lastApplErrorVar() mms.VariableSpec {
	return mms.VariableSpec{Name: mms.ObjectName{Scope: mms.VMDSpecific, Item: "LastApplError"}}
}

func operVar() mms.VariableSpec {
	return mms.VariableSpec{Name: mms.InDomain("LD0", "GGIO1$CO$SPCSO1$Oper")}
}

func lastApplErrorOf(ctlNum uint64, cause model.AddCause) mms.AccessResult {
	return mms.AccessResult{Value: model.Struct(model.Visible("LD0/GGIO1$CO$SPCSO1$Oper"), model.Int(1),
		model.Struct(model.Int(3), model.Octets("")), model.Uint(ctlNum), model.Int(int64(cause)))}
}

func operOf(ctlNum uint64) mms.AccessResult {
	return mms.AccessResult{Value: model.Struct(model.Bool(true), model.Struct(model.Int(3), model.Octets("")), model.Uint(ctlNum),
		model.Time(0), model.Bool(false), model.Bits(0, 2))}
}

// TestTerminationForms: the ways in which servers say how a command ended.
func TestTerminationForms(t *testing.T) {
	type info struct {
		vars    []mms.VariableSpec
		results []mms.AccessResult
	}
	failed := mms.AccessResult{Failed: true, Error: mms.ObjectAccessDenied}
	one := []mms.VariableSpec{operVar()}
	for name, tc := range map[string]struct {
		infos []info
		cause model.AddCause // AddCauseNone: it ends well
		err   error
	}{
		"positive":               {[]info{{one, []mms.AccessResult{operOf(1)}}}, model.AddCauseNone, nil},
		"negative in one report": {[]info{{[]mms.VariableSpec{lastApplErrorVar(), operVar()}, []mms.AccessResult{lastApplErrorOf(1, model.AddCauseBlockedByProcess), failed}}}, model.AddCauseBlockedByProcess, nil},
		"negative in two reports": {[]info{
			{[]mms.VariableSpec{lastApplErrorVar()}, []mms.AccessResult{lastApplErrorOf(1, model.AddCauseTimeLimitOver)}}, {one, []mms.AccessResult{failed}},
		}, model.AddCauseTimeLimitOver, nil},
		"of another command": {[]info{
			{one, []mms.AccessResult{operOf(9)}}, {[]mms.VariableSpec{lastApplErrorVar()}, []mms.AccessResult{lastApplErrorOf(9, model.AddCauseTimeLimitOver)}},
		}, 0, mms.ErrTimeout},
		"then ours":    {[]info{{one, []mms.AccessResult{operOf(9)}}, {one, []mms.AccessResult{operOf(1)}}}, model.AddCauseNone, nil},
		"twice":        {[]info{{one, []mms.AccessResult{operOf(1)}}, {one, []mms.AccessResult{failed}}}, model.AddCauseNone, nil},
		"malformed":    {[]info{{[]mms.VariableSpec{lastApplErrorVar()}, ok(model.Struct(model.Int(1)))}, {one, nil}}, 0, mms.ErrTimeout},
		"other object": {[]info{{[]mms.VariableSpec{{Name: mms.InDomain("LD0", "GGIO1$CO$SPCSO2$Oper")}}, []mms.AccessResult{operOf(1)}}}, 0, mms.ErrTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, far := dial(t, Options{TerminationTimeout: 5 * second})
				serve(t, far, enhancedObject)
				k, err := c.Control(t.Context(), mustRef(t, "LD0/GGIO1.SPCSO1"))
				if err != nil {
					t.Fatal(err)
				}
				type end struct {
					t   *Termination
					err error
				}
				ended := make(chan end, 1)
				go func() {
					x, err := k.Operate(t.Context(), model.Bool(true), OperateOptions{})
					ended <- end{x, err}
				}()
				synctest.Wait()
				for _, i := range tc.infos {
					if err := far.Send(&mms.Unconfirmed{Service: &mms.InformationReport{Access: mms.VariableAccess{List: i.vars}, Results: i.results}}); err != nil {
						t.Fatal(err)
					}
				}
				got := <-ended
				var ce *ControlError
				switch {
				case tc.err != nil:
					wantErr(t, "termination", got.err, tc.err)
				case tc.cause == model.AddCauseNone:
					if got.err != nil || !got.t.Enhanced || got.t.CtlNum != 1 {
						t.Errorf("%+v, %v", got.t, got.err)
					}
				case !errors.As(got.err, &ce) || ce.Step != "termination" || ce.AddCause != tc.cause || ce.Code != model.ControlUnknown:
					t.Errorf("%v", got.err)
				}
				if len(c.ops) != 0 {
					t.Errorf("%d operations are left", len(c.ops))
				}
			})
		})
	}
}

// TestRestOfLastTermination: what still comes of a command that ended does not end the next.
func TestRestOfLastTermination(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := dial(t, Options{TerminationTimeout: 5 * second})
		serve(t, far, func(s mms.Service) any {
			if _, write := s.(*mms.Write); write {
				return nil // the second command is under way and not answered
			}
			return enhancedObject(s)
		})
		k, err := c.Control(t.Context(), mustRef(t, "LD0/GGIO1.SPCSO1"))
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := k.Operate(t.Context(), model.Bool(true), OperateOptions{})
			ended <- err
		}()
		synctest.Wait()
		c.notice(operVar().Name, mms.AccessResult{Failed: true, Error: mms.ObjectAccessDenied})
		c.mu.Lock()
		op := c.ops[0]
		c.mu.Unlock()
		if len(op.ended) != 0 {
			t.Error("it was taken for the second's")
		}
		wantErr(t, "operate", <-ended, mms.ErrTimeout)
	})
}

func TestFit(t *testing.T) {
	f32 := mms.TypeSpec{Kind: model.KindFloat, Size: 32, Exponent: 8}
	f64 := mms.TypeSpec{Kind: model.KindFloat, Size: 64, Exponent: 11}
	i8 := mms.TypeSpec{Kind: model.KindInt, Size: 8}
	i32 := mms.TypeSpec{Kind: model.KindInt, Size: 32}
	u16 := mms.TypeSpec{Kind: model.KindUint, Size: 16}
	analogue := mms.TypeSpec{Kind: model.KindStruct, Components: []mms.Component{{Name: "i", Type: i32}, {Name: "f", Type: f32}}}
	onlyI := mms.TypeSpec{Kind: model.KindStruct, Components: analogue.Components[:1]}
	vector := mms.TypeSpec{Kind: model.KindStruct, Components: []mms.Component{{Name: "mag", Type: analogue}}}
	for _, tc := range []struct {
		t       mms.TypeSpec
		v, want model.Value
	}{
		{f32, model.Float64(1.5), model.Float32(1.5)},
		{f64, model.Float32(1.5), model.Float64(1.5)},
		{f32, model.Int(-3), model.Float32(-3)},
		{i8, model.Uint(127), model.Int(127)},
		{i8, model.Float32(-128), model.Int(-128)},
		{u16, model.Int(65535), model.Uint(65535)},
		{analogue, model.Float32(2.6), model.Struct(model.Int(3), model.Float32(2.6))},
		{onlyI, model.Float64(7), model.Struct(model.Int(7))},
		{analogue, model.Struct(model.Uint(1), model.Int(1)), model.Struct(model.Int(1), model.Float32(1))},
		{mms.TypeSpec{Kind: model.KindUnicode, Size: -255}, model.Visible("ä"), model.Unicode("ä")},
		{mms.TypeSpec{Kind: model.KindBits, Size: 2}, model.Bits(2, 2), model.Bits(2, 2)},
		{mms.TypeSpec{Kind: model.KindBits, Size: -13}, model.Bits(0, 13), model.Bits(0, 13)},
	} {
		if got, err := fit("x", &tc.t, tc.v); err != nil || !got.Equal(tc.want) {
			t.Errorf("%v as %v: %+v, %v", tc.v, tc.t.Kind, got, err)
		}
	}
	for _, tc := range []struct {
		t mms.TypeSpec
		v model.Value
	}{
		{i8, model.Int(128)},
		{i8, model.Float32(1.5)},
		{u16, model.Int(-1)},
		{u16, model.Uint(65536)},
		{f32, model.Bool(true)},
		{onlyI, model.Float32(1.5)},
		{vector, model.Float32(1)},
		{analogue, model.Struct(model.Int(1))},
		{mms.TypeSpec{Kind: model.KindBool}, model.Int(1)},
		{mms.TypeSpec{Kind: model.KindBits, Size: 2}, model.Bits(1, 3)},
		{mms.TypeSpec{Kind: model.KindString, Size: -10}, model.Octets("x")},
		{mms.TypeSpec{Kind: model.KindStruct}, model.Float32(1)},
	} {
		if got, err := fit("x", &tc.t, tc.v); err == nil {
			t.Errorf("%v fits %v: %+v", tc.v.Kind(), tc.t.Kind, got)
		}
	}
}

func TestZero(t *testing.T) {
	whole := mms.TypeSpec{Kind: model.KindStruct, Components: []mms.Component{{Name: "oper", Type: boolOper}}}
	for i, k := range []mms.TypeSpec{
		{Kind: model.KindBool},
		{Kind: model.KindInt},
		{Kind: model.KindUint},
		{Kind: model.KindFloat, Size: 32},
		{Kind: model.KindFloat, Size: 64},
		{Kind: model.KindBits, Size: -13},
		{Kind: model.KindOctets},
		{Kind: model.KindUnicode},
		{Kind: model.KindString},
		{Kind: model.KindTime},
		{Kind: model.KindEntryTime},
		{Kind: model.KindArray, Count: 3, Elem: &mms.TypeSpec{Kind: model.KindBool}},
	} {
		if v := zero(&k); v.Kind() != k.Kind {
			t.Errorf("%d: %v for %v", i, v.Kind(), k.Kind)
		}
	}
	if v := zero(&whole); v.Len() != 1 || v.At(0).Len() != 6 {
		t.Errorf("structure: %+v", v)
	}
	if v := zero(&mms.TypeSpec{Kind: model.KindArray, Count: 1 << 31, Elem: &boolOper}); v.Len() > maxElements {
		t.Errorf("%d elements", v.Len())
	}
}

func TestErrorTexts(t *testing.T) {
	r := mustRef(t, "LD0/GGIO1.SPCSO1")
	for want, err := range map[string]error{
		"acsi/client: operate of LD0/GGIO1.SPCSO1 refused: blocked-by-mode":                       &ControlError{Ref: r, Step: "operate", HasAddCause: true, AddCause: model.AddCauseBlockedByMode},
		"acsi/client: command to LD0/GGIO1.SPCSO1 ended badly: time-limit-over":                   &ControlError{Ref: r, Step: "termination", HasAddCause: true, AddCause: model.AddCauseTimeLimitOver},
		"acsi/client: cancel of LD0/GGIO1.SPCSO1 refused: mms: data access: object-access-denied": &ControlError{Ref: r, Step: "cancel", Err: mms.ObjectAccessDenied},
		"acsi/client: LD0/GGIO1.SPCSO1: object-access-denied":                                     &AccessError{Ref: r, Code: mms.ObjectAccessDenied},
		"acsi/client: x: boolean wanted, integer given":                                           &TypeError{Where: "x", Want: model.KindBool, Got: model.KindInt},
	} {
		if err.Error() != want {
			t.Errorf("got  %q\nwant %q", err, want)
		}
	}
	id, err := ParseEntryID(EntryID("\x00\x01\xfe").String())
	if err != nil || id != "\x00\x01\xfe" {
		t.Errorf("entry %q, %v", id, err)
	}
}
