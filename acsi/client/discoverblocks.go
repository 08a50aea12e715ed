package client

import (
	"context"
	"strings"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// blocksFC are the functional constraints of control blocks that are not for reports.
const blocksFC = 1<<model.LG | 1<<model.GO | 1<<model.MS | 1<<model.US

// blocks reads the control blocks of a node for logs, GOOSE and sampled values. One that cannot be read is left out.
func (c *Client) blocks(ctx context.Context, n *model.LogicalNode, ref model.Ref, t *mms.TypeSpec) error {
	refs := members(ref, t)
	results, err := c.Read(ctx, refs...)
	if err != nil {
		return err
	}
	for i, r := range results {
		parts := &t.Components[i].Type
		if r.Err != nil || r.Value.Len() != len(parts.Components) {
			continue
		}
		b := &block{c: c, ref: refs[i], fields: make(map[string]model.Value, r.Value.Len())}
		for k := range parts.Components {
			b.fields[parts.Components[k].Name] = r.Value.At(k)
		}
		name := strings.Clone(t.Components[i].Name)
		switch ref.FC {
		case model.LG:
			n.Logs = append(n.Logs, b.discoveredLog(name))
		case model.GO:
			n.Goose = append(n.Goose, b.gooseControl(name))
		default:
			n.Samples = append(n.Samples, b.sampleControl(name))
		}
	}
	return nil
}

func (b *block) dataSet() string {
	ds, _ := listRef(b.text("DatSet"))
	return strings.Clone(ds.Path)
}

func (b *block) millis(name string) time.Duration {
	return time.Duration(b.number(name)) * time.Millisecond
}

func (b *block) discoveredLog(name string) *model.LogControl {
	l := &model.LogControl{
		Name: name, DataSet: b.dataSet(), Enabled: b.on("LogEna"), IntegrityPd: b.millis("IntgPd"),
		Triggers: model.Triggers(alignBits(b.fields["TrgOps"], model.TriggersBits)),
	}
	if log, ok := listRef(b.text("LogRef")); ok {
		l.Log = strings.Clone(log.Path)
		if log.LN != "LLN0" {
			l.LogLN = strings.Clone(log.LN)
		}
	}
	return l
}

func (b *block) gooseControl(name string) *model.GooseControl {
	return &model.GooseControl{
		Name: name, ID: strings.Clone(b.text("GoID")), DataSet: b.dataSet(), ConfRev: uint32(b.number("ConfRev")), FixedOffs: b.on("FixedOffs"),
		Address: b.address(), MinTime: b.millis("MinTime"), MaxTime: b.millis("MaxTime"),
	}
}

func (b *block) sampleControl(name string) *model.SampledValueControl {
	s := &model.SampledValueControl{
		Name: name, ID: strings.Clone(b.text("MsvID") + b.text("UsvID")), DataSet: b.dataSet(), ConfRev: uint32(b.number("ConfRev")),
		Multicast: b.ref.FC == model.MS, SmpRate: uint32(b.number("SmpRate")), NoASDU: uint32(b.number("noASDU")), Address: b.address(),
	}
	if mods := [...]string{"SmpPerPeriod", "SmpPerSec", "SecPerSmp"}; b.number("SmpMod") < uint64(len(mods)) {
		s.SmpMod = mods[b.number("SmpMod")]
	}
	opt := alignBits(b.fields["OptFlds"], 10)
	for i, on := range []*bool{&s.RefreshTime, &s.SampleSynchronized, &s.SampleRate, &s.DataSetName, &s.Security} {
		*on = opt&(1<<(9-1-i)) != 0
	}
	return s
}
