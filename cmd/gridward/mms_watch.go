package main

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/model"
)

// watchFlags say how values are followed.
type watchFlags struct {
	interval, lasting time.Duration
	count             int
	rcb               string
	all, noReconnect  bool
}

func newMMSWatchCmd() *cobra.Command {
	w := &watchFlags{}
	cmd := &cobra.Command{
		Use:   "watch TARGET REF...",
		Short: "Follow values live",
		Long: `Follow values: on a terminal as a table that stays where it is, otherwise a line for each value that changes. Values are
read every --interval, or come as reports when --rcb names a report control block that may be set to report them: a data set
is made for them that lives as long as the association.

When the association is lost it is opened again, unless --no-reconnect is given.

` + mmsTargetHelp,
		Example: `  gridward mms watch 192.0.2.7 'IED1LD0/MMXU1.*.mag.f' IED1LD0/CSWI1.Pos.stVal
  gridward mms watch 192.0.2.7 'IED1LD0/MMXU1[MX]' --interval 200ms -o jsonl
  gridward mms watch 192.0.2.7 'IED1LD0/*.Beh.stVal' --rcb IED1LD0/LLN0.urcbST01`,
		Args: cobra.MinimumNArgs(2),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSONL)
	f := addMMSFlags(cmd)
	fs := cmd.Flags()
	fs.DurationVar(&w.interval, "interval", time.Second, "how often values are read")
	fs.StringVar(&w.rcb, "rcb", "", "report control block that is to report the values")
	fs.BoolVar(&w.all, "all", false, "show values each time, also when they did not change")
	fs.IntVar(&w.count, "count", 0, "end after so many rounds of reading, or reports")
	fs.DurationVar(&w.lasting, "for", 0, "end after this time")
	fs.BoolVar(&w.noReconnect, "no-reconnect", false, "end when the association is lost")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if w.interval < 10*time.Millisecond {
			return cli.Usage(errors.New("--interval: shorter than 10ms"), "")
		}
		for _, a := range args[1:] {
			if _, err := parsePattern(a); err != nil {
				return err
			}
		}
		place, err := f.place(cmd, args[0])
		if err != nil {
			return err
		}
		l := &lookout{watchFlags: w, args: args[1:], view: newLiveView(cmd, *format), seen: make(map[model.Ref]string)}
		ctx := cmd.Context()
		if w.lasting > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, w.lasting)
			defer cancel()
		}
		return persist(ctx, cmd, w.noReconnect, func(ctx context.Context) error { return l.session(ctx, f, place) })
	}
	return cmd
}

// A lookout follows values over any number of associations.
type lookout struct {
	*watchFlags
	args  []string
	view  *liveView
	seen  map[model.Ref]string // text of each leaf
	n     int
	units unitTable

	mu   sync.Mutex // held while values are shown
	deaf bool       // no session is on: what its client still delivers is not for us
}

// listen says whether reports are handled. No report is, once listen(false) has returned.
func (l *lookout) listen(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deaf = !on
}

func (l *lookout) session(ctx context.Context, f *mmsFlags, place *mmsPlace) error {
	s, err := f.associate(ctx, place, client.Options{})
	if err != nil {
		return &dialFailure{err}
	}
	defer s.close()
	items, err := s.findAll(ctx, l.args)
	if err != nil {
		return err
	}
	if l.rcb != "" {
		return l.reports(ctx, s, items)
	}
	tick := time.NewTicker(l.interval)
	defer tick.Stop()
	for {
		if err := l.round(ctx, s, items); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// round reads everything once.
func (l *lookout) round(ctx context.Context, s *mmsSession, items []catalog.Item) error {
	list, err := s.read(ctx, items)
	if err != nil {
		return err
	}
	if l.units == nil {
		if l.units, err = s.units(ctx, grouped(list)); err != nil {
			return err
		}
	}
	l.show(list, "")
	return l.counted()
}

// mmsChange is a value that changed, in JSON.
type mmsChange struct {
	Time string `json:"time"` // when it was seen here
	mmsValue
	Reason string `json:"reason,omitempty"`
}

// show takes readings to the view.
func (l *lookout) show(list []reading, reason string) {
	now := time.Now()
	for _, r := range list {
		if r.err != nil {
			l.see(now, r.Ref, "refused: "+plainReason(r.err), mmsValue{Error: plainReason(r.err)}, reason)
			continue
		}
		for path, leaf := range r.typ.Leaves(r.value) {
			ref := r.Ref
			if path != "" {
				ref.Path += "." + path
			}
			v := mmsValue{Value: leaf.Type.JSON(leaf.Value)}
			text := leaf.Text()
			if leaf.Type.Kind == model.KindFloat {
				if v.Unit = l.units.of(r.Ref, path); v.Unit != "" {
					text += " " + v.Unit
				}
			}
			l.see(now, ref, text, v, reason)
		}
	}
}

// counted ends a round.
func (l *lookout) counted() error {
	if err := l.view.flush(); err != nil {
		return err
	}
	if l.n++; l.n == l.count {
		return errEnough
	}
	return nil
}

func (l *lookout) see(now time.Time, ref model.Ref, text string, v mmsValue, reason string) {
	old, known := l.seen[ref]
	if known && old == text && !l.all {
		return
	}
	l.seen[ref] = text
	v.Ref, v.FC = withoutFC(ref).String(), ref.FC.String()
	l.view.change(mmsChange{Time: now.UTC().Format(time.RFC3339Nano), mmsValue: v, Reason: reason}, ref.String(), text, now, known && old != text)
}

// reports has a block report the items.
func (l *lookout) reports(ctx context.Context, s *mmsSession, items []catalog.Item) error {
	p, err := parsePattern(l.rcb)
	if err != nil {
		return err
	}
	rcb, err := s.theBlock(ctx, p)
	if err != nil {
		return err
	}
	refs := make([]model.Ref, len(items))
	byRef := make(map[model.Ref]catalog.Item)
	for i, item := range items {
		refs[i] = item.Ref
		byRef[item.Ref] = item
	}
	if err := l.round(ctx, s, items); err != nil { // what is there before the first report, with units
		return err
	}
	set := model.Ref{Path: "gridward_watch"}
	if err := s.client.DefineDataSet(ctx, set, refs...); err != nil {
		return dataSetError(err, s)
	}
	stop := make(chan error, 1)
	l.listen(true)
	defer l.listen(false)
	sub, err := s.client.Subscribe(ctx, rcb, client.ReportOptions{
		DataSet: set, Triggers: model.TrgDataChange | model.TrgQualityChange | model.TrgDataUpdate | model.TrgGI,
	}, func(r *client.Report) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.deaf {
			return
		}
		for _, e := range r.Entries {
			if item, ok := byRef[e.Ref]; ok {
				l.show([]reading{{item, s.typeOf(item), e.Value, nil}}, e.Reason.String())
			}
		}
		if err := l.counted(); err != nil {
			stopWith(stop, err)
		}
	})
	if err != nil {
		return subscribeError(err, s)
	}
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

// stopWith sends the first of several errors.
func stopWith(stop chan<- error, err error) {
	select {
	case stop <- err:
	default:
	}
}

// A liveView shows changing values: a table that stays in its place on a terminal, else a line for each change.
type liveView struct {
	w       io.Writer
	format  cli.Format
	live    bool
	order   []string
	rows    map[string][]string // reference, value, when it changed
	drawn   int                 // lines of the table that is shown
	pending bool
	err     error
}

func newLiveView(cmd *cobra.Command, format cli.Format) *liveView {
	w := cmd.OutOrStdout()
	return &liveView{w: w, format: format, live: format == cli.Text && cli.IsTerminal(w), rows: make(map[string][]string)}
}

func (v *liveView) change(c mmsChange, ref, text string, now time.Time, changed bool) {
	switch {
	case v.err != nil:
	case v.format == cli.JSONL:
		v.err = cli.WriteJSONL(v.w, c)
	case !v.live:
		_, v.err = cli.Fprintf(v.w, "%s  %s  %s\n", now.UTC().Format("2006-01-02T15:04:05.000Z"), ref, text)
	default:
		if v.rows[ref] == nil {
			v.order = append(v.order, ref)
			v.rows[ref] = []string{ref, "", ""}
		}
		v.rows[ref][1] = text
		if changed {
			v.rows[ref][2] = now.Format("15:04:05.000")
		}
		v.pending = true
	}
}

// flush draws the table again when something changed.
func (v *liveView) flush() error {
	if v.err != nil || !v.pending {
		return v.err
	}
	v.pending = false
	v.err = v.draw()
	return v.err
}
