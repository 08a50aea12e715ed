package mms

import (
	"encoding/json"
	"testing"
)

func TestJSONOfEveryPDU(t *testing.T) {
	for name, p := range samples() {
		b, err := AppendJSON(nil, p)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !json.Valid(b) {
			t.Errorf("%s: not JSON: %s", name, b)
		}
	}
}

func TestJSON(t *testing.T) {
	for _, c := range []struct{ hex, want string }{
		{
			"a021020111a41ca11aa0183016a014a1121a0744455231" + "4c44301a074d4d5855312441",
			`{"confirmed-RequestPDU":{"invokeID":17,"ConfirmedServiceRequest":{"read":{"specificationWithResult":false,"variableAccessSpecification":{"listOfVariable":[{"variableSpecification":{"name":{"domain-specific":{"domainId":"DER1LD0","itemId":"MMXU1$A"}}}}]}}}}}`,
		},
		{
			"a128020111a423a12187050842f6e979840303000080010a910869a37f000000000a8c06002932e03a7b",
			`{"confirmed-ResponsePDU":{"invokeID":17,"ConfirmedServiceResponse":{"read":{"listOfAccessResult":[{"success":{"floating-point":123.456}},{"success":{"bit-string":"0000000000000"}},{"failure":"object-non-existent"},{"success":{"utc-time":{"t":"2026-02-28T23:49:20.000000Z","quality":"0A"}}},{"success":{"binary-time":"2024-12-27T00:45:00.000Z"}}]}}}}`,
		},
		{
			"a12602015ebf4d20a01b30193017a00919077265632e636667a10a800202ca8104323032368101ff",
			`{"confirmed-ResponsePDU":{"invokeID":94,"ConfirmedServiceResponse":{"fileDirectory":{"listOfDirectoryEntry":[{"fileName":["rec.cfg"],"fileAttributes":{"sizeOfFile":714,"lastModified":"2026"}}],"moreFollows":true}}}}`,
		},
		{"a006020105bf4600", `{"confirmed-RequestPDU":{"invokeID":5,"ConfirmedServiceRequest":{"[70]":{"tag":"[70]","base64":""}}}}`},
	} {
		p, err := ParseBER(unhex(t, c.hex), Limits{})
		if err != nil {
			t.Errorf("%s: %v", c.hex, err)
			continue
		}
		got, err := AppendJSON(nil, p)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n%s\nnot\n%s", c.hex, err, got, c.want)
		}
	}
}
