package jer

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gridward/gridward/asn1"
)

var (
	schema  asn1.Schema
	eSeq    = schema.Add(asn1.Elem{Name: "seq"})
	eList   = schema.Add(asn1.Elem{Name: "list", List: true})
	eValue  = schema.Add(asn1.Elem{Name: "value"})
	eEnum   = schema.Add(asn1.Elem{Name: "enum", Enum: []string{"off", "on"}})
	eUTC    = schema.Add(asn1.Elem{Name: "utc", Show: asn1.ShowUTCTime})
	eEntry  = schema.Add(asn1.Elem{Name: "entry", Show: asn1.ShowEntryTime})
	closed  = asn1.NewChoice(eValue)
	anyKind = &asn1.Choice{Open: true}
)

// written gives what f writes inside a SEQUENCE, without the braces.
func written(t *testing.T, f func(w *Writer)) string {
	t.Helper()
	var w Writer
	w.Reset(nil)
	w.Begin(eSeq)
	f(&w)
	w.End()
	b, err := w.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b) {
		t.Errorf("not JSON: %s", b)
	}
	return strings.TrimSuffix(strings.TrimPrefix(string(b), "{"), "}")
}

func TestWriter(t *testing.T) {
	for _, c := range []struct {
		want  string
		write func(w *Writer)
	}{
		{`"value":true`, func(w *Writer) { w.Bool(eValue, true) }},
		{`"value":-9223372036854775808`, func(w *Writer) { w.Int(eValue, math.MinInt64) }},
		{`"enum":"on"`, func(w *Writer) { w.Int(eEnum, 1) }},
		{`"enum":2`, func(w *Writer) { w.Int(eEnum, 2) }},
		{`"enum":-1`, func(w *Writer) { w.Int(eEnum, -1) }},
		{`"value":18446744073709551615`, func(w *Writer) { w.Uint(eValue, math.MaxUint64) }},
		{`"value":null`, func(w *Writer) { w.Null(eValue) }},
		{`"value":"00AB"`, func(w *Writer) { w.Octets(eValue, "\x00\xab") }},
		{`"value":"1.0.9506.2.1"`, func(w *Writer) { w.OID(eValue, "\x28\xca\x22\x02\x01") }},
		{`"value":"101"`, func(w *Writer) { w.Bits(eValue, 0b101, "", 3) }},
		{`"value":"` + strings.Repeat("10", 32) + `1"`, func(w *Writer) { w.Bits(eValue, 0, strings.Repeat("\xaa", 9), 65) }},
		{`"value":""`, func(w *Writer) { w.Bits(eValue, 0, "", 0) }},
		{`"value":123.456`, func(w *Writer) { w.Float(eValue, uint64(math.Float32bits(123.456)), 32) }},
		{`"value":0.1`, func(w *Writer) { w.Float(eValue, math.Float64bits(0.1), 64) }},
		{`"value":"NaN","value":"-Inf"`, func(w *Writer) {
			w.Float(eValue, math.Float64bits(math.NaN()), 64)
			w.Float(eValue, uint64(math.Float32bits(float32(math.Inf(-1)))), 32)
		}},
		{`"utc":{"t":"2026-02-28T23:49:20.000000Z","quality":"0A"}`, func(w *Writer) { w.Fixed(eUTC, 0x69a37f000000000a, 8) }},
		{`"utc":{"t":"1970-01-01T00:00:01.500000Z","quality":"00"}`, func(w *Writer) { w.Fixed(eUTC, 0x0000000180000000, 8) }},
		{`"entry":"2024-12-27T00:45:00.000Z"`, func(w *Writer) { w.Fixed(eEntry, 0x002932e03a7b, 6) }},
		{`"entry":"002932E0"`, func(w *Writer) { w.Fixed(eEntry, 0x002932e0, 4) }},
		{`"value":"0001"`, func(w *Writer) { w.Fixed(eValue, 1, 2) }},
		{`"[71]":{"tag":"[71]","base64":"AQI="}`, func(w *Writer) { w.Raw(asn1.Raw{Tag: asn1.Context(71), Content: "\x01\x02"}) }},
		{`"list":[1,2,{"value":3}],"value":4`, func(w *Writer) {
			w.Begin(eList)
			for i := 0; w.Next(i, 2); i++ {
				w.Uint(eValue, uint64(i+1))
			}
			w.Begin(eSeq)
			w.Uint(eValue, 3)
			w.End()
			w.End()
			w.Uint(eValue, 4)
		}},
	} {
		if got := written(t, c.write); got != c.want {
			t.Errorf("written as\n%s\nnot\n%s", got, c.want)
		}
	}
}

// TestStrings: what a reader gets back is what was there, or says itself that it is octets; nothing is replaced.
func TestStrings(t *testing.T) {
	for in, want := range map[string]string{
		"":                        `""`,
		`a"b\c/<&>`:               `"a\"b\\c/<&>"`,
		"\x00\x1b\t\r\n":          `"\u0000\u001b\u0009\u000d\u000a"`,
		"\x7f\u0080\u009b\u00a0é": `"\u007f\u0080\u009b` + "\u00a0é\"",
		"\u2028\u2029\U0001F50C":  `"\u2028\u2029` + "\U0001F50C\"",
		"\ufffd":                  "\"\ufffd\"",
		"K\xf6ln":                 `{"octets":"4BF66C6E"}`,
		"\xc3":                    `{"octets":"C3"}`,
		"\xed\xa0\x80":            `{"octets":"EDA080"}`,
	} {
		got := written(t, func(w *Writer) { w.String(eValue, in) })
		if got != `"value":`+want {
			t.Errorf("%q is written as %s, not %s", in, got, want)
		}
		var back struct{ Value any }
		if err := json.Unmarshal([]byte("{"+got+"}"), &back); err != nil {
			t.Errorf("%q: %v", in, err)
		} else if s, ok := back.Value.(string); ok && s != in {
			t.Errorf("%q is read back as %q", in, s)
		}
	}
}

func TestRefused(t *testing.T) {
	for what, c := range map[string]struct {
		write func(w *Writer)
		cause error
	}{
		"OID without octets": {func(w *Writer) { w.OID(eValue, "") }, asn1.ErrSyntax},
		"OID cut":            {func(w *Writer) { w.OID(eValue, "\x28\x81") }, asn1.ErrTruncated},
		"no alternative":     {func(w *Writer) { w.Choice(closed, -1) }, asn1.ErrUnknown},
		"alternative 1 of 1": {func(w *Writer) { w.Choice(closed, 1) }, asn1.ErrUnknown},
		"said by the caller": {func(w *Writer) { w.Fail(asn1.ErrMissing) }, asn1.ErrMissing},
	} {
		var w Writer
		w.Reset([]byte("before"))
		w.Begin(eSeq)
		c.write(&w)
		at := len(w.b)
		w.Fail(errors.New("later"))
		if w.Has(eValue, true) || w.Next(0, 1) || w.Choice(anyKind, -1) != -1 || w.Reading() || w.Hint() != 0 {
			t.Errorf("%s: goes on after the error", what)
		}
		w.Bool(eValue, true)
		w.Int(eValue, 1)
		w.Uint(eValue, 1)
		w.Null(eValue)
		w.String(eValue, "x")
		w.Octets(eValue, "x")
		w.OID(eValue, "x")
		w.Bits(eValue, 1, "", 1)
		w.Float(eValue, 1, 32)
		w.Fixed(eValue, 1, 1)
		w.Raw(asn1.Raw{})
		w.Begin(eSeq)
		w.End()
		var where *asn1.Error
		if !errors.As(w.Err(), &where) || !errors.Is(w.Err(), c.cause) || where.Path != "seq" || len(w.b) != at {
			t.Errorf("%s: %v, %s", what, w.Err(), w.b)
		}
	}
	var w Writer
	w.Reset(nil)
	if w.Choice(anyKind, -1) != -1 || w.Err() != nil {
		t.Errorf("a raw alternative of an open CHOICE: %v", w.Err())
	}
}
