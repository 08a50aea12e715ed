package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func newMMSDataSetsCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "datasets",
		Short: "List, read, write, create and delete data sets",
		Long: `Work with data sets. A data set is named LD/LN.NAME or LD/LN$NAME. Its members are references with a functional
constraint.`,
	}
	cmd.AddCommand(newDataSetsListCmd(), newDataSetsShowCmd(), newDataSetsReadCmd(), newDataSetsWriteCmd(), newDataSetsCreateCmd(), newDataSetsDeleteCmd())
	return cmd
}

// parseDataSet reads LD/LN.NAME and LD/LN$NAME.
func parseDataSet(s string) (model.Ref, error) {
	bad := func(hint string) (model.Ref, error) {
		return model.Ref{}, cli.Usage(fmt.Errorf("%q names no data set", s), hint)
	}
	if strings.HasPrefix(s, "@") {
		return bad("a data set with @ lives as long as the association that made it; name LD/LN.NAME")
	}
	r, err := model.ParseRef(strings.Replace(s, "$", ".", 1))
	if err != nil || r.Path == "" || strings.ContainsAny(r.Path, ".(") || r.FC != model.FCNone {
		return bad("write LD/LN.NAME, for example IED1LD0/LLN0.Events")
	}
	return r, nil
}

// mmsDataSet is a data set in JSON.
type mmsDataSet struct {
	Ref       string   `json:"ref"`
	Deletable bool     `json:"deletable"`
	Members   []string `json:"members"`
	Error     string   `json:"error,omitempty"`
}

// dataSetVerb makes a verb with a target and more arguments.
func dataSetVerb(use, short, long, example string, args cobra.PositionalArgs,
	run func(ctx context.Context, s *mmsSession, out *mmsOut, args []string) error,
) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Long: long + "\n\n" + mmsTargetHelp, Example: example, Args: args}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 && cmd.Name() != "list" {
			if _, err := parseDataSet(args[1]); err != nil {
				return err
			}
		}
		s, err := f.dial(cmd, args[0])
		if err != nil {
			return err
		}
		defer s.close()
		out := newMMSOut(cmd, format)
		return out.done(run(cmd.Context(), s, out, args[1:]))
	}
	return cmd
}

func newDataSetsListCmd() *cobra.Command {
	return dataSetVerb("list TARGET [LD]", "List data sets", "List the data sets of a server, or of one logical device.",
		"  gridward mms datasets list 192.0.2.7\n  gridward mms datasets list 192.0.2.7 IED1LD0 -o json", cobra.RangeArgs(1, 2),
		func(ctx context.Context, s *mmsSession, out *mmsOut, args []string) error {
			devices := args
			if len(args) == 0 {
				var err error
				if devices, err = s.catalog.Devices(ctx); err != nil {
					return mmsError(err, s.target)
				}
			}
			for _, ld := range devices {
				sets, err := s.client.DataSets(ctx, ld)
				if err != nil {
					return mmsError(err, s.target)
				}
				for _, ds := range sets {
					v, err := s.dataSet(ctx, ds)
					if err != nil {
						return err
					}
					kind := "fixed"
					if v.Deletable {
						kind = "deletable"
					}
					out.row(v, v.Ref, strconv.Itoa(len(v.Members))+" members", kind, v.Error)
				}
			}
			return nil
		})
}

// dataSet describes a data set. That the server does not is told in it.
func (s *mmsSession) dataSet(ctx context.Context, ds model.Ref) (mmsDataSet, error) {
	v := mmsDataSet{Ref: ds.String(), Members: []string{}}
	members, deletable, err := s.client.DataSetDirectory(ctx, ds)
	if err != nil {
		if !refusedByPeer(err) {
			return v, mmsError(err, s.target)
		}
		v.Error = plainReason(err)
	}
	v.Deletable = deletable
	for _, m := range members {
		v.Members = append(v.Members, m.String())
	}
	return v, nil
}

func newDataSetsShowCmd() *cobra.Command {
	return dataSetVerb("show TARGET DATASET", "Show the members of a data set", "Show the members of a data set and whether it can be deleted.",
		"  gridward mms datasets show 192.0.2.7 IED1LD0/LLN0.Events", cobra.ExactArgs(2),
		func(ctx context.Context, s *mmsSession, out *mmsOut, args []string) error {
			ds, _ := parseDataSet(args[0])
			members, deletable, err := s.client.DataSetDirectory(ctx, ds)
			if err != nil {
				return mmsError(err, s.target)
			}
			v := mmsDataSet{Ref: ds.String(), Deletable: deletable, Members: []string{}}
			for _, m := range members {
				v.Members = append(v.Members, m.String())
			}
			out.item(v, func(w io.Writer) {
				put(w, "%s\n", v.Ref)
				for _, m := range v.Members {
					put(w, "  %s\n", m)
				}
			})
			return nil
		})
}

func newDataSetsReadCmd() *cobra.Command {
	return dataSetVerb("read TARGET DATASET", "Read the values of a data set", "Read the values of all members of a data set at one moment (GetDataSetValues).",
		"  gridward mms datasets read 192.0.2.7 IED1LD0/LLN0.Events -o json", cobra.ExactArgs(2),
		func(ctx context.Context, s *mmsSession, out *mmsOut, args []string) error {
			ds, _ := parseDataSet(args[0])
			members, _, err := s.client.DataSetDirectory(ctx, ds)
			if err != nil {
				return mmsError(err, s.target)
			}
			items, err := s.items(ctx, members)
			if err != nil {
				return err
			}
			results, err := s.client.ReadDataSet(ctx, ds)
			if err != nil {
				return mmsError(err, s.target)
			}
			refused := 0
			for i, r := range results[:min(len(results), len(items))] {
				g := group{items[i].Ref, []reading{{items[i], s.typeOf(items[i]), r.Value, r.Err}}}
				refused += g.print(out, nil)
			}
			return anyRefused(refused)
		})
}

// items gives references their types. What the server does not describe has an empty one.
func (s *mmsSession) items(ctx context.Context, refs []model.Ref) ([]catalog.Item, error) {
	items := make([]catalog.Item, len(refs))
	for i, ref := range refs {
		items[i] = catalog.Item{Ref: ref, Spec: &mms.TypeSpec{}}
		found, err := s.catalog.Find(ctx, catalog.Of(ref))
		var missing *catalog.NotFoundError
		switch {
		case err == nil && len(found) == 1:
			items[i] = found[0]
		case err != nil && !errors.As(err, &missing) && !refusedByPeer(err):
			return nil, mmsError(err, s.target)
		}
	}
	return items, nil
}

func newDataSetsWriteCmd() *cobra.Command {
	return dataSetVerb("write TARGET DATASET VALUE...", "Write the values of a data set",
		"Write the values of a data set (SetDataSetValues), one for each member in their order.",
		"  gridward mms datasets write 192.0.2.7 IED1LD0/LLN0.Setpoints 10.5 12 '{\"f\":3}'", cobra.MinimumNArgs(3),
		func(ctx context.Context, s *mmsSession, out *mmsOut, args []string) error {
			ds, _ := parseDataSet(args[0])
			members, _, err := s.client.DataSetDirectory(ctx, ds)
			if err != nil {
				return mmsError(err, s.target)
			}
			if len(members) != len(args)-1 {
				return cli.Usage(fmt.Errorf("%s has %d members, %d values are given", ds, len(members), len(args)-1), "'gridward mms datasets show' lists the members")
			}
			w := &writes{}
			if w.items, err = s.items(ctx, members); err != nil {
				return err
			}
			for i, item := range w.items {
				v, err := s.parse(item, args[1+i])
				if err != nil {
					return err
				}
				w.values = append(w.values, v)
			}
			return s.writeDataSet(ctx, out, ds, w)
		})
}

// writeDataSet writes by the name of the list.
func (s *mmsSession) writeDataSet(ctx context.Context, out *mmsOut, ds model.Ref, w *writes) error {
	answer, err := s.client.Request(ctx, &mms.Write{
		Access: mms.VariableAccess{ListName: mms.InDomain(ds.LDevice, ds.LN+"$"+ds.Path), NamedList: true}, Data: w.values,
	})
	if err != nil {
		return mmsError(err, s.target)
	}
	r, ok := answer.(*mms.WriteResponse)
	if !ok || len(r.Results) != len(w.items) {
		return mmsError(fmt.Errorf("%w: %d values written, another number answered", mms.ErrProtocol, len(w.items)), s.target)
	}
	refused := 0
	for i, result := range r.Results {
		t, ref := s.typeOf(w.items[i]), w.items[i].Ref
		v := mmsValue{Ref: withoutFC(ref).String(), FC: ref.FC.String(), Value: t.JSON(w.values[i])}
		text := t.Text(w.values[i])
		if result.Failed {
			refused++
			v.Value, v.Error = nil, result.Error.String()
			text = "refused: " + v.Error
		}
		out.row(v, ref.String(), text)
	}
	return anyRefused(refused)
}

func newDataSetsCreateCmd() *cobra.Command {
	return dataSetVerb("create TARGET DATASET REF...", "Create a data set",
		"Create a data set of members (CreateDataSet). REF is a data object or attribute with a functional constraint; * and ? name several.",
		"  gridward mms datasets create 192.0.2.7 IED1LD0/LLN0.Mine 'IED1LD0/MMXU1.TotW[MX]' 'IED1LD0/*.Beh[ST]'", cobra.MinimumNArgs(3),
		func(ctx context.Context, s *mmsSession, out *mmsOut, args []string) error {
			ds, _ := parseDataSet(args[0])
			items, err := s.findAll(ctx, args[1:])
			if err != nil {
				return err
			}
			v := mmsDataSet{Ref: ds.String(), Deletable: true}
			refs := make([]model.Ref, len(items))
			for i, item := range items {
				if i > 0 && withoutFC(item.Ref) == withoutFC(refs[i-1]) {
					return cli.Usage(fmt.Errorf("%s has attributes of several functional constraints", withoutFC(item.Ref)), "say which: "+refs[i-1].String())
				}
				refs[i] = item.Ref
				v.Members = append(v.Members, item.Ref.String())
			}
			if err := s.client.DefineDataSet(ctx, ds, refs...); err != nil {
				return dataSetError(err, s)
			}
			out.item(v, func(w io.Writer) { put(w, "%s  created with %d members\n", v.Ref, len(refs)) })
			return nil
		})
}

func newDataSetsDeleteCmd() *cobra.Command {
	return dataSetVerb("delete TARGET DATASET", "Delete a data set", "Delete a data set that a client has created (DeleteDataSet).",
		"  gridward mms datasets delete 192.0.2.7 IED1LD0/LLN0.Mine", cobra.ExactArgs(2),
		func(ctx context.Context, s *mmsSession, out *mmsOut, args []string) error {
			ds, _ := parseDataSet(args[0])
			if err := s.client.DeleteDataSet(ctx, ds); err != nil {
				return dataSetError(err, s)
			}
			out.item(mmsDataSet{Ref: ds.String(), Members: []string{}}, func(w io.Writer) { put(w, "%s  deleted\n", ds) })
			return nil
		})
}

// dataSetError explains the refusals that data sets have.
func dataSetError(err error, s *mmsSession) error {
	var e *mms.ServiceError
	switch {
	case errors.Is(err, mms.ObjectAccessDenied):
		return cli.Exit(cli.Refused, err, "data sets of the SCL file cannot be deleted, nor one that a report control block uses")
	case !errors.As(err, &e):
		return mmsError(err, s.target)
	case e.Class == mms.ErrDefinition && e.Code == mms.DefinitionObjectExists:
		return cli.Exit(cli.Refused, err, "there is one of this name already; delete it first, or take another name")
	case e.Class == mms.ErrDefinition:
		return cli.Exit(cli.Refused, err, "the server does not have a member, or does not take it into a data set")
	case e.Class == mms.ErrResource:
		return cli.Exit(cli.Refused, err, "the server allows no more data sets, or no more members (DynDataSet of its SCL file)")
	case e.Class == mms.ErrService:
		return cli.Exit(cli.Refused, err, "a report control block or log uses the data set")
	}
	return mmsError(err, s.target)
}
