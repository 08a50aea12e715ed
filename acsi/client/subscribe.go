package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// ReportOptions say what a report control block is set to before it is enabled. Zero members leave the block as it is.
type ReportOptions struct {
	Triggers    model.Triggers
	OptFields   model.OptFields // zero: all that help, as far as the server lets them be set
	IntegrityPd time.Duration   // in whole milliseconds
	BufTm       time.Duration   // in whole milliseconds
	DataSet     model.Ref       // as DefineDataSet takes it
	RptID       string
	EntryID     EntryID // buffered: continue after this entry; "": where the server left off
	PurgeBuf    bool    // buffered: forget what is in the buffer first
	ResvTms     int16   // buffered: seconds for which the server keeps the block for us after a loss
	GI          bool    // ask for all values as soon as reports are enabled
}

// usefulFields are asked for when the caller does not care.
const usefulFields = model.OptSeqNum | model.OptTimeStamp | model.OptReasonCode | model.OptBufOvfl | model.OptEntryID |
	model.OptConfRev | model.OptSegmentation

// Subscribe reserves a report control block, sets it as the options say and enables it (IEC 61850-7-2 17.2, 17.3;
// IEC 61850-8-1 17.1). rcb is LD/LN.name with the functional constraint BR or RP. The handler runs in the one delivery
// goroutine of the client, for all subscriptions, in the order in which reports arrived; it may use the client. Reports
// may come before Subscribe returns.
//
// Setting the triggers, the data set, the buffer time or the integrity period of a buffered block to something else
// empties its buffer. When another client has reserved the block, the error is ErrReserved.
func (c *Client) Subscribe(ctx context.Context, rcb model.Ref, opt ReportOptions, handler func(*Report)) (*Subscription, error) {
	if rcb.FC != model.BR && rcb.FC != model.RP || rcb.LN == "" || rcb.Path == "" {
		return nil, fmt.Errorf("%w: %s is no report control block with BR or RP", model.ErrRef, rcb)
	}
	b, err := c.readBlock(ctx, rcb)
	if err != nil {
		return nil, err
	}
	s := &Subscription{c: c, ref: rcb, handler: handler, done: make(chan struct{}), resynced: true, last: opt.EntryID}
	if err = b.reserve(ctx, s, opt); err != nil {
		return nil, err // it is another's
	}
	if err = b.configure(ctx, s, opt); err == nil {
		err = b.enable(ctx, s, opt)
	}
	if err != nil {
		_ = s.giveBack(ctx) // the failure that led here is the one to report
		return nil, err
	}
	return s, nil
}

// A block is a report control block as it was read, IEC 61850-8-1 17.1.1 and 17.1.3. Which components there are, and
// how they are called, is the server's word.
type block struct {
	c      *Client
	ref    model.Ref
	fields map[string]model.Value
}

func (c *Client) readBlock(ctx context.Context, ref model.Ref) (*block, error) {
	t, err := c.Type(ctx, ref)
	var refused *mms.ServiceError
	if err != nil && !errors.As(err, &refused) {
		return nil, err
	}
	v, err2 := c.ReadOne(ctx, ref)
	if err2 != nil {
		return nil, errors.Join(err2, err)
	}
	var names []string
	switch {
	case err != nil: // a server that does not describe its blocks
		names = standardBlock(ref.FC, v.Len())
	case t.Kind == model.KindStruct:
		for i := range t.Components {
			names = append(names, t.Components[i].Name)
		}
	}
	if v.Kind() != model.KindStruct || v.Len() != len(names) {
		return nil, fmt.Errorf("%w: %s has %d components, its type %d", mms.ErrProtocol, ref, v.Len(), len(names))
	}
	b := &block{c: c, ref: ref, fields: make(map[string]model.Value, v.Len())}
	for i, name := range names {
		b.fields[name] = v.At(i)
	}
	return b, nil
}

// standardBlock gives the names of n components in the order of IEC 61850-8-1, where those of the second edition stand at
// the end; nil when n does not fit.
func standardBlock(fc model.FC, n int) []string {
	names, least := []string{
		"RptID", "RptEna", "Resv", "DatSet", "ConfRev", "OptFlds", "BufTm", "SqNum", "TrgOps", "IntgPd", "GI", "Owner",
	}, 11
	if fc == model.BR {
		names, least = []string{
			"RptID", "RptEna", "DatSet", "ConfRev", "OptFlds", "BufTm", "SqNum", "TrgOps", "IntgPd", "GI", "PurgeBuf", "EntryID",
			"TimeofEntry", "ResvTms", "Owner",
		}, 13
	}
	if n < least || n > len(names) {
		return nil
	}
	return names[:n]
}

func (b *block) text(name string) string {
	s, _ := b.fields[name].AsText()
	return s
}

func (b *block) has(name string) bool {
	_, ok := b.fields[name]
	return ok
}

// set writes a component unless it has the value already: some writes empty the server's buffer.
func (b *block) set(ctx context.Context, name string, v model.Value) error {
	old, ok := b.fields[name]
	if !ok {
		return &AccessError{Ref: b.ref.Child(name), Code: mms.ObjectNonExistent}
	}
	v = likeKind(v, old)
	if v.Equal(old) {
		return nil
	}
	if err := b.c.Write(ctx, b.ref.Child(name), v); err != nil {
		return err
	}
	b.fields[name] = v
	return nil
}

// likeKind turns a number into the kind that the server itself uses for it.
func likeKind(v, old model.Value) model.Value {
	switch old.Kind() {
	case model.KindInt:
		if i, ok := v.AsInt(); ok {
			return model.Int(i)
		}
	case model.KindUint:
		if u, ok := v.AsUint(); ok {
			return model.Uint(u)
		}
	}
	return v
}

// reserve makes the block ours: an unbuffered one by Resv, a buffered one by ResvTms if the caller wants it to outlive
// the association. A block that is enabled is another's, or still ours from before.
func (b *block) reserve(ctx context.Context, s *Subscription, opt ReportOptions) error {
	if on, _ := b.fields["RptEna"].AsBool(); on {
		if err := b.own(b.set(ctx, "RptEna", model.Bool(false))); err != nil {
			return err
		}
	}
	s.reserved = b.has("Resv") || b.has("ResvTms")
	switch {
	case !s.Buffered() && b.has("Resv"):
		return b.own(b.c.Write(ctx, b.ref.Child("Resv"), model.Bool(true)))
	case s.Buffered() && opt.ResvTms != 0 && b.has("ResvTms"):
		return b.own(b.c.Write(ctx, b.ref.Child("ResvTms"), likeKind(model.Int(int64(opt.ResvTms)), b.fields["ResvTms"])))
	}
	return nil
}

// own names the refusals that mean that the block is taken.
func (b *block) own(err error) error {
	code, ok := isAccess(err)
	if ok && (code == mms.TemporarilyUnavailable || code == mms.ObjectAccessDenied) {
		return fmt.Errorf("%w: %w", ErrReserved, err)
	}
	return err
}

// configure writes what the options ask for and the block does not have, then finds the members of its data set.
func (b *block) configure(ctx context.Context, s *Subscription, opt ReportOptions) error {
	type setting struct {
		name  string
		value model.Value
		want  bool
	}
	settings := []setting{
		{"RptID", model.Visible(opt.RptID), opt.RptID != ""},
		{"DatSet", model.Visible(dataSetName(opt.DataSet)), opt.DataSet != model.Ref{}},
		{"OptFlds", model.Bits(uint64(opt.OptFields), model.OptFieldsBits), opt.OptFields != 0},
		{"BufTm", model.Uint(millis(opt.BufTm)), opt.BufTm != 0},
		{"TrgOps", model.Bits(uint64(opt.Triggers), model.TriggersBits), opt.Triggers != 0},
		{"IntgPd", model.Uint(millis(opt.IntegrityPd)), opt.IntegrityPd != 0},
		{"PurgeBuf", model.Bool(true), opt.PurgeBuf},
	}
	for _, w := range settings {
		if !w.want {
			continue
		}
		if err := b.own(b.set(ctx, w.name, w.value)); err != nil {
			return err
		}
	}
	if opt.OptFields == 0 {
		if err := b.wishFields(ctx, s); err != nil {
			return err
		}
	}
	set, ok := listRef(b.text("DatSet"))
	if !ok {
		return fmt.Errorf("acsi/client: %s has no data set", b.ref)
	}
	var err error
	s.dataSet = set
	s.members, _, err = b.c.DataSetDirectory(ctx, set)
	return err
}

// wishFields adds the useful fields to those configured, if the server allows it.
func (b *block) wishFields(ctx context.Context, s *Subscription) error {
	old, n, ok := b.fields["OptFlds"].AsBits()
	if !ok || n != model.OptFieldsBits {
		return nil
	}
	want := model.OptFields(old) | usefulFields
	if !s.Buffered() {
		want &^= model.OptBufOvfl | model.OptEntryID
	}
	err := b.set(ctx, "OptFlds", model.Bits(uint64(want), model.OptFieldsBits))
	if _, ok := isAccess(err); ok {
		return nil
	}
	return err
}

func dataSetName(ds model.Ref) string {
	if ds.LDevice == "" {
		return "@" + ds.Path
	}
	return ds.LDevice + "/" + ds.LN + "$" + ds.Path
}

func millis(d time.Duration) uint64 { return uint64(max(d.Milliseconds(), 0)) }

// enable resynchronises, registers the subscription and switches the reports on.
func (b *block) enable(ctx context.Context, s *Subscription, opt ReportOptions) error {
	if err := b.name(ctx, s); err != nil {
		return err
	}
	if opt.EntryID != "" && s.Buffered() && b.has("EntryID") {
		err := b.c.Write(ctx, b.ref.Child("EntryID"), model.Octets(string(opt.EntryID)))
		if _, ok := isAccess(err); ok {
			s.resynced, err = false, nil
		}
		if err != nil {
			return err
		}
	}
	if err := b.register(s); err != nil {
		return err
	}
	if err := b.own(b.c.Write(ctx, b.ref.Child("RptEna"), model.Bool(true))); err != nil {
		b.c.unsubscribe(s)
		return err
	}
	if opt.GI {
		if err := s.GI(ctx); err != nil {
			_ = b.c.Write(ctx, b.ref.Child("RptEna"), model.Bool(false)) // the failure that led here is the one to report
			b.c.unsubscribe(s)
			return err
		}
	}
	return nil
}

// name settles the RptID: what the block has, its reference when it has none (IEC 61850-7-2 17.2.2.2), or a unique one
// when another subscription of this association has the same.
func (b *block) name(ctx context.Context, s *Subscription) error {
	reference := b.ref.LDevice + "/" + b.ref.Item()
	if s.rptID = b.text("RptID"); s.rptID == "" {
		s.rptID = reference
	}
	b.c.mu.Lock()
	_, taken := b.c.subs[s.rptID]
	b.c.mu.Unlock()
	if !taken || s.rptID == reference {
		return nil
	}
	s.rptID = reference
	if err := b.set(ctx, "RptID", model.Visible(reference)); err != nil {
		return fmt.Errorf("%s shares its RptID with another subscription: %w", b.ref, err)
	}
	return nil
}

func (b *block) register(s *Subscription) error {
	b.c.mu.Lock()
	defer b.c.mu.Unlock()
	switch {
	case b.c.subs == nil:
		return b.c.ended()
	case b.c.subs[s.rptID] != nil:
		return fmt.Errorf("%w: %s is subscribed to already", ErrReserved, s.rptID)
	}
	b.c.subs[s.rptID] = s
	return nil
}
