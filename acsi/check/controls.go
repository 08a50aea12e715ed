package check

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Components of the service parameters, IEC 61850-8-1 20.4.
var (
	operNames   = []string{"ctlVal", "operTm?", "origin", "ctlNum", "T", "Test", "Check"}
	cancelNames = []string{"ctlVal", "operTm?", "origin", "ctlNum", "T", "Test"}
)

// controlObjects gives the data objects that can be controlled, at any depth.
func (r *run) controlObjects() []section {
	var list []section
	var walk func(sec section)
	walk = func(sec section) {
		if sec.spec.Kind != model.KindStruct {
			return
		}
		for _, name := range []string{"Oper", "SBO", "SBOw", "Cancel"} {
			if component(sec.spec, name) != nil {
				list = append(list, sec)
				return
			}
		}
		for i := range sec.spec.Components {
			c := &sec.spec.Components[i]
			walk(section{sec.ref.Child(c.Name), &c.Type})
		}
	}
	for _, sec := range r.blocks(model.CO) {
		walk(sec)
	}
	return list
}

// controls looks at the controllable objects, selects and operates them if it may.
func (r *run) controls(ctx context.Context, s *sheet) {
	list := r.controlObjects()
	if len(list) == 0 {
		s.item("Operate", "", "control objects", "").skip("the server has nothing to control")
		return
	}
	s.each(len(list), func(i int, s *sheet) { r.control(ctx, s, list[i]) })
}

func (r *run) control(ctx context.Context, s *sheet, sec section) {
	const clause = "IEC 61850-7-2 20, 8-1 20"
	do := sec.ref
	do.FC = model.FCNone
	cf := sec.ref
	cf.FC = model.CF
	it := s.item("GetDataValues", do.String(), "ctlModel names a control model", clause)
	spec := r.find(cf.Child("ctlModel"))
	if spec == nil {
		it.skip("the object has no ctlModel: status-only is assumed")
		return
	}
	v, err := r.c.ReadOne(ctx, cf.Child("ctlModel"))
	if err != nil {
		_ = it.failed("ctlModel", err)
		return
	}
	n, _ := v.AsInt()
	if v.Kind() != model.KindInt || n < 0 || n > int64(model.SBOEnhanced) {
		it.fail("0 to 4", show(v))
		return
	}
	m := model.ControlModel(n)
	it.passed(m.String())
	lacks := parameters(m, sec.spec)
	if it := s.item("GetDataDefinition", do.String(), "the object has the service parameters of its control model", clause); it != nil {
		if lacks != "" && r.asInSCL(do) {
			it.skip("SCL itself gives it so: " + lacks)
		} else {
			it.verdict("the parameters of "+m.String(), lacks)
		}
	}
	if m != model.StatusOnly && lacks == "" {
		r.command(ctx, s, sec, m)
	}
}

// asInSCL tells whether the node of an object has exactly the attributes that SCL gives it.
func (r *run) asInSCL(do model.Ref) bool {
	if r.opt.Model == nil {
		return false
	}
	d, ok := r.opt.Model.Device(do.LDevice)
	if !ok {
		return false
	}
	want, ok := d.Node(do.LN)
	if !ok {
		return false
	}
	for _, n := range r.allNodes() {
		if n.ref.LDevice == do.LDevice && n.ref.LN == do.LN {
			return n.compare(want) == ""
		}
	}
	return false
}

// parameters tells which service parameters a control object lacks for its model, or has in another order.
func parameters(m model.ControlModel, t *mms.TypeSpec) string {
	if m == model.StatusOnly {
		return ""
	}
	need := []string{"Oper"}
	switch m {
	case model.SBONormal:
		need = append(need, "SBO")
	case model.SBOEnhanced:
		need = append(need, "SBOw")
	}
	for _, name := range need {
		if component(t, name) == nil {
			return "no " + name
		}
	}
	for name, order := range map[string][]string{"Oper": operNames, "SBOw": operNames, "Cancel": cancelNames} {
		if part := component(t, name); part != nil {
			if bad := attributes(part, order); bad != "" {
				return name + ": " + bad
			}
		}
	}
	return ""
}

// mayOperate tells whether an object is among those that may be operated.
func (r *run) mayOperate(do model.Ref) bool {
	return slices.Contains(r.opt.AllowControls, do)
}

// present is the value that an object has: to command it changes nothing.
func (r *run) present(ctx context.Context, sec section) (model.Value, error) {
	var err error
	for _, try := range []struct {
		fc   model.FC
		name string
	}{{model.ST, "stVal"}, {model.ST, "valWTr.posVal"}, {model.MX, "mxVal"}, {model.SP, "setMag"}, {model.SP, "setVal"}} {
		ref := sec.ref
		ref.FC = try.fc
		for part := range strings.SplitSeq(try.name, ".") {
			ref = ref.Child(part)
		}
		if r.find(ref) == nil {
			continue
		}
		var v model.Value
		if v, err = r.c.ReadOne(ctx, ref); err != nil {
			continue
		}
		if c, ok := commandOf(component(component(sec.spec, "Oper"), "ctlVal"), v); ok {
			return c, nil
		}
		err = errors.New("it is no command")
	}
	if err == nil {
		err = errors.New("it shows no value")
	}
	return model.Value{}, err
}

// commandOf turns a state into the command that brings it about: a double point is commanded by a boolean, a step
// position by stop.
func commandOf(t *mms.TypeSpec, v model.Value) (model.Value, bool) {
	pos, double := v.AsDbpos()
	switch {
	case t == nil:
		return v, false
	case t.Kind == model.KindBool && double:
		return model.Bool(pos == model.DbposOn), true
	case t.Kind == model.KindBits && v.Kind() == model.KindInt:
		return model.Bits(0, max(t.Size, -t.Size)), true
	}
	return v, shape("", t, v) == "" || t.Kind == model.KindStruct && v.Kind() == model.KindStruct
}

// command selects and cancels, and operates where that is allowed.
func (r *run) command(ctx context.Context, s *sheet, sec section, m model.ControlModel) {
	do := sec.ref
	do.FC = model.FCNone
	it := s.item("Operate", do.String(), "the present value can be commanded", "IEC 61850-7-2 20.5.5")
	allowed := r.mayOperate(do)
	if !allowed {
		it.skip("operating it is not allowed")
		if !m.Selects() || !r.opt.AllowWrites {
			return
		}
	}
	k, err := r.c.Control(ctx, do)
	if err != nil {
		_ = it.failed("a control object", err)
		return
	}
	v, err := r.present(ctx, sec)
	if err != nil {
		it.skip("its present value is not known: " + describe(err))
		return
	}
	t := &commandTrial{run: r, s: s, do: do, k: k, v: v}
	if m.Selects() && (r.opt.AllowWrites || allowed) {
		t.selects(ctx)
	}
	if !allowed {
		return
	}
	if m.Selects() {
		t.unselected(ctx)
	}
	term, err := k.Operate(ctx, v, client.OperateOptions{})
	switch cause, known := addCause(err); {
	case err == nil && m.Enhanced() && !term.Enhanced:
		it.fail("a CommandTermination", "none")
	case err == nil:
		it.pass()
	case known:
		it.passed("refused with AddCause " + cause)
	case m.Enhanced() && answered(err):
		it.fail("success, or LastApplError with an AddCause", describe(err))
	case answered(err):
		it.passed("refused: " + describe(err))
	default:
		it.fail("success, or LastApplError with an AddCause", describe(err))
	}
}

func addCause(err error) (string, bool) {
	var e *client.ControlError
	if errors.As(err, &e) && e.HasAddCause {
		return fmt.Sprintf("%d %s", e.AddCause, e.AddCause), true
	}
	return "", false
}

// A commandTrial commands one object.
type commandTrial struct {
	*run
	s  *sheet
	do model.Ref
	k  *client.Control
	v  model.Value
}

func (t *commandTrial) item(service, rule string) *item {
	return t.s.item(service, t.do.String(), rule, "IEC 61850-7-2 20.2.3, 20.3.3, 20.5")
}

// selects selects, lets a second client try, and cancels.
func (t *commandTrial) selects(ctx context.Context) {
	service := "Select"
	if t.k.Model().Enhanced() {
		service = "SelectWithValue"
	}
	it := t.item(service, "the object can be selected and the select cancelled")
	if it == nil {
		return
	}
	u := t.later(t.do.String()+" unselected", func(ctx context.Context, c *client.Client) error {
		k, err := c.Control(ctx, t.do)
		if err != nil {
			return err
		}
		if err = k.Cancel(ctx); err != nil && !answered(err) {
			return err
		}
		return nil // not selected any more
	})
	if err := t.k.Select(ctx, t.v, client.OperateOptions{}); err != nil {
		t.forget(u)
		if cause, known := addCause(err); known {
			it.skip("the server does not let it be selected now: AddCause " + cause)
		} else if answered(err) && !t.k.Model().Enhanced() {
			it.skip("the server does not let it be selected now")
		} else {
			_ = it.failed("a select", err)
		}
		return
	}
	t.locked(ctx, service)
	if err := t.k.Cancel(ctx); it.failed("the cancel to be accepted", err) {
		return // restore tries again
	}
	t.forget(u)
	it.pass()
	t.free(ctx)
}

// free selects with a second client what was cancelled, and cancels that too.
func (t *commandTrial) free(ctx context.Context) {
	it := t.item("Cancel", "after a cancel the object is free for a second client")
	if it == nil {
		return
	}
	c := t.other(ctx, it)
	if c == nil {
		return
	}
	k, err := c.Control(ctx, t.do)
	if it.failed("the control object", err) {
		return
	}
	if err := k.Select(ctx, t.v, client.OperateOptions{}); err != nil {
		it.fail("a select", describe(err))
		return
	}
	if err := k.Cancel(ctx); it.failed("the cancel to be accepted", err) {
		return // the end of the association ends the select
	}
	it.pass()
}

// locked tries to select with a second client.
func (t *commandTrial) locked(ctx context.Context, service string) {
	it := t.item(service, "a second client is refused while the object is selected")
	if it == nil {
		return
	}
	c := t.other(ctx, it)
	if c == nil {
		return
	}
	k, err := c.Control(ctx, t.do)
	if it.failed("the control object", err) {
		return
	}
	if err := k.Select(ctx, t.v, client.OperateOptions{}); err == nil {
		it.fail("a refusal", "success")
		_ = k.Cancel(ctx) // the end of the association does it otherwise
		return
	}
	it.pass()
}

// unselected operates without a select.
func (t *commandTrial) unselected(ctx context.Context) {
	it := t.item("Operate", "without a select it is refused with AddCause 18 object-not-selected")
	if it == nil {
		return
	}
	_, err := t.k.Operate(ctx, t.v, client.OperateOptions{NoSelect: true})
	var e *client.ControlError
	switch {
	case errors.As(err, &e) && e.HasAddCause && e.AddCause == model.AddCauseNotSelected:
		it.pass()
	case errors.As(err, &e) && !e.HasAddCause && !t.k.Model().Enhanced():
		it.passed("refused without LastApplError")
	default:
		it.fail("18 object-not-selected", describe(err))
	}
}
