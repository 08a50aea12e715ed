package mms

import "strings"

// badInput must be refused: hex of BER, or XML.
type badInput struct {
	name, in string
	refuse   string
	offset   int
	xml      bool
}

// rejectNS is the start of a good PDU in XML.
const rejectNS = `<rejectPDU xmlns="` + Namespace + `">`

const goodReason = `<rejectReason><pdu-error>1</pdu-error></rejectReason></rejectPDU>`

var bad = []badInput{
	{name: "BER unknown PDU", in: "ae00", refuse: "unknown", offset: 0},
	{name: "BER universal tag", in: "3000", refuse: "unknown", offset: 0},
	{name: "BER trailing", in: "8b0000", refuse: "trailing", offset: 2},
	{name: "BER no length", in: "8b", refuse: "truncated", offset: 1},
	{name: "BER length longer than input", in: "a103020101", refuse: "missing", offset: 5},
	{name: "BER announced 1 GB", in: "a0843fffffff020101", refuse: "truncated", offset: 0},
	{name: "BER length of 5 octets", in: "a0850000000003020101", refuse: "long", offset: 1},
	{name: "BER tag of 4 octets", in: "bf8181810100", refuse: "long", offset: 3},
	{name: "BER child longer than parent", in: "a006020101820500", refuse: "truncated", offset: 5},
	{name: "BER primitive for constructed", in: "80050201018200", refuse: "malformed", offset: 0},
	{name: "BER constructed for primitive", in: "a007220302010182" + "00", refuse: "malformed", offset: 2},
	{name: "BER no service", in: "a003020101", refuse: "missing", offset: 5},
	{name: "BER no invokeID", in: "a0028200", refuse: "missing", offset: 2},
	{name: "BER invokeID negative", in: "a0050201ff8200", refuse: "range", offset: 2},
	{name: "BER invokeID of 33 bits", in: "a00902050100000000" + "8200", refuse: "range", offset: 2},
	{name: "BER INTEGER of 10 octets", in: "a00e020a00000000000000000001" + "8200", refuse: "range", offset: 2},
	{name: "BER INTEGER without octets", in: "a00402008200", refuse: "range", offset: 2},
	{name: "BER NULL with content", in: "a00602010182" + "0100", refuse: "malformed", offset: 5},
	{name: "BER BOOLEAN of 2 octets", in: "a0070201018002ffff", refuse: "malformed", offset: 5},
	{name: "BER element after the last", in: "a007020101820082" + "00", refuse: "unexpected", offset: 7},
	{name: "BER no end of contents", in: "a080020101820000", refuse: "truncated", offset: 8},
	{name: "BER indefinite primitive", in: "8b80", refuse: "malformed", offset: 1},
	{name: "BER 8 unused bits", in: "a10b020101a406a10484020800", refuse: "malformed", offset: 9},
	{name: "BER list of reject twice", in: "a406850101850101", refuse: "unexpected", offset: 5},
	{name: "BER nested 200 deep", in: nestedBER(200), refuse: "deep", offset: 67},

	{name: "XML nothing", in: "", refuse: "unknown", offset: 0, xml: true},
	{name: "XML text", in: "conclude", refuse: "unexpected", offset: 0, xml: true},
	{name: "XML no namespace is basic", in: "<conclude-RequestPDU>x</conclude-RequestPDU>", refuse: "unexpected", offset: 21},
	{name: "XML other namespace", in: `<conclude-RequestPDU xmlns="urn:other"/>`, refuse: "unknown", offset: 0},
	{name: "XML other namespace inside", in: rejectNS + `<originalInvokeID xmlns="urn:other">3</originalInvokeID>` + goodReason, refuse: "missing", offset: 57},
	{name: "XML undeclared prefix", in: "<a:conclude-RequestPDU/>", refuse: "not-xml", offset: 0},
	{name: "XML comment", in: rejectNS + "<!-- x -->" + goodReason, refuse: "restricted", offset: 57},
	{name: "XML processing instruction", in: `<?xml version="1.0"?>` + rejectNS + goodReason, refuse: "restricted", offset: 0},
	{name: "XML document type", in: `<!DOCTYPE a [<!ENTITY b "c">]>` + rejectNS + goodReason, refuse: "restricted", offset: 0},
	{name: "XML entity", in: rejectNS + "<originalInvokeID>&three;</originalInvokeID>" + goodReason, refuse: "restricted", offset: 75},
	{name: "XML reference to a control", in: rejectNS + "<originalInvokeID>&#1;</originalInvokeID>" + goodReason, refuse: "not-xml", offset: 75},
	{name: "XML control character", in: rejectNS + "\x01" + goodReason, refuse: "not-xml", offset: 57},
	{name: "XML end tag of another", in: rejectNS + "</RejectPDU>", refuse: "missing", offset: 57},
	{name: "XML element not closed", in: rejectNS, refuse: "missing", offset: 57},
	{name: "XML end missing", in: strings.TrimSuffix(rejectNS+goodReason, "</rejectPDU>"), refuse: "truncated", offset: 110},
	{name: "XML attribute twice", in: `<rejectPDU a="1" a="2"/>`, refuse: "not-xml", offset: 17},
	{name: "XML attribute unknown", in: `<rejectPDU xmlns="` + Namespace + `" a="1">` + goodReason, refuse: "unexpected", offset: 128},
	{name: "XML attribute without quotes", in: `<rejectPDU a=1/>`, refuse: "not-xml", offset: 13},
	{name: "XML component unknown", in: rejectNS + "<foo/>" + goodReason, refuse: "missing", offset: 57},
	{name: "XML component twice", in: rejectNS + "<originalInvokeID>3</originalInvokeID><originalInvokeID>3</originalInvokeID>" + goodReason, refuse: "missing", offset: 95},
	{name: "XML wrong order", in: rejectNS + "<rejectReason><pdu-error>1</pdu-error></rejectReason><originalInvokeID>3</originalInvokeID></rejectPDU>", refuse: "unexpected", offset: 110},
	{name: "XML two PDUs", in: "<conclude-RequestPDU/><conclude-RequestPDU/>", refuse: "trailing", offset: 22},
	{name: "XML number empty", in: rejectNS + "<originalInvokeID/>" + goodReason, refuse: "malformed", offset: 76},
	{name: "XML number too large", in: rejectNS + "<originalInvokeID>4294967296</originalInvokeID>" + goodReason, refuse: "range", offset: 75},
	{name: "XML number far too large", in: rejectNS + "<originalInvokeID>99999999999999999999</originalInvokeID>" + goodReason, refuse: "range", offset: 75},
	{name: "XML number with sign", in: rejectNS + "<originalInvokeID>+1</originalInvokeID>" + goodReason, refuse: "malformed", offset: 75},
	{name: "XML alternative unknown", in: rejectNS + "<rejectReason><pdu-errors>1</pdu-errors></rejectReason></rejectPDU>", refuse: "unknown", offset: 71},
	{name: "XML odd hex", in: readXML("<octet-string>123</octet-string>"), refuse: "malformed", offset: 180},
	{name: "XML hex digit", in: readXML("<octet-string>1g</octet-string>"), refuse: "malformed", offset: 180},
	{name: "XML bit", in: readXML("<bit-string>012</bit-string>"), refuse: "malformed", offset: 178},
	{name: "XML float of 6 octets", in: readXML("<floating-point>112233445566</floating-point>"), refuse: "malformed", offset: 166},
	{name: "XML boolean", in: readXML("<boolean>yes</boolean>"), refuse: "malformed", offset: 175},
	{name: "XML control of another name", in: readXML("<visible-string><foo/></visible-string>"), refuse: "unexpected", offset: 182},
	{name: "XML nested 200 deep", in: readXML(strings.Repeat("<structure><Data>", 200)), refuse: "deep", offset: 659},
}

// readXML is the answer to a read with one value.
func readXML(data string) string {
	return `<confirmed-ResponsePDU xmlns="` + Namespace + `"><invokeID>1</invokeID><ConfirmedServiceResponse><read>` +
		`<listOfAccessResult><AccessResult><success>` + data + `</success></AccessResult></listOfAccessResult></read>` +
		`</ConfirmedServiceResponse></confirmed-ResponsePDU>`
}

// nestedBER is a read response with a structure nested n deep, of indefinite lengths.
func nestedBER(n int) string {
	return "a180020101a480a180" + strings.Repeat("a280", n)
}
