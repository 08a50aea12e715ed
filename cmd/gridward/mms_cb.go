package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/model"
)

func newMMSCBCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cb",
		Short: "List, enable and disable control blocks of GOOSE and sampled values",
		Long: `Work with the control blocks of publishers: GOOSE (GoCB), multicast and unicast sampled values (MSVCB, USVCB). Their
attributes are set with 'gridward mms set' while they are disabled, if the server allows it.`,
	}
	cmd.AddCommand(newCBListCmd(), newCBSwitchCmd("enable", true), newCBSwitchCmd("disable", false))
	return cmd
}

// mmsPublisher is a control block of a publisher in JSON.
type mmsPublisher struct {
	Ref      string `json:"ref"`
	Kind     string `json:"kind"`
	Enabled  bool   `json:"enabled"`
	ID       string `json:"id,omitempty"`
	DatSet   string `json:"datSet,omitempty"`
	ConfRev  uint32 `json:"confRev"`
	Address  string `json:"address,omitempty"`
	AppID    uint16 `json:"appid,omitempty"`
	VLAN     uint16 `json:"vlan,omitempty"`
	Priority uint8  `json:"priority,omitempty"`
	SmpRate  uint32 `json:"smpRate,omitempty"`
	NoASDU   uint32 `json:"noASDU,omitempty"`
	NdsCom   bool   `json:"ndsCom,omitempty"` // needs commissioning
}

// publisher reads a control block.
func (s *mmsSession) publisher(ctx context.Context, ref model.Ref) (mmsPublisher, error) {
	v := mmsPublisher{Ref: ref.String(), Kind: blockKinds[ref.FC]}
	place := func(a model.MulticastAddress) {
		if a.Set {
			v.Address, v.AppID, v.VLAN, v.Priority = a.String(), a.AppID, a.VLAN, a.Priority
		}
	}
	if ref.FC == model.GO {
		b, err := s.client.GetGoCB(ctx, ref)
		if err != nil {
			return v, mmsError(err, s.target)
		}
		v.Enabled, v.ID, v.DatSet, v.ConfRev, v.NdsCom = b.GoEna, b.GoID, b.DatSet, b.ConfRev, b.NdsCom
		place(b.DstAddress)
		return v, nil
	}
	get := s.client.GetMSVCB
	if ref.FC == model.US {
		get = s.client.GetUSVCB
	}
	b, err := get(ctx, ref)
	if err != nil {
		return v, mmsError(err, s.target)
	}
	v.Enabled, v.ID, v.DatSet, v.ConfRev, v.SmpRate, v.NoASDU = b.SvEna, b.ID, b.DatSet, b.ConfRev, b.SmpRate, b.NoASDU
	place(b.DstAddress)
	return v, nil
}

func (v mmsPublisher) row(out *mmsOut) {
	state := "disabled"
	if v.Enabled {
		state = "enabled"
	}
	out.row(v, v.Ref, v.Kind, state, v.DatSet, v.ID, v.Address)
}

// publishers finds the control blocks that a pattern names.
func (s *mmsSession) publishers(ctx context.Context, p catalog.Pattern) ([]model.Ref, error) {
	var refs []model.Ref
	for _, fc := range []model.FC{model.GO, model.MS, model.US} {
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
		items, err := s.catalog.Find(ctx, q)
		if err != nil && !isMissing(err) {
			return nil, mmsError(err, s.target)
		}
		for _, i := range items {
			refs = append(refs, i.Ref)
		}
	}
	return refs, nil
}

func newCBListCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list TARGET [REF]",
		Short:   "List control blocks of GOOSE and sampled values",
		Long:    "List the control blocks of GOOSE and sampled values, of the whole server or of what REF names.\n\n" + mmsTargetHelp,
		Example: "  gridward mms cb list 192.0.2.7\n  gridward mms cb list 192.0.2.7 'IED1LD0/LLN0.gcb*' -o json",
		Args:    cobra.RangeArgs(1, 2),
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
		refs, err := s.publishers(cmd.Context(), p)
		if err != nil {
			return err
		}
		out := newMMSOut(cmd, format)
		out.header("BLOCK", "KIND", "STATE", "DATA SET", "ID", "ADDRESS")
		for _, ref := range refs {
			v, err := s.publisher(cmd.Context(), ref)
			if err != nil {
				return out.done(err)
			}
			v.row(out)
		}
		if len(refs) == 0 {
			hint(cmd, "the server has no control blocks of GOOSE or sampled values there")
		}
		return out.flush()
	}
	return cmd
}

func newCBSwitchCmd(verb string, on bool) *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     verb + " TARGET BLOCK",
		Short:   "Have a publisher " + map[bool]string{true: "publish", false: "stop publishing"}[on],
		Long:    "Set GoEna or SvEna of a control block. On a terminal it asks first; --yes does not ask.\n\n" + mmsTargetHelp,
		Example: "  gridward mms cb " + verb + " 192.0.2.7 IED1LD0/LLN0.gcbEvents --yes",
		Args:    cobra.ExactArgs(2),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
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
		refs, err := s.publishers(ctx, p)
		if err != nil {
			return err
		}
		if len(refs) != 1 || len(p.Path) != 1 {
			return cli.Usage(fmt.Errorf("%s is no single control block of a publisher", p), "'gridward mms cb list' lists them")
		}
		if err := confirm(cmd, yes, fmt.Sprintf("%s %s?", verb, refs[0])); err != nil {
			return err
		}
		switch refs[0].FC {
		case model.GO:
			err = s.client.SetGoCB(ctx, refs[0], client.GoCBSettings{GoEna: &on})
		case model.MS:
			err = s.client.SetMSVCB(ctx, refs[0], client.SVCBSettings{SvEna: &on})
		default:
			err = s.client.SetUSVCB(ctx, refs[0], client.SVCBSettings{SvEna: &on})
		}
		if err != nil {
			return mmsError(err, s.target)
		}
		v, err := s.publisher(ctx, refs[0])
		if err != nil {
			return err
		}
		out := newMMSOut(cmd, format)
		v.row(out)
		return out.flush()
	}
	return cmd
}
