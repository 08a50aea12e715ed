package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func newMMSSetCmd() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "set TARGET REF=VALUE...",
		Short: "Write values",
		Long: `Write values (SetDataValues): set points, configuration, descriptions, components of control blocks. VALUE is written as
'gridward mms get' shows it: names of enumerations, on and off, qualities, times; structures and arrays as JSON. A data
object stands for its setVal or setMag, a structure of f or i takes a number.

Without a functional constraint the one that can be written is taken, SP before CF before DC; SE is what is edited of a
setting group ('gridward mms sg'). Controllable objects are operated with 'gridward mms control'.

All values are checked before the first is written. What the server refuses is told, and the exit code is 4.`,
		Example: `  gridward mms set 192.0.2.7 IED1LD0/GGIO1.Set1.setMag.f=12.5
  gridward mms set 192.0.2.7 'IED1LD0/LLN0.NamPlt.d=Feeder 3' IED1LD0/MMXU1.TotW.db=500
  gridward mms set 192.0.2.7 'IED1LD0/LLN0.urcb01.TrgOps[RP]=dchg+gi'`,
		Args: cobra.MinimumNArgs(2),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "write also to the functional constraint CO without 'gridward mms control'")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, a := range args[1:] {
			if _, _, err := splitAssignment(a); err != nil {
				return err
			}
		}
		s, err := f.dial(cmd, args[0])
		if err != nil {
			return err
		}
		defer s.close()
		w, err := s.assignments(cmd.Context(), args[1:], yes)
		if err != nil {
			return err
		}
		return s.write(cmd.Context(), newMMSOut(cmd, format), w)
	}
	return cmd
}

// writes are values on their way to a server.
type writes struct {
	items  []catalog.Item
	values []model.Value
}

// assignments makes values of REF=VALUE by the types of the server.
func (s *mmsSession) assignments(ctx context.Context, args []string, control bool) (*writes, error) {
	w := &writes{}
	for _, a := range args {
		p, text, err := splitAssignment(a)
		if err != nil {
			return nil, err
		}
		items, err := s.find(ctx, p)
		if err != nil {
			return nil, err
		}
		item, err := writable(p, items)
		if err != nil {
			return nil, err
		}
		if item.Ref.FC == model.CO && !control {
			return nil, cli.Usage(fmt.Errorf("%s is part of a control", item.Ref), "operate it with 'gridward mms control', or give --yes to write it as it is")
		}
		v, err := s.parse(item, text)
		if err != nil {
			return nil, err
		}
		w.items, w.values = append(w.items, item), append(w.values, v)
	}
	return w, nil
}

// parse makes a value of its text.
func (s *mmsSession) parse(item catalog.Item, text string) (model.Value, error) {
	t := s.typeOf(item)
	v, err := t.Parse(text)
	if err == nil {
		return v, nil
	}
	help := ""
	if t.Kind == model.KindInt && t.Enum == nil && s.scl == nil && strings.ContainsAny(text, "abcdefghijklmnopqrstuvwxyz") {
		help = "the server does not tell the names of its enumerations: give its SCL file with --scl, or the number"
	}
	return v, cli.Usage(fmt.Errorf("%s: %w", item.Ref, err), help)
}

// writeOrder is the order in which functional constraints are preferred where a reference leaves them open.
var writeOrder = []model.FC{
	model.SP, model.SE, model.CF, model.DC, model.SV, model.BL, model.BR, model.RP, model.LG, model.GO, model.MS, model.US, model.SG, model.EX,
}

// writable chooses what a reference means when it is written.
func writable(p catalog.Pattern, items []catalog.Item) (catalog.Item, error) {
	if len(p.Path) == 0 {
		return catalog.Item{}, cli.Usage(fmt.Errorf("%s is a whole logical node", p), "name a data object or an attribute")
	}
	best, rank := items[0], len(writeOrder)
	for _, i := range items {
		if r := slices.Index(writeOrder, i.Ref.FC); r >= 0 && r < rank {
			best, rank = i, r
		}
	}
	// A data object of a setting stands for its value.
	if len(p.Path) == 1 && (best.Ref.FC == model.SP || best.Ref.FC == model.SE) {
		for k := range best.Spec.Components {
			if c := &best.Spec.Components[k]; c.Name == "setVal" || c.Name == "setMag" {
				return catalog.Item{Ref: best.Ref.Child(c.Name), Spec: &c.Type}, nil
			}
		}
	}
	return best, nil
}

// write writes and prints what came of it.
func (s *mmsSession) write(ctx context.Context, out *mmsOut, w *writes) error {
	refs := make([]model.Ref, len(w.items))
	for i := range refs {
		refs[i] = w.items[i].Ref
	}
	errs, err := s.client.WriteMany(ctx, refs, w.values)
	if err != nil {
		return mmsError(err, s.target)
	}
	refused, hinted := 0, error(nil)
	for i, e := range errs {
		t := s.typeOf(w.items[i])
		v := mmsValue{Ref: withoutFC(refs[i]).String(), FC: refs[i].FC.String(), Value: t.JSON(w.values[i])}
		text := t.Text(w.values[i])
		if e != nil {
			refused++
			hinted = e
			v.Value, v.Error = nil, plainReason(e)
			text = "refused: " + v.Error
		}
		out.row(v, refs[i].String(), text)
	}
	if err := out.flush(); err != nil || refused == 0 {
		return err
	}
	of := ""
	if len(errs) > 1 {
		of = fmt.Sprintf("%d of %d: ", refused, len(errs))
	}
	return cli.Exit(cli.Refused, fmt.Errorf("%sthe server refused to write: %w", of, hinted), writeHint(hinted))
}

func writeHint(err error) string {
	if errors.Is(err, mms.ObjectAccessDenied) {
		return "the server does not let it be written: it may be status, read-only by its SCL file, or not for this client"
	}
	return requestHint(err)
}
