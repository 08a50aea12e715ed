package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/valuetext"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// reportFlags say how a block is set before it is enabled and how long it is followed.
type reportFlags struct {
	gi, purge, noReconnect       bool
	intg, bufTm, lasting         time.Duration
	trgOps, optFlds, dataSet, id string
	entryID, state               string
	count, resvTms               int
}

func newReportWatchCmd() *cobra.Command {
	r := &reportFlags{}
	cmd := &cobra.Command{
		Use:     "watch TARGET BLOCK",
		Aliases: []string{"enable"},
		Short:   "Enable a report control block and print its reports",
		Long: `Enable a report control block and print reports as they come, with the reason of each member, until Ctrl-C, --count or
--for. The block is disabled at the end. What is not given by a flag stays as it is in the server.

A buffered block goes on where it was left: --entry-id names the last report that was seen, and --state keeps it in a file
that is written after each report, so that the same command again misses nothing. Where reports are missing all the same,
it is told: a jump in sequence numbers ("gap"), or a buffer that overflowed ("bufOvfl").

When the association is lost it is opened again, unless --no-reconnect is given.`,
		Example: `  gridward mms report watch 192.0.2.7 IED1LD0/LLN0.urcbMX01 --gi --intg 10s
  gridward mms report watch 192.0.2.7 IED1LD0/LLN0.brcbEV01 --state events.json -o jsonl >> events.jsonl
  gridward mms report watch 192.0.2.7 IED1LD0/LLN0.urcbMX01 --gi --count 1 --dataset IED1LD0/LLN0.Mine`,
		Args: cobra.ExactArgs(2),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	f := addMMSFlags(cmd)
	fs := cmd.Flags()
	fs.BoolVar(&r.gi, "gi", false, "ask for all values first (general interrogation)")
	fs.DurationVar(&r.intg, "intg", 0, "integrity period")
	fs.DurationVar(&r.bufTm, "buftm", 0, "buffer time: for how long changes are gathered into one report")
	fs.StringVar(&r.trgOps, "trgops", "", "triggers: some of dchg+qchg+dupd+integrity+gi")
	fs.StringVar(&r.optFlds, "optflds", "", "optional fields: some of seqNum+timeStamp+reasonCode+dataSet+dataRef+bufOvfl+entryID+configRef+segmentation")
	fs.StringVar(&r.dataSet, "dataset", "", "data set to report, LD/LN.NAME")
	fs.StringVar(&r.id, "rptid", "", "report identifier")
	fs.StringVar(&r.entryID, "entry-id", "", "continue a buffered block after this entry, in hexadecimal")
	fs.StringVar(&r.state, "state", "", "`file` that keeps the last entry of a buffered block")
	fs.BoolVar(&r.purge, "purge", false, "empty the buffer of a buffered block first")
	fs.IntVar(&r.resvTms, "resvtms", 0, "seconds for which a buffered block stays reserved after a loss")
	fs.IntVar(&r.count, "count", 0, "end after so many reports")
	fs.DurationVar(&r.lasting, "for", 0, "end after this time")
	fs.BoolVar(&r.noReconnect, "no-reconnect", false, "end when the association is lost")
	_ = cmd.MarkFlagFilename("state", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opt, err := r.options()
		if err != nil {
			return err
		}
		p, err := parsePattern(args[1])
		if err != nil {
			return err
		}
		place, err := f.place(cmd, args[0])
		if err != nil {
			return err
		}
		w := &reportWatch{reportFlags: r, opt: opt, out: newMMSOut(cmd, format), cmd: cmd, types: make(map[model.Ref]*valuetext.Type)}
		if err := w.resume(); err != nil {
			return err
		}
		ctx := cmd.Context()
		if r.lasting > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, r.lasting)
			defer cancel()
		}
		err = persist(ctx, cmd, r.noReconnect, func(ctx context.Context) error { return w.session(ctx, f, place, p) })
		return w.out.done(err)
	}
	return cmd
}

// options turns flags into those of a subscription.
func (r *reportFlags) options() (client.ReportOptions, error) {
	opt := client.ReportOptions{IntegrityPd: r.intg, BufTm: r.bufTm, RptID: r.id, PurgeBuf: r.purge, GI: r.gi, ResvTms: int16(min(max(r.resvTms, -1), 32767))}
	var err error
	if r.trgOps != "" {
		if opt.Triggers, err = valuetext.ParseTriggers(r.trgOps); err != nil {
			return opt, cli.Usage(fmt.Errorf("--trgops: %w", err), "")
		}
	}
	if r.optFlds != "" {
		if opt.OptFields, err = valuetext.ParseOptFields(r.optFlds); err != nil {
			return opt, cli.Usage(fmt.Errorf("--optflds: %w", err), "")
		}
	}
	if r.dataSet != "" {
		if opt.DataSet, err = parseDataSet(r.dataSet); err != nil {
			return opt, err
		}
	}
	if opt.EntryID, err = client.ParseEntryID(r.entryID); err != nil {
		return opt, cli.Usage(fmt.Errorf("--entry-id: %w", err), "give it as reports show it, in hexadecimal")
	}
	if r.entryID != "" && r.purge {
		return opt, cli.Usage(errors.New("--entry-id and --purge exclude each other"), "")
	}
	return opt, nil
}

// A reportWatch follows one block over any number of associations.
type reportWatch struct {
	*reportFlags
	opt   client.ReportOptions
	out   *mmsOut
	cmd   *cobra.Command
	types map[model.Ref]*valuetext.Type
	n     int // reports so far
	rcb   model.Ref

	mu   sync.Mutex // held while a report is handled; guards what changes meanwhile: out, types, n, opt.EntryID
	deaf bool       // no session is on: what its client still delivers is not for us
}

// listen says whether reports are handled. No report is, once listen(false) has returned.
func (w *reportWatch) listen(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deaf = !on
}

// errEnough ends a watch well.
var errEnough = errors.New("enough")

// session follows the block over one association.
func (w *reportWatch) session(ctx context.Context, f *mmsFlags, place *mmsPlace, p catalog.Pattern) error {
	s, err := f.associate(ctx, place, client.Options{})
	if err != nil {
		return &dialFailure{err}
	}
	defer s.close()
	if w.rcb, err = s.theBlock(ctx, p); err != nil {
		return err
	}
	if err := w.mine(); err != nil {
		return err
	}
	stop := make(chan error, 1)
	opt := w.opt
	w.listen(true)
	defer w.listen(false)
	sub, err := s.client.Subscribe(ctx, w.rcb, opt, func(r *client.Report) {
		if err := w.report(ctx, s, r); err != nil {
			stopWith(stop, err)
		}
	})
	if err != nil {
		return subscribeError(err, s)
	}
	if !sub.Resynced() {
		hint(w.cmd, "the server does not know the entry %s any more: reports start at the oldest that it has, some may be lost or come again", opt.EntryID)
	}
	w.opt.PurgeBuf = false // once is enough
	select {
	case err = <-stop:
	case <-ctx.Done():
	case <-sub.Done():
		return mmsError(sub.Err(), s.target)
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	_ = sub.Close(late) // the end of the association disables it too
	return err
}

func subscribeError(err error, s *mmsSession) error {
	if errors.Is(err, mms.ObjectValueInvalid) || errors.Is(err, mms.ObjectAccessDenied) {
		return cli.Exit(cli.Refused, err, "the server does not let this attribute of the block be set so; leave the flag out (ReportSettings of its SCL file say what can be set)")
	}
	return mmsError(err, s.target)
}

// mmsReport is a report in JSON.
type mmsReport struct {
	Block       string           `json:"block"`
	RptID       string           `json:"rptID"`
	DatSet      string           `json:"datSet,omitempty"`
	SqNum       *uint16          `json:"sqNum,omitempty"`
	EntryID     string           `json:"entryID,omitempty"`
	TimeOfEntry string           `json:"timeOfEntry,omitempty"`
	ConfRev     uint32           `json:"confRev,omitempty"`
	BufOvfl     bool             `json:"bufOvfl,omitempty"`
	Gap         bool             `json:"gap,omitempty"`
	Entries     []mmsReportEntry `json:"entries"`
}

type mmsReportEntry struct {
	Ref    string `json:"ref"`
	FC     string `json:"fc,omitempty"`
	Reason string `json:"reason,omitempty"`
	Value  any    `json:"value"`
}

// report prints a report. An error ends the watch.
func (w *reportWatch) report(ctx context.Context, s *mmsSession, r *client.Report) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deaf || w.count > 0 && w.n >= w.count {
		return errEnough
	}
	v := mmsReport{
		Block: w.rcb.String(), RptID: r.RptID, DatSet: r.DataSet, EntryID: r.EntryID.String(), ConfRev: r.ConfRev, BufOvfl: r.BufOvfl, Gap: r.Gap,
		Entries: make([]mmsReportEntry, len(r.Entries)),
	}
	if r.HasSqNum {
		v.SqNum = &r.SqNum
	}
	if !r.TimeOfEntry.IsZero() {
		v.TimeOfEntry = r.TimeOfEntry.UTC().Format(time.RFC3339Nano)
	}
	types := make([]*valuetext.Type, len(r.Entries))
	for i, e := range r.Entries {
		var err error
		if types[i], err = w.typ(ctx, s, e.Ref); err != nil {
			return err
		}
		v.Entries[i] = mmsReportEntry{withoutFC(e.Ref).String(), e.Ref.FC.String(), e.Reason.String(), types[i].JSON(e.Value)}
	}
	w.out.item(v, func(o io.Writer) { v.print(o, r, types) })
	if w.out.format != cli.JSON {
		if err := w.out.flush(); err != nil {
			return err
		}
	}
	if r.EntryID != "" {
		w.opt.EntryID = r.EntryID
		if err := w.save(); err != nil {
			return err
		}
	}
	w.n++
	if w.n == w.count {
		return errEnough
	}
	return nil
}

// typ gives the type of a member.
func (w *reportWatch) typ(ctx context.Context, s *mmsSession, ref model.Ref) (*valuetext.Type, error) {
	if t := w.types[ref]; t != nil {
		return t, nil
	}
	items, err := s.items(ctx, []model.Ref{ref})
	if err != nil {
		return nil, err
	}
	w.types[ref] = s.typeOf(items[0])
	return w.types[ref], nil
}

func (v *mmsReport) print(o io.Writer, r *client.Report, types []*valuetext.Type) {
	if v.Gap {
		put(o, "-- gap: reports before this one are missing\n")
	}
	if v.BufOvfl {
		put(o, "-- the buffer of the server overflowed: reports before this one are lost\n")
	}
	head := v.RptID
	if v.SqNum != nil {
		head += fmt.Sprintf("  #%d", *v.SqNum)
	}
	if v.TimeOfEntry != "" {
		head += "  " + v.TimeOfEntry
	}
	if v.EntryID != "" {
		head += "  entry " + v.EntryID
	}
	put(o, "%s\n", head)
	var rows [][]string
	for i, e := range r.Entries {
		for path, leaf := range types[i].Leaves(e.Value) {
			ref := e.Ref
			if path != "" {
				ref.Path += "." + path
			}
			rows = append(rows, []string{ref.String(), leaf.Text(), v.Entries[i].Reason})
		}
	}
	aligned(o, "  ", rows)
}
