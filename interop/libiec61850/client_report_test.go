package libiec61850

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// report is what client.py tells about one.
type report struct {
	RCB, RptID, DataSet, EntryID string
	Seq                          int
	ConfRev                      uint32
	Time                         uint64
	Overflow                     *bool
	Entries                      []entry
}

type entry struct {
	Index, Reason int
	Ref           string
	Value         object
}

// Reasons and trigger options of the library.
const (
	dataChange, qualityChange, integrity, interrogation = 1, 2, 8, 16
	allTriggers                                         = 1 | 2 | 8 | 16
)

func (c *theirs) report() (r report) {
	c.Helper()
	if err := c.p.Next(c.ctx, "report", &r); err != nil {
		c.Fatal(err)
	}
	return r
}

// wantReport waits for a report and compares reason and members with what is wanted.
func (c *theirs) wantReport(reason int, members ...int) report {
	c.Helper()
	r := c.report()
	var got []int
	for _, e := range r.Entries {
		got = append(got, e.Index)
		if e.Reason != reason {
			c.Errorf("member %d: reason %d, want %d", e.Index, e.Reason, reason)
		}
	}
	if d := cmp.Diff(members, got); d != "" {
		c.Errorf("members: -want +got\n%s", d)
	}
	return r
}

func TestTheirURCB(t *testing.T) {
	theirClient(t, "urcb", func(c *theirs) {
		const ref = "GWLD0/LLN0.RP.urcb01"
		var cb object
		c.do("rcb", args{"ref": ref}, &cb)
		for name, want := range map[string]any{
			"RptId": "", "RptEna": false, "DataSetReference": "GWLD0/LLN0$Four", "ConfRev": 4.0, "buffered": false,
		} {
			if cb[name] != want {
				t.Errorf("%s: %v, want %v", name, cb[name], want)
			}
		}
		c.do("subscribe", args{"ref": ref, "rptID": "GWLD0/LLN0$RP$urcb01"}, nil) // what an empty RptID stands for
		c.do("set_rcb", args{"ref": ref, "values": args{"Resv": true}}, nil)
		c.do("set_rcb", args{"ref": ref, "values": args{"TrgOps": allTriggers, "IntgPd": 300}}, nil)
		c.do("set_rcb", args{"ref": ref, "values": args{"RptEna": true}}, nil)
		c.refused("set_rcb", args{"ref": ref, "values": args{"BufTm": 100}}, "TEMPORARILY_UNAVAILABLE")
		c.stimulate("set GWLD0/GGIO1.Ind1.stVal[ST] bool true")
		r := c.wantReport(dataChange, 2)
		if r.Seq != 0 || r.ConfRev != 4 || r.DataSet != "GWLD0/LLN0$Four" || r.Time == 0 || r.Overflow != nil || r.EntryID != "" ||
			r.Entries[0].Ref != "GWLD0/GGIO1$ST$Ind1" {
			t.Errorf("%+v", r)
		}
		if s := r.Entries[0].Value["struct"].([]any); !cmp.Equal(s[0], any(object{"bool": true})) {
			t.Errorf("value %v", s)
		}
		c.do("gi", args{"ref": ref}, nil)
		c.wantReport(interrogation, 0, 1, 2, 3)
		if r := c.wantReport(integrity, 0, 1, 2, 3); r.Seq != 2 {
			t.Errorf("sequence number %d", r.Seq)
		}
		c.do("set_rcb", args{"ref": ref, "values": args{"RptEna": false}}, nil)
		c.do("set_rcb", args{"ref": ref, "values": args{"Resv": false}}, nil)
	})
}

func TestTheirBRCB(t *testing.T) {
	theirClient(t, "brcb", func(c *theirs) {
		const ref = "GWLD0/LLN0.BR.brcb01"
		var cb object
		c.do("rcb", args{"ref": ref}, &cb)
		if cb["buffered"] != true || cb["ConfRev"] != 3.0 || cb["ResvTms"] != 0.0 {
			t.Errorf("%v", cb)
		}
		c.do("subscribe", args{"ref": ref, "rptID": cb["RptId"]}, nil)
		c.do("set_rcb", args{"ref": ref, "values": args{"ResvTms": 20}}, nil)
		c.do("set_rcb", args{"ref": ref, "values": args{"TrgOps": dataChange | qualityChange | interrogation, "PurgeBuf": true}}, nil)
		c.do("set_rcb", args{"ref": ref, "values": args{"RptEna": true}}, nil)
		c.stimulate("set GWLD0/GGIO1.Ind1.stVal[ST] bool true")
		first := c.wantReport(dataChange, 2)
		c.stimulate("set GWLD0/GGIO1.AnIn2.mag.f[MX] float 4.5")
		c.wantReport(dataChange, 1)
		c.do("set_rcb", args{"ref": ref, "values": args{"RptEna": false}}, nil)
		c.stimulate("set GWLD0/GGIO1.AnIn2.mag.f[MX] float 5.5")
		// From the first report on: the second comes again, and then what has happened meanwhile.
		c.do("set_rcb", args{"ref": ref, "values": args{"EntryId": first.EntryID}}, nil)
		c.do("set_rcb", args{"ref": ref, "values": args{"RptEna": true}}, nil)
		for _, want := range []float64{4.5, 5.5} {
			r := c.wantReport(dataChange, 1)
			if len(r.Entries) != 1 || !cmp.Equal(r.Entries[0].Value, object{"float": want}) || r.Overflow == nil || *r.Overflow || len(r.EntryID) != 16 {
				t.Errorf("%+v, want %v", r, want)
			}
		}
		c.do("gi", args{"ref": ref}, nil)
		c.wantReport(interrogation, 0, 1, 2, 3)
		c.do("set_rcb", args{"ref": ref, "values": args{"RptEna": false}}, nil)
		c.do("set_rcb", args{"ref": ref, "values": args{"PurgeBuf": true}}, nil)
		c.refused("set_rcb", args{"ref": ref, "values": args{"EntryId": first.EntryID}}, "OBJECT_VALUE_INVALID")
	})
}

// TestTheirReservation: a second client is told that the block is another's.
func TestTheirReservation(t *testing.T) {
	theirClient(t, "reservation", func(c *theirs) {
		const ref = "GWLD0/LLN0.RP.urcb02"
		first, second := c.con, c.con+"2"
		c.do("set_rcb", args{"ref": ref, "values": args{"Resv": true}}, nil)
		c.con = second
		c.connect()
		c.refused("set_rcb", args{"ref": ref, "values": args{"RptEna": true}}, "TEMPORARILY_UNAVAILABLE")
		c.do("release", nil, nil)
		c.con = first
		c.do("set_rcb", args{"ref": ref, "values": args{"RptEna": true}}, nil)
	})
}
