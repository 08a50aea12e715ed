package client

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

var (
	refA = model.Ref{LDevice: "LD0", LN: "MMXU1", Path: "TotW.mag.f", FC: model.MX}
	refB = model.Ref{LDevice: "LD0", LN: "GGIO1", Path: "Ind1.stVal", FC: model.ST}
	set2 = []model.Ref{refA, refB}
)

func member(p *part, i int) (model.Ref, bool) {
	if p.members != len(set2) {
		return model.Ref{}, false
	}
	return set2[i], true
}

func optBits(o model.OptFields) model.Value { return model.Bits(uint64(o), model.OptFieldsBits) }

func TestParseReport(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 5e6, time.UTC)
	all := model.OptFields(1<<9 - 1)
	for name, tc := range map[string]struct {
		results []mms.AccessResult
		want    Report
		more    bool
	}{
		"everything": {
			ok(model.Visible("r1"), optBits(all), model.Uint(7), model.Entry(model.NewEntryTime(at)), model.Visible("LD0/LLN0$ds"),
				model.Bool(true), model.Octets("12345678"), model.Uint(3), model.Uint(0), model.Bool(true), model.Bits(0b11, 2),
				model.Visible("LD0/MMXU1$MX$TotW$mag$f"), model.Visible("LD0/GGIO1$ST$Ind1$stVal"),
				model.Float32(1.5), model.Bool(true), model.Bits(0b0100000, 7), model.Bits(0b0001000, 7)),
			Report{
				RptID: "r1", DataSet: "LD0/LLN0$ds", SqNum: 7, HasSqNum: true, TimeOfEntry: at, EntryID: "12345678", BufOvfl: true, ConfRev: 3,
				Entries: []Entry{{refA, model.Float32(1.5), ReasonDataChange}, {refB, model.Bool(true), ReasonDataUpdate}},
			},
			true,
		},
		"least": {
			ok(model.Visible("r1"), optBits(0), model.Bits(0b01, 2), model.Bool(true)),
			Report{RptID: "r1", Entries: []Entry{{Ref: refB, Value: model.Bool(true)}}},
			false,
		},
		"announced but not sent": {
			ok(model.Visible("r1"), optBits(model.OptSeqNum|model.OptBufOvfl|model.OptEntryID|model.OptSegmentation), model.Uint(1),
				model.Bits(0b10, 2), model.Float32(2)),
			Report{RptID: "r1", SqNum: 1, HasSqNum: true, Entries: []Entry{{Ref: refA, Value: model.Float32(2)}}},
			false,
		},
		"nothing included": {
			ok(model.Visible("r1"), optBits(0), model.Bits(0, 2)),
			Report{RptID: "r1", Entries: []Entry{}},
			false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := parsePart(tc.results, member)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, p.Report); diff != "" {
				t.Error(diff)
			}
			if p.more != tc.more {
				t.Errorf("more segments follow: %v", p.more)
			}
			for cut := range tc.results {
				if _, err := parsePart(tc.results[:cut], member); !errors.Is(err, ErrReport) {
					t.Errorf("cut to %d results: %v", cut, err)
				}
			}
			if _, err := parsePart(append(ok(), append(tc.results, ok(model.Bool(true))...)...), member); !errors.Is(err, ErrReport) {
				t.Errorf("one result more: %v", err)
			}
		})
	}
}

func TestParseReportRefuses(t *testing.T) {
	for name, results := range map[string][]mms.AccessResult{
		"failure in the header":    {{Value: model.Visible("r")}, {Failed: true}},
		"OptFlds no bits":          ok(model.Visible("r"), model.Uint(1)),
		"other number of members":  ok(model.Visible("r"), optBits(0), model.Bits(0b111, 3), model.Bool(true), model.Bool(true), model.Bool(true)),
		"inclusion no bits":        ok(model.Visible("r"), optBits(0), model.Uint(3)),
		"reference is no string":   ok(model.Visible("r"), optBits(model.OptDataRef), model.Bits(0b10, 2), model.Uint(1), model.Bool(true)),
		"inclusion without values": ok(model.Visible("r"), optBits(0), model.LongBits(string(make([]byte, 100))+"\xff\xff", 816)),
	} {
		if p, err := parsePart(results, member); !errors.Is(err, ErrReport) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestSegments(t *testing.T) {
	seg := func(sq uint16, sub uint32, more bool, n int) *part {
		return &part{Report: Report{SqNum: sq, HasSqNum: true, Entries: make([]Entry, n)}, subSq: sub, more: more}
	}
	type step struct {
		p       *part
		entries int // of a finished report; -1: none
		lost    bool
	}
	for name, steps := range map[string][]step{
		"three":          {{seg(1, 0, true, 2), -1, false}, {seg(1, 1, true, 3), -1, false}, {seg(1, 2, false, 1), 6, false}},
		"middle missing": {{seg(1, 0, true, 2), -1, false}, {seg(1, 2, false, 1), -1, true}, {seg(2, 0, false, 1), 1, false}},
		"end missing":    {{seg(1, 0, true, 2), -1, false}, {seg(2, 0, false, 1), 1, true}},
		"start missing":  {{seg(1, 1, false, 2), -1, true}},
		"other report":   {{seg(1, 0, true, 2), -1, false}, {seg(2, 1, false, 1), -1, true}},
		"twice":          {{seg(1, 0, true, 2), -1, false}, {seg(1, 1, true, 1), -1, false}, {seg(1, 1, true, 1), -1, true}},
	} {
		var a assembly
		for i, s := range steps {
			whole, lost := a.add(s.p)
			got := -1
			if whole != nil {
				got = len(whole.Entries)
			}
			if got != s.entries || lost != s.lost {
				t.Errorf("%s, step %d: %d entries, lost %v", name, i, got, lost)
			}
		}
	}
}

func TestSequence(t *testing.T) {
	for name, tc := range map[string]struct {
		numbers []uint16
		gaps    int
	}{
		"from 0": {[]uint16{0, 1, 2}, 0}, "first is any": {[]uint16{9, 10}, 0}, "jump": {[]uint16{0, 2, 3}, 1}, "again": {[]uint16{0, 0}, 1},
		"8 bits": {[]uint16{254, 255, 0, 1}, 0}, "16 bits": {[]uint16{255, 256, 65535, 0}, 1}, "backwards": {[]uint16{5, 4, 5}, 1},
	} {
		var s sequence
		gaps := 0
		for _, n := range tc.numbers {
			if _, gap := s.next(n); gap {
				gaps++
			}
		}
		if gaps != tc.gaps {
			t.Errorf("%s: %d gaps, want %d", name, gaps, tc.gaps)
		}
	}
}

func TestReasonNames(t *testing.T) {
	if got := (ReasonDataChange | ReasonGI).String(); got != "data-change+general-interrogation" {
		t.Errorf("got %q", got)
	}
}

func FuzzParseReport(f *testing.F) {
	f.Add([]byte{10, 4, 6, 12, 10, 3, 9}, uint16(0x1ff))
	f.Fuzz(func(t *testing.T, kinds []byte, opt uint16) {
		results := ok(model.Visible("r"), optBits(model.OptFields(opt)))
		for _, k := range kinds {
			var v model.Value
			switch model.Kind(k % 18) {
			case model.KindBool:
				v = model.Bool(k > 127)
			case model.KindBits:
				v = model.Bits(uint64(k), int(k%64))
			case model.KindUint:
				v = model.Uint(uint64(k))
			case model.KindOctets:
				v = model.Octets(string(kinds))
			case model.KindString:
				v = model.Visible("LD0/MMXU1$MX$TotW")
			case model.KindEntryTime:
				v = model.Entry(model.EntryTime(k))
			}
			results = append(results, mms.AccessResult{Value: v, Failed: k == 200})
		}
		p, err := parsePart(results, member)
		if err != nil && !errors.Is(err, ErrReport) {
			t.Errorf("error without a name: %v", err)
		}
		if err == nil && len(p.Entries) > len(results) {
			t.Errorf("%d entries of %d results", len(p.Entries), len(results))
		}
	})
}
