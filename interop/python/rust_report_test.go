package python

import (
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/interop/mmssite"
)

// report is a ClientReport of iec61850.
type report struct {
	RptID   string `json:"rpt_id"`
	Seq     *int   `json:"sequence_number"`
	EntryID struct {
		Octets string
	} `json:"entry_id"`
	Overflow *bool `json:"buffer_overflow"`
	Entries  []map[string]any
}

func (c *theirs) report(members int) report {
	c.Helper()
	var r struct{ Report report }
	if err := c.p.Next(c.ctx, "report", &r); err != nil {
		c.Fatal(err)
	}
	r.Report.Entries = slices.DeleteFunc(r.Report.Entries, func(e map[string]any) bool {
		reason, _ := e["reason"].(map[string]any)
		for _, on := range reason {
			if on == true {
				return false
			}
		}
		return true // not included
	})
	// This client shows members of earlier reports again, with their reasons of then, so that there may be more.
	if len(r.Report.Entries) < members {
		c.Errorf("%d members, want %d: %+v", len(r.Report.Entries), members, r.Report)
	}
	return r.Report
}

func rustURCB(c *theirs) {
	const ref = "GWLD0/LLN0$RP$urcb01"
	var cb object
	c.do("rcb", args{"ref": ref}, &cb)
	if cb["conf_rev"] != 4.0 || cb["is_buffered"] != false {
		c.Errorf("%v", cb)
	}
	set := func(values args) {
		c.Helper()
		c.do("set_rcb", args{"ref": ref, "values": values}, nil)
	}
	c.do("subscribe", args{"ref": ref}, nil)
	set(args{"resv": true})
	set(args{"trigger_options": []string{"data_change", "quality_change", "integrity", "general_interrogation"}, "integrity_period_ms": 400})
	set(args{"rpt_ena": true})
	c.stimulate("set GWLD0/GGIO1.Ind1.stVal[ST] bool true")
	c.report(1)
	c.do("gi", args{"ref": ref}, nil)
	c.report(4)
	c.report(4)
	set(args{"rpt_ena": false})
}

func rustBRCB(c *theirs) {
	const ref = "GWLD0/LLN0$BR$brcb01"
	set := func(values args) {
		c.Helper()
		c.do("set_rcb", args{"ref": ref, "values": values}, nil)
	}
	c.do("subscribe", args{"ref": ref, "rptID": "buf"}, nil)
	set(args{"trigger_options": []string{"data_change", "quality_change", "general_interrogation"}, "purge_buf": true})
	set(args{"rpt_ena": true})
	c.stimulate("set GWLD0/GGIO1.Ind1.stVal[ST] bool true")
	first := c.report(1)
	c.stimulate("set GWLD0/GGIO1.AnIn2.mag.f[MX] float 4.5")
	c.report(1)
	if len(first.EntryID.Octets) != 16 {
		c.Errorf("%+v", first)
	}
	set(args{"rpt_ena": false})
	c.stimulate("set GWLD0/GGIO1.AnIn2.mag.f[MX] float 5.5")
	// This client writes EntryId, with a small d, which no server has: it cannot resynchronise.
	if err := c.p.Call(c.ctx, "set_rcb", args{"ref": ref, "values": args{"entry_id": first.EntryID.Octets}}, nil); err == nil {
		c.Error("EntryId was written")
	}
	set(args{"rpt_ena": true})
	if r := c.report(1); r.Overflow == nil || *r.Overflow || !cmp.Equal(r.Entries[0]["value"], any(5.5)) {
		c.Errorf("%+v", r)
	}
	set(args{"rpt_ena": false})
}

// outcome is what rust_client.py tells about a step of a control.
type outcome struct {
	Success bool
	Cause   string
}

func rustControl(c *theirs) {
	step := func(ref, do string, on bool) (got outcome) {
		c.Helper()
		c.do("step", args{"ref": ref, "do": do, "value": on}, &got)
		return got
	}
	accepted := func(ref, do string, on bool) {
		c.Helper()
		if got := step(ref, do, on); !got.Success {
			c.Errorf("%s %s: %v", do, ref, got.Cause)
		}
	}
	// This client does not read the LastApplError that comes before the answer: the cause is unknown to it.
	refused := func(ref, do string, on bool) {
		c.Helper()
		if got := step(ref, do, on); got.Success {
			c.Errorf("%s %s: %+v", do, ref, got)
		}
	}
	names := mmssite.PlainControls // this client knows no operTm
	for i, kind := range []string{"DIRECT_NORMAL", "SBO_NORMAL", "DIRECT_ENHANCED", "SBO_ENHANCED"} {
		c.do("control", args{"ref": names[i], "model": kind}, nil)
	}
	accepted(names[0], "operate", true)
	c.want(names[0]+".stVal", "ST", true)
	c.stimulate("control " + names[0] + " refuse 10")
	refused(names[0], "operate", false)

	accepted(names[1], "select", false)
	accepted(names[1], "operate", true)
	c.want(names[1]+".stVal", "ST", true)

	accepted(names[2], "operate", true)
	c.want(names[2]+".stVal", "ST", true)

	accepted(names[3], "select_with_value", true)
	accepted(names[3], "operate", true)
	c.want(names[3]+".stVal", "ST", true)
	accepted(names[3], "select_with_value", false)
	accepted(names[3], "cancel", false)
	c.stimulate("control " + names[3] + " refuse 11")
	refused(names[3], "select_with_value", false)
}
