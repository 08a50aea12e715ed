package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/valuetext"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

func newMMSBrowseCmd() *cobra.Command {
	b := &browser{}
	var fc string
	cmd := &cobra.Command{
		Use:   "browse TARGET [REF]",
		Short: "Show what a server has",
		Long: `Show what a server has, as a tree: logical devices and nodes, data objects, attributes, data sets and control blocks.
Without REF it goes down to data objects, with REF to everything below; --depth says otherwise: 1 are logical devices, 2
logical nodes, 3 data objects, 4 and more attributes, 0 everything.

` + mmsTargetHelp,
		Example: `  gridward mms browse 192.0.2.7
  gridward mms browse 192.0.2.7 IED1LD0/CSWI1.Pos --types
  gridward mms browse 192.0.2.7 'IED1LD0/MMXU*' --fc MX --values
  gridward mms browse 192.0.2.7 --depth 0 -o jsonl > model.jsonl`,
		Args: cobra.RangeArgs(1, 2),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	cmd.Flags().IntVar(&b.depth, "depth", 3, "levels to show; 0: all")
	cmd.Flags().StringVar(&fc, "fc", "", "only what has this functional constraint")
	cmd.Flags().BoolVar(&b.types, "types", false, "show the types of attributes")
	cmd.Flags().BoolVar(&b.values, "values", false, "read and show the values of attributes")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := b.arguments(cmd, args[1:], fc); err != nil {
			return err
		}
		s, err := f.dial(cmd, args[0])
		if err != nil {
			return err
		}
		defer s.close()
		b.mmsSession, b.out = s, newMMSOut(cmd, format)
		return b.out.done(b.devices(cmd.Context()))
	}
	return cmd
}

// A browser walks a server.
type browser struct {
	*mmsSession
	out           *mmsOut
	pattern       catalog.Pattern
	depth         int // 0: all
	types, values bool
}

func (b *browser) arguments(cmd *cobra.Command, args []string, fc string) (err error) {
	if len(args) == 1 {
		if b.pattern, err = parsePattern(args[0]); err != nil {
			return err
		}
		if !cmd.Flags().Changed("depth") {
			b.depth = 0
		}
	} else if (b.types || b.values) && !cmd.Flags().Changed("depth") {
		b.depth = 0
	}
	if fc != "" {
		var ok bool
		if b.pattern.FC, ok = model.ParseFC(strings.ToUpper(fc)); !ok {
			return cli.Usage(fmt.Errorf("--fc: %q is no functional constraint", fc), "ST, MX, CO, SP, SG, SE, SV, CF, DC, SR, OR, BL, EX, BR, RP, LG, GO, MS, US")
		}
	}
	if b.depth < 0 {
		return cli.Usage(errors.New("--depth: negative"), "")
	}
	return nil
}

// mmsNode is one thing in JSON.
type mmsNode struct {
	Ref     string   `json:"ref"`
	Kind    string   `json:"kind"`
	FC      []string `json:"fc,omitempty"`
	Type    string   `json:"type,omitempty"`
	Value   any      `json:"value,omitempty"`
	Error   string   `json:"error,omitempty"`
	Members []string `json:"members,omitempty"`
}

func (b *browser) shows(level int) bool { return b.depth == 0 || level <= b.depth }

func (b *browser) devices(ctx context.Context) error {
	if len(b.pattern.Path) > 0 {
		return b.below(ctx)
	}
	all, err := b.catalog.Devices(ctx)
	if err != nil {
		return mmsError(err, b.target)
	}
	found := false
	for _, ld := range all {
		if !b.pattern.FitsDevice(ld) {
			continue
		}
		found = true
		b.out.item(mmsNode{Ref: ld, Kind: "LD"}, func(w io.Writer) { put(w, "%s\n", ld) })
		if b.shows(2) {
			if err := b.nodes(ctx, ld); err != nil {
				return err
			}
		}
	}
	if !found && len(all) > 0 {
		missing := &catalog.NotFoundError{Pattern: b.pattern, Missing: b.pattern.LDevice, There: all}
		return cli.Exit(cli.Failed, missing, thereHint(missing))
	}
	return nil
}

func (b *browser) nodes(ctx context.Context, ld string) error {
	all, err := b.catalog.Nodes(ctx, ld)
	if err != nil {
		return mmsError(err, b.target)
	}
	sets := make(map[string][]model.Ref)
	if b.shows(3) && b.pattern.FC == model.FCNone {
		list, err := b.client.DataSets(ctx, ld)
		if err != nil && !refusedByPeer(err) {
			return mmsError(err, b.target)
		}
		for _, ds := range list {
			sets[ds.LN] = append(sets[ds.LN], ds)
		}
	}
	found := false
	for _, ln := range all {
		if !b.pattern.FitsNode(ln) {
			continue
		}
		found = true
		ref := model.Ref{LDevice: ld, LN: ln}
		b.out.item(mmsNode{Ref: ref.String(), Kind: "LN"}, func(w io.Writer) { put(w, "  %s\n", ln) })
		if !b.shows(3) {
			continue
		}
		if err := b.node(ctx, ref, sets[ln]); err != nil {
			return err
		}
	}
	if !found && b.pattern.LN != "" {
		missing := &catalog.NotFoundError{Pattern: b.pattern, Missing: b.pattern.LN, There: all}
		return cli.Exit(cli.Failed, missing, thereHint(missing))
	}
	return nil
}

// blockKinds are the kinds of control blocks by their functional constraint.
var blockKinds = map[model.FC]string{model.BR: "BRCB", model.RP: "URCB", model.LG: "LCB", model.GO: "GoCB", model.MS: "MSVCB", model.US: "USVCB"}

func (b *browser) node(ctx context.Context, ref model.Ref, sets []model.Ref) error {
	n, err := b.catalog.Node(ctx, ref.LDevice, ref.LN)
	if err != nil {
		return mmsError(err, b.target)
	}
	var order []string
	objects := make(map[string][]catalog.Item)
	for _, sec := range n.Sections {
		if b.pattern.FC != model.FCNone && b.pattern.FC != sec.FC {
			continue
		}
		at := ref
		at.FC = sec.FC
		for k := range sec.Spec.Components {
			c := &sec.Spec.Components[k]
			if objects[c.Name] == nil {
				order = append(order, c.Name)
			}
			objects[c.Name] = append(objects[c.Name], catalog.Item{Ref: at.Child(c.Name), Spec: &c.Type})
		}
	}
	for _, name := range order {
		if err := b.object(ctx, objects[name], "    "); err != nil {
			return err
		}
	}
	for _, ds := range sets {
		members, _, err := b.client.DataSetDirectory(ctx, ds)
		if err != nil && !refusedByPeer(err) {
			return mmsError(err, b.target)
		}
		v := mmsNode{Ref: ds.String(), Kind: "DataSet"}
		for _, m := range members {
			v.Members = append(v.Members, m.String())
		}
		b.out.item(v, func(w io.Writer) { put(w, "    %s  DataSet of %d\n", ds.Path, len(members)) })
	}
	return nil
}

// object shows a data object or a control block: what it has of each functional constraint.
func (b *browser) object(ctx context.Context, parts []catalog.Item, indent string) error {
	v := mmsNode{Ref: withoutFC(parts[0].Ref).String(), Kind: "DO"}
	for _, p := range parts {
		v.FC = append(v.FC, p.Ref.FC.String())
		if kind := blockKinds[p.Ref.FC]; kind != "" {
			v.Kind = kind
		}
	}
	if parts[0].Ref.Path == "SGCB" && parts[0].Ref.FC == model.SP {
		v.Kind = "SGCB"
	}
	name := parts[0].Ref.Path[strings.LastIndexByte(parts[0].Ref.Path, '.')+1:]
	label := "[" + strings.Join(v.FC, " ") + "]"
	if v.Kind != "DO" {
		label = v.Kind
	}
	b.out.item(v, func(w io.Writer) { put(w, "%s%s  %s\n", indent, name, label) })
	if !b.shows(4) {
		return nil
	}
	return b.attributes(ctx, parts, indent+"  ")
}

// attributes shows what is below items, values with --values.
func (b *browser) attributes(ctx context.Context, parts []catalog.Item, indent string) error {
	readings := make([]reading, len(parts))
	for i, p := range parts {
		readings[i] = reading{Item: p, typ: b.typeOf(p)}
	}
	if b.values {
		var err error
		if readings, err = b.read(ctx, parts); err != nil {
			return err
		}
	}
	var rows [][]string
	for i := range readings {
		r := &readings[i]
		b.walk(r, r.Ref, r.Spec, r.typ, r.value, 4, &rows)
	}
	aligned(b.out.w, indent, rows)
	return nil
}

// walk shows the members of a structure, or the thing itself when it has none.
func (b *browser) walk(r *reading, ref model.Ref, spec *mms.TypeSpec, t *valuetext.Type, v model.Value, level int, rows *[][]string) {
	if spec.Kind == model.KindStruct && b.shows(level) {
		for i := range spec.Components {
			c := &spec.Components[i]
			child, typ := model.Value{}, &valuetext.Type{}
			if len(t.Fields) == len(spec.Components) {
				typ = t.Fields[i].Type
			}
			if v.Kind() == model.KindStruct && v.Len() == len(spec.Components) {
				child = v.At(i)
			}
			b.attribute(r, ref.Child(c.Name), &c.Type, typ, child, level, rows)
		}
		return
	}
	if ref == r.Ref {
		b.attribute(r, ref, spec, t, v, level, rows)
	}
}

func (b *browser) attribute(r *reading, ref model.Ref, spec *mms.TypeSpec, t *valuetext.Type, v model.Value, level int, rows *[][]string) {
	structured := spec.Kind == model.KindStruct
	n := mmsNode{Ref: withoutFC(ref).String(), Kind: "DA", FC: []string{ref.FC.String()}, Type: t.String()}
	if r.err != nil {
		n.Error = plainReason(r.err)
	} else if !structured {
		n.Value = t.JSON(v)
	}
	if b.out.format != cli.Text {
		b.out.item(n, nil)
	} else if !structured || b.depth != 0 && !b.shows(level+1) {
		*rows = append(*rows, b.cells(r, ref, t, v))
	}
	if structured && b.shows(level+1) {
		b.walk(r, ref, spec, t, v, level+1, rows)
	}
}

func (b *browser) cells(r *reading, ref model.Ref, t *valuetext.Type, v model.Value) []string {
	name := ref.Path
	if i := strings.IndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	cells := []string{name, ref.FC.String()}
	if b.types || !b.values {
		cells = append(cells, t.String())
	}
	switch {
	case r.err != nil:
		cells = append(cells, "refused: "+plainReason(r.err))
	case b.values:
		cells = append(cells, t.Text(v))
	}
	return cells
}

// below shows what a reference with a path names.
func (b *browser) below(ctx context.Context) error {
	items, err := b.find(ctx, b.pattern)
	if err != nil {
		return err
	}
	for len(items) > 0 {
		same := items[0].Ref
		n := slices.IndexFunc(items, func(i catalog.Item) bool { return withoutFC(i.Ref) != withoutFC(same) })
		if n < 0 {
			n = len(items)
		}
		if len(b.pattern.Path) == 1 {
			b.out.item(mmsNode{Ref: model.Ref{LDevice: same.LDevice, LN: same.LN}.String(), Kind: "LN"}, func(w io.Writer) { put(w, "%s/%s\n", same.LDevice, same.LN) })
			err = b.object(ctx, items[:n], "  ")
		} else {
			b.out.item(mmsNode{Ref: withoutFC(same).String(), Kind: "DA", FC: []string{same.FC.String()}}, func(w io.Writer) { put(w, "%s\n", withoutFC(same)) })
			err = b.attributes(ctx, items[:n], "  ")
		}
		if err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}
