package main

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// codecResult is one line of 'bench codec': medians of rounds.
type codecResult struct {
	Name        string  `json:"name"`
	Encoding    string  `json:"encoding"`
	Direction   string  `json:"direction"`
	Octets      int     `json:"octets"`
	NsPerOp     float64 `json:"nsPerOp"`
	AllocsPerOp float64 `json:"allocsPerOp"`
	BytesPerOp  float64 `json:"bytesPerOp"`
}

type codecReport struct {
	Go      string        `json:"go"`
	CPUs    int           `json:"cpus"`
	Rounds  int           `json:"rounds"`
	Results []codecResult `json:"results"`
}

func newBenchCodecCmd() *cobra.Command {
	var rounds int
	var round time.Duration
	cmd := &cobra.Command{
		Use:   "codec",
		Short: "Measure reading and writing of MMS PDUs in BER and XER",
		Long: `Measure reading and writing of MMS PDUs in BER and XER: the request and the answer of a read of one float, and a
report of 50 values. Each figure is the median of several rounds, so that what else the machine does weighs little.`,
		Example: "  gridward bench codec\n  gridward bench codec --rounds 9 --round 200ms -o json",
		Args:    cobra.NoArgs,
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON)
	cmd.Flags().IntVar(&rounds, "rounds", 5, "rounds of which the median is taken")
	cmd.Flags().DurationVar(&round, "round", 100*time.Millisecond, "length of a round")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if rounds < 1 || rounds > 1000 || round <= 0 || round > time.Minute {
			return cli.Usage(fmt.Errorf("%d rounds of %v", rounds, round), "want 1 to 1000 rounds of at most a minute")
		}
		r := codecReport{Go: runtime.Version(), CPUs: runtime.NumCPU(), Rounds: rounds}
		for _, c := range codecCases() {
			res, err := c.run(rounds, round)
			if err != nil {
				return err
			}
			r.Results = append(r.Results, res...)
		}
		if *format == cli.JSON {
			return cli.WriteJSON(cmd.OutOrStdout(), r)
		}
		return r.print(cmd.OutOrStdout())
	}
	return cmd
}

func (r *codecReport) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "%-14s %-8s %-6s %7s %10s %7s\n", "pdu", "encoding", "", "octets", "ns/op", "allocs")
	for _, c := range r.Results {
		if err == nil {
			_, err = fmt.Fprintf(w, "%-14s %-8s %-6s %7d %10.0f %7.1f\n", c.Name, c.Encoding, c.Direction, c.Octets, c.NsPerOp, c.AllocsPerOp)
		}
	}
	return err
}

// codecCase is a PDU and how to write and read it.
type codecCase struct {
	name, encoding string
	pdu            mms.PDU
	write          func([]byte, mms.PDU) ([]byte, error)
	read           func([]byte) (mms.PDU, error)
}

func codecCases() []codecCase {
	read := &mms.ConfirmedRequest{InvokeID: 17, Service: &mms.Read{Access: mms.VariableAccess{
		List: []mms.VariableSpec{{Name: mms.InDomain("DER1LD0", "MMXU1$MX$TotW$mag$f")}},
	}}}
	answer := &mms.ConfirmedResponse{InvokeID: 17, Service: &mms.ReadResponse{
		Results: []mms.AccessResult{{Value: model.Float32(123.456)}},
	}}
	report := &mms.InformationReport{Access: mms.VariableAccess{NamedList: true, ListName: mms.ObjectName{Item: "RPT"}}}
	for i := range 50 {
		report.Results = append(report.Results, mms.AccessResult{Value: model.Struct(
			model.Float32(float32(i)), model.QualityValue(0), model.Time(model.Timestamp(1_772_323_200<<32)))})
	}
	pdus := []codecCase{
		{name: "read", pdu: read}, {name: "read-answer", pdu: answer}, {name: "report-50", pdu: &mms.Unconfirmed{Service: report}},
	}
	var all []codecCase
	for _, c := range pdus {
		c.encoding, c.write = "ber", mms.AppendBER
		c.read = func(b []byte) (mms.PDU, error) { return mms.ParseBER(b, mms.Limits{}) }
		all = append(all, c)
		c.encoding = "xer"
		c.write = func(b []byte, p mms.PDU) ([]byte, error) { return mms.AppendXER(b, p, mms.GW1) }
		c.read = func(b []byte) (mms.PDU, error) { return mms.ParseXER(b, nil, mms.Limits{}) }
		all = append(all, c)
	}
	return all
}

func (c *codecCase) run(rounds int, round time.Duration) ([]codecResult, error) {
	enc, err := c.write(nil, c.pdu)
	if err != nil {
		return nil, err
	}
	if _, err := c.read(enc); err != nil {
		return nil, err
	}
	buf := make([]byte, 0, 2*len(enc))
	res := codecResult{Name: c.name, Encoding: c.encoding, Octets: len(enc)}
	out := make([]codecResult, 0, 2)
	for _, d := range []struct {
		name string
		op   func() error
	}{
		{"write", func() error { _, err := c.write(buf, c.pdu); return err }},
		{"read", func() error { _, err := c.read(enc); return err }},
	} {
		res.Direction = d.name
		if err := res.measure(rounds, round, d.op); err != nil {
			return nil, err
		}
		out = append(out, res)
	}
	return out, nil
}

// measure fills in the medians.
func (res *codecResult) measure(rounds int, round time.Duration, op func() error) error {
	var ns, allocs, octets []float64
	for range rounds {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start, n := time.Now(), 0
		for time.Since(start) < round {
			for range 100 {
				if err := op(); err != nil {
					return err
				}
			}
			n += 100
		}
		spent := time.Since(start)
		runtime.ReadMemStats(&after)
		ns = append(ns, float64(spent.Nanoseconds())/float64(n))
		allocs = append(allocs, float64(after.Mallocs-before.Mallocs)/float64(n))
		octets = append(octets, float64(after.TotalAlloc-before.TotalAlloc)/float64(n))
	}
	res.NsPerOp, res.AllocsPerOp, res.BytesPerOp = medianOfRounds(ns), medianOfRounds(allocs), medianOfRounds(octets)
	return nil
}

func medianOfRounds(v []float64) float64 {
	slices.Sort(v)
	if n := len(v); n%2 == 0 {
		return (v[n/2-1] + v[n/2]) / 2
	}
	return v[len(v)/2]
}
