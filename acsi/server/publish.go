package server

import (
	"fmt"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A publisher is a control block of GOOSE or of sampled values: GoCB, MSVCB, USVCB (IEC 61850-7-2 18 and 19). This
// package serves the block; sending is the application's. Server.mu guards what changes.
type publisher struct {
	s       *Server
	ref     model.Ref
	address model.MulticastAddress
	root    *node
	handler BlockFunc
	owner   *session // of a USVCB
	busy    bool     // the application is being asked
	coming  string   // data set that the block is going to have if it agrees
	lost    bool     // the owner was lost meanwhile
}

// BlockState is what a control block of GOOSE or sampled values says. Members that the kind of block does not have are
// zero.
type BlockState struct {
	Ref     model.Ref // LD/LLN0.gocb, FC GO, MS or US
	Enabled bool      // GoEna, SvEna
	ID      string    // GoID, MsvID, UsvID
	DatSet  string    // LD/LN$name, "" for none
	ConfRev uint32
	NdsCom  bool
	Address model.MulticastAddress
	SmpRate uint32
	SmpMod  int8
	OptFlds uint16 // 10 bits, the first on the wire is bit 9
	NoASDU  uint32
	Resv    bool
}

// A BlockFunc is told what a control block is going to be, and vetoes it with an error: an mms.DataAccessError in its
// chain is answered as it is, any other as object-value-invalid. p is nil when the application itself changes the block,
// or when the association ended that a unicast block belonged to: then the error counts for nothing. It is called
// without locks held, one call at a time for a block.
type BlockFunc func(p *model.Principal, b BlockState) error

// publish adds a control block of GOOSE or sampled values.
func (b *builder) publish(parent *node, name string, fields []blockField, address model.MulticastAddress) {
	c := &publisher{s: b.s, address: address}
	c.root = b.block(parent, name, fields, c)
	c.ref = c.root.ref
	b.s.publishers = append(b.s.publishers, c)
}

func (c *publisher) right() Right { return RightConfig }

func (c *publisher) lockedFor(ss *session) bool { return c.owner != nil && c.owner != ss }

// get reads an attribute. The caller holds Server.mu.
func (c *publisher) get(name string) model.Value {
	if n := c.root.child(name); n != nil && n.kind == nodeLeaf {
		return c.s.values[n.slot]
	}
	return model.Value{}
}

// first gives the name that the block has for an attribute whose name differs between kinds.
func (c *publisher) first(names ...string) string {
	for _, name := range names {
		if c.root.child(name) != nil {
			return name
		}
	}
	return ""
}

func (c *publisher) enable() string { return c.first("GoEna", "SvEna") }

// state gives the block as it is once changes are made. The caller holds Server.mu.
func (c *publisher) state(changes []change) BlockState {
	get := func(name string) model.Value {
		v := c.get(name)
		for _, ch := range changes {
			if c.s.slots[ch.slot].name == name {
				v = ch.v
			}
		}
		return v
	}
	b := BlockState{Ref: c.ref, Address: c.address}
	b.Enabled, _ = get(c.enable()).AsBool()
	b.ID, _ = get(c.first("GoID", "MsvID", "UsvID")).AsText()
	b.DatSet, _ = get("DatSet").AsText()
	b.NdsCom, _ = get("NdsCom").AsBool()
	b.Resv, _ = get("Resv").AsBool()
	opt, _, _ := get("OptFlds").AsBits()
	mod, _ := get("SmpMod").AsInt()
	b.OptFlds, b.SmpMod = uint16(opt), int8(mod)
	for name, n := range map[string]*uint32{"ConfRev": &b.ConfRev, "SmpRate": &b.SmpRate, "noASDU": &b.NoASDU} {
		u, _ := get(name).AsUint()
		*n = uint32(u)
	}
	return b
}

// write serves SetGoCBValues, SetMSVCBValues and SetUSVCBValues for one attribute.
func (c *publisher) write(ss *session, p *model.Principal, n *node, v model.Value) mms.DataAccessError {
	if n.kind != nodeLeaf {
		if n == c.root {
			return mms.ObjectAccessUnsupported
		}
		return mms.ObjectAccessDenied
	}
	s := c.s
	s.mu.Lock()
	owner := c.owner
	s.mu.Unlock() // nothing was put off
	ss.await(owner)
	s.mu.Lock()
	changes, code := c.plan(ss, n, v)
	if code != accessOK || len(changes) == 0 {
		s.unlock()
		return code
	}
	c.busy = true
	own := c.owner
	switch on, _ := v.AsBool(); {
	case n.name == "Resv" && !on:
		own = nil
	case n.name == "Resv", n.name == c.enable() && on && c.root.child("Resv") != nil:
		own = ss
	}
	next, ask := c.state(changes), c.handler
	c.coming = next.DatSet
	s.unlock()
	err := error(nil)
	if ask != nil {
		err = ask(p, next)
	}
	s.mu.Lock()
	defer s.unlock()
	defer c.done()
	if err != nil {
		return veto(err)
	}
	c.owner = own
	c.settle(p, changes)
	return accessOK
}

// done ends what asking the application began. The caller holds Server.mu.
func (c *publisher) done() {
	c.busy, c.coming = false, ""
	if c.lost {
		c.free()
	}
}

// settle makes changes that everybody agreed to. The caller holds Server.mu.
func (c *publisher) settle(p *model.Principal, changes []change) {
	c.s.commit(c.s.now(), changes, nil)
	c.s.tell(BlockChanged{Principal: p, State: c.state(nil)})
	if p == nil {
		c.s.internally(blockTracking[c.ref.FC].cdc, c.ref)
	}
}

// plan checks a write and gives the changes that it means: none when it changes nothing. The caller holds Server.mu.
func (c *publisher) plan(ss *session, n *node, v model.Value) ([]change, mms.DataAccessError) {
	if !c.settable(n.name) {
		return nil, mms.ObjectAccessDenied
	}
	if n.fits(v) != nil {
		return nil, mms.TypeInconsistent
	}
	if c.busy || c.lockedFor(ss) {
		return nil, mms.TemporarilyUnavailable
	}
	if n.name == c.enable() {
		on, _ := v.AsBool()
		return c.planEnable(on, true)
	}
	if on, _ := c.get(c.enable()).AsBool(); on {
		return nil, mms.TemporarilyUnavailable
	}
	if n.name == "DatSet" {
		return c.planDataSet(ss, v)
	}
	if v.Equal(c.s.values[n.slot]) {
		return nil, accessOK
	}
	return []change{{n.slot, v}}, accessOK
}

// settable tells whether the model lets clients change an attribute: the enable and the reservation always, others
// where SCL's GSESettings or SMVSettings say Dyn.
func (c *publisher) settable(name string) bool {
	v := c.s.cfg.Model.Services
	goose := c.ref.FC == model.GO
	switch name {
	case c.enable(), "Resv":
		return true
	case "GoID":
		return v.GseIDWrite
	case "MsvID", "UsvID":
		return v.SmvIDWrite
	case "DatSet":
		return goose && v.GseDataSetWrite || !goose && v.SmvDataSetWrite
	case "OptFlds":
		return v.SmvOptFieldsWrite
	case "SmpRate", "SmpMod":
		return v.SmvRateWrite
	case "noASDU":
		return v.SmvASDUWrite
	}
	return false
}

// planEnable starts or stops publishing. Nothing is published without a data set, an address and somebody who does it.
// reserve makes a unicast block the client's.
func (c *publisher) planEnable(on, reserve bool) ([]change, mms.DataAccessError) {
	n := c.root.child(c.enable())
	if was, _ := c.s.values[n.slot].AsBool(); was == on {
		return nil, accessOK
	}
	changes := []change{{n.slot, model.Bool(on)}}
	if !on {
		return changes, accessOK
	}
	set, _ := c.get("DatSet").AsText()
	commission, _ := c.get("NdsCom").AsBool()
	switch {
	case set == "" || commission || !c.address.Set:
		return nil, mms.ObjectAttributeInconsistent
	case c.handler == nil:
		return nil, mms.ObjectAccessUnsupported
	}
	if resv := c.root.child("Resv"); resv != nil && reserve {
		changes = append(changes, change{resv.slot, model.Bool(true)})
	}
	return changes, accessOK
}

// planDataSet changes the data set, and with it ConfRev and NdsCom.
func (c *publisher) planDataSet(ss *session, v model.Value) ([]change, mms.DataAccessError) {
	ref, _ := v.AsText()
	if ref != "" {
		set := ss.setByRef(ref)
		if set == nil || set.name.Scope != mms.DomainSpecific {
			return nil, mms.ObjectValueInvalid
		}
		ref = set.ref
	}
	if old, _ := c.get("DatSet").AsText(); old == ref {
		return nil, accessOK
	}
	rev, _ := c.get("ConfRev").AsUint()
	changes := []change{
		{c.root.child("DatSet").slot, model.Visible(ref)},
		{c.root.child("ConfRev").slot, model.Uint((rev + 1) & 0xffffffff)},
	}
	if n := c.root.child("NdsCom"); n != nil {
		changes = append(changes, change{n.slot, model.Bool(ref == "" || !c.address.Set)})
	}
	return changes, accessOK
}

// lose ends what an association had of a unicast block: it is disabled and free. The caller holds Server.mu.
func (c *publisher) lose(ss *session) {
	if c.owner != ss {
		return
	}
	if c.lost = c.busy; !c.lost {
		c.free()
	}
}

// free disables a unicast block whose client is gone. It stays that client's until the application has heard of it, so that
// nobody enables it before. The caller holds Server.mu.
func (c *publisher) free() {
	c.lost = false
	c.settle(nil, []change{
		{c.root.child(c.enable()).slot, model.Bool(false)},
		{c.root.child("Resv").slot, model.Bool(false)},
	})
	told, state := c.handler, c.state(nil)
	if told == nil {
		c.owner = nil
		return
	}
	c.busy = true
	c.s.later(func() {
		_ = told(nil, state) // there is nothing to veto
		c.s.mu.Lock()
		defer c.s.unlock()
		c.owner = nil
		c.done()
	})
}

// published tells whether a block publishes a data set, or would. The caller holds Server.mu.
func (s *Server) published(set *dataSet) bool {
	for _, c := range s.publishers {
		if ref, _ := c.get("DatSet").AsText(); ref == set.ref || c.coming == set.ref {
			return true
		}
	}
	return false
}

// publisherOf finds a control block by its reference.
func (s *Server) publisherOf(ref model.Ref) (*publisher, error) {
	for _, c := range s.publishers {
		if r := c.ref; r.LDevice == ref.LDevice && r.LN == ref.LN && r.Path == ref.Path && (ref.FC == model.FCNone || ref.FC == r.FC) {
			return c, nil
		}
	}
	return nil, fmt.Errorf("%w: %s is no control block of GOOSE or sampled values", ErrUnknown, ref)
}

// HandleControlBlock gives the changes of a control block of GOOSE or sampled values to f, which publishes. Without it
// clients cannot enable the block.
func (s *Server) HandleControlBlock(ref model.Ref, f BlockFunc) error {
	c, err := s.publisherOf(ref)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.unlock()
	c.handler = f
	return nil
}

// ControlBlock tells what a control block of GOOSE or sampled values says now.
func (s *Server) ControlBlock(ref model.Ref) (BlockState, error) {
	c, err := s.publisherOf(ref)
	if err != nil {
		return BlockState{}, err
	}
	s.mu.Lock()
	defer s.unlock()
	return c.state(nil), nil
}

// EnableControlBlock has the application itself start or stop publishing. The block's handler is asked as for a client.
func (s *Server) EnableControlBlock(ref model.Ref, on bool) error {
	c, err := s.publisherOf(ref)
	if err != nil {
		return err
	}
	s.mu.Lock()
	changes, code := c.planEnable(on, false)
	if c.busy {
		code = mms.TemporarilyUnavailable
	}
	if code != accessOK || len(changes) == 0 {
		s.unlock()
		if code != accessOK {
			return fmt.Errorf("server: %s: %w", ref, code)
		}
		return nil
	}
	c.busy = true
	next, ask := c.state(changes), c.handler
	s.unlock()
	if ask != nil {
		err = ask(nil, next)
	}
	s.mu.Lock()
	defer s.unlock()
	defer c.done()
	if err == nil {
		c.settle(nil, changes)
	}
	return err
}
