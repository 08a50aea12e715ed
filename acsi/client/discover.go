package client

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// identityWait is how long Discover waits for a server to say who it is.
const identityWait = 2 * time.Second

// identity identifies the peer, if it lets itself be identified: some servers refuse, some never answer.
func (c *Client) identity(ctx context.Context) (mms.IdentifyResponse, error) {
	short, cancel := context.WithTimeout(ctx, identityWait)
	defer cancel()
	id, err := c.Identify(short)
	silent := errors.Is(err, mms.ErrTimeout) || errors.Is(err, context.DeadlineExceeded)
	if err != nil && (refused(err) || silent && ctx.Err() == nil) {
		return mms.IdentifyResponse{}, nil
	}
	return id, err
}

// Discover reads the model of the peer: logical devices and nodes, data objects with the types of all attributes, data
// sets with their members, and control blocks as they are now. Initial values are not read. What MMS does not
// show (templates' names, common data classes, enumerations, triggers) stays empty.
//
// Servers that cannot describe a whole logical node are asked for less at a time; a data set or control block that
// cannot be read is left out.
func (c *Client) Discover(ctx context.Context) (*model.Server, error) {
	s := &model.Server{}
	id, err := c.identity(ctx)
	if err != nil {
		return nil, err
	}
	s.Vendor, s.IEDType, s.ConfigRev = strings.Clone(id.Vendor), strings.Clone(id.Model), strings.Clone(id.Revision)
	devices, err := c.Devices(ctx)
	if err != nil {
		return nil, err
	}
	b := &browse{Client: c, types: make(typeTable)}
	for _, name := range devices {
		d, err := b.device(ctx, strings.Clone(name))
		if err != nil {
			return nil, fmt.Errorf("logical device %s: %w", name, err)
		}
		s.Devices = append(s.Devices, d)
	}
	return s, nil
}

// A browse is one Discover under way.
type browse struct {
	*Client
	types typeTable
	slot  int
}

func (c *browse) device(ctx context.Context, name string) (*model.LogicalDevice, error) {
	items, err := c.Variables(ctx, name)
	if err != nil {
		return nil, err
	}
	d := &model.LogicalDevice{Name: name}
	for _, ln := range nodes(items) {
		n, err := c.node(ctx, name, ln, items)
		if err != nil {
			return nil, fmt.Errorf("logical node %s: %w", ln, err)
		}
		d.Nodes = append(d.Nodes, n)
	}
	return d, c.deviceDataSets(ctx, d)
}

// nodes finds the logical nodes in the names of a domain: those without a dollar sign, or, of servers that do not list
// them, what stands before it. LLN0 comes first.
func nodes(items []string) []string {
	var list []string
	seen := make(map[string]bool)
	for _, item := range items {
		ln, _, _ := strings.Cut(item, "$")
		if seen[ln] {
			continue
		}
		seen[ln] = true
		if ln == "LLN0" {
			list = append([]string{"LLN0"}, list...)
		} else {
			list = append(list, strings.Clone(ln))
		}
	}
	return list
}

func (c *browse) node(ctx context.Context, ld, ln string, items []string) (*model.LogicalNode, error) {
	n := &model.LogicalNode{}
	n.Prefix, n.Class, n.Inst = splitName(ln)
	sections, err := c.sections(ctx, model.Ref{LDevice: ld, LN: ln}, items)
	if err != nil {
		return nil, err
	}
	n.Objects = c.types.objects(sections, &c.slot)
	for _, s := range sections {
		if s.fc == model.BR || s.fc == model.RP {
			if err := c.reports(ctx, n, model.Ref{LDevice: ld, LN: ln, FC: s.fc}, s.spec); err != nil {
				return nil, err
			}
		}
		if blocksFC&(1<<s.fc) != 0 {
			if err := c.blocks(ctx, n, model.Ref{LDevice: ld, LN: ln, FC: s.fc}, s.spec); err != nil {
				return nil, err
			}
		}
		if s.fc == model.SP && component(s.spec, "SGCB") != nil {
			n.SettingGroups = c.settings(ctx, model.Ref{LDevice: ld, LN: ln, Path: "SGCB", FC: model.SP}, component(s.spec, "SGCB"))
		}
	}
	return n, nil
}

// sections asks for the type of a logical node at once, or, if the server refuses, of each functional constraint.
func (c *Client) sections(ctx context.Context, ln model.Ref, items []string) ([]section, error) {
	var list []section
	t, err := c.Type(ctx, ln)
	if err == nil && t.Kind == model.KindStruct {
		for i := range t.Components {
			if fc, ok := model.ParseFC(t.Components[i].Name); ok {
				list = append(list, section{fc, &t.Components[i].Type})
			}
		}
		return list, nil
	}
	if err != nil && !refused(err) {
		return nil, err
	}
	for fc := model.ST; fc < model.NumFC; fc++ {
		ref := ln
		ref.FC = fc
		if !hasItem(items, ref.Item()) {
			continue
		}
		t, err := c.sectionType(ctx, ref, items)
		if err != nil {
			return nil, err
		}
		list = append(list, section{fc, t})
	}
	return list, nil
}

// sectionType asks for the type of what a node has of one functional constraint, or of each data object in it.
func (c *Client) sectionType(ctx context.Context, ref model.Ref, items []string) (*mms.TypeSpec, error) {
	t, err := c.Type(ctx, ref)
	if err == nil || !refused(err) {
		return t, err
	}
	whole := &mms.TypeSpec{Kind: model.KindStruct}
	prefix := ref.Item() + "$"
	for _, item := range items {
		name, ok := strings.CutPrefix(item, prefix)
		if !ok || strings.Contains(name, "$") {
			continue
		}
		t, err := c.Type(ctx, ref.Child(name))
		if err != nil {
			return nil, err
		}
		whole.Components = append(whole.Components, mms.Component{Name: strings.Clone(name), Type: *t})
	}
	return whole, nil
}

// hasItem reports whether a name, or one below it, is in the list.
func hasItem(items []string, name string) bool {
	for _, item := range items {
		if rest, ok := strings.CutPrefix(item, name); ok && (rest == "" || rest[0] == '$') {
			return true
		}
	}
	return false
}

// reports reads the report control blocks of a node.
func (c *Client) reports(ctx context.Context, n *model.LogicalNode, ref model.Ref, t *mms.TypeSpec) error {
	refs := members(ref, t)
	results, err := c.Read(ctx, refs...)
	if err != nil {
		return err
	}
	for i, r := range results {
		component := &t.Components[i]
		if r.Err == nil && r.Value.Len() == len(component.Type.Components) {
			n.Reports = append(n.Reports, reportControl(ref.FC == model.BR, component, r.Value))
		}
	}
	return nil
}

func reportControl(buffered bool, t *mms.Component, v model.Value) *model.ReportControl {
	rc := &model.ReportControl{Name: strings.Clone(t.Name), Buffered: buffered}
	for i := range t.Type.Components {
		m := v.At(i)
		text, _ := m.AsText()
		number, _ := m.AsUint()
		switch t.Type.Components[i].Name {
		case "RptID":
			rc.RptID = strings.Clone(text)
		case "DatSet":
			if ds, ok := listRef(text); ok {
				rc.DataSet = strings.Clone(ds.Path)
			}
		case "ConfRev":
			rc.ConfRev = uint32(number)
		case "OptFlds":
			rc.OptFields = model.OptFields(alignBits(m, model.OptFieldsBits))
		case "TrgOps":
			rc.Triggers = model.Triggers(alignBits(m, model.TriggersBits))
		case "BufTm":
			rc.BufferTime = time.Duration(number) * time.Millisecond
		case "IntgPd":
			rc.IntegrityPd = time.Duration(number) * time.Millisecond
		}
	}
	return rc
}

// alignBits reads a bit string that a peer may have shortened or padded at its end.
func alignBits(v model.Value, want int) uint64 {
	bits, n, ok := v.AsBits()
	switch {
	case !ok:
		return 0
	case n > want:
		return bits >> (n - want)
	}
	return bits << (want - n)
}

func (c *Client) settings(ctx context.Context, ref model.Ref, t *mms.TypeSpec) *model.SettingControl {
	v, err := c.ReadOne(ctx, ref)
	if err != nil || v.Len() != len(t.Components) {
		return nil
	}
	sg := &model.SettingControl{}
	for i := range t.Components {
		n, _ := v.At(i).AsUint()
		switch t.Components[i].Name {
		case "NumOfSG":
			sg.NumOfSG = uint8(n)
		case "ActSG":
			sg.ActSG = uint8(n)
		case "ResvTms":
			sg.ResvTms = uint16(n)
		}
	}
	return sg
}

// deviceDataSets reads the data sets of a device into its nodes.
func (c *Client) deviceDataSets(ctx context.Context, d *model.LogicalDevice) error {
	sets, err := c.DataSets(ctx, d.Name)
	if err != nil && !refused(err) {
		return err
	}
	for _, ref := range sets {
		n, ok := d.Node(ref.LN)
		if !ok {
			continue
		}
		members, _, err := c.DataSetDirectory(ctx, ref)
		switch {
		case err == nil:
			n.DataSets = append(n.DataSets, &model.DataSet{Name: strings.Clone(ref.Path), Members: members})
		case !refused(err):
			c.opt.Events(Bad{Err: err})
		}
		if c.Err() != nil {
			return c.Err()
		}
	}
	return nil
}
