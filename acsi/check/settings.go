package check

import (
	"context"
	"errors"
	"fmt"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

var sgcbNames = []string{"NumOfSG", "ActSG", "EditSG", "CnfEdit", "LActTm", "ResvTms?"}

// settings looks at the setting group control blocks.
func (r *run) settings(ctx context.Context, s *sheet) {
	var list []section
	for _, b := range r.blocks(model.SP) {
		if b.ref.Path == "SGCB" {
			list = append(list, b)
		}
	}
	if len(list) == 0 {
		s.item("GetSGCBValues", "", "attributes", "").skip("the server has no setting groups")
		return
	}
	s.each(len(list), func(i int, s *sheet) { r.settingGroups(ctx, s, list[i]) })
}

func (r *run) settingGroups(ctx context.Context, s *sheet, sec section) {
	const clause = "IEC 61850-7-2 16.3, 8-1 16.1"
	object := sec.ref.String()
	if it := s.item("GetSGCBValues", object, "the attributes are those of the class", clause); it != nil {
		it.verdict(fmt.Sprint(sgcbNames), attributes(sec.spec, sgcbNames))
	}
	it := s.item("GetSGCBValues", object, "the values make sense", clause)
	v, err := r.c.ReadOne(ctx, sec.ref)
	if err != nil {
		_ = it.failed("values", err)
		return
	}
	if bad := shape(object, sec.spec, v); bad != "" {
		it.fail("values of the type", bad)
		return
	}
	b := blockOf(sec, v)
	num, _ := b.fields["NumOfSG"].AsUint()
	act, _ := b.fields["ActSG"].AsUint()
	edit, _ := b.fields["EditSG"].AsUint()
	switch {
	case num < 1:
		it.fail("NumOfSG at least 1", fmt.Sprint(num))
	case act < 1 || act > num:
		it.fail(fmt.Sprintf("ActSG from 1 to %d", num), fmt.Sprint(act))
	case edit > num:
		it.fail(fmt.Sprintf("EditSG at most %d", num), fmt.Sprint(edit))
	default:
		it.passed(fmt.Sprintf("%d groups, %d active", num, act))
	}
	t := &settingTrial{run: r, s: s, b: b, num: num, act: act}
	t.values(ctx, edit)
}

// A settingTrial edits a setting group without changing it.
type settingTrial struct {
	*run
	s        *sheet
	b        *block
	num, act uint64
}

func (t *settingTrial) item(service, rule string) *item {
	return t.s.item(service, t.b.ref.String(), rule, "IEC 61850-7-2 16.2, 16.3")
}

// leaves gives an attribute of each node of the logical device that is set by group.
func (t *settingTrial) leaves() []section {
	var list []section
	for _, n := range t.allNodes() {
		if n.ref.LDevice != t.b.ref.LDevice {
			continue
		}
		for _, sec := range n.sections() {
			if sec.ref.FC == model.SE {
				if leaf, spec := firstLeaf(sec.ref, sec.spec); spec != nil {
					list = append(list, section{leaf, spec})
				}
			}
		}
	}
	return list
}

func (t *settingTrial) values(ctx context.Context, edit uint64) {
	leaves := t.leaves()
	it := t.item("GetEditSGValue", "without SelectEditSG the edit buffer is refused")
	switch {
	case len(leaves) == 0:
		it.skip("nothing is set by group")
	case edit != 0:
		it.skip("a client edits a group")
	case it != nil:
		_, err := t.c.ReadOne(ctx, leaves[0].ref)
		switch {
		case err == nil:
			it.fail("temporarily-unavailable", "success")
		case !answered(err):
			it.fail("temporarily-unavailable", describe(err))
		default:
			it.passed(describe(err))
		}
	}
	it = t.item("SelectEditSG", "the active group can be edited, its values are those of the active group")
	if !t.opt.AllowWrites || edit != 0 {
		it.skip("writes are not allowed, or a client edits a group")
		return
	}
	t.outOfRange(ctx)
	t.edit(ctx, it, leaves)
	t.activate(ctx)
}

// outOfRange selects groups that do not exist.
func (t *settingTrial) outOfRange(ctx context.Context) {
	for _, c := range []struct{ service, name string }{{"SelectActiveSG", "ActSG"}, {"SelectEditSG", "EditSG"}} {
		it := t.item(c.service, "a group that does not exist is refused")
		if it == nil || t.num >= 255 {
			continue
		}
		if err := t.c.Write(ctx, t.b.ref.Child(c.name), model.Uint(t.num+1)); err == nil {
			it.fail("a refusal", "success")
			if c.name == "ActSG" {
				_ = t.c.Write(ctx, t.b.ref.Child(c.name), model.Uint(t.act)) // as it was
			} else {
				_ = t.c.Write(ctx, t.b.ref.Child(c.name), model.Uint(0))
			}
		} else {
			it.passed(describe(err))
		}
	}
}

func (t *settingTrial) edit(ctx context.Context, it *item, leaves []section) {
	u := t.later(t.b.ref.Child("EditSG").String(), func(ctx context.Context, c *client.Client) error {
		err := c.Write(ctx, t.b.ref.Child("EditSG"), model.Uint(0))
		if denied(err) || errors.Is(err, mms.ObjectAccessUnsupported) || errors.Is(err, mms.TemporarilyUnavailable) {
			return nil // it was never ours
		}
		return err
	})
	if err := t.c.Write(ctx, t.b.ref.Child("EditSG"), model.Uint(t.act)); err != nil {
		t.forget(u)
		if errors.Is(err, mms.TemporarilyUnavailable) || errors.Is(err, mms.ObjectAccessUnsupported) {
			it.skip("the server does not let it be edited: " + describe(err))
			return
		}
		_ = it.failed("EditSG to be accepted", err)
		return
	}
	bad := ""
	for _, leaf := range leaves {
		active := leaf.ref
		active.FC = model.SG
		rs, err := t.c.Read(ctx, leaf.ref, active)
		if it.failed("values", err) {
			return
		}
		switch {
		case rs[0].Err != nil:
			bad = describe(rs[0].Err)
		case shape(leaf.ref.String(), leaf.spec, rs[0].Value) != "":
			bad = shape(leaf.ref.String(), leaf.spec, rs[0].Value)
		case rs[1].Err == nil && !rs[0].Value.Equal(rs[1].Value):
			bad = leaf.ref.String() + " " + show(rs[0].Value) + " in place of " + show(rs[1].Value)
		default:
			t.setBack(ctx, leaf, rs[0].Value)
			continue
		}
		break
	}
	it.verdict("the values of the active group", bad)
	t.locked(ctx)
	it = t.item("SelectEditSG", "EditSG 0 ends the edit")
	if err := t.undo(ctx, u); it == nil || it.failed("EditSG 0 to be accepted", err) {
		return
	}
	v, err := t.c.ReadOne(ctx, t.b.ref.Child("EditSG"))
	if it.failed("EditSG", err) {
		return
	}
	if n, _ := v.AsUint(); n != 0 {
		it.fail("EditSG 0", fmt.Sprint(n))
		return
	}
	it.pass()
}

// setBack writes a value into the edit buffer that is there already.
func (t *settingTrial) setBack(ctx context.Context, leaf section, v model.Value) {
	it := t.s.item("SetEditSGValue", leaf.ref.String(), "the edit buffer takes a value", "IEC 61850-7-2 16.2.4")
	if it == nil {
		return
	}
	err := t.c.Write(ctx, leaf.ref, v)
	if denied(err) {
		it.passed("read-only: " + describe(err))
		return
	}
	if !it.failed("the value to be accepted", err) {
		it.pass()
	}
}

// locked tries to edit with a second client.
func (t *settingTrial) locked(ctx context.Context) {
	it := t.item("SelectEditSG", "a second client is refused while one edits")
	if it == nil {
		return
	}
	c := t.other(ctx, it)
	if c == nil {
		return
	}
	if err := c.Write(ctx, t.b.ref.Child("EditSG"), model.Uint(t.act)); err == nil {
		it.fail("a refusal", "success")
		return
	}
	it.pass()
}

// activate activates the group that is active.
func (t *settingTrial) activate(ctx context.Context) {
	it := t.item("SelectActiveSG", "the active group can be activated again")
	if it == nil {
		return
	}
	err := t.c.Write(ctx, t.b.ref.Child("ActSG"), model.Uint(t.act))
	if errors.Is(err, mms.ObjectAccessUnsupported) {
		it.skip("the server does not let it be switched: " + describe(err))
		return
	}
	if it.failed("ActSG to be accepted", err) {
		return
	}
	v, err := t.c.ReadOne(ctx, t.b.ref.Child("ActSG"))
	if it.failed("ActSG", err) {
		return
	}
	if n, _ := v.AsUint(); n != t.act {
		it.fail(fmt.Sprint(t.act), fmt.Sprint(n))
		return
	}
	it.pass()
}
