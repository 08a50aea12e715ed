package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/valuetext"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/model"
)

func newMMSLogCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "log",
		Short: "List logs, their control blocks and their entries",
		Long:  `Work with logs (IEC 61850-7-2 17.3). A log is named LD/LN.NAME or LD/LN$NAME.`,
	}
	cmd.AddCommand(newLogListCmd(), newLogStatusCmd(), newLogQueryCmd(), newLogEnableCmd("enable", true), newLogEnableCmd("disable", false))
	return cmd
}

// parseLog reads LD/LN.NAME and LD/LN$NAME.
func parseLog(s string) (model.Ref, error) {
	r, err := model.ParseRef(strings.Replace(strings.Replace(s, "$LG$", ".", 1), "$", ".", 1))
	if err != nil || r.Path == "" || strings.ContainsAny(r.Path, ".(") || r.FC != model.FCNone && r.FC != model.LG {
		return r, cli.Usage(fmt.Errorf("%q names no log", s), "write LD/LN.NAME, for example IED1LD0/LLN0.EventLog")
	}
	return withoutFC(r), nil
}

func checkLogs(args []string) error {
	for _, a := range args {
		if _, err := parseLog(a); err != nil {
			return err
		}
	}
	return nil
}

func newLogListCmd() *cobra.Command {
	return mmsVerb{
		use: "list TARGET", short: "List logs", args: cobra.ExactArgs(1),
		long: "List the logs of a server and how many entries they have.", example: "  gridward mms log list 192.0.2.7",
		run: func(ctx context.Context, c *mmsCall) error {
			devices, err := c.catalog.Devices(ctx)
			if err != nil {
				return err
			}
			for _, ld := range devices {
				logs, err := c.client.Logs(ctx, ld)
				if err != nil {
					return err
				}
				for _, log := range logs {
					v := struct {
						Ref     string  `json:"ref"`
						Entries *uint32 `json:"entries,omitempty"`
						Error   string  `json:"error,omitempty"`
					}{Ref: log.String()}
					n, _, err := c.client.LogLength(ctx, log)
					if err != nil && !refusedByPeer(err) {
						return err
					}
					text := fmt.Sprintf("%d entries", n)
					if err != nil {
						v.Error = plainReason(err)
						text = v.Error
					} else {
						v.Entries = &n
					}
					c.out.row(v, v.Ref, text)
				}
			}
			return nil
		},
	}.command()
}

// mmsLogControl is a log control block in JSON.
type mmsLogControl struct {
	Ref      string   `json:"ref"`
	LogEna   bool     `json:"logEna"`
	LogRef   string   `json:"logRef,omitempty"`
	DatSet   string   `json:"datSet,omitempty"`
	TrgOps   []string `json:"trgOps"`
	IntgPd   int64    `json:"intgPd"`
	OldEntr  string   `json:"oldEntr,omitempty"`
	OldEntTm string   `json:"oldEntrTm,omitempty"`
	NewEntr  string   `json:"newEntr,omitempty"`
	NewEntTm string   `json:"newEntrTm,omitempty"`
}

func newLogStatusCmd() *cobra.Command {
	return mmsVerb{
		use: "status TARGET [LCB...]", short: "Show log control blocks", args: cobra.MinimumNArgs(1),
		long:    "Show log control blocks, with the oldest and newest entry of their logs (GetLCBValues, GetLogStatusValues).",
		example: "  gridward mms log status 192.0.2.7\n  gridward mms log status 192.0.2.7 IED1LD0/LLN0.lcb01 -o json",
		check:   checkLogs,
		run: func(ctx context.Context, c *mmsCall) error {
			blocks, err := c.logControls(ctx)
			if err != nil {
				return err
			}
			c.out.header("block", "enabled", "log", "data set", "oldest", "newest")
			for _, ref := range blocks {
				b, err := c.client.LogControl(ctx, ref)
				if err != nil {
					return err
				}
				c.logControl(b)
			}
			return nil
		},
	}.command()
}

// logControls gives the log control blocks named, or all.
func (c *mmsCall) logControls(ctx context.Context) ([]model.Ref, error) {
	var list []model.Ref
	for _, a := range c.args {
		ref, err := parseLog(a)
		if err != nil {
			return nil, err
		}
		list = append(list, ref)
	}
	if len(list) > 0 {
		return list, nil
	}
	items, err := c.catalog.Find(ctx, catalog.Pattern{LDevice: "*", LN: "*", Path: []string{"*"}, FC: model.LG})
	var none *catalog.NotFoundError
	if errors.As(err, &none) {
		return nil, nil
	}
	for _, i := range items {
		list = append(list, withoutFC(i.Ref))
	}
	return list, err
}

func (c *mmsCall) logControl(b client.LogControl) {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	name := func(r model.Ref) string {
		if r == (model.Ref{}) {
			return ""
		}
		return r.String()
	}
	v := mmsLogControl{
		Ref: withoutFC(b.Ref).String(), LogEna: b.Enabled, LogRef: name(b.Log), DatSet: name(b.DataSet), TrgOps: b.Triggers.Names(),
		IntgPd: b.IntegrityPd.Milliseconds(), OldEntr: b.Oldest.String(), OldEntTm: at(b.OldestAt), NewEntr: b.Newest.String(), NewEntTm: at(b.NewestAt),
	}
	c.out.row(v, v.Ref, fmt.Sprint(v.LogEna), v.LogRef, v.DatSet, v.OldEntTm, v.NewEntTm)
}

func newLogEnableCmd(verb string, on bool) *cobra.Command {
	short := map[bool]string{true: "Start logging", false: "Stop logging"}[on]
	return mmsVerb{
		use: verb + " TARGET LCB...", short: short, args: cobra.MinimumNArgs(2), check: checkLogs,
		long:    short + " of log control blocks (SetLCBValues: LogEna). Entries that there are stay.",
		example: "  gridward mms log " + verb + " 192.0.2.7 IED1LD0/LLN0.lcb01",
		run: func(ctx context.Context, c *mmsCall) error {
			blocks, err := c.logControls(ctx)
			if err != nil {
				return err
			}
			for _, ref := range blocks {
				if err := c.client.SetLogControl(ctx, ref, client.LogOptions{Enable: &on}); err != nil {
					return err
				}
			}
			return nil
		},
	}.command()
}

type logQuery struct {
	since, until, after string
	follow              bool
	limit               int
	interval            time.Duration

	from, to time.Time
	id       client.EntryID
	types    map[model.Ref]*valuetext.Type
}

func newLogQueryCmd() *cobra.Command {
	var q logQuery
	return mmsVerb{
		use: "query TARGET LOG", short: "Print the entries of a log", args: cobra.ExactArgs(2),
		long: `Print the entries of a log, oldest first: all, those of a time (QueryLogByTime), or those after an entry (QueryLogAfter).
--since and --until take a time such as 2026-01-31T12:00:00Z, or how long ago, such as 2h30m. --follow goes on with what
is logged from then on, until it is interrupted.`,
		example: `  gridward mms log query 192.0.2.7 IED1LD0/LLN0.EventLog --since 24h
  gridward mms log query 192.0.2.7 IED1LD0/LLN0.EventLog --follow -o jsonl`,
		flags: func(cmd *cobra.Command) {
			f := cmd.Flags()
			f.StringVar(&q.since, "since", "", "entries from this `time` on")
			f.StringVar(&q.until, "until", "", "entries up to this `time`")
			f.StringVar(&q.after, "after", "", "entries after this EntryID, in `hex`; --since gives its time, which some servers ask for")
			f.BoolVar(&q.follow, "follow", false, "go on with what is logged from now on")
			f.IntVar(&q.limit, "limit", 0, "at most so many entries; 0: all")
			f.DurationVar(&q.interval, "interval", time.Second, "between questions with --follow")
		},
		check: func(args []string) error { return errors.Join(checkLogs(args), q.parse(time.Now())) },
		run:   q.run,
	}.command()
}

// parse reads the times and the EntryID.
func (q *logQuery) parse(now time.Time) error {
	var err error
	if q.from, err = when("since", q.since, now); err != nil {
		return err
	}
	if q.to, err = when("until", q.until, now); err != nil {
		return err
	}
	if q.id, err = client.ParseEntryID(q.after); err != nil {
		return cli.Usage(fmt.Errorf("--after: %w", err), "an EntryID as 'gridward mms log query' prints it")
	}
	switch {
	case q.id != "" && q.until != "":
		return cli.Usage(errors.New("--after and --until exclude each other"), "")
	case q.follow && (q.until != "" || q.limit != 0):
		return cli.Usage(errors.New("--follow has no end"), "leave out --until and --limit")
	case q.interval < 50*time.Millisecond:
		return cli.Usage(errors.New("--interval: at least 50 ms"), "for example --interval 1s")
	}
	return nil
}

// when reads a time, or how long ago.
func when(flag, s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return t, cli.Usage(fmt.Errorf("--%s: %q is no time", flag, s), "write 2026-01-31T12:00:00Z, or how long ago: 2h30m")
	}
	return t, nil
}

func (q *logQuery) run(ctx context.Context, c *mmsCall) error {
	log, err := parseLog(c.args[0])
	if err != nil {
		return err
	}
	if q.follow && c.format == cli.JSON {
		return cli.Usage(errors.New("a list of JSON has an end, --follow has none"), "use -o jsonl")
	}
	q.types = make(map[model.Ref]*valuetext.Type)
	n, at, id := 0, q.from, q.id
	for {
		entries := c.client.QueryLogByTime(ctx, log, q.from, q.to)
		if id != "" {
			entries = c.client.QueryLogAfter(ctx, log, at, id)
		}
		for e, err := range entries {
			if err != nil {
				if q.follow && ctx.Err() != nil {
					return nil
				}
				return err
			}
			at, id = e.At, e.ID
			q.print(ctx, c, e)
			if n++; n == q.limit {
				return nil
			}
		}
		if !q.follow {
			return nil
		}
		if err := c.out.flush(); err != nil {
			return err
		}
		select {
		case <-time.After(q.interval):
		case <-ctx.Done():
			return nil
		case <-c.client.Done():
			return c.client.Err()
		}
	}
}

// mmsLogEntry is an entry in JSON.
type mmsLogEntry struct {
	EntryID    string        `json:"entryID"`
	Time       string        `json:"timeOfEntry"`
	Entries    []mmsLogValue `json:"entries,omitempty"`
	Annotation string        `json:"annotation,omitempty"`
}

type mmsLogValue struct {
	Ref    string `json:"ref"`
	Value  any    `json:"value"`
	Reason string `json:"reason,omitempty"`
}

func (q *logQuery) print(ctx context.Context, c *mmsCall, e client.LogEntry) {
	v := mmsLogEntry{EntryID: e.ID.String(), Time: e.At.UTC().Format(time.RFC3339Nano), Annotation: e.Annotation}
	for _, m := range e.Entries {
		value := mmsLogValue{Ref: m.Ref.String(), Reason: m.Reason.String()}
		if t := q.typeOf(ctx, c, m.Ref); t != nil {
			value.Value = t.JSON(m.Value)
		} else {
			value.Value = m.Value.Plain(nil)
		}
		v.Entries = append(v.Entries, value)
	}
	c.out.item(v, func(w io.Writer) {
		head := v.Time + "  " + v.EntryID
		if e.Annotation != "" {
			_, _ = cli.Fprintf(w, "%s  %s\n", head, e.Annotation) // w is a bufio.Writer; its Flush tells
		}
		for _, m := range v.Entries {
			text, err := json.Marshal(m.Value)
			if err != nil {
				text = []byte(err.Error())
			}
			_, _ = cli.Fprintf(w, "%s  %s = %s  %s\n", head, m.Ref, text, m.Reason)
		}
	})
}

// typeOf says how a member is spelled; nil when the server does not know it any more.
func (q *logQuery) typeOf(ctx context.Context, c *mmsCall, ref model.Ref) *valuetext.Type {
	t, ok := q.types[ref]
	if !ok {
		if items, err := c.catalog.Find(ctx, catalog.Of(ref)); err == nil && len(items) == 1 {
			t = c.typeOf(items[0])
		}
		q.types[ref] = t
	}
	return t
}
