package python

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/interop/mmssite"
)

// TestHatClient runs sessions of the client of hat-drivers with our server.
func TestHatClient(t *testing.T) {
	p, err := mmssite.Python(context.Background(), "testdata/hat_client.py", "hat.drivers")
	noErr(t, err)
	defer func() { noErr(t, p.Stop()) }()
	for name, f := range map[string]func(c *theirs){"data-sets": hatDataSets, "urcb": hatURCB, "brcb": hatBRCB, "write": hatWrite, "control": hatControl} {
		t.Run(name, func(t *testing.T) { theirClient(t, p, "hat", name, f) })
	}
}

// error asks for what must be refused.
func (c *theirs) error(want, do string, a args) {
	c.Helper()
	if err := c.p.Call(c.ctx, do, a, nil); err == nil || !strings.Contains(err.Error(), want) {
		c.Errorf("%s %v: error %v, want %s", do, a, err, want)
	}
}

func hatDataSets(c *theirs) {
	var names []string
	c.do("datasets", nil, &names)
	if !slices.Equal(names, []string{"Four"}) {
		c.Errorf("data sets %q", names)
	}
	var members [][4]string
	c.do("members", args{"name": "Four"}, &members)
	if len(members) != 4 || members[3] != [4]string{"GWLD1", "GGIO9", "ST", "Ind1.stVal"} {
		c.Errorf("members %q", members)
	}
	c.do("define", args{"name": "mine", "refs": []string{"AnIn2", "Ind1"}}, nil)
	c.error("INSTANCE_IN_USE", "define", args{"name": "mine", "refs": []string{"AnIn2"}})
	c.do("members", args{"name": "mine"}, &members)
	if len(members) != 2 {
		c.Errorf("members %q", members)
	}
	c.do("undefine", args{"name": "mine"}, nil)
	c.error("", "undefine", args{"name": "Four"})
}

// hatReport waits for a report and gives the names of its members.
func (c *theirs) hatReport() (names []string, data []any) {
	c.Helper()
	var r struct {
		Report struct {
			Data []struct {
				Ref   struct{ Names []string }
				Value any
			}
		}
	}
	if err := c.p.Next(c.ctx, "report", &r); err != nil {
		c.Fatal(err)
	}
	for _, d := range r.Report.Data {
		names = append(names, strings.Join(d.Ref.Names, "."))
		data = append(data, d.Value)
	}
	return names, data
}

var hatFour = []string{"AnIn1", "AnIn2.mag.f", "Ind1", "Ind1.stVal"}

func hatURCB(c *theirs) {
	var cb object
	c.do("get_rcb", args{"name": "urcb01"}, &cb)
	if cb["CONF_REVISION"] != 4.0 || cb["REPORT_ENABLE"] != false {
		c.Errorf("%v", cb)
	}
	set := func(values args) {
		c.Helper()
		c.do("set_rcb", args{"name": "urcb01", "values": values}, nil)
	}
	set(args{"RESERVE": true})
	set(args{"TRIGGER_OPTIONS": []string{"DATA_CHANGE", "QUALITY_CHANGE", "GENERAL_INTERROGATION"}, "OPTIONAL_FIELDS": nil})
	set(args{"REPORT_ENABLE": true})
	c.stimulate("set GWLD0/GGIO1.AnIn2.mag.f[MX] float 4.5")
	names, data := c.hatReport()
	if !slices.Equal(names, hatFour[1:2]) || !cmp.Equal(data[0], any(4.5)) {
		c.Errorf("report of %q: %v", names, data)
	}
	set(args{"GI": true})
	if names, _ := c.hatReport(); !slices.Equal(names, hatFour) {
		c.Errorf("report of %q", names)
	}
	set(args{"REPORT_ENABLE": false})
}

func hatBRCB(c *theirs) {
	set := func(values args) {
		c.Helper()
		c.do("set_rcb", args{"name": "brcb01", "values": values}, nil)
	}
	set(args{"TRIGGER_OPTIONS": []string{"DATA_CHANGE", "QUALITY_CHANGE", "GENERAL_INTERROGATION"}})
	set(args{"PURGE_BUFFER": true})
	c.stimulate("set GWLD0/GGIO1.AnIn2.mag.f[MX] float 4.5") // before it is enabled
	set(args{"REPORT_ENABLE": true})
	names, data := c.hatReport()
	if !slices.Equal(names, hatFour[1:2]) || !cmp.Equal(data[0], any(4.5)) {
		c.Errorf("report of %q: %v", names, data)
	}
	set(args{"REPORT_ENABLE": false})
}

func hatWrite(c *theirs) {
	c.do("write", args{"name": "Set1", "value": 7.5}, nil)
	c.error("ACCESS", "write", args{"name": "Ind1.stVal", "value": true})
}

func hatControl(c *theirs) {
	number := 0
	step := func(name, do string, on bool, want string) {
		c.Helper()
		var got struct {
			Success bool
			Cause   string
		}
		number++
		c.do("step", args{"name": name, "do": do, "value": on, "number": number}, &got)
		if got.Success != (want == "") || got.Cause != want {
			c.Errorf("%s %s: %+v, want %q", do, name, got, want)
		}
	}
	ended := func(want string) {
		c.Helper()
		var got struct {
			Failed bool
			Cause  string
		}
		noErr(c.T, c.p.Next(c.ctx, "termination", &got))
		if got.Failed != (want != "") || got.Cause != want {
			c.Errorf("termination %+v, want %q", got, want)
		}
	}
	step("SPCSO1", "operate", true, "")
	c.stimulate("control GWLD0/GGIO2.SPCSO1 refuse 10")
	step("SPCSO1", "operate", false, "BLOCKED_BY_INTERLOCKING")
	step("SPCSO2", "operate", true, "OBJECT_NOT_SELECTED")
	step("SPCSO2", "select", true, "")
	step("SPCSO2", "operate", true, "")
	step("SPCSO3", "operate", true, "")
	ended("")
	c.stimulate("control GWLD0/GGIO2.SPCSO3 fail 9")
	step("SPCSO3", "operate", false, "")
	ended("BLOCKED_BY_PROCESS")
	step("SPCSO4", "select_with_value", true, "")
	number-- // one command
	step("SPCSO4", "operate", true, "")
	ended("")
	step("SPCSO4", "select_with_value", false, "")
	number--
	step("SPCSO4", "cancel", false, "")
}
