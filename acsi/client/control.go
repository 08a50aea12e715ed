package client

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// An Origin says who commands, IEC 61850-7-3 6.9. What the server trusts is the principal of the association, not this.
type Origin struct {
	Cat   int8   // originator category: Or constants
	Ident string // at most 64 octets
}

// Originator categories, IEC 61850-7-3 table 8.
const (
	OrNotSupported     int8 = 0
	OrBayControl       int8 = 1
	OrStationControl   int8 = 2
	OrRemoteControl    int8 = 3
	OrAutomaticBay     int8 = 4
	OrAutomaticStation int8 = 5
	OrAutomaticRemote  int8 = 6
	OrMaintenance      int8 = 7
	OrProcess          int8 = 8
)

// A Check asks the server for its checks before it operates, IEC 61850-7-2 20.5.2.7: two bits, synchrocheck first.
type Check uint8

// The checks.
const (
	CheckSynchro   Check = 2
	CheckInterlock Check = 1
)

// A Control operates one controllable data object. It is safe for concurrent use.
type Control struct {
	c     *Client
	ref   model.Ref // with FC CO
	model model.ControlModel
	parts mms.TypeSpec // Oper, SBO, SBOw, Cancel

	mu       sync.Mutex
	selected *command
}

// A command is what SBOw, Oper and Cancel have in common: the same in all of them (IEC 61850-7-2 20.5.2).
type command struct {
	value  model.Value
	origin Origin
	ctlNum uint8
	t      model.Timestamp
	operTm model.Timestamp // 0: at once
	test   bool
	check  Check
}

// OperateOptions of one command. The zero value serves.
type OperateOptions struct {
	Origin *Origin // nil: the client's
	Test   bool
	Check  Check
	T      model.Timestamp // 0: now
	// NoSelect operates without a select before it even where the control model wants one: to look at the refusal.
	NoSelect bool
}

// A Termination tells how a command ended well.
type Termination struct {
	CtlNum   uint8
	Enhanced bool      // the server sent a CommandTermination; otherwise it only accepted the command
	At       time.Time // when the answer came
}

// A ControlError is a command that the server refused or that ended badly.
type ControlError struct {
	Ref         model.Ref
	Step        string // "select", "operate", "cancel", "termination"
	HasAddCause bool   // the server sent LastApplError
	AddCause    model.AddCause
	Code        model.ControlError // Error of LastApplError
	Err         error              // what the service itself answered; nil for a termination
}

func (e *ControlError) Error() string {
	s := fmt.Sprintf("acsi/client: %s of %s refused", e.Step, e.Ref)
	if e.Step == "termination" {
		s = fmt.Sprintf("acsi/client: command to %s ended badly", e.Ref)
	}
	if e.HasAddCause {
		s += ": " + e.AddCause.String()
	} else if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *ControlError) Unwrap() error { return e.Err }

// Control prepares to operate a data object: it asks for its control model and the type of its service parameters.
func (c *Client) Control(ctx context.Context, do model.Ref) (*Control, error) {
	cf, co := do, do
	cf.FC, co.FC = model.CF, model.CO
	v, err := c.ReadOne(ctx, cf.Child("ctlModel"))
	if err != nil {
		return nil, err
	}
	n, ok := v.AsInt()
	if !ok || n < 0 || n > int64(model.SBOEnhanced) {
		return nil, fmt.Errorf("%w: ctlModel of %s", mms.ErrProtocol, do)
	}
	k := &Control{c: c, ref: co, model: model.ControlModel(n)}
	if k.model == model.StatusOnly {
		return k, nil
	}
	t, err := c.Type(ctx, co)
	if err != nil {
		return nil, err
	}
	if component(t, "Oper") == nil {
		return nil, fmt.Errorf("%w: %s has no Oper", mms.ErrProtocol, co)
	}
	k.parts = *t
	return k, nil
}

// Ref names the data object.
func (k *Control) Ref() model.Ref {
	ref := k.ref
	ref.FC = model.FCNone
	return ref
}

// Model is the control model.
func (k *Control) Model() model.ControlModel { return k.model }

// Select selects the object for the next Operate (Select, SelectWithValue: IEC 61850-7-2 20.5.3, 20.5.4). Operate does
// it by itself when it is needed.
func (k *Control) Select(ctx context.Context, value model.Value, opt OperateOptions) error {
	if !k.model.Selects() {
		return k.refuse("select")
	}
	cmd, err := k.command(value, opt)
	if err != nil {
		return err
	}
	if err = k.choose(ctx, cmd); err != nil {
		return err
	}
	k.mu.Lock()
	k.selected = cmd
	k.mu.Unlock()
	return nil
}

// Operate commands (IEC 61850-7-2 20.5.5). value is fitted to the type of ctlVal: a number does for an analogue set
// point. With normal security it returns when the server has accepted the command, with enhanced security when the
// server says how it ended. It is never repeated. The error is a *ControlError when the server refused.
func (k *Control) Operate(ctx context.Context, value model.Value, opt OperateOptions) (*Termination, error) {
	if k.model == model.StatusOnly {
		return nil, k.refuse("operate")
	}
	cmd, err := k.command(value, opt)
	if err != nil {
		return nil, err
	}
	if k.model.Selects() && !opt.NoSelect {
		if sel := k.takeSelected(); sel != nil {
			cmd.ctlNum, cmd.t = sel.ctlNum, sel.t
		} else if err := k.choose(ctx, cmd); err != nil {
			return nil, err
		}
	}
	op := k.c.begin(k.ref, cmd.ctlNum)
	defer k.c.finish(op)
	if err := k.write(ctx, op, "Oper", cmd); err != nil {
		return nil, k.failure("operate", op, err)
	}
	if !k.model.Enhanced() {
		return &Termination{CtlNum: cmd.ctlNum, At: k.c.opt.Now()}, nil
	}
	return k.await(ctx, op)
}

// Cancel takes a selection or a command that waits for its time back (IEC 61850-7-2 20.5.6).
func (k *Control) Cancel(ctx context.Context) error {
	cmd := k.takeSelected()
	if cmd == nil {
		var err error
		if cmd, err = k.command(zero(k.ctlVal()), OperateOptions{}); err != nil {
			return err
		}
	}
	op := k.c.begin(k.ref, cmd.ctlNum)
	defer k.c.finish(op)
	if err := k.write(ctx, op, "Cancel", cmd); err != nil {
		return k.failure("cancel", op, err)
	}
	return nil
}

func (k *Control) refuse(step string) error {
	return &ControlError{Ref: k.Ref(), Step: step, HasAddCause: true, AddCause: model.AddCauseNotSupported}
}

func (k *Control) takeSelected() *command {
	k.mu.Lock()
	defer k.mu.Unlock()
	cmd := k.selected
	k.selected = nil
	return cmd
}

// choose selects.
func (k *Control) choose(ctx context.Context, cmd *command) error {
	op := k.c.begin(k.ref, cmd.ctlNum)
	defer k.c.finish(op)
	if k.model == model.SBOEnhanced {
		if err := k.write(ctx, op, "SBOw", cmd); err != nil {
			return k.failure("select", op, err)
		}
	} else {
		v, err := k.c.ReadOne(ctx, k.ref.Child("SBO"))
		if err != nil {
			return k.failure("select", op, err)
		}
		if name, _ := v.AsText(); name == "" {
			return k.failure("select", op, nil)
		}
	}
	return nil
}

// failure tells what went wrong: the server's LastApplError, if it sent one, says most. Failures of the association
// pass through.
func (k *Control) failure(step string, op *operation, err error) error {
	if err != nil && !refused(err) {
		return err
	}
	e := &ControlError{Ref: k.Ref(), Step: step, Err: err}
	if last := k.c.lastError(op); last != nil {
		e.HasAddCause, e.AddCause, e.Code = true, last.cause, last.code
	}
	return e
}

func (k *Control) ctlVal() *mms.TypeSpec {
	if t := component(component(&k.parts, "Oper"), "ctlVal"); t != nil {
		return t
	}
	return &mms.TypeSpec{Kind: model.KindBool}
}

func (k *Control) command(value model.Value, opt OperateOptions) (*command, error) {
	value, err := fit(k.Ref().String()+".ctlVal", k.ctlVal(), value)
	if err != nil {
		return nil, err
	}
	cmd := &command{value: value, origin: k.c.opt.Origin, ctlNum: k.c.nextCtlNum(), t: opt.T, test: opt.Test, check: opt.Check}
	if opt.Origin != nil {
		cmd.origin = *opt.Origin
	}
	if cmd.t == 0 {
		cmd.t = model.NewTimestamp(k.c.opt.Now(), model.LeapSecondsKnown|model.AccuracyMillisecond)
	}
	return cmd, nil
}

// write fills Oper, SBOw or Cancel by the names of its components and writes it.
func (k *Control) write(ctx context.Context, op *operation, part string, cmd *command) error {
	t := component(&k.parts, part)
	if t == nil {
		return &AccessError{Ref: k.ref.Child(part), Code: mms.ObjectNonExistent}
	}
	members := make([]model.Value, len(t.Components))
	for i := range t.Components {
		c := &t.Components[i]
		members[i] = cmd.member(c.Name, &c.Type)
	}
	ref := k.ref.Child(part)
	v, err := variable(ref)
	if err != nil {
		return err
	}
	answer, err := k.c.askAs(ctx, &mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{v}}, Data: []model.Value{model.Struct(members...)}}, op)
	if err != nil {
		return err
	}
	r, ok := answer.(*mms.WriteResponse)
	switch {
	case !ok || len(r.Results) != 1:
		return unexpected(&mms.Write{}, answer)
	case r.Results[0].Failed:
		return &AccessError{Ref: ref, Code: r.Results[0].Error}
	}
	return nil
}

// member gives the component of Oper, SBOw or Cancel by its name, IEC 61850-8-1 20.4.
func (m *command) member(name string, t *mms.TypeSpec) model.Value {
	var v model.Value
	switch name {
	case "ctlVal":
		return m.value
	case "origin":
		return m.origin.value(t)
	case "ctlNum":
		v = model.Uint(uint64(m.ctlNum))
	case "T":
		if t.Kind == model.KindEntryTime { // edition 1
			return model.Entry(model.NewEntryTime(m.t.Time()))
		}
		return model.Time(m.t)
	case "operTm":
		if t.Kind != model.KindTime {
			return zero(t)
		}
		return model.Time(m.operTm)
	case "Test":
		return model.Bool(m.test)
	case "Check":
		return model.Bits(uint64(m.check), 2)
	default:
		return zero(t)
	}
	if fitted, err := fit(name, t, v); err == nil {
		return fitted
	}
	return v
}

func (o Origin) value(t *mms.TypeSpec) model.Value {
	members := make([]model.Value, len(t.Components))
	for i := range t.Components {
		switch t.Components[i].Name {
		case "orCat":
			members[i] = model.Int(int64(o.Cat))
		case "orIdent":
			members[i] = model.Octets(o.Ident)
		default:
			members[i] = zero(&t.Components[i].Type)
		}
	}
	return model.Struct(members...)
}
