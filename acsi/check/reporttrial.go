package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A reportTrial is a report control block in use: reserved, set, enabled, asked, disabled and put back as it was.
type reportTrial struct {
	*run
	s     *sheet
	block *block

	sub       *client.Subscription
	came      chan *client.Report
	gi        bool // general interrogation is among the triggers
	integrity bool // a short period could be set
	first     *client.Report
	last      client.EntryID
	order     string // what was wrong with the sequence numbers
	seq       int    // the next one; -1 before the first
}

const integrityPeriod = 500 * time.Millisecond

func (t *reportTrial) ref(name string) model.Ref { return t.block.ref.Child(name) }

func (t *reportTrial) item(rule, clause string) *item {
	return t.s.item(serviceOf(t.block.section, "Set"), t.block.ref.String(), rule, clause)
}

func (t *reportTrial) do(ctx context.Context, gi *item) {
	// RptEna is false: to write that again changes nothing, and tells whether the block is somebody else's by
	// configuration, which servers without ResvTms do not show.
	if err := t.c.Write(ctx, t.ref("RptEna"), model.Bool(false)); errors.Is(err, mms.TemporarilyUnavailable) || denied(err) {
		gi.skip("it is another client's: " + describe(err))
		return
	}
	u := t.later(t.block.ref.String(), t.putBack)
	defer func() {
		if ctx.Err() == nil && t.c.Err() == nil {
			if err := t.undo(ctx, u); err != nil {
				return // restore tries once more and says so
			}
			t.isBack(ctx)
		}
	}()
	if it := t.item("GI is refused while disabled", "IEC 61850-7-2 17.2.2.13"); it != nil {
		if err := t.c.Write(ctx, t.ref("GI"), model.Bool(true)); err == nil {
			it.fail("a refusal", "success")
		} else {
			it.pass()
		}
	}
	t.settings(ctx)
	if !t.subscribe(ctx, gi) {
		return
	}
	t.interrogate(ctx, gi)
	t.fields()
	t.periodic(ctx)
	t.fixed(ctx)
	t.contested(ctx)
	if it := t.s.item("Report", t.block.ref.String(), "sequence numbers start at 0 and count on", "IEC 61850-7-2 17.2.3.2.2.5"); it != nil {
		switch {
		case t.seq < 0:
			it.skip("no report with a sequence number came")
		default:
			it.verdict("0, 1, 2 and so on", t.order)
		}
	}
	t.disable(ctx)
	t.resync(ctx)
}

// settings prepares triggers and period as far as the server lets them be set.
func (t *reportTrial) settings(ctx context.Context) {
	old, n, _ := t.block.fields["TrgOps"].AsBits()
	if n > model.TriggersBits {
		old >>= n - model.TriggersBits
	} else {
		old <<= model.TriggersBits - n
	}
	trg := model.Triggers(old)
	want := trg | model.TrgGI | model.TrgIntegrity
	if want != trg {
		if t.c.Write(ctx, t.ref("TrgOps"), model.Bits(uint64(want), model.TriggersBits)) == nil {
			trg = want
		}
	}
	t.gi = trg&model.TrgGI != 0
	if trg&model.TrgIntegrity == 0 {
		return
	}
	err := t.c.Write(ctx, t.ref("IntgPd"), model.Uint(uint64(integrityPeriod.Milliseconds())))
	period, _ := t.block.fields["IntgPd"].AsUint()
	t.integrity = err == nil || period > 0 && period < uint64(t.opt.Wait.Milliseconds())
}

func (t *reportTrial) subscribe(ctx context.Context, gi *item) bool {
	t.came = make(chan *client.Report, 64)
	t.seq = -1
	var err error
	t.sub, err = t.c.Subscribe(ctx, t.block.ref, client.ReportOptions{}, func(r *client.Report) {
		select {
		case t.came <- r:
		default: // more than anybody looks at
		}
	})
	switch {
	case err == nil:
		return true
	case errors.Is(err, client.ErrReserved):
		gi.skip("another client has it: " + describe(err))
	default:
		gi.failed("reports to be enabled", err)
	}
	return false
}

// next waits for a report with a reason and looks at the sequence numbers of all that come.
func (t *reportTrial) next(ctx context.Context, reason client.Reason) *client.Report {
	timer := time.NewTimer(t.opt.Wait)
	defer timer.Stop()
	for {
		select {
		case r := <-t.came:
			t.count(r)
			if reason == 0 || len(r.Entries) > 0 && (r.Entries[0].Reason == 0 || r.Entries[0].Reason&reason != 0) {
				return r
			}
		case <-timer.C:
			return nil
		case <-t.sub.Done():
			return nil
		case <-ctx.Done():
			return nil
		}
	}
}

func (t *reportTrial) count(r *client.Report) {
	if r.EntryID != "" {
		if t.last != "" && t.order == "" && len(r.EntryID) == len(t.last) && r.EntryID == t.last {
			t.order = "EntryID " + r.EntryID.String() + " twice"
		}
		t.last = r.EntryID
	}
	if !r.HasSqNum {
		return
	}
	wrap := 1 << 16
	if t.block.ref.FC == model.RP {
		wrap = 1 << 8
	}
	want := 0
	if t.seq >= 0 {
		want = t.seq % wrap
	}
	if int(r.SqNum) != want && t.order == "" {
		t.order = fmt.Sprintf("%d in place of %d", r.SqNum, want)
	}
	t.seq = int(r.SqNum) + 1
}

// interrogate asks for all members.
func (t *reportTrial) interrogate(ctx context.Context, it *item) {
	if !t.gi {
		it.skip("general interrogation is not among its triggers, which cannot be set")
		return
	}
	if err := t.sub.GI(ctx); it.failed("GI to be accepted", err) {
		return
	}
	t.first = t.next(ctx, client.ReasonGI)
	if t.first == nil {
		it.fail("a report with reason general-interrogation", fmt.Sprintf("none in %s", t.opt.Wait))
		return
	}
	it.verdict("all members in their order, reason general-interrogation", t.whole(t.first, client.ReasonGI))
}

// whole tells what a report lacks that should hold every member.
func (t *reportTrial) whole(r *client.Report, reason client.Reason) string {
	members := t.sub.Members()
	if len(r.Entries) != len(members) {
		return describeReport(len(r.Entries), len(members), r.Entries[0].Reason.String())
	}
	for i, e := range r.Entries {
		switch {
		case e.Ref != members[i]:
			return fmt.Sprintf("%s in place of %s", e.Ref, members[i])
		case e.Reason != 0 && e.Reason&reason == 0:
			return fmt.Sprintf("%s with reason %s", e.Ref, e.Reason)
		}
		if spec := t.find(e.Ref); spec != nil {
			if bad := shape(e.Ref.String(), spec, e.Value); bad != "" {
				return bad
			}
		}
	}
	return ""
}

// fields looks at what a report says of itself.
func (t *reportTrial) fields() {
	it := t.s.item("Report", t.block.ref.String(), "the report carries the block's RptID, ConfRev and data set", "IEC 61850-8-1 17.1.2")
	if it == nil {
		return
	}
	r := t.first
	if r == nil {
		it.skip("no report came")
		return
	}
	rev, _ := t.block.fields["ConfRev"].AsUint()
	switch {
	case r.RptID != t.sub.RptID():
		it.fail("RptID "+t.sub.RptID(), r.RptID)
	case r.ConfRev != 0 && uint64(r.ConfRev) != rev:
		it.fail(fmt.Sprintf("ConfRev %d", rev), fmt.Sprint(r.ConfRev))
	case r.DataSet != "" && r.DataSet != t.block.text("DatSet"):
		it.fail("DatSet "+t.block.text("DatSet"), r.DataSet)
	case t.block.ref.FC == model.RP && r.EntryID != "":
		it.fail("no EntryID in a report of an unbuffered block", r.EntryID.String())
	default:
		it.pass()
	}
}

// periodic waits for an integrity report.
func (t *reportTrial) periodic(ctx context.Context) {
	it := t.s.item("Report", t.block.ref.String(), "the integrity period reports every member", "IEC 61850-7-2 17.2.3.2.6")
	if it == nil {
		return
	}
	if !t.integrity {
		it.skip("no short integrity period can be set")
		return
	}
	r := t.next(ctx, client.ReasonIntegrity)
	if r == nil {
		it.fail("a report with reason integrity", fmt.Sprintf("none in %s", t.opt.Wait))
		return
	}
	it.verdict("all members in their order, reason integrity", t.whole(r, client.ReasonIntegrity))
}

// fixed writes attributes that are fixed while reports flow: the values that they have.
func (t *reportTrial) fixed(ctx context.Context) {
	it := t.item("attributes are refused while enabled", "IEC 61850-7-2 17.2.2.3")
	if it == nil {
		return
	}
	v, err := t.c.ReadOne(ctx, t.block.ref)
	if it.failed("values", err) {
		return
	}
	now := blockOf(t.block.section, v)
	if !now.on("RptEna") {
		it.fail("RptEna true while enabled", "false")
		return
	}
	for _, name := range []string{"RptID", "DatSet", "OptFlds", "BufTm", "TrgOps", "IntgPd", "ConfRev", "SqNum"} {
		if now.has(name) && t.c.Write(ctx, t.ref(name), now.fields[name]) == nil {
			it.fail("a refusal of "+name, "success")
			return
		}
	}
	it.pass()
}

// contested tries to take the block with a second client.
func (t *reportTrial) contested(ctx context.Context) {
	it := t.item("a second client is refused", "IEC 61850-7-2 17.2.2.9, 17.2.4.2.4")
	if it == nil {
		return
	}
	c := t.other(ctx, it)
	if c == nil {
		return
	}
	names := []string{"GI", "RptEna"}
	if t.block.has("Resv") {
		names = append(names, "Resv")
	}
	for _, name := range names {
		if err := c.Write(ctx, t.ref(name), model.Bool(true)); err == nil {
			if _, err := t.c.Identify(ctx); err == nil || answered(err) { // it is free when its owner was lost
				it.fail("a refusal of "+name, "success")
			}
			return
		}
	}
	if err := c.Write(ctx, t.ref("RptEna"), model.Bool(false)); err == nil {
		it.fail("a refusal of RptEna = false", "success")
		return
	}
	it.pass()
}

func (t *reportTrial) disable(ctx context.Context) {
	it := t.item("disabling ends the reports", "IEC 61850-7-2 17.2.2.3")
	if err := t.sub.Close(ctx); err != nil {
		it.failed("RptEna false to be accepted", err)
		return
	}
	v, err := t.c.ReadOne(ctx, t.ref("RptEna"))
	if err != nil {
		it.failed("RptEna", err)
		return
	}
	if on, _ := v.AsBool(); on {
		it.fail("RptEna false", "true")
		return
	}
	it.pass()
}

// resync goes on after an entry of a buffered block: what was seen does not come again.
func (t *reportTrial) resync(ctx context.Context) {
	if t.block.ref.FC != model.BR {
		return
	}
	const clause = "IEC 61850-7-2 17.2.3.2.2.3"
	if it := t.item("an EntryID that is not in the buffer is refused", clause); it != nil {
		unknown := model.Octets("\xff\xff\xff\xff\xff\xff\xff\xf0")
		if err := t.c.Write(ctx, t.ref("EntryID"), unknown); err == nil {
			it.fail("a refusal", "success")
		} else {
			it.pass()
		}
	}
	it := t.s.item("Report", t.block.ref.String(), "after the EntryID of the last report only newer ones come", clause)
	if it != nil {
		t.after(ctx, it)
	}
	if it := t.item("PurgeBuf is accepted and set back", "IEC 61850-7-2 17.2.2.14"); it != nil {
		if err := t.c.Write(ctx, t.ref("PurgeBuf"), model.Bool(true)); it.failed("PurgeBuf to be accepted", err) {
			return
		}
		v, err := t.c.ReadOne(ctx, t.ref("PurgeBuf"))
		if on, _ := v.AsBool(); on || err != nil {
			it.fail("false", "true "+describe(err))
			return
		}
		it.pass()
	}
}

func (t *reportTrial) after(ctx context.Context, it *item) {
	if t.last == "" || !t.gi {
		it.skip("no report with an EntryID came")
		return
	}
	seen := t.last
	t.last, t.seq, t.order = "", -1, ""
	if err := t.c.Write(ctx, t.ref("EntryID"), model.Octets(string(seen))); it.failed("the EntryID of the last report to be accepted", err) {
		return
	}
	if !t.subscribe(ctx, it) {
		return
	}
	defer func() { _ = t.sub.Close(ctx) }() // putBack sees to it that it is disabled
	if err := t.sub.GI(ctx); it.failed("GI to be accepted", err) {
		return
	}
	for range 64 {
		r := t.next(ctx, 0)
		switch {
		case r == nil:
			it.fail("a report with reason general-interrogation", "none")
			return
		case r.EntryID == seen:
			it.fail("an EntryID other than "+seen.String(), "the same again")
			return
		case len(r.Entries) > 0 && r.Entries[0].Reason&client.ReasonGI != 0:
			it.pass()
			return
		}
	}
	it.fail("a report with reason general-interrogation", "64 others")
}

// putBack disables a block, gives every attribute the value that was read first, and ends the reservation.
func (t *reportTrial) putBack(ctx context.Context, c *client.Client) error {
	if err := c.Write(ctx, t.ref("RptEna"), model.Bool(false)); err != nil {
		return err
	}
	v, err := c.ReadOne(ctx, t.block.ref)
	if err != nil {
		return err
	}
	now := blockOf(t.block.section, v)
	var errs []error
	for _, name := range []string{"RptID", "DatSet", "OptFlds", "BufTm", "TrgOps", "IntgPd"} {
		if old, ok := t.block.fields[name]; ok && !old.Equal(now.fields[name]) {
			errs = append(errs, c.Write(ctx, t.ref(name), old))
		}
	}
	free := map[string]model.Value{"Resv": model.Bool(false), "ResvTms": model.Int(0)}
	for name, v := range free {
		if t.block.has(name) {
			errs = append(errs, c.Write(ctx, t.ref(name), v))
		}
	}
	return errors.Join(errs...)
}

// isBack checks that the block is as it was found.
func (t *reportTrial) isBack(ctx context.Context) {
	it := t.item("the block is free and as it was after the checks", "IEC 61850-7-2 17.2.2")
	if it == nil {
		return
	}
	v, err := t.c.ReadOne(ctx, t.block.ref)
	if it.failed("values", err) {
		return
	}
	now := blockOf(t.block.section, v)
	changes := []string{"SqNum", "EntryID", "TimeofEntry", "TimeOfEntry"} // those count on
	for name, old := range t.block.fields {
		if !slices.Contains(changes, name) && !old.Equal(now.fields[name]) {
			it.fail(name+" "+show(old), show(now.fields[name]))
			return
		}
	}
	it.pass()
}
