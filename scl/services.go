package scl

import (
	"math"

	"github.com/gridward/gridward/model"
)

// readServices reads the Services of an access point, or those of its IED where it has none (IEC 61850-6 9.3.5).
func readServices(ied, ap *Element, s *sink) model.Services {
	e := ap
	if e == nil {
		e = ied
	}
	var v model.Services
	if e == nil {
		return v
	}
	limit := func(element, attr string) int {
		if c := e.Child(element); c != nil {
			return int(c.number(attr, 0, math.MaxInt32, s))
		}
		return 0
	}
	v.MaxDataSets, v.MaxDataSetMembers = limit("DynDataSet", "max"), limit("DynDataSet", "maxAttributes")
	v.ConfDataSets, v.ConfDataSetMembers = limit("ConfDataSet", "max"), limit("ConfDataSet", "maxAttributes")
	v.MaxReports = limit("ConfReportControl", "max")
	if c := e.Child("ConfReportControl"); c != nil {
		v.BufferedConf = c.boolean("bufConf", false, s)
	}
	v.NameLength = int(e.number("nameLength", 32, 64, s))
	v.FileHandling = e.Child("FileHandling") != nil
	if c := e.Child("GSESettings"); c != nil {
		v.GseIDWrite, v.GseDataSetWrite = c.Attr("appID") == "Dyn", c.Attr("datSet") == "Dyn"
	}
	if c := e.Child("SMVSettings"); c != nil {
		v.SmvIDWrite, v.SmvDataSetWrite = c.Attr("svID") == "Dyn", c.Attr("datSet") == "Dyn"
		v.SmvOptFieldsWrite, v.SmvRateWrite = c.Attr("optFields") == "Dyn", c.Attr("smpRate") == "Dyn"
		v.SmvASDUWrite = c.Attr("nofASDU") == "Dyn"
	}
	if c := e.Child("LogSettings"); c != nil {
		v.LogEnaWrite, v.LogDataSetWrite = c.Attr("logEna") == "Dyn", c.Attr("datSet") == "Dyn"
		v.LogTriggerWrite, v.LogPeriodWrite = c.Attr("trgOps") == "Dyn", c.Attr("intgPd") == "Dyn"
	}
	if c := e.Child("SettingGroups"); c != nil {
		for _, name := range [...]string{"SGEdit", "ConfSG"} {
			if g := c.Child(name); g != nil && g.boolean("resvTms", false, s) {
				v.SettingReserveTime = true
			}
		}
	}
	if c := e.Child("ReportSettings"); c != nil {
		dyn := func(name string) bool { return c.Attr(name) == "Dyn" }
		v.RptIDWrite, v.DataSetWrite, v.OptFieldsWrite = dyn("rptID"), dyn("datSet"), dyn("optFields")
		v.BufTimeWrite, v.TriggerWrite, v.IntegrityPeriodWrite = dyn("bufTime"), dyn("trgOps"), dyn("intgPd")
		v.OwnerAttribute, v.ReserveTime = c.boolean("owner", false, s), c.boolean("resvTms", false, s)
	}
	return v
}
