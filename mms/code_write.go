package mms

import "github.com/gridward/gridward/asn1"

// Write-Request and -Response, ISO 9506-2 14.7, and InformationReport, 14.8.
var (
	reqWrite    = elem(5, "write")
	writeAccess = choice("variableAccessSpecification", accessChoice)
	listOfData  = list(0, "listOfData")
	respWrite   = list(5, "write")

	informationReport = elem(0, "informationReport")
	reportAccess      = schema.Add(asn1.Elem{Tag: asn1.None, Name: "variableAccessSpecification", Key: "informationReport.variableAccessSpecification", Alts: accessChoice})
	reportResults     = list(0, "listOfAccessResult")
)

func (s Write) code(c asn1.Coder) Write {
	c.Begin(reqWrite)
	c.Begin(writeAccess)
	s.Access = codeAccess(c, s.Access)
	c.End()
	c.Begin(listOfData)
	s.Data = codeList(c, s.Data, codeDataItem)
	c.End()
	c.End()
	return s
}

func (s WriteResponse) code(c asn1.Coder) WriteResponse {
	c.Begin(respWrite)
	s.Results = codeList(c, s.Results, codeWriteResult)
	c.End()
	return s
}

func (s InformationReport) code(c asn1.Coder) InformationReport {
	c.Begin(informationReport)
	c.Begin(reportAccess)
	s.Access = codeAccess(c, s.Access)
	c.End()
	c.Begin(reportResults)
	s.Results = codeList(c, s.Results, codeResult)
	c.End()
	c.End()
	return s
}
