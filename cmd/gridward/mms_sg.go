package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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

func newMMSSGCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sg",
		Short: "Show, activate and edit setting groups",
		Long: `Work with setting groups (IEC 61850-7-2 16). A logical device has one setting group control block, in its LLN0; name the
logical device with --ld where several have one.`,
	}
	cmd.AddCommand(newSGListCmd(), newSGShowCmd(), newSGActivateCmd(), newSGEditCmd())
	return cmd
}

// mmsGroups is a setting group control block in JSON.
type mmsGroups struct {
	Ref     string `json:"ref"`
	NumOfSG uint8  `json:"numOfSG"`
	ActSG   uint8  `json:"actSG"`
	EditSG  uint8  `json:"editSG"`
	LActTm  string `json:"lActTm,omitempty"`
	ResvTms *int   `json:"resvTms,omitempty"`
}

// settingGroups finds the setting groups of every logical device, or of one.
func (c *mmsCall) settingGroups(ctx context.Context, ld string) ([]*client.SettingGroups, error) {
	devices := []string{ld}
	if ld == "" {
		var err error
		if devices, err = c.catalog.Devices(ctx); err != nil {
			return nil, err
		}
	}
	var list []*client.SettingGroups
	for _, d := range devices {
		g, err := c.client.SettingGroups(ctx, model.Ref{LDevice: d})
		if errors.Is(err, mms.ObjectNonExistent) || isNonExistent(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, g)
	}
	return list, nil
}

// isNonExistent tells the ServiceError access/object-non-existent.
func isNonExistent(err error) bool {
	var e *mms.ServiceError
	return errors.As(err, &e) && e.Class == mms.ErrAccess && e.Code == mms.AccessNonExistent
}

// settingGroup finds the one that is meant.
func (c *mmsCall) settingGroup(ctx context.Context, ld string) (*client.SettingGroups, error) {
	list, err := c.settingGroups(ctx, ld)
	switch {
	case err != nil:
		return nil, err
	case len(list) == 0:
		return nil, cli.Exit(cli.Failed, errors.New("the server has no setting groups"+map[bool]string{true: " in " + ld}[ld != ""]), "")
	case len(list) > 1:
		names := make([]string, len(list))
		for i, g := range list {
			names[i] = g.Ref().LDevice
		}
		return nil, cli.Usage(errors.New("several logical devices have setting groups"), "give one with --ld: "+strings.Join(names, ", "))
	}
	return list[0], nil
}

func ldFlag(cmd *cobra.Command, ld *string) {
	cmd.Flags().StringVar(ld, "ld", "", "logical device; may be left out when only one has setting groups")
}

func newSGListCmd() *cobra.Command {
	return mmsVerb{
		use: "list TARGET", short: "List setting group control blocks", args: cobra.ExactArgs(1),
		long:    "List the setting group control blocks of a server: how many groups, which is active, which is edited (GetSGCBValues).",
		example: "  gridward mms sg list 192.0.2.7",
		run: func(ctx context.Context, c *mmsCall) error {
			list, err := c.settingGroups(ctx, "")
			if err != nil {
				return err
			}
			c.out.header("logical device", "groups", "active", "edited", "active since")
			for _, g := range list {
				c.groups(g)
			}
			return nil
		},
	}.command()
}

func (c *mmsCall) groups(g *client.SettingGroups) {
	b := g.Block()
	v := mmsGroups{Ref: g.Ref().String(), NumOfSG: b.NumOfSG, ActSG: b.ActSG, EditSG: b.EditSG}
	if b.LActTm != 0 {
		v.LActTm = b.LActTm.Time().Format(time.RFC3339Nano)
	}
	if b.HasResvTms {
		n := int(b.ResvTms)
		v.ResvTms = &n
	}
	c.out.row(v, g.Ref().LDevice, strconv.Itoa(int(b.NumOfSG)), strconv.Itoa(int(b.ActSG)), strconv.Itoa(int(b.EditSG)), v.LActTm)
}

// mmsSetting is a setting in JSON.
type mmsSetting struct {
	Ref   string `json:"ref"`
	Group uint8  `json:"group"`
	Value any    `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

func newSGShowCmd() *cobra.Command {
	var ld string
	var group uint8
	return mmsVerb{
		use: "show TARGET [REF...]", short: "Show the settings of a group", args: cobra.MinimumNArgs(1),
		long: `Show the settings of the active group, or with --group of another one: that is selected for editing, read, and released
again, which is refused while another client edits.`,
		example: "  gridward mms sg show 192.0.2.7\n  gridward mms sg show 192.0.2.7 --ld BAY1PROT --group 2",
		flags: func(cmd *cobra.Command) {
			ldFlag(cmd, &ld)
			cmd.Flags().Uint8Var(&group, "group", 0, "group to show; default: the active one")
		},
		run: func(ctx context.Context, c *mmsCall) error {
			g, err := c.settingGroup(ctx, ld)
			if err != nil {
				return err
			}
			refs, err := g.Settings(ctx)
			if err != nil {
				return err
			}
			refs = below(refs, c.args)
			if group == 0 || group == g.Block().ActSG {
				results, err := g.GetActiveValues(ctx, refs...)
				if err != nil {
					return err
				}
				return c.settings(ctx, g.Block().ActSG, refs, results)
			}
			if err := g.SelectEdit(ctx, group); err != nil {
				return err
			}
			results, err := g.GetEditValues(ctx, refs...)
			err = errors.Join(err, g.Cancel(context.WithoutCancel(ctx)))
			if err != nil {
				return err
			}
			return c.settings(ctx, group, refs, results)
		},
	}.command()
}

// below keeps the references that begin with one of those named.
func below(refs []model.Ref, names []string) []model.Ref {
	if len(names) == 0 {
		return refs
	}
	var list []model.Ref
	for _, r := range refs {
		text := withoutFC(r).String()
		for _, n := range names {
			if rest, ok := strings.CutPrefix(text, n); ok && (rest == "" || strings.ContainsAny(rest[:1], "/.(")) {
				list = append(list, r)
				break
			}
		}
	}
	return list
}

func (c *mmsCall) settings(ctx context.Context, group uint8, refs []model.Ref, results []client.Result) error {
	for i, ref := range refs {
		v := mmsSetting{Ref: withoutFC(ref).String(), Group: group}
		var text string
		if err := results[i].Err; err != nil {
			v.Error = plainReason(err)
			text = v.Error
		} else {
			t, err := c.settingType(ctx, ref)
			if err != nil {
				return err
			}
			v.Value, text = t.JSON(results[i].Value), t.Text(results[i].Value)
		}
		c.out.row(v, v.Ref, text)
	}
	return nil
}

func newSGActivateCmd() *cobra.Command {
	var ld string
	var yes bool
	return mmsVerb{
		use: "activate TARGET GROUP", short: "Make a group the active one", args: cobra.ExactArgs(2),
		long:    "Make a group the active one (SelectActiveSG): all its settings take effect at once.",
		example: "  gridward mms sg activate 192.0.2.7 2 --ld BAY1PROT",
		flags: func(cmd *cobra.Command) {
			ldFlag(cmd, &ld)
			cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
		},
		check: checkGroup,
		run: func(ctx context.Context, c *mmsCall) error {
			g, err := c.settingGroup(ctx, ld)
			if err != nil {
				return err
			}
			n, _ := groupNumber(c.args[0])
			if n > g.Block().NumOfSG {
				return cli.Usage(fmt.Errorf("there is no group %d", n), fmt.Sprintf("%s has groups 1 to %d", g.Ref(), g.Block().NumOfSG))
			}
			if err := confirm(c.cmd, yes, fmt.Sprintf("make group %d of %s active, in the place of %d?", n, g.Ref().LDevice, g.Block().ActSG)); err != nil {
				return err
			}
			if err := g.SelectActive(ctx, n); err != nil {
				return err
			}
			if _, err := g.Refresh(ctx); err != nil {
				return err
			}
			c.groups(g)
			return nil
		},
	}.command()
}

func checkGroup(args []string) error {
	_, err := groupNumber(args[0])
	return err
}

func groupNumber(s string) (uint8, error) {
	n, err := strconv.ParseUint(s, 10, 8)
	if err != nil || n == 0 {
		return 0, cli.Usage(fmt.Errorf("%q is no setting group", s), "groups are numbered from 1")
	}
	return uint8(n), nil
}

// settingType says how the values of a setting are spelled.
func (c *mmsCall) settingType(ctx context.Context, ref model.Ref) (*valuetext.Type, error) {
	items, err := c.find(ctx, catalog.Of(ref))
	if err != nil {
		return nil, err
	}
	return c.typeOf(items[0]), nil
}
