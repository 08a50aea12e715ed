package openiec61850

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// report is what TheirClient tells about one.
type report struct {
	RptID, DataSet, EntryID string
	SqNum                   *int
	ConfRev                 *uint32
	Time                    *int64
	BufOvfl                 *bool
	Entries                 []struct {
		Ref, Reason string
		Value       object
	}
}

// Reasons, bits from the first: application trigger, data change, quality change, data update, integrity, interrogation.
const (
	dataChange    = "0100000"
	integrity     = "0000100"
	interrogation = "0000010"
)

// wantReport waits for a report and compares reasons and members with what is wanted.
func (c *theirs) wantReport(reason string, members ...string) (r report) {
	c.Helper()
	if err := c.p.Next(c.ctx, "report", &r); err != nil {
		c.Fatal(err)
	}
	var got []string
	for _, e := range r.Entries {
		got = append(got, e.Ref)
		if e.Reason != reason {
			c.Errorf("%s: reason %s, want %s", e.Ref, e.Reason, reason)
		}
	}
	if !slices.Equal(got, members) {
		c.Errorf("report of %q, want %q", got, members)
	}
	return r
}

// set sets components of a report control block and wants the codes of the library's errors; 0: none.
func (c *theirs) set(rcb string, values args, want ...int) {
	c.Helper()
	values["rcb"] = rcb
	var got []int
	c.do("setRcbValues", values, &got)
	if !slices.Equal(got, want) {
		c.Errorf("%v: errors %v, want %v", values, got, want)
	}
}

const locked = 8 // the library's INSTANCE_LOCKED_BY_OTHER_CLIENT, what it makes of temporarily-unavailable

func TestTheirURCB(t *testing.T) {
	theirClient(t, "urcb", func(c *theirs) {
		const ref = "GWLD0/LLN0.urcb01"
		rcb := func() args { return args{"rcb": ref} }
		var cb object
		c.do("getRcbValues", rcb(), &cb)
		for name, want := range map[string]any{
			"RptEna": false, "Resv": false, "DatSet": "GWLD0/LLN0$Four", "ConfRev": 4.0, "SqNum": 0.0,
		} {
			if cb[name] != want {
				t.Errorf("%s: %v, want %v", name, cb[name], want)
			}
		}
		c.do("reserve", rcb(), nil)
		c.set(ref, args{"TrgOps": object{"bits": "011011"}, "IntgPd": object{"uint": 700}}, 0, 0)
		c.set(ref, args{"OptFlds": object{"bits": "0111100010"}}, 0) // sequence number, time, reason, data set, revision
		c.do("enable", rcb(), nil)
		c.set(ref, args{"BufTm": object{"uint": 100}}, locked) // not while it is enabled
		c.stimulate("set GWLD0/GGIO1.Ind1.stVal[ST] bool true")
		r := c.wantReport(dataChange, four[2])
		if r.SqNum == nil || *r.SqNum != 0 || r.ConfRev == nil || *r.ConfRev != 4 || r.DataSet != "GWLD0/LLN0.Four" || r.Time == nil ||
			r.BufOvfl != nil || r.EntryID != "" {
			t.Errorf("%+v", r)
		}
		if v := r.Entries[0].Value["struct"].([]any); !cmp.Equal(v[0], any(object{"bool": true})) {
			t.Errorf("value %v", v)
		}
		c.do("gi", rcb(), nil)
		c.wantReport(interrogation, four...)
		if r := c.wantReport(integrity, four...); *r.SqNum != 2 {
			t.Errorf("sequence number %d", *r.SqNum)
		}
		c.do("disable", rcb(), nil)
		c.do("cancelReservation", rcb(), nil)
		c.do("getRcbValues", rcb(), &cb)
		if cb["RptEna"] != false || cb["Resv"] != false {
			t.Errorf("%v", cb)
		}
	})
}

func TestTheirBRCB(t *testing.T) {
	theirClient(t, "brcb", func(c *theirs) {
		const ref = "GWLD0/LLN0.brcb01"
		rcb := func() args { return args{"rcb": ref} }
		var cb object
		c.do("getRcbValues", rcb(), &cb)
		if cb["ConfRev"] != 3.0 || cb["ResvTms"] != 0.0 || cb["RptID"] != "buf" {
			t.Errorf("%v", cb)
		}
		c.do("reserve", args{"rcb": ref, "seconds": 20}, nil)
		c.set(ref, args{"TrgOps": object{"bits": "011001"}, "PurgeBuf": object{"bool": true}}, 0, 0)
		c.do("enable", rcb(), nil)
		c.stimulate("set GWLD0/GGIO1.Ind1.stVal[ST] bool true")
		first := c.wantReport(dataChange, four[2])
		if len(first.EntryID) != 16 || first.BufOvfl == nil || *first.BufOvfl {
			t.Errorf("%+v", first)
		}
		c.stimulate("set GWLD0/GGIO1.AnIn2.mag.f[MX] float 4.5")
		c.wantReport(dataChange, four[1])
		c.do("gi", rcb(), nil)
		c.wantReport(interrogation, four...)
		c.do("disable", rcb(), nil)
		c.stimulate("set GWLD0/GGIO1.AnIn2.mag.f[MX] float 5.5")
		// From the first report on: what came after it comes again, and then what has happened meanwhile. The library tells
		// each report in a thread of its own, so that their order is not that of the wire.
		c.set(ref, args{"EntryID": object{"octets": first.EntryID}}, 0)
		c.do("enable", rcb(), nil)
		var all []report
		for range 3 {
			var r report
			noErr(t, c.p.Next(c.ctx, "report", &r))
			all = append(all, r)
		}
		slices.SortFunc(all, func(a, b report) int { return *a.SqNum - *b.SqNum })
		for i, want := range []int{1, 4, 1} {
			if len(all[i].Entries) != want || i > 0 && all[i].EntryID <= all[i-1].EntryID {
				t.Errorf("report %d: %+v", i, all[i])
			}
		}
		if !cmp.Equal(all[0].Entries[0].Value, object{"float": 4.5}) || !cmp.Equal(all[2].Entries[0].Value, object{"float": 5.5}) {
			t.Errorf("%+v", all)
		}
		c.do("disable", rcb(), nil)
		c.do("reserve", args{"rcb": ref, "seconds": 0}, nil)
		c.do("getRcbValues", rcb(), &cb)
		if cb["RptEna"] != false || cb["ResvTms"] != 0.0 {
			t.Errorf("%v", cb)
		}
	})
}
