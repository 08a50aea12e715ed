package main

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/valuetext"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/model"
)

func newMMSGetCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "get TARGET REF...",
		Short: "Read values",
		Long: `Read values (GetDataValues). REF is a reference of IEC 61850: a logical node, a data object or an attribute, with or
without a functional constraint, as LD/LN.DO.DA[FC] or LD/LN$FC$DO$DA. Without one, a data object has the attributes of all
of its functional constraints. * and ? stand for characters of a name, (*) for all elements of an array.

` + mmsTargetHelp + `

Enumerations, qualities, positions and times are words. JSON has one entry for each REF; where the server refuses, it has
an "error" instead of a "value", and the exit code is 4.`,
		Example: `  gridward mms get 192.0.2.7 IED1LD0/MMXU1.TotW
  gridward mms get 192.0.2.7 'IED1LD0/*.Beh.stVal' 'IED1LD0/LLN0[ST]'
  gridward mms get der1@grid.example 'DER1LD0/MMXU1.TotW.mag.f' -o json --config center.yaml
  gridward mms get IED1 IED1LD0/CSWI1.Pos --scl plant.scd`,
		Args: cobra.MinimumNArgs(2),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		for _, a := range args[1:] { // before anything is asked
			if _, err := parsePattern(a); err != nil {
				return err
			}
		}
		s, err := f.dial(cmd, args[0])
		if err != nil {
			return err
		}
		defer s.close()
		ctx := cmd.Context()
		items, err := s.findAll(ctx, args[1:])
		if err != nil {
			return err
		}
		list, err := s.read(ctx, items)
		if err != nil {
			return err
		}
		groups := grouped(list)
		units, err := s.units(ctx, groups)
		if err != nil {
			return err
		}
		out := newMMSOut(cmd, format)
		refused := 0
		for _, g := range groups {
			refused += g.print(out, units)
		}
		return out.done(anyRefused(refused))
	}
	return cmd
}

// A group is what was asked for by one reference: a reading for each functional constraint.
type group struct {
	ref      model.Ref // without a functional constraint when there are several
	readings []reading
}

// grouped puts together what has the same reference but for the functional constraint.
func grouped(list []reading) []group {
	var groups []group
	for _, r := range list {
		if n := len(groups); n > 0 && withoutFC(groups[n-1].ref) == withoutFC(r.Ref) && groups[n-1].readings[0].Ref.FC != r.Ref.FC {
			groups[n-1].ref.FC = model.FCNone
			groups[n-1].readings = append(groups[n-1].readings, r)
			continue
		}
		groups = append(groups, group{r.Ref, []reading{r}})
	}
	return groups
}

// mmsValue is a value in JSON.
type mmsValue struct {
	Ref   string `json:"ref"`
	FC    string `json:"fc,omitempty"`
	Value any    `json:"value,omitempty"`
	Unit  string `json:"unit,omitempty"`
	Error string `json:"error,omitempty"`
}

// print writes a group and gives how many of its readings were refused.
func (g *group) print(out *mmsOut, units unitTable) (refused int) {
	v := mmsValue{Ref: withoutFC(g.ref).String(), FC: g.ref.FC.String()}
	var why []string
	merged := valuetext.Object{}
	for _, r := range g.readings {
		if r.err != nil {
			refused++
			text := plainReason(r.err)
			if len(g.readings) > 1 {
				text = r.Ref.FC.String() + ": " + text
			}
			why = append(why, text)
			continue
		}
		x := r.typ.JSON(r.value)
		if o, ok := x.(valuetext.Object); ok {
			merged = merged.Merge(o)
			x = merged
		}
		v.Value = x
	}
	v.Error = strings.Join(why, "; ")
	if len(g.readings) == 1 && g.isLeaf() {
		v.Unit = units.of(g.ref, "")
		text := "refused: " + v.Error
		if v.Error == "" {
			text = strings.TrimSpace(g.readings[0].typ.Text(g.readings[0].value) + " " + v.Unit)
		}
		out.row(v, g.ref.String(), text)
		return refused
	}
	out.item(v, func(w io.Writer) {
		aligned(w, "", out.rows)
		out.rows = nil
		put(w, "%s\n", g.ref)
		aligned(w, "  ", g.lines(units))
	})
	return refused
}

func (g *group) isLeaf() bool {
	k := g.readings[0].Spec.Kind
	return k != model.KindStruct && k != model.KindArray
}

// lines gives a row for each leaf, those of a data object together.
func (g *group) lines(units unitTable) [][]string {
	var order []string
	rows := make(map[string][][]string)
	add := func(path string, fc model.FC, text string) {
		key := ""
		if g.ref.Path == "" {
			key, _, _ = strings.Cut(path, ".")
		}
		if rows[key] == nil {
			order = append(order, key)
		}
		rows[key] = append(rows[key], []string{path, fc.String(), text})
	}
	for _, r := range g.readings {
		if r.err != nil {
			add("", r.Ref.FC, "refused: "+plainReason(r.err))
			continue
		}
		for path, leaf := range r.typ.Leaves(r.value) {
			text := leaf.Text()
			if leaf.Type.Kind == model.KindFloat {
				text = strings.TrimSpace(text + " " + units.of(r.Ref, path))
			}
			add(path, r.Ref.FC, text)
		}
	}
	var all [][]string
	for _, key := range order {
		all = append(all, rows[key]...)
	}
	return all
}

// A unitTable has units by the reference of what has them, without functional constraint: LD/LN.DO, or a sub-data object.
type unitTable map[model.Ref]string

// of gives the unit of an attribute below ref: that of the nearest data object above it that has one. Angles have none.
func (t unitTable) of(ref model.Ref, below string) string {
	path := ref.Path
	if below != "" {
		path = strings.TrimPrefix(path+"."+below, ".")
	}
	if strings.HasSuffix(path, ".ang.f") || strings.HasSuffix(path, ".ang") {
		return ""
	}
	ref.FC = model.FCNone
	for {
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return ""
		}
		path = path[:i]
		ref.Path = path
		if unit, ok := t[ref]; ok {
			return unit
		}
	}
}

// units finds the units of the numbers in groups: among what was read, else by asking for them.
func (s *mmsSession) units(ctx context.Context, groups []group) (unitTable, error) {
	t := make(unitTable)
	var ask []catalog.Item
	asked := make(map[model.Ref]bool)
	for _, g := range groups {
		for _, r := range g.readings {
			t.learn(r)
			if r.Ref.FC != model.MX && r.Ref.FC != model.SP && r.Ref.FC != model.SG && r.Ref.FC != model.SE || r.err != nil {
				continue
			}
			items, err := s.unitsOf(ctx, r.Ref)
			if err != nil {
				return nil, err
			}
			for _, i := range items {
				if !asked[i.Ref] {
					asked[i.Ref] = true
					ask = append(ask, i)
				}
			}
		}
	}
	var missing []catalog.Item
	for _, i := range ask {
		if _, known := t[above(i.Ref)]; !known {
			missing = append(missing, i)
		}
	}
	if len(missing) == 0 {
		return t, nil
	}
	list, err := s.read(ctx, missing)
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		t.learn(r)
	}
	return t, nil
}

// above gives the data object that an attribute "units" belongs to.
func above(ref model.Ref) model.Ref {
	ref.FC = model.FCNone
	ref.Path = strings.TrimSuffix(strings.TrimSuffix(ref.Path, "units"), ".")
	return ref
}

// unitsOf finds the attributes "units" at, above and below ref.
func (s *mmsSession) unitsOf(ctx context.Context, ref model.Ref) ([]catalog.Item, error) {
	if strings.Contains(ref.Path, "(") {
		return nil, nil
	}
	n, err := s.catalog.Node(ctx, ref.LDevice, ref.LN)
	if err != nil {
		return nil, mmsError(err, s.target)
	}
	var found []catalog.Item
	for _, sec := range n.Sections {
		if sec.FC == model.CF {
			walkUnits(catalog.Item{Ref: model.Ref{LDevice: ref.LDevice, LN: ref.LN, FC: model.CF}, Spec: sec.Spec}, func(i catalog.Item) {
				at := above(i.Ref).Path
				if at == ref.Path || ref.Path == "" || strings.HasPrefix(ref.Path, at+".") || strings.HasPrefix(at, ref.Path+".") {
					found = append(found, i)
				}
			})
		}
	}
	return found, nil
}

func walkUnits(i catalog.Item, yield func(catalog.Item)) {
	for k := range i.Spec.Components {
		c := &i.Spec.Components[k]
		child := catalog.Item{Ref: i.Ref.Child(c.Name), Spec: &c.Type}
		switch {
		case c.Type.Kind != model.KindStruct:
		case c.Name == "units":
			yield(child)
		default:
			walkUnits(child, yield)
		}
	}
}

// learn takes the units out of what was read.
func (t unitTable) learn(r reading) {
	if r.err != nil || r.Ref.FC != model.CF {
		return
	}
	type pair struct {
		unit, multiplier int64
		has              bool
	}
	found := make(map[model.Ref]pair)
	for path, leaf := range r.typ.Leaves(r.value) {
		full := r.Ref
		full.Path = strings.Trim(r.Ref.Path+"."+path, ".")
		owner, name, ok := cutUnits(full.Path)
		if !ok {
			continue
		}
		full.Path, full.FC = owner, model.FCNone
		n, _ := leaf.Value.AsInt()
		p := found[full]
		switch name {
		case "SIUnit":
			p.unit, p.has = n, true
		case "multiplier":
			p.multiplier = n
		}
		found[full] = p
	}
	for ref, p := range found {
		if p.has {
			t[ref] = valuetext.Unit(p.unit, p.multiplier)
		}
	}
}

// cutUnits takes "TotW.units.SIUnit" apart into "TotW" and "SIUnit".
func cutUnits(path string) (owner, name string, ok bool) {
	owner, name, ok = strings.Cut(path, ".units.")
	return owner, name, ok && !strings.Contains(name, ".")
}
