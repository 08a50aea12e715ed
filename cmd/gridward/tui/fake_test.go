package tui

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A fakeSession serves a small model: LD0 with LLN0, GGIO1 and MMXU1.
type fakeSession struct {
	mu       sync.Mutex
	values   map[string]model.Value
	read     [][]model.Ref
	written  []string
	operated []string
	handlers map[model.Ref]func(*client.Report)
	refuse   error // of writes and commands
	broken   error // of everything
	done     chan struct{}
	closed   int
}

func newFake() *fakeSession {
	return &fakeSession{
		values: map[string]model.Value{
			"LD0/GGIO1.Ind1.stVal[ST]": model.Bool(true), "LD0/GGIO1.Ind1.q[ST]": model.QualityValue(model.Invalid),
			"LD0/GGIO1.Ind1.t[ST]":       model.Time(model.Timestamp(1_700_000_000 << 32)),
			"LD0/MMXU1.TotW.mag.f[MX]":   model.Float32(12.5),
			"LD0/GGIO1.SPCSO1.stVal[ST]": model.Bool(false), "LD0/GGIO1.SPCSO1.ctlModel[CF]": model.Int(1),
			"LD0/LLN0.urcb01.RptEna[RP]": model.Bool(false), "LD0/LLN0.urcb01.DatSet[RP]": model.Visible("LD0/LLN0$Set"),
		},
		handlers: make(map[model.Ref]func(*client.Report)),
		done:     make(chan struct{}),
	}
}

func structure(components ...mms.Component) mms.TypeSpec {
	return mms.TypeSpec{Kind: model.KindStruct, Components: components}
}

func comp(name string, t mms.TypeSpec) mms.Component { return mms.Component{Name: name, Type: t} }

var (
	boolean = mms.TypeSpec{Kind: model.KindBool}
	quality = mms.TypeSpec{Kind: model.KindBits, Size: -13}
	stamp   = mms.TypeSpec{Kind: model.KindTime}
	float   = mms.TypeSpec{Kind: model.KindFloat, Size: 32, Exponent: 8}
	int8t   = mms.TypeSpec{Kind: model.KindInt, Size: 8}
	text    = mms.TypeSpec{Kind: model.KindString, Size: -129}
)

func (f *fakeSession) Identify(context.Context) (string, error) { return "Acme X 1", f.broken }

func (f *fakeSession) Devices(context.Context) ([]string, error) { return []string{"LD0"}, f.broken }

func (f *fakeSession) Nodes(context.Context, string) ([]string, error) {
	return []string{"LLN0", "GGIO1", "MMXU1"}, f.broken
}

func (f *fakeSession) Node(_ context.Context, ld, ln string) (*catalog.Node, error) {
	status := structure(comp("stVal", boolean), comp("q", quality), comp("t", stamp))
	n := &catalog.Node{LDevice: ld, Name: ln}
	add := func(fc model.FC, components ...mms.Component) {
		t := structure(components...)
		n.Sections = append(n.Sections, catalog.Section{FC: fc, Spec: &t})
	}
	switch ln {
	case "LLN0":
		add(model.RP, comp("urcb01", structure(comp("RptEna", boolean), comp("DatSet", text))))
	case "GGIO1":
		oper := structure(comp("ctlVal", boolean), comp("ctlNum", int8t))
		add(model.ST, comp("Ind1", status), comp("SPCSO1", status))
		add(model.CO, comp("SPCSO1", structure(comp("SBO", text), comp("Oper", oper))))
		add(model.CF, comp("SPCSO1", structure(comp("ctlModel", int8t))))
	case "MMXU1":
		elem := structure(comp("mag", float))
		add(model.MX, comp("TotW", structure(comp("mag", structure(comp("f", float))), comp("q", quality), comp("t", stamp))),
			comp("Har", structure(comp("phsA", mms.TypeSpec{Kind: model.KindArray, Count: 2, Elem: &elem}))))
	default:
		return nil, fmt.Errorf("no %s", ln)
	}
	return n, f.broken
}

func (f *fakeSession) Read(_ context.Context, refs []model.Ref) ([]client.Result, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.read = append(f.read, refs)
	list := make([]client.Result, len(refs))
	for i, r := range refs {
		v, ok := f.values[r.String()]
		if !ok {
			list[i].Err = &client.AccessError{Ref: r, Code: mms.ObjectAccessDenied}
		}
		list[i].Value = v
	}
	return list, f.broken
}

func (f *fakeSession) Write(_ context.Context, ref model.Ref, v model.Value) error {
	if f.refuse != nil {
		return f.refuse
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.written = append(f.written, ref.String()+"="+v.Text(nil))
	f.values[ref.String()] = v
	return nil
}

func (f *fakeSession) Operate(_ context.Context, do model.Ref, v model.Value, test bool) (string, error) {
	if f.refuse != nil {
		return "", f.refuse
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.operated = append(f.operated, fmt.Sprint(do, "=", v.Text(nil), " ", test))
	return "accepted", nil
}

func (f *fakeSession) Subscribe(_ context.Context, rcb model.Ref, h func(*client.Report)) (func(context.Context) error, error) {
	if f.refuse != nil {
		return nil, f.refuse
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handlers[rcb] = h
	return func(context.Context) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.handlers, rcb)
		return nil
	}, nil
}

func (f *fakeSession) Done() <-chan struct{} { return f.done }
func (f *fakeSession) Err() error            { return mms.ErrLinkLost }
func (f *fakeSession) Close()                { f.closed++ }

var errRefused = errors.New("refused by the fake")

func refs(list []model.Ref) string {
	var texts []string
	for _, r := range list {
		texts = append(texts, r.String())
	}
	return strings.Join(texts, " ")
}
