package client

import (
	"context"
	"fmt"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// An SGCB is a setting group control block, IEC 61850-7-2 16.2.
type SGCB struct {
	NumOfSG, ActSG, EditSG uint8
	CnfEdit                bool
	LActTm                 model.Timestamp // when ActSG became active
	ResvTms                uint16          // seconds
	HasResvTms             bool            // the server has ResvTms
}

// SettingGroups are those of one logical device. It is safe for concurrent use, but one association has one edit.
type SettingGroups struct {
	c     *Client
	ref   model.Ref // LD/LLN0.SGCB[SP]
	block SGCB      // as it was found
}

// SettingGroups finds the setting groups of a logical device: ref names it, its LLN0, or the control block itself.
// Without any the error is an *AccessError with mms.ObjectNonExistent, or a *mms.ServiceError.
func (c *Client) SettingGroups(ctx context.Context, ref model.Ref) (*SettingGroups, error) {
	g := &SettingGroups{c: c, ref: model.Ref{LDevice: ref.LDevice, LN: ref.LN, Path: "SGCB", FC: model.SP}}
	if g.ref.LN == "" {
		g.ref.LN = "LLN0"
	}
	var err error
	g.block, err = g.Refresh(ctx)
	return g, err
}

// Ref names the control block.
func (g *SettingGroups) Ref() model.Ref { return g.ref }

// Block is the control block as SettingGroups found it.
func (g *SettingGroups) Block() SGCB { return g.block }

// Refresh reads the control block (GetSGCBValues).
func (g *SettingGroups) Refresh(ctx context.Context) (SGCB, error) {
	b, err := g.c.readBlock(ctx, g.ref)
	if err != nil {
		return SGCB{}, err
	}
	var s SGCB
	for name, n := range map[string]*uint8{"NumOfSG": &s.NumOfSG, "ActSG": &s.ActSG, "EditSG": &s.EditSG} {
		u, _ := b.fields[name].AsUint()
		*n = uint8(u)
	}
	s.CnfEdit, _ = b.fields["CnfEdit"].AsBool()
	s.LActTm, _ = b.fields["LActTm"].AsTime()
	tms, _ := b.fields["ResvTms"].AsUint()
	s.ResvTms, s.HasResvTms = uint16(tms), b.has("ResvTms")
	return s, nil
}

func (g *SettingGroups) write(ctx context.Context, name string, v model.Value) error {
	return g.c.Write(ctx, g.ref.Child(name), v)
}

// SelectActive makes a group the active one (SelectActiveSG).
func (g *SettingGroups) SelectActive(ctx context.Context, group uint8) error {
	return g.write(ctx, "ActSG", model.Uint(uint64(group)))
}

// SelectEdit copies a group into the edit buffer, which belongs to this association until Confirm or Cancel, its end, or
// ResvTms seconds (SelectEditSG). While another client has it the error is mms.TemporarilyUnavailable.
func (g *SettingGroups) SelectEdit(ctx context.Context, group uint8) error {
	return g.write(ctx, "EditSG", model.Uint(uint64(group)))
}

// Cancel gives the edit buffer back; what was edited is forgotten.
func (g *SettingGroups) Cancel(ctx context.Context) error {
	return g.write(ctx, "EditSG", model.Uint(0))
}

// Confirm keeps what was edited, all of it or nothing, and gives the buffer back (ConfirmEditSGValues).
func (g *SettingGroups) Confirm(ctx context.Context) error {
	return g.write(ctx, "CnfEdit", model.Bool(true))
}

// SetResvTms gives the edit that is under way so many seconds from now on.
func (g *SettingGroups) SetResvTms(ctx context.Context, seconds uint16) error {
	return g.write(ctx, "ResvTms", model.Uint(uint64(seconds)))
}

// Settings lists the leaves of the device that are set by group, with FC SG, those in arrays element by element.
func (g *SettingGroups) Settings(ctx context.Context) ([]model.Ref, error) {
	items, err := g.c.Variables(ctx, g.ref.LDevice)
	if err != nil {
		return nil, err
	}
	var list []model.Ref
	for _, ln := range nodes(items) {
		ref := model.Ref{LDevice: g.ref.LDevice, LN: ln, FC: model.SG}
		if !hasItem(items, ref.Item()) {
			continue
		}
		t, err := g.c.Type(ctx, ref)
		if err != nil {
			return nil, err
		}
		list = leafRefs(list, ref, t)
	}
	return list, nil
}

func leafRefs(list []model.Ref, ref model.Ref, t *mms.TypeSpec) []model.Ref {
	if t.Kind != model.KindStruct && t.Kind != model.KindArray {
		return append(list, ref)
	}
	for i, m := range members(ref, t) {
		sub := t.Elem
		if t.Kind == model.KindStruct {
			sub = &t.Components[i].Type
		}
		if sub != nil && len(list) < maxNames {
			list = leafRefs(list, m, sub)
		}
	}
	return list
}

// GetActiveValues reads settings as they are in force. The functional constraint of refs does not matter.
func (g *SettingGroups) GetActiveValues(ctx context.Context, refs ...model.Ref) ([]Result, error) {
	return g.c.Read(ctx, as(model.SG, refs)...)
}

// GetEditValues reads settings in the edit buffer (GetEditSGValue). It belongs to the association that selected it:
// otherwise every result is mms.TemporarilyUnavailable.
func (g *SettingGroups) GetEditValues(ctx context.Context, refs ...model.Ref) ([]Result, error) {
	return g.c.Read(ctx, as(model.SE, refs)...)
}

// SetEditValues writes settings into the edit buffer (SetEditSGValue), fitted to the server's types as Control fits
// ctlVal. There is one error, or nil, for each; the last result is about the whole.
func (g *SettingGroups) SetEditValues(ctx context.Context, refs []model.Ref, values []model.Value) ([]error, error) {
	if len(refs) != len(values) {
		return nil, fmt.Errorf("acsi/client: %d references, %d values", len(refs), len(values))
	}
	refs = as(model.SE, refs)
	fitted := make([]model.Value, len(values))
	for i, ref := range refs {
		v, err := g.c.fitted(ctx, ref, values[i])
		if err != nil {
			return nil, err
		}
		fitted[i] = v
	}
	return g.c.WriteMany(ctx, refs, fitted)
}

// fitted asks for the type of ref and turns v into it.
func (c *Client) fitted(ctx context.Context, ref model.Ref, v model.Value) (model.Value, error) {
	t, err := c.Type(ctx, ref)
	if err != nil {
		return v, err
	}
	return fit(ref.String(), t, v)
}

func as(fc model.FC, refs []model.Ref) []model.Ref {
	list := make([]model.Ref, len(refs))
	for i, ref := range refs {
		ref.FC = fc
		list[i] = ref
	}
	return list
}
