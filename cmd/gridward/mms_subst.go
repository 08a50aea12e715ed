package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/valuetext"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func newMMSSubstCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "subst",
		Short: "Substitute and block values",
		Long: `Substitute the value of a data object by hand: the server then serves the substitute, with the source "substituted" in its
quality, until it is cleared. Blocking freezes the value that it has.`,
	}
	cmd.AddCommand(newSubstListCmd(), newSubstSetCmd(), newSubstClearCmd(), newSubstBlockCmd())
	return cmd
}

// objectVerb makes a verb about one data object.
func objectVerb(use, short, long, example string, n int, flags func(*cobra.Command),
	run func(ctx context.Context, s *mmsSession, out *mmsOut, do model.Ref, args []string) error,
) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Long: long + "\n\n" + mmsTargetHelp, Example: example, Args: cobra.ExactArgs(n)}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	if flags != nil {
		flags(cmd)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, err := parsePattern(args[1])
		if err != nil {
			return err
		}
		ref, literal := p.Ref()
		if !literal || len(p.Path) == 0 {
			return cli.Usage(fmt.Errorf("%s is no data object", p), "name one: LD/LN.DO")
		}
		s, err := f.dial(cmd, args[0])
		if err != nil {
			return err
		}
		defer s.close()
		if _, err := s.find(cmd.Context(), p); err != nil {
			return err
		}
		out := newMMSOut(cmd, format)
		return out.done(run(cmd.Context(), s, out, withoutFC(ref), args[2:]))
	}
	return cmd
}

// mmsSubst is a substitution in JSON.
type mmsSubst struct {
	Ref     string `json:"ref"`
	On      bool   `json:"substituted"`
	Value   any    `json:"value,omitempty"`
	Quality string `json:"quality,omitempty"`
	ID      string `json:"id,omitempty"`
	text    string
}

// substitution tells how a data object stands.
func (s *mmsSession) substitution(ctx context.Context, do model.Ref) (mmsSubst, error) {
	st, err := s.client.Substitution(ctx, do)
	if err != nil {
		return mmsSubst{}, s.substError(err, do)
	}
	v := mmsSubst{Ref: do.String(), On: st.On, Quality: st.Q.String(), ID: st.ID}
	item, err := s.substitute(ctx, do)
	if err != nil {
		return v, err
	}
	t := s.typeOf(item)
	v.Value, v.text = t.JSON(st.Value), t.Text(st.Value)
	return v, nil
}

// substitute finds the attribute that takes the substitute of a data object.
func (s *mmsSession) substitute(ctx context.Context, do model.Ref) (catalog.Item, error) {
	p := catalog.Of(do)
	p.FC = model.SV
	items, err := s.catalog.Find(ctx, p)
	if err == nil {
		for i := range items[0].Spec.Components {
			c := &items[0].Spec.Components[i]
			switch c.Name {
			case "subVal", "subMag", "subCVal":
				item := catalog.Item{Ref: items[0].Ref.Child(c.Name), Spec: &c.Type}
				return item, nil
			}
		}
	}
	if err != nil && !isMissing(err) {
		return catalog.Item{}, mmsError(err, s.target)
	}
	return catalog.Item{}, s.substError(client.ErrNoSubstitution, do)
}

func (s *mmsSession) substError(err error, do model.Ref) error {
	if errors.Is(err, client.ErrNoSubstitution) || errors.Is(err, mms.ObjectNonExistent) {
		return cli.Exit(cli.Failed, fmt.Errorf("%s cannot be substituted", do), "the server has no subEna and subVal, subMag or subCVal for it")
	}
	return mmsError(err, s.target)
}

func (v mmsSubst) cells() []string {
	if !v.On {
		return []string{v.Ref, "not substituted"}
	}
	return []string{v.Ref, "substituted", v.text, v.Quality, v.ID}
}

func newSubstListCmd() *cobra.Command {
	var all bool
	cmd := &cobra.Command{
		Use:     "list TARGET [REF]",
		Short:   "List what is substituted",
		Long:    "List the data objects whose value is substituted, of the whole server or of what REF names.\n\n" + mmsTargetHelp,
		Example: "  gridward mms subst list 192.0.2.7\n  gridward mms subst list 192.0.2.7 'IED1LD0/MMXU*.*' --all -o json",
		Args:    cobra.RangeArgs(1, 2),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "also those that could be but are not")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p := catalog.Pattern{LDevice: "*", LN: "*", Path: []string{"*"}}
		if len(args) == 2 {
			var err error
			if p, err = parsePattern(args[1]); err != nil {
				return err
			}
		}
		p.FC = model.SV
		s, err := f.dial(cmd, args[0])
		if err != nil {
			return err
		}
		defer s.close()
		ctx := cmd.Context()
		items, err := s.catalog.Find(ctx, p)
		if err != nil && !isMissing(err) {
			return mmsError(err, s.target)
		}
		out := newMMSOut(cmd, format)
		n := 0
		for _, i := range items {
			if !substitutable(i.Spec) {
				continue
			}
			v, err := s.substitution(ctx, withoutFC(i.Ref))
			if err != nil {
				return out.done(err)
			}
			if v.On || all {
				n++
				out.row(v, v.cells()...)
			}
		}
		switch {
		case n == 0 && all:
			hint(cmd, "the server has nothing there that could be substituted")
		case n == 0:
			hint(cmd, "nothing is substituted; --all lists what could be")
		}
		return out.flush()
	}
	return cmd
}

// substitutable tells whether what a data object has of FC SV makes a substitution.
func substitutable(spec *mms.TypeSpec) bool {
	ena, value := false, false
	for i := range spec.Components {
		name := spec.Components[i].Name
		ena = ena || name == "subEna"
		value = value || strings.HasPrefix(name, "sub") && (name == "subVal" || name == "subMag" || name == "subCVal")
	}
	return ena && value
}

func newSubstSetCmd() *cobra.Command {
	var quality, id string
	return objectVerb("set TARGET DO VALUE", "Substitute a value", "Substitute the value of a data object. VALUE is written as 'gridward mms get' shows it.",
		"  gridward mms subst set 192.0.2.7 IED1LD0/MMXU1.TotW 1500 --id desk1", 3,
		func(cmd *cobra.Command) {
			cmd.Flags().StringVar(&quality, "quality", "good", "quality to serve with it")
			cmd.Flags().StringVar(&id, "id", "gridward", "who does it")
		},
		func(ctx context.Context, s *mmsSession, out *mmsOut, do model.Ref, args []string) error {
			qv, err := (&valuetext.Type{Kind: model.KindBits, Size: -model.QualityBits, Basic: model.BasicQuality}).Parse(quality)
			if err != nil {
				return cli.Usage(fmt.Errorf("--quality: %w", err), "")
			}
			q, _ := qv.AsQuality()
			item, err := s.substitute(ctx, do)
			if err != nil {
				return err
			}
			v, err := s.parse(item, args[0])
			if err != nil {
				return err
			}
			if err := s.client.Substitute(ctx, do, v, q, id); err != nil {
				return s.substError(err, do)
			}
			st, err := s.substitution(ctx, do)
			if err != nil {
				return err
			}
			out.row(st, st.cells()...)
			return nil
		})
}

func newSubstClearCmd() *cobra.Command {
	return objectVerb("clear TARGET DO", "Let the process's value be served again", "Let the value of the process be served again.",
		"  gridward mms subst clear 192.0.2.7 IED1LD0/MMXU1.TotW", 2, nil,
		func(ctx context.Context, s *mmsSession, out *mmsOut, do model.Ref, _ []string) error {
			if err := s.client.Unsubstitute(ctx, do); err != nil {
				return s.substError(err, do)
			}
			v := mmsSubst{Ref: do.String()}
			out.row(v, v.cells()...)
			return nil
		})
}

func newSubstBlockCmd() *cobra.Command {
	return objectVerb("block TARGET DO on|off", "Freeze a value, or let it go", "Freeze the value of a data object (blkEna), or let it go.",
		"  gridward mms subst block 192.0.2.7 IED1LD0/MMXU1.TotW on", 3, nil,
		func(ctx context.Context, s *mmsSession, out *mmsOut, do model.Ref, args []string) error {
			v, err := (&valuetext.Type{Kind: model.KindBool}).Parse(args[0])
			if err != nil {
				return cli.Usage(err, "on or off")
			}
			on, _ := v.AsBool()
			if err := s.client.Block(ctx, do, on); err != nil {
				if errors.Is(err, mms.ObjectNonExistent) {
					return cli.Exit(cli.Failed, fmt.Errorf("%s cannot be blocked", do), "the server has no blkEna for it")
				}
				return mmsError(err, s.target)
			}
			out.item(struct {
				Ref     string `json:"ref"`
				Blocked bool   `json:"blocked"`
			}{do.String(), on}, func(w io.Writer) {
				put(w, "%s  %s\n", do, map[bool]string{true: "blocked", false: "not blocked"}[on])
			})
			return nil
		})
}
