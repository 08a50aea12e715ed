package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/valuetext"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/model"
)

func newMMSReportCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report",
		Short: "List report control blocks and follow reports",
		Long: `Work with report control blocks, buffered (BRCB) and unbuffered (URCB). A block is named LD/LN.NAME, as 'gridward mms
report list' shows it.`,
	}
	cmd.AddCommand(newReportListCmd(), newReportShowCmd(), newReportWatchCmd())
	return cmd
}

// mmsBlock is a report control block in JSON.
type mmsBlock struct {
	Ref     string           `json:"ref"`
	Kind    string           `json:"kind"` // BRCB, URCB
	Values  valuetext.Object `json:"values,omitempty"`
	Members []string         `json:"members,omitempty"`
	Error   string           `json:"error,omitempty"`
}

func (b *mmsBlock) get(name string) any {
	for _, m := range b.Values {
		if m.Name == name {
			return m.Value
		}
	}
	return nil
}

func (b *mmsBlock) text(name string) string {
	if v := b.get(name); v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// state says who has a block.
func (b *mmsBlock) state() string {
	owner := b.text("Owner")
	if owner != "" {
		owner = " by " + owner
	}
	switch {
	case b.Error != "":
		return "refused: " + b.Error
	case b.get("RptEna") == true:
		return "enabled" + owner
	case b.get("Resv") == true, b.text("ResvTms") != "" && b.text("ResvTms") != "0":
		return "reserved" + owner
	}
	return "free"
}

// blocks finds and reads report control blocks: all of the server, of a device or a node, or one.
func (s *mmsSession) blocks(ctx context.Context, p catalog.Pattern) ([]mmsBlock, error) {
	var items []catalog.Item
	for _, fc := range []model.FC{model.BR, model.RP} {
		q := p
		if q.FC != model.FCNone && q.FC != fc {
			continue
		}
		q.FC = fc
		if q.LDevice == "" {
			q.LDevice = "*"
		}
		if q.LN == "" {
			q.LN = "*"
		}
		if len(q.Path) == 0 {
			q.Path = []string{"*"}
		}
		found, err := s.catalog.Find(ctx, q)
		if err != nil && !isMissing(err) {
			return nil, mmsError(err, s.target)
		}
		items = append(items, found...)
	}
	list, err := s.read(ctx, items)
	if err != nil {
		return nil, err
	}
	blocks := make([]mmsBlock, len(list))
	for i, r := range list {
		b := mmsBlock{Ref: r.Ref.String(), Kind: blockKinds[r.Ref.FC]}
		if r.err != nil {
			b.Error = plainReason(r.err)
		} else if o, ok := r.typ.JSON(r.value).(valuetext.Object); ok {
			b.Values = o
			for k := range o {
				if o[k].Name == "Owner" && r.value.Len() == len(o) {
					octets, _ := r.value.At(k).AsText()
					o[k].Value = valuetext.Address(octets)
				}
			}
		}
		blocks[i] = b
	}
	return blocks, nil
}

func newReportListCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list TARGET [REF]",
		Short: "List report control blocks",
		Long:  "List the report control blocks of a server, or those that REF names: a logical device or node, a name with * and ?.\n\n" + mmsTargetHelp,
		Example: `  gridward mms report list 192.0.2.7
  gridward mms report list 192.0.2.7 'IED1LD0/LLN0.brcb*' -o json`,
		Args: cobra.RangeArgs(1, 2),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var p catalog.Pattern
		if len(args) == 2 {
			var err error
			if p, err = parsePattern(args[1]); err != nil {
				return err
			}
		}
		s, err := f.dial(cmd, args[0])
		if err != nil {
			return err
		}
		defer s.close()
		blocks, err := s.blocks(cmd.Context(), p)
		if err != nil {
			return err
		}
		out := newMMSOut(cmd, format)
		out.header("BLOCK", "KIND", "STATE", "DATA SET", "TRIGGERS", "RPTID")
		for _, b := range blocks {
			out.row(b, b.Ref, b.Kind, b.state(), b.text("DatSet"), b.text("TrgOps"), b.text("RptID"))
		}
		if len(blocks) == 0 {
			hint(cmd, "the server has no report control blocks there")
		}
		return out.flush()
	}
	return cmd
}

func newReportShowCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show TARGET BLOCK",
		Short:   "Show a report control block and the members of its data set",
		Long:    "Show the attributes of a report control block and the members of its data set.\n\n" + mmsTargetHelp,
		Example: "  gridward mms report show 192.0.2.7 IED1LD0/LLN0.brcbEV01",
		Args:    cobra.ExactArgs(2),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, err := parsePattern(args[1])
		if err != nil {
			return err
		}
		s, err := f.dial(cmd, args[0])
		if err != nil {
			return err
		}
		defer s.close()
		ctx := cmd.Context()
		if _, err := s.find(ctx, p); err != nil {
			return err
		}
		blocks, err := s.blocks(ctx, p)
		if err != nil {
			return err
		}
		if len(blocks) == 0 {
			return cli.Usage(fmt.Errorf("%s is no report control block", p), "'gridward mms report list' lists them")
		}
		out := newMMSOut(cmd, format)
		for i := range blocks {
			b := &blocks[i]
			if ds, err := parseDataSet(b.text("DatSet")); err == nil {
				v, err := s.dataSet(ctx, ds)
				if err != nil {
					return err
				}
				b.Members = v.Members
			}
			out.item(b, b.print)
		}
		return out.flush()
	}
	return cmd
}

func (b *mmsBlock) print(w io.Writer) {
	put(w, "%s  %s, %s\n", b.Ref, b.Kind, b.state())
	rows := make([][]string, 0, len(b.Values))
	for _, m := range b.Values {
		rows = append(rows, []string{m.Name, fmt.Sprint(m.Value)})
	}
	aligned(w, "  ", rows)
	if len(b.Members) > 0 {
		put(w, "  members\n")
		for _, m := range b.Members {
			put(w, "    %s\n", m)
		}
	}
}

// theBlock finds the one report control block that an argument names.
func (s *mmsSession) theBlock(ctx context.Context, p catalog.Pattern) (model.Ref, error) {
	items, err := s.find(ctx, p)
	if err != nil {
		return model.Ref{}, err
	}
	for _, i := range items {
		if i.Ref.FC != model.BR && i.Ref.FC != model.RP || strings.Contains(i.Ref.Path, ".") || len(items) > 1 || i.Ref.Path == "" {
			return model.Ref{}, cli.Usage(fmt.Errorf("%s is no single report control block", p), "'gridward mms report list' lists them")
		}
	}
	return items[0].Ref, nil
}
