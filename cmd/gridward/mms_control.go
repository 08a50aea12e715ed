package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/valuetext"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// controlFlags of one command.
type controlFlags struct {
	test, yes, selectOnly bool
	check, origin, at     string
	termination           time.Duration
}

func newMMSControlCmd() *cobra.Command {
	c := &controlFlags{}
	cmd := &cobra.Command{
		Use:   "control TARGET REF VALUE",
		Short: "Operate a controllable object",
		Long: `Operate a controllable data object, such as a switch, a tap changer or a set point, by the control model that the server
has for it: direct or select before operate, with normal or enhanced security. With enhanced security it waits for the
server to say how the command ended (CommandTermination).

VALUE is written as 'gridward mms get' shows it: on, off, higher, lower, a number, the name of a mode. On a terminal it
asks before anything moves; --yes does not ask. A command that the server refuses or ends badly gives the cause
(AddCause) and the exit code 4.

--at gives the time at which the server itself is to operate; Ctrl-C cancels the command while it waits. --select-only
selects and cancels again, to see whether the command would be taken.`,
		Example: `  gridward mms control 192.0.2.7 IED1LD0/CSWI1.Pos on
  gridward mms control 192.0.2.7 IED1LD0/CSWI1.Pos off --check interlock,synchro --origin station-control:desk1 --yes
  gridward mms control der1@grid.example DER1LD0/DWMX1.WMaxSpt 5000 --config center.yaml --yes -o json
  gridward mms control 192.0.2.7 IED1LD0/GGIO1.SPCSO1 on --at +30s --test`,
		Args: cobra.ExactArgs(3),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&c.yes, "yes", false, "do not ask")
	fs.BoolVar(&c.test, "test", false, "mark the command as a test")
	fs.BoolVar(&c.selectOnly, "select-only", false, "select and cancel, without operating")
	fs.StringVar(&c.check, "check", "", "checks to ask for: interlock, synchro, or both with a comma")
	fs.StringVar(&c.origin, "origin", "remote-control:gridward", "who commands, `CATEGORY[:IDENT]`: bay-control, station-control, remote-control, maintenance, ...")
	fs.StringVar(&c.at, "at", "", "operate at this `time`: 2026-01-31T12:00:00Z, or +30s from now")
	fs.DurationVar(&c.termination, "termination-timeout", 30*time.Second, "how long to wait for the CommandTermination")
	_ = cmd.RegisterFlagCompletionFunc("check", cobra.FixedCompletions([]string{"interlock", "synchro", "interlock,synchro"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("origin", cobra.FixedCompletions([]string{"bay-control", "station-control", "remote-control", "maintenance"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opt, err := c.options()
		if err != nil {
			return err
		}
		p, err := parsePattern(args[1])
		if err != nil {
			return err
		}
		at, err := c.time(time.Now())
		if err != nil {
			return err
		}
		place, err := f.place(cmd, args[0])
		if err != nil {
			return err
		}
		s, err := f.associate(cmd.Context(), place, client.Options{TerminationTimeout: c.termination})
		if err != nil {
			return err
		}
		defer s.close()
		o, err := s.prepare(cmd.Context(), p, args[2])
		if err != nil {
			return err
		}
		if err := o.confirm(cmd, c, at); err != nil {
			return err
		}
		out := newMMSOut(cmd, format)
		return out.done(o.run(cmd, out, c, opt, at))
	}
	return cmd
}

// options turns flags into those of a command.
func (c *controlFlags) options() (client.OperateOptions, error) {
	opt := client.OperateOptions{Test: c.test}
	for part := range strings.FieldsFuncSeq(c.check, func(r rune) bool { return r == ',' || r == '+' }) {
		switch part {
		case "interlock", "interlocking":
			opt.Check |= client.CheckInterlock
		case "synchro", "sync", "synchrocheck":
			opt.Check |= client.CheckSynchro
		default:
			return opt, cli.Usage(fmt.Errorf("--check: %q is no check", part), "interlock, synchro, or interlock,synchro")
		}
	}
	category, ident, _ := strings.Cut(c.origin, ":")
	t := valuetext.New(&mms.TypeSpec{Kind: model.KindInt, Size: 8}, model.Ref{LDevice: "x", LN: "x", Path: "x.orCat"}, nil)
	v, err := t.Parse(category)
	if err != nil {
		return opt, cli.Usage(fmt.Errorf("--origin: %w", err), "")
	}
	if len(ident) > 64 {
		return opt, cli.Usage(errors.New("--origin: the identification is longer than 64 octets"), "")
	}
	cat, _ := v.AsInt()
	opt.Origin = &client.Origin{Cat: int8(cat), Ident: ident}
	return opt, nil
}

// time gives --at, zero for now.
func (c *controlFlags) time(now time.Time) (time.Time, error) {
	if c.at == "" {
		return time.Time{}, nil
	}
	if later, ok := strings.CutPrefix(c.at, "+"); ok {
		d, err := time.ParseDuration(later)
		if err != nil {
			return time.Time{}, cli.Usage(fmt.Errorf("--at: %w", err), "for example --at +30s")
		}
		return now.Add(d), nil
	}
	v, err := (&valuetext.Type{Kind: model.KindTime}).Parse(c.at)
	if err != nil {
		return time.Time{}, cli.Usage(fmt.Errorf("--at: %w", err), "for example --at 2026-01-31T12:00:00Z or --at +30s")
	}
	stamp, _ := v.AsTime()
	return stamp.Time(), nil
}

// An operand is an object that is going to be operated.
type operand struct {
	*mmsSession
	control *client.Control
	typ     *valuetext.Type // of ctlVal
	value   model.Value
	now     string // what it is before, "" when that is not known
	was     any    // the same for JSON
}

// prepare finds the object and makes the value by the type of its ctlVal.
func (s *mmsSession) prepare(ctx context.Context, p catalog.Pattern, text string) (*operand, error) {
	ref, literal := p.Ref()
	if !literal || len(p.Path) == 0 {
		return nil, cli.Usage(fmt.Errorf("%s is no data object", p), "name one: LD/LN.DO")
	}
	ref.FC = model.FCNone
	p.FC = model.FCNone
	items, err := s.find(ctx, p)
	if err != nil {
		return nil, err
	}
	k, err := s.client.Control(ctx, ref)
	switch {
	case errors.Is(err, mms.ObjectNonExistent):
		return nil, cli.Exit(cli.Failed, fmt.Errorf("%s is not controllable: it has no ctlModel", ref), "")
	case err != nil:
		return nil, mmsError(err, s.target)
	case k.Model() == model.StatusOnly:
		return nil, cli.Exit(cli.Refused, fmt.Errorf("%s has the control model status-only", ref), "it shows a state and cannot be operated")
	}
	p.FC, p.Path = model.CO, append(append([]string{}, p.Path...), "Oper", "ctlVal")
	oper, err := s.find(ctx, p)
	if err != nil {
		return nil, err
	}
	o := &operand{mmsSession: s, control: k, typ: s.typeOf(oper[0])}
	if o.value, err = s.parse(oper[0], text); err != nil {
		return nil, err
	}
	return o, o.state(ctx, items)
}

// state reads what the object is before the command.
func (o *operand) state(ctx context.Context, items []catalog.Item) error {
	for _, i := range items {
		for k := range i.Spec.Components {
			c := &i.Spec.Components[k]
			switch c.Name {
			case "stVal", "mxVal", "valWTr":
			default:
				continue
			}
			list, err := o.read(ctx, []catalog.Item{{Ref: i.Ref.Child(c.Name), Spec: &c.Type}})
			if err != nil {
				return err
			}
			if list[0].err == nil {
				o.now, o.was = list[0].typ.Text(list[0].value), list[0].typ.JSON(list[0].value)
			}
			return nil
		}
	}
	return nil
}

func (o *operand) confirm(cmd *cobra.Command, c *controlFlags, at time.Time) error {
	if c.selectOnly {
		return nil
	}
	q := fmt.Sprintf("Operate %s (%s) to %s", o.control.Ref(), o.control.Model(), o.typ.Text(o.value))
	if o.now != "" {
		q += ", it is " + o.now
	}
	if !at.IsZero() {
		q += ", at " + at.UTC().Format(time.RFC3339)
	}
	return confirm(cmd, c.yes, q+"?")
}

// mmsCommand is what came of a command, in JSON.
type mmsCommand struct {
	Ref      string   `json:"ref"`
	Model    string   `json:"ctlModel"`
	Value    any      `json:"value"`
	Was      any      `json:"was,omitempty"`
	Result   string   `json:"result"` // selected, accepted, terminated, refused, failed, cancelled
	Step     string   `json:"step,omitempty"`
	AddCause string   `json:"addCause,omitempty"`
	Number   *uint8   `json:"addCauseNumber,omitempty"`
	Error    string   `json:"error,omitempty"`
	CtlNum   *uint8   `json:"ctlNum,omitempty"`
	Millis   *float64 `json:"ms,omitempty"`
}

// run operates and prints what came of it.
func (o *operand) run(cmd *cobra.Command, out *mmsOut, c *controlFlags, opt client.OperateOptions, at time.Time) error {
	v := mmsCommand{Ref: o.control.Ref().String(), Model: o.control.Model().String(), Value: o.typ.JSON(o.value), Was: o.was}
	ctx, begin := cmd.Context(), time.Now()
	var term *client.Termination
	var err error
	switch {
	case c.selectOnly:
		err = o.selectOnly(ctx, opt)
		v.Result = "selected"
	case !at.IsZero():
		term, err = o.operateAt(ctx, cmd, at, opt)
	default:
		term, err = o.control.Operate(ctx, o.value, opt)
	}
	if term != nil {
		v.Result, v.CtlNum = "accepted", &term.CtlNum
		if term.Enhanced {
			v.Result = "terminated"
		}
	}
	if err == nil {
		ms := float64(time.Since(begin).Microseconds()) / 1000
		v.Millis = &ms
		out.item(v, func(w io.Writer) { o.tell(w, v, ms) })
		return nil
	}
	v.Result = "failed"
	var ce *client.ControlError
	if errors.As(err, &ce) {
		v.Result, v.Step = "refused", ce.Step
		if ce.HasAddCause {
			n := uint8(ce.AddCause)
			v.AddCause, v.Number = ce.AddCause.String(), &n
		}
	}
	v.Error = err.Error()
	out.item(v, nil)
	if errors.Is(err, errCancelled) {
		return cli.Exit(cli.Failed, err, "")
	}
	if ce != nil {
		return cli.Exit(cli.Refused, controlFailure(ce), controlHint(ce))
	}
	return mmsError(err, o.target)
}

func (o *operand) tell(w io.Writer, v mmsCommand, ms float64) {
	what := map[string]string{
		"selected":   "can be selected for " + o.typ.Text(o.value) + "; the selection was cancelled",
		"accepted":   o.typ.Text(o.value) + " accepted by the server",
		"terminated": o.typ.Text(o.value) + " done, says the server",
	}[v.Result]
	put(w, "%s  %s  (%s, %.1f ms)\n", v.Ref, what, v.Model, ms)
}

// selectOnly selects and cancels.
func (o *operand) selectOnly(ctx context.Context, opt client.OperateOptions) error {
	if !o.control.Model().Selects() {
		return cli.Usage(fmt.Errorf("%s is operated directly (%s)", o.control.Ref(), o.control.Model()), "there is nothing to select; --test operates as a test")
	}
	if err := o.control.Select(ctx, o.value, opt); err != nil {
		return err
	}
	return o.control.Cancel(ctx)
}

// controlFailure says in words how a command failed.
func controlFailure(e *client.ControlError) error {
	what := map[string]string{"select": "the server does not select", "operate": "the server does not operate", "cancel": "the server does not cancel", "termination": "the command ended badly for"}[e.Step]
	why := ""
	switch {
	case e.HasAddCause:
		why = fmt.Sprintf(": %s (AddCause %d)", e.AddCause, uint8(e.AddCause))
	case e.Err != nil:
		why = ": " + plainReason(e.Err)
	}
	return fmt.Errorf("%s %s%s", what, e.Ref, why)
}

// causeHints say what an additional cause means and what to do.
var causeHints = map[model.AddCause]string{
	model.AddCauseNotSupported:               "the server has nothing behind this object that could be operated",
	model.AddCauseBlockedBySwitching:         "another level has the switching authority: see Loc, LocSta and LocKey, or give another --origin",
	model.AddCauseSelectFailed:               "the select was not taken",
	model.AddCauseInvalidPosition:            "the equipment is in a position from which it cannot go there",
	model.AddCausePositionReached:            "it is in this position already",
	model.AddCauseParameterChange:            "another command is running with other parameters",
	model.AddCauseStepLimit:                  "the tap changer is at its end",
	model.AddCauseBlockedByMode:              "the node is blocked, off or in test: see Mod and Beh; in test mode give --test, and no --test otherwise",
	model.AddCauseBlockedByProcess:           "the process does not allow it now",
	model.AddCauseBlockedByInterlocking:      "the interlocking conditions are not met: see CILO (EnaOpn, EnaCls)",
	model.AddCauseBlockedBySynchrocheck:      "voltage, frequency or angle differ too much: see RSYN",
	model.AddCauseCommandInExecution:         "a command is running; wait for its end",
	model.AddCauseBlockedByHealth:            "the node is not healthy: see Health",
	model.AddCauseOneOfN:                     "another object of the group is being operated",
	model.AddCauseTimeLimitOver:              "it came too late: compare the clocks of both ends",
	model.AddCauseAbortedByTrip:              "a protection trip came between",
	model.AddCauseNotSelected:                "it was not selected, or the selection lapsed (sboTimeout)",
	model.AddCauseAlreadySelected:            "it is selected already",
	model.AddCauseNoAccessAuthority:          "this client has no right to control: see its roles at the server",
	model.AddCauseAbortedByCommunicationLoss: "the server lost the connection to the equipment",
	model.AddCauseBlockedByCommand:           "it is blocked by a command: see CmdBlk",
	model.AddCauseInconsistentParameters:     "the server found select and operate to differ",
	model.AddCauseLockedByOtherClient:        "another client has selected it",
}

func controlHint(e *client.ControlError) string {
	if e.HasAddCause {
		return causeHints[e.AddCause]
	}
	return "the server gives no cause (LastApplError)"
}
