package server

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/scl"
)

// testModel compiles testdata/test.icd.
func testModel(t testing.TB) *model.Server {
	t.Helper()
	return modelOf(t, "test.icd")
}

// servicesModel compiles testdata/services.icd: setting groups, publishers' control blocks, substitution, tracking, time.
func servicesModel(t testing.TB) *model.Server {
	t.Helper()
	return modelOf(t, "services.icd")
}

func modelOf(t testing.TB, name string) *model.Server {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := scl.Parse(name, b, scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Server("T", "AP")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A harness is a server under virtual time with the events that it emitted.
type harness struct {
	*testing.T
	s      *Server
	mu     sync.Mutex
	events []Event
	audits []AuditRecord
	ctx    context.Context
}

func (h *harness) Record(r AuditRecord) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.audits = append(h.audits, r)
}

// served gives what audit has but for the beginnings and ends of associations.
func (h *harness) served() (all []AuditRecord) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.audits {
		if r.Right != NumRight {
			all = append(all, r)
		}
	}
	return all
}

func (h *harness) event(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

// run runs f with a server of the test model, in a bubble of virtual time.
func run(t *testing.T, cfg Config, f func(h *harness)) {
	t.Helper()
	if cfg.Model == nil {
		cfg.Model = testModel(t)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		h := &harness{T: t, ctx: ctx}
		cfg.Events = h.event
		cfg.Audit = h
		s, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		h.s = s
		f(h)
		cancel()
		synctest.Wait()
		s.Close()
	})
}

// Everything in these tests crosses as BER.
var berCodec = mmstest.Codec{
	Append: mms.AppendBER,
	Parse:  func(b []byte) (mms.PDU, error) { return mms.ParseBER(b, mms.Limits{}) },
}

// A peer is a client that speaks MMS by hand.
type peer struct {
	*testing.T
	end  *mmstest.End
	id   uint32
	got  []*mms.InformationReport
	done chan error
}

func (h *harness) peer(name string) *peer { return h.peerWith(name, mms.Params{}) }

func (h *harness) peerWith(name string, params mms.Params) *peer {
	h.Helper()
	principal := &model.Principal{Name: name, Address: name, Proof: model.ProofX509, Reach: model.End}
	c, srv := mmstest.NewPipe(mmstest.Options{Params: params, Client: principal, Codec: &berCodec})
	p := &peer{T: h.T, end: c, done: make(chan error, 1)}
	go func() { p.done <- h.s.Serve(h.ctx, srv) }()
	return p
}

// call sends a request and gives its answer. Reports on the way are kept.
func (p *peer) call(service mms.Service) mms.PDU {
	p.Helper()
	p.id++
	if err := p.end.Send(&mms.ConfirmedRequest{InvokeID: p.id, Service: service}); err != nil {
		p.Fatalf("send: %v", err)
	}
	for {
		pdu, err := p.end.Recv(p.Context())
		if err != nil {
			p.Fatalf("no answer: %v", err)
		}
		if u, ok := pdu.(*mms.Unconfirmed); ok {
			p.got = append(p.got, u.Service.(*mms.InformationReport))
			continue
		}
		return pdu
	}
}

// take gives the reports that have come so far.
func (p *peer) take() []*mms.InformationReport {
	p.Helper()
	synctest.Wait()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for {
		pdu, err := p.end.Recv(ctx)
		if err != nil {
			break
		}
		p.got = append(p.got, pdu.(*mms.Unconfirmed).Service.(*mms.InformationReport))
	}
	got := p.got
	p.got = nil
	return got
}

func (p *peer) response(service mms.Service) mms.Service {
	p.Helper()
	pdu := p.call(service)
	r, ok := pdu.(*mms.ConfirmedResponse)
	if !ok {
		p.Fatalf("%T was answered with %+v", service, pdu)
	}
	return r.Service
}

func (p *peer) serviceError(service mms.Service) mms.ServiceError {
	p.Helper()
	pdu := p.call(service)
	e, ok := pdu.(*mms.ConfirmedError)
	if !ok {
		p.Fatalf("%T was answered with %+v and not with an error", service, pdu)
	}
	return e.Error
}

func spec(item string) mms.VariableSpec {
	return mms.VariableSpec{Name: mms.InDomain("TLD0", item)}
}

func (p *peer) readAll(specs ...mms.VariableSpec) []mms.AccessResult {
	p.Helper()
	return p.response(&mms.Read{Access: mms.VariableAccess{List: specs}}).(*mms.ReadResponse).Results
}

// read gives the value of an item of TLD0.
func (p *peer) read(item string) model.Value {
	p.Helper()
	r := p.readAll(spec(item))
	if len(r) != 1 || r[0].Failed {
		p.Fatalf("read %s: %+v", item, r)
	}
	return r[0].Value
}

// write gives the result of writing an item of TLD0; accessOK when it was written.
func (p *peer) write(item string, v model.Value) mms.DataAccessError {
	p.Helper()
	r := p.response(&mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{spec(item)}}, Data: []model.Value{v}}).(*mms.WriteResponse).Results
	if len(r) != 1 {
		p.Fatalf("write %s: %d results", item, len(r))
	}
	if !r[0].Failed {
		return accessOK
	}
	return r[0].Error
}

// set writes and insists that it works.
func (p *peer) set(item string, v model.Value) {
	p.Helper()
	if code := p.write(item, v); code != accessOK {
		p.Fatalf("write %s: %v", item, code)
	}
}

// lose ends the association as a lost link does.
func (p *peer) lose() {
	p.Helper()
	p.end.Abort(mms.ErrLinkLost)
	if err := <-p.done; !errors.Is(err, mms.ErrLinkLost) && !errors.Is(err, mms.ErrAborted) {
		p.Errorf("Serve returned %v", err)
	}
}

// A got report, taken apart by its OptFlds.
type gotReport struct {
	rptID     string
	opt       model.OptFields
	sqNum     uint64
	at        time.Time
	datSet    string
	ovfl      bool
	id        uint64
	confRev   uint64
	sub       uint64
	more      bool
	members   []int
	refs      []string
	values    []model.Value
	reasons   []uint8
	dataCount int
}

func parseReport(t testing.TB, ir *mms.InformationReport) gotReport {
	t.Helper()
	if !ir.Access.NamedList || ir.Access.ListName != rptName {
		t.Fatalf("no report: %+v", ir)
	}
	var g gotReport
	rest := ir.Results
	next := func() model.Value {
		if len(rest) == 0 || rest[0].Failed {
			t.Fatalf("report ends early or has a failure: %+v", ir.Results)
		}
		v := rest[0].Value
		rest = rest[1:]
		return v
	}
	uintOf := func() uint64 { u, ok := next().AsUint(); must(t, ok, "unsigned"); return u }
	boolOf := func() bool { b, ok := next().AsBool(); must(t, ok, "boolean"); return b }
	textOf := func() string { s, ok := next().AsText(); must(t, ok, "text"); return s }
	g.rptID = textOf()
	bits, n, _ := next().AsBits()
	must(t, n == model.OptFieldsBits, "OptFlds")
	g.opt = model.OptFields(bits)
	if g.opt&model.OptSeqNum != 0 {
		g.sqNum = uintOf()
	}
	if g.opt&model.OptTimeStamp != 0 {
		e, ok := next().AsEntryTime()
		must(t, ok, "TimeOfEntry")
		g.at = e.Time()
	}
	if g.opt&model.OptDataSet != 0 {
		g.datSet = textOf()
	}
	if g.opt&model.OptBufOvfl != 0 {
		g.ovfl = boolOf()
	}
	if g.opt&model.OptEntryID != 0 {
		id, ok := entryIDOf(next())
		must(t, ok, "EntryID")
		g.id = id
	}
	if g.opt&model.OptConfRev != 0 {
		g.confRev = uintOf()
	}
	if g.opt&model.OptSegmentation != 0 {
		g.sub, g.more = uintOf(), boolOf()
	}
	packed, members := next().PackedBits(nil)
	g.dataCount = members
	for i := range members {
		if packed[i/8]&(0x80>>(i%8)) != 0 {
			g.members = append(g.members, i)
		}
	}
	for range g.members {
		if g.opt&model.OptDataRef != 0 {
			g.refs = append(g.refs, textOf())
		}
	}
	for range g.members {
		g.values = append(g.values, next())
	}
	for range g.members {
		if g.opt&model.OptReasonCode != 0 {
			b, n, _ := next().AsBits()
			must(t, n == 7, "reason")
			g.reasons = append(g.reasons, uint8(b))
		}
	}
	must(t, len(rest) == 0, "nothing more")
	return g
}

func must(t testing.TB, ok bool, what string) {
	t.Helper()
	if !ok {
		t.Fatalf("report: want %s", what)
	}
}

func (p *peer) reports() []gotReport {
	p.Helper()
	var out []gotReport
	for _, ir := range p.take() {
		out = append(out, parseReport(p, ir))
	}
	return out
}

var (
	anIn1          = model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "AnIn1", FC: model.MX}
	anIn1WithoutFC = model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "AnIn1"}

	anIn2 = model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "AnIn2", FC: model.MX}
	ind1  = model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Ind1", FC: model.ST}
)

func (h *harness) update(f func(tx *Tx)) {
	h.Helper()
	if err := h.s.Update(time.Now(), f); err != nil {
		h.Fatal(err)
	}
}

func (h *harness) setFloat(f float64) {
	h.Helper()
	h.update(func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), f) })
}

func (h *harness) saw(want Event) bool { return slices.Contains(h.events, want) }
