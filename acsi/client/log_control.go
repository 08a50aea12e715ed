package client

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A LogStatus tells of the oldest and newest entry in a log. Its members are zero when there is none.
type LogStatus struct {
	Oldest, Newest     EntryID
	OldestAt, NewestAt time.Time
}

// A LogControl is a log control block as it was read, IEC 61850-7-2 17.3.2.
type LogControl struct {
	Ref         model.Ref // LD/LN.name, FC LG
	Enabled     bool
	Log         model.Ref // LD/LN.name
	DataSet     model.Ref // zero: none
	Triggers    model.Triggers
	IntegrityPd time.Duration
	LogStatus
}

// LogOptions say what SetLogControl changes. Members that are nil or zero stay as they are.
type LogOptions struct {
	Enable      *bool
	Log         model.Ref
	DataSet     model.Ref
	Triggers    model.Triggers
	IntegrityPd *time.Duration // in whole milliseconds
}

func logBlockRef(lcb model.Ref) (model.Ref, error) {
	if lcb.LDevice == "" || lcb.LN == "" || lcb.Path == "" || lcb.FC != model.FCNone && lcb.FC != model.LG {
		return lcb, fmt.Errorf("%w: %s is no log control block", model.ErrRef, lcb)
	}
	lcb.FC = model.LG
	return lcb, nil
}

// LogControl reads a log control block (GetLCBValues).
func (c *Client) LogControl(ctx context.Context, lcb model.Ref) (LogControl, error) {
	b, err := c.logBlock(ctx, lcb)
	if err != nil {
		return LogControl{}, err
	}
	return b.logControl(), nil
}

// LogStatus reads which entries a log has (GetLogStatusValues), from a log control block that feeds it.
func (c *Client) LogStatus(ctx context.Context, lcb model.Ref) (LogStatus, error) {
	l, err := c.LogControl(ctx, lcb)
	return l.LogStatus, err
}

func (c *Client) logBlock(ctx context.Context, lcb model.Ref) (*block, error) {
	ref, err := logBlockRef(lcb)
	if err != nil {
		return nil, err
	}
	return c.readBlock(ctx, ref)
}

func (b *block) logControl() LogControl {
	l := LogControl{Ref: b.ref}
	l.Enabled, _ = b.fields["LogEna"].AsBool()
	l.Log, _ = listRef(b.text("LogRef"))
	l.DataSet, _ = listRef(b.text("DatSet"))
	l.Oldest, l.Newest = b.entryID("OldEntr", "OldEnt"), b.entryID("NewEntr", "NewEnt")
	l.OldestAt, l.NewestAt = b.entryTime("OldEntrTm", "OldEntTm"), b.entryTime("NewEntrTm", "NewEntTm")
	if bits, n, ok := b.fields["TrgOps"].AsBits(); ok {
		l.Triggers = model.Triggers(bits << (model.TriggersBits - min(n, model.TriggersBits)))
	}
	ms, _ := b.fields["IntgPd"].AsUint()
	l.IntegrityPd = time.Duration(min(ms, 1<<32)) * time.Millisecond
	return l
}

// entryID reads an identification under the first of the names that the server knows. Zeroes are none.
func (b *block) entryID(names ...string) EntryID {
	for _, name := range names {
		if id := b.text(name); strings.Trim(id, "\x00") != "" {
			return EntryID(id)
		}
	}
	return ""
}

// entryTime reads a time under the first of the names that the server knows.
func (b *block) entryTime(names ...string) time.Time {
	for _, name := range names {
		if t, ok := b.fields[name].AsEntryTime(); ok && t != 0 {
			return t.Time()
		}
		if t, ok := b.fields[name].AsTime(); ok && t != 0 {
			return t.Time()
		}
	}
	return time.Time{}
}

// SetLogControl changes a log control block (SetLCBValues). Where the block is enabled and something else than LogEna
// changes, it is disabled meanwhile, and enabled again unless Enable says otherwise.
func (c *Client) SetLogControl(ctx context.Context, lcb model.Ref, opt LogOptions) error {
	b, err := c.logBlock(ctx, lcb)
	if err != nil {
		return err
	}
	changes := b.logChanges(opt)
	enabled, _ := b.fields["LogEna"].AsBool()
	want := enabled
	if opt.Enable != nil {
		want = *opt.Enable
	}
	if enabled && (!want || len(changes) > 0) {
		if err := b.set(ctx, "LogEna", model.Bool(false)); err != nil {
			return err
		}
	}
	for _, ch := range changes {
		if err = b.set(ctx, ch.name, ch.value); err != nil {
			break
		}
	}
	if err == nil || enabled { // what was enabled stays so also when a change was refused
		if on := b.set(ctx, "LogEna", model.Bool(want)); err == nil {
			err = on
		}
	}
	return err
}

type blockChange struct {
	name  string
	value model.Value
}

// logChanges gives what differs from what was read.
func (b *block) logChanges(opt LogOptions) (changes []blockChange) {
	want := func(name string, v model.Value) {
		if old, ok := b.fields[name]; !ok || !likeKind(v, old).Equal(old) {
			changes = append(changes, blockChange{name, v})
		}
	}
	if (opt.Log != model.Ref{}) {
		want("LogRef", model.Visible(mms.InDomain(opt.Log.LDevice, opt.Log.LN+"$"+opt.Log.Path).String()))
	}
	if (opt.DataSet != model.Ref{}) {
		want("DatSet", model.Visible(dataSetName(opt.DataSet)))
	}
	if opt.Triggers != 0 {
		want("TrgOps", model.Bits(uint64(opt.Triggers), model.TriggersBits))
	}
	if opt.IntegrityPd != nil {
		want("IntgPd", model.Uint(millis(*opt.IntegrityPd)))
	}
	return changes
}
