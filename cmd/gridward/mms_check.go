package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/check"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/model"
)

type mmsCheckFlags struct {
	*mmsFlags
	writes     bool
	controls   []string
	only, skip []string
	failures   bool
	junit      string
	parallel   int
	wait       time.Duration
}

func newMMSCheckCmd() *cobra.Command {
	var fl mmsCheckFlags
	cmd := &cobra.Command{
		Use:   "check TARGET",
		Short: "Try every service of a server: PASS, FAIL or SKIP with the reason",
		Long: `Try every service of a server (IEC 61850-7-2 as 8-1 and 8-2 map it) and print PASS, FAIL or SKIP for each, with what was
expected, what came and the clause of the standard. With --scl what the server shows is compared with the file.

` + mmsTargetHelp + `

Without further leave nothing is changed. --allow-writes writes back values that were read, makes and deletes data sets,
uses report control blocks that nobody has (entries that wait in the buffer of one may be purged), edits setting groups
without confirming, and selects and cancels controls. --allow-controls operates and substitutes the objects named, at the
value that they have. What was changed is changed back, also after a failure or an interrupt.

--only and --skip take a group of checks, the name of a service, or a reference with * for anything:
associate, vmd, directory, types, read, errors, write, datasets, reports, settings, logs, blocks, controls,
substitution, tracking, files, model.

The exit code is 1 when a check failed.`,
		Example: `  gridward mms check 192.0.2.7
  gridward mms check 192.0.2.7 --scl station.scd --ied BAY1 --allow-writes --junit result.xml
  gridward mms check der1@grid.example --only reports --only datasets -o jsonl`,
		Args: cobra.ExactArgs(1),
	}
	fl.mmsFlags = addMMSFlags(cmd)
	f := cmd.Flags()
	f.BoolVar(&fl.writes, "allow-writes", false, "also use services that change something; it is changed back")
	f.StringSliceVar(&fl.controls, "allow-controls", nil, "data objects that may be operated at their present value, such as LD0/GGIO1.SPCSO1")
	f.StringSliceVar(&fl.only, "only", nil, "group, service or reference pattern of the checks to run (repeatable)")
	f.StringSliceVar(&fl.skip, "skip", nil, "group, service or reference pattern of the checks to leave out (repeatable)")
	f.BoolVar(&fl.failures, "failures", false, "print only what failed, and the summary")
	f.StringVar(&fl.junit, "junit", "", "also write the results to a `file` in JUnit's XML")
	f.IntVar(&fl.parallel, "parallel", 8, "requests at a time, as far as the server takes them")
	f.DurationVar(&fl.wait, "wait", 5*time.Second, "for a report that is due")
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON, cli.JSONL)
	_ = cmd.RegisterFlagCompletionFunc("only", cobra.FixedCompletions(check.Groups(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("skip", cobra.FixedCompletions(check.Groups(), cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.MarkFlagFilename("junit", "xml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return fl.run(cmd, args[0], *format) }
	return cmd
}

func (fl *mmsCheckFlags) run(cmd *cobra.Command, target string, format cli.Format) error {
	opt := check.Options{
		AllowWrites: fl.writes, Only: fl.only, Skip: fl.skip, Parallel: fl.parallel, Wait: fl.wait,
	}
	for _, c := range fl.controls {
		ref, err := model.ParseRef(c)
		if err != nil || ref.Path == "" {
			return cli.Usage(fmt.Errorf("--allow-controls %q is no data object", c), "for example LD0/GGIO1.SPCSO1")
		}
		ref.FC = model.FCNone
		opt.AllowControls = append(opt.AllowControls, ref)
	}
	if fl.parallel < 1 || fl.wait <= 0 {
		return cli.Usage(errors.New("--parallel and --wait are positive"), "for example --parallel 8 --wait 5s")
	}
	place, err := fl.place(cmd, target)
	if err != nil {
		return err
	}
	opt.Model = place.scl
	dial, end := fl.dialer(place)
	defer end()
	opt.Dial = dial
	out := newCheckOutput(cmd, format, fl.failures)
	opt.Each, opt.Progress = out.each, out.progress
	start := time.Now()
	sum, err := check.Run(cmd.Context(), opt)
	out.end(place.target.String(), sum, time.Since(start))
	switch {
	case errors.Is(err, check.ErrOptions):
		return cli.Usage(err, "see 'gridward mms check --help'")
	case errors.Is(err, context.Canceled):
		err = cli.Exit(cli.Failed, errors.New("interrupted: what was changed has been changed back"), "")
	case err != nil:
		err = mmsError(err, place.target)
	}
	if fl.junit != "" {
		if e := writeJUnit(fl.junit, place.target.String(), out.results, time.Since(start)); e != nil {
			err = errors.Join(err, e)
		}
	}
	if err = errors.Join(err, out.err); err != nil {
		return err
	}
	if sum.Fail > 0 {
		return cli.Exit(cli.Failed, nil, "")
	}
	return nil
}

// dialer opens associations, as many as are asked for: over XMPP all of them as one account that logs in once.
func (f *mmsFlags) dialer(place *mmsPlace) (dial func(context.Context) (*client.Client, error), end func()) {
	if !place.target.overXMPP() {
		return func(ctx context.Context) (*client.Client, error) {
			s, err := f.associate(ctx, place, client.Options{})
			if err != nil {
				return nil, err
			}
			return s.client, nil
		}, func() {}
	}
	var l *mmsLink
	return func(ctx context.Context) (*client.Client, error) {
			ctx, cancel := context.WithTimeout(ctx, f.timeout)
			defer cancel()
			if l == nil {
				var err error
				if l, err = f.login(context.WithoutCancel(ctx), place.target.jid.Bare()); err != nil {
					return nil, dialError(err, place.target)
				}
			}
			a, err := l.associate(ctx, place.target.jid)
			if err != nil {
				return nil, dialError(err, place.target)
			}
			return client.New(a, client.Options{Timeout: f.timeout}), nil
		}, func() {
			if l != nil {
				l.close()
			}
		}
}

// A checkOutput prints results as they come, and progress where somebody looks.
type checkOutput struct {
	w        io.Writer
	bar      *progressLine
	format   cli.Format
	failures bool
	results  []check.Result
	group    string
	err      error
}

func newCheckOutput(cmd *cobra.Command, format cli.Format, failures bool) *checkOutput {
	return &checkOutput{w: cmd.OutOrStdout(), bar: newProgressLine(cmd.ErrOrStderr()), format: format, failures: failures}
}

func (o *checkOutput) each(r check.Result) {
	o.results = append(o.results, r)
	if o.err != nil || o.failures && r.Outcome != check.Fail || o.format == cli.JSON {
		return
	}
	o.bar.clear()
	if o.format == cli.JSONL {
		o.err = cli.WriteJSONL(o.w, r)
		return
	}
	if r.Group != o.group {
		o.group = r.Group
		_, o.err = fmt.Fprintf(o.w, "\n%s\n", r.Group)
	}
	object := ""
	if r.Object != "" {
		object = " " + r.Object
	}
	reason := ""
	if r.Reason != "" {
		reason = " (" + r.Reason + ")"
	}
	_, err := cli.Fprintf(o.w, "  %s  %s%s: %s%s\n", r.Outcome, r.Service, object, r.Rule, reason)
	if r.Outcome == check.Fail {
		_, e := cli.Fprintf(o.w, "        expected %s\n        got      %s\n", r.Expected, r.Got)
		err = errors.Join(err, e)
		if r.Clause != "" {
			_, e = cli.Fprintf(o.w, "        see      %s\n", r.Clause)
			err = errors.Join(err, e)
		}
	}
	o.err = errors.Join(o.err, err)
}

func (o *checkOutput) progress(group string, done, total int) {
	if group == "" {
		o.bar.clear()
		return
	}
	o.bar.show(fmt.Sprintf("%s %d/%d", group, done, total))
}

// end prints the summary.
func (o *checkOutput) end(target string, sum check.Summary, took time.Duration) {
	o.bar.clear()
	if o.err != nil {
		return
	}
	seconds := took.Round(time.Millisecond).Seconds()
	switch o.format {
	case cli.JSON:
		kept := []check.Result{}
		for _, r := range o.results {
			if !o.failures || r.Outcome == check.Fail {
				kept = append(kept, r)
			}
		}
		o.err = cli.WriteJSON(o.w, struct {
			Target  string         `json:"target"`
			Results []check.Result `json:"results"`
			Summary check.Summary  `json:"summary"`
			Seconds float64        `json:"seconds"`
		}{target, kept, sum, seconds})
	case cli.JSONL:
		o.err = cli.WriteJSONL(o.w, struct {
			Target  string        `json:"target"`
			Summary check.Summary `json:"summary"`
			Seconds float64       `json:"seconds"`
		}{target, sum, seconds})
	default:
		_, o.err = cli.Fprintf(o.w, "\n%s: %d passed, %d failed, %d skipped in %s\n", target, sum.Pass, sum.Fail, sum.Skip, took.Round(10*time.Millisecond))
	}
}
