package mms

import "github.com/gridward/gridward/asn1"

// GetCapabilityList, ISO 9506-2 10.6.
var (
	reqCapabilities   = elem(71, "getCapabilityList")
	capContinueAfter  = schema.Add(asn1.Elem{Tag: asn1.TagVisible, Name: "continueAfter"})
	respCapabilities  = elem(71, "getCapabilityList")
	listCapabilities  = list(0, "listOfCapabilities")
	capMoreFollows    = defaulted(1, "moreFollows", 1, 1)
	capabilityElement = element(asn1.TagVisible, "VisibleString")
)

func (s GetCapabilityList) code(c asn1.Coder) GetCapabilityList {
	c.Begin(reqCapabilities)
	if c.Has(capContinueAfter, s.ContinueAfter != "") {
		s.ContinueAfter = c.String(capContinueAfter, s.ContinueAfter)
	}
	c.End()
	return s
}

func (s GetCapabilityListResponse) code(c asn1.Coder) GetCapabilityListResponse {
	c.Begin(respCapabilities)
	c.Begin(listCapabilities)
	s.Capabilities = codeList(c, s.Capabilities, codeCapability)
	c.End()
	s.MoreFollows = c.Bool(capMoreFollows, s.MoreFollows)
	c.End()
	return s
}

func codeCapability(c asn1.Coder, s string) string { return c.String(capabilityElement, s) }
