package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/model"
)

func newSGEditCmd() *cobra.Command {
	var ld string
	var yes bool
	return mmsVerb{
		use: "edit TARGET GROUP REF=VALUE...", short: "Change settings of a group", args: cobra.MinimumNArgs(3),
		long: `Change settings of a group: it is selected (SelectEditSG), the values are written (SetEditSGValue), and all of them are
confirmed together (ConfirmEditSGValues). When a value is refused nothing is changed. Editing the active group takes effect
at once.`,
		example: "  gridward mms sg edit 192.0.2.7 2 BAY1PROT/PTOC1.StrVal.setMag.f=1.5 BAY1PROT/PTOC1.OpDlTmms.setVal=300",
		flags: func(cmd *cobra.Command) {
			ldFlag(cmd, &ld)
			cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
		},
		check: func(args []string) error {
			for _, a := range args[1:] {
				if _, _, err := splitAssignment(a); err != nil {
					return err
				}
			}
			return checkGroup(args)
		},
		run: func(ctx context.Context, c *mmsCall) error {
			group, _ := groupNumber(c.args[0])
			e, err := c.edit(ctx, ld, c.args[1:])
			if err != nil {
				return err
			}
			if n := e.g.Block().NumOfSG; group > n {
				return cli.Usage(fmt.Errorf("there is no group %d", group), fmt.Sprintf("%s has groups 1 to %d", e.g.Ref(), n))
			}
			question := fmt.Sprintf("change %d settings of group %d of %s?", len(e.refs), group, e.g.Ref().LDevice)
			if group == e.g.Block().ActSG {
				question = "it is the active group: " + question
			}
			if err := confirm(c.cmd, yes, question); err != nil {
				return err
			}
			return e.run(ctx, c, group)
		},
	}.command()
}

// A settingEdit is new values for settings of one logical device.
type settingEdit struct {
	g      *client.SettingGroups
	refs   []model.Ref
	values []model.Value
	texts  []string
}

// edit reads assignments. The logical device is that of the first, unless it is named.
func (c *mmsCall) edit(ctx context.Context, ld string, assignments []string) (*settingEdit, error) {
	e := &settingEdit{}
	for _, a := range assignments {
		p, text, err := splitAssignment(a)
		if err != nil {
			return nil, err
		}
		p.FC = model.SE
		items, err := c.find(ctx, p)
		if err != nil {
			return nil, err
		}
		if ld == "" {
			ld = items[0].Ref.LDevice
		}
		if items[0].Ref.LDevice != ld {
			return nil, cli.Usage(fmt.Errorf("%s is not in %s", withoutFC(items[0].Ref), ld), "settings of one logical device are edited at a time")
		}
		v, err := c.parse(items[0], text)
		if err != nil {
			return nil, err
		}
		e.refs, e.values = append(e.refs, items[0].Ref), append(e.values, v)
		e.texts = append(e.texts, c.typeOf(items[0]).Text(v))
	}
	var err error
	e.g, err = c.settingGroup(ctx, ld)
	return e, err
}

// run edits. Whatever goes wrong before the end, and an interrupt, lets go of the group.
func (e *settingEdit) run(ctx context.Context, c *mmsCall, group uint8) (err error) {
	if err := e.g.SelectEdit(ctx, group); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.g.Cancel(context.WithoutCancel(ctx)))
		}
	}()
	errs, err := e.g.SetEditValues(ctx, e.refs, e.values)
	if err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return cli.Exit(cli.Refused, err, "nothing was changed")
		}
	}
	if err := e.g.Confirm(ctx); err != nil {
		return err
	}
	for i, ref := range e.refs {
		c.out.row(mmsSetting{Ref: withoutFC(ref).String(), Group: group, Value: e.texts[i]}, withoutFC(ref).String(), e.texts[i])
	}
	return nil
}
