package ber

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/gridward/gridward/asn1"
)

var (
	schema asn1.Schema
	eSeq   = schema.Add(asn1.Elem{Tag: asn1.Context(0), Name: "seq"})
	eBool  = schema.Add(asn1.Elem{Tag: asn1.Context(1), Name: "bool"})
	eInt   = schema.Add(asn1.Elem{Tag: asn1.Context(2), Name: "int"})
	eUint  = schema.Add(asn1.Elem{Tag: asn1.Context(3), Name: "uint"})
	eText  = schema.Add(asn1.Elem{Tag: asn1.Context(4), Name: "text"})
	eBits  = schema.Add(asn1.Elem{Tag: asn1.Context(5), Name: "bits"})
	eFloat = schema.Add(asn1.Elem{Tag: asn1.Context(6), Name: "float"})
	eOID   = schema.Add(asn1.Elem{Tag: asn1.Context(7), Name: "oid"})
	eFar   = schema.Add(asn1.Elem{Tag: asn1.Context(72), Name: "far"})
	eTime  = schema.Add(asn1.Elem{Tag: asn1.Context(17), Name: "time", Show: asn1.ShowUTCTime})
	eList  = schema.Add(asn1.Elem{Tag: asn1.Context(8), Name: "list", List: true})
)

// all is a type with every kind of component.
type all struct {
	b       bool
	i       int64
	u       uint64
	text    string
	bits    uint64
	long    string
	n       int
	f       uint64
	width   int
	oid     string
	far     string
	t       uint64
	list    []int64
	hasList bool
}

func (a all) code(c asn1.Coder) all {
	c.Begin(eSeq)
	a.b = c.Bool(eBool, a.b)
	a.i = c.Int(eInt, a.i)
	a.u = c.Uint(eUint, a.u)
	a.text = c.String(eText, a.text)
	a.bits, a.long, a.n = c.Bits(eBits, a.bits, a.long, a.n)
	a.f, a.width = c.Float(eFloat, a.f, a.width)
	a.oid = c.OID(eOID, a.oid)
	a.far = c.Octets(eFar, a.far)
	a.t, _ = c.Fixed(eTime, a.t, 8)
	if c.Has(eList, a.hasList) {
		a.hasList = true
		c.Begin(eList)
		var read []int64
		for i := 0; c.Next(i, len(a.list)); i++ {
			var v int64
			if !c.Reading() {
				v = a.list[i]
			}
			read = append(read, c.Int(eInt, v))
		}
		a.list = read
		c.End()
	}
	c.End()
	return a
}

var sample = all{
	b: true, i: -129, u: 1<<64 - 1, text: "Grid", bits: 0b101, n: 3, f: 0x3f000000, width: 32, oid: "\x28\xca\x22\x02\x01",
	far: "\x01\x02", t: 0x69A37F000000000A, list: []int64{0, 127, 128, -128}, hasList: true,
}

// parts are the components of sample as they are written.
var parts = []string{
	"8101ff",
	"8202ff7f",
	"830900ffffffffffffffff",
	"840447726964",
	"850205a0",
	"8605083f000000",
	"870528ca220201",
	"9f48020102",
	"910869a37f000000000a",
	"a80d820100" + "82017f" + "82020080" + "820180",
}

func seq(parts ...string) string {
	body := strings.Join(parts, "")
	b, _ := hex.DecodeString(body)
	var w Writer
	w.Raw(asn1.Raw{Tag: eSeq.Tag, Constructed: true, Content: string(b)})
	return hex.EncodeToString(w.Bytes())
}

func parse(t *testing.T, in string, lim Limits) (all, error) {
	t.Helper()
	b, err := hex.DecodeString(in)
	if err != nil {
		t.Fatal(err)
	}
	var r Reader
	r.Reset(string(b), lim)
	a := all{}.code(&r)
	return a, r.Finish()
}

func TestWriteIsMinimalAndReadBack(t *testing.T) {
	var w Writer
	w.Reset([]byte("kept"))
	sample.code(&w)
	got, want := string(w.Bytes()), "kept"
	b, err := hex.DecodeString(seq(parts...))
	if err != nil || w.Err() != nil {
		t.Fatal(err, w.Err())
	}
	if want += string(b); got != want {
		t.Errorf("written as %x, not %x", got, want)
	}
	a, err := parse(t, seq(parts...), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "minimal", a)
}

func same(t *testing.T, what string, a all) {
	t.Helper()
	var w Writer
	a.code(&w)
	if got := hex.EncodeToString(w.Bytes()); got != seq(parts...) || w.Err() != nil {
		t.Errorf("%s: read as %+v, written as %s: %v", what, a, got, w.Err())
	}
}

// with is sample with part i in another form.
func with(i int, form string) string {
	p := append([]string{}, parts...)
	p[i] = form
	return seq(p...)
}

func TestReaderIsTolerant(t *testing.T) {
	for what, in := range map[string]string{
		"TRUE of 1":                           with(0, "810101"),
		"length of 2 octets":                  with(1, "828102ff7f"),
		"length of 4 octets":                  with(1, "8284"+"00000002"+"ff7f"),
		"INTEGER with padding":                with(1, "8205ffffffff7f"),
		"INTEGER of 9 octets":                 with(1, "8209ffffffffffffffff7f"),
		"indefinite list":                     with(9, "a88082010082017f82020080820180"+"0000"),
		"indefinite PDU":                      "a080" + strings.Join(parts, "") + "0000",
		"all indefinite":                      "a080" + strings.Join(parts[:9], "") + "a880" + "82010082017f82020080820180" + "0000" + "0000",
		"string in segments":                  with(3, "a4080402"+"4772"+"0402"+"6964"),
		"string in segments, indefinite":      with(3, "a4800402"+"4772"+"0402"+"6964"+"0000"),
		"bits in segments":                    with(4, "a507030100"+"030205a0"),
		"octets of a long tag, padded length": with(7, "9f4881020102"),
	} {
		a, err := parse(t, in, Limits{})
		if err != nil {
			t.Errorf("%s: %s: %v", what, in, err)
			continue
		}
		same(t, what, a)
	}
}

func TestReaderRefuses(t *testing.T) {
	many := strings.Repeat("040161", 17)
	for _, c := range []struct {
		what, in string
		cause    error
		offset   int
		path     string
	}{
		{"17 segments", with(3, "a433"+many), asn1.ErrTooLong, 20, "seq"},
		{"segment that is constructed", with(3, "a4062404"+"04024772"), asn1.ErrSyntax, 22, "seq"},
		{"negative where unsigned", with(2, "8301ff"), asn1.ErrRange, 9, "seq"},
		{"unsigned of 65 bits", with(2, "830901ffffffffffffffff"), asn1.ErrRange, 9, "seq"},
		{"float of 3 octets", with(5, "8603083f00"), asn1.ErrUnsupported, 30, "seq"},
		{"time of 7 octets", with(8, "910769a37f00000000"), asn1.ErrUnsupported, 49, "seq"},
		{"OID that ends early", with(6, "870128"+"870181"), asn1.ErrMissing, 40, "seq"},
		{"OID with an open arc", with(6, "87022881"), asn1.ErrTruncated, 37, "seq"},
		{"OID empty", with(6, "8700"), asn1.ErrSyntax, 37, "seq"},
		{"bits without content", with(4, "8500"), asn1.ErrSyntax, 26, "seq"},
		{"bits: unused of nothing", with(4, "850103"), asn1.ErrSyntax, 26, "seq"},
		{"list of 5 with a limit of 4", with(9, "a80f820100820100820100820100820100"), asn1.ErrTooLong, 73, "seq/list"},
		{"order", seq(parts[1], parts[0]), asn1.ErrMissing, 2, "seq"},
	} {
		_, err := parse(t, c.in, Limits{Items: 4})
		var where *asn1.Error
		switch {
		case !errors.As(err, &where) || !errors.Is(err, c.cause):
			t.Errorf("%s: %s: %v, not %v", c.what, c.in, err, c.cause)
		case where.Offset != c.offset || where.Path != c.path:
			t.Errorf("%s: %s: at %d in %q, not %d in %q: %v", c.what, c.in, where.Offset, where.Path, c.offset, c.path, err)
		}
	}
	if _, err := parse(t, seq(parts...), Limits{Depth: 1}); !errors.Is(err, asn1.ErrTooDeep) {
		t.Errorf("depth 2 with a limit of 1: %v", err)
	}
}

// TestErrorSticks: after an error nothing is read and loops end.
func TestErrorSticks(t *testing.T) {
	var r Reader
	r.Reset("\xa0\x05\x82\x01\x01\x81\x00", Limits{})
	r.Begin(eSeq)
	r.Fail(asn1.ErrUnsupported)
	first := r.Err()
	r.Begin(eList)
	r.End()
	if r.Bool(eBool, true) || r.Int(eInt, 1) != 0 || r.Uint(eUint, 1) != 0 || r.String(eText, "x") != "" || r.Next(0, 9) ||
		r.Has(eInt, true) || r.Choice(asn1.NewChoice(eInt), 0) != -1 || r.Raw(asn1.Raw{}).Content != "" {
		t.Error("something was read after an error")
	}
	if !errors.Is(r.Finish(), first) || !errors.Is(first, asn1.ErrUnsupported) {
		t.Errorf("%v is not the first error, %v", r.Err(), first)
	}
}

func TestWriterRefuses(t *testing.T) {
	small := schema.Add(asn1.Elem{Tag: asn1.Context(2), Name: "small", Min: 0, Max: 10})
	for what, write := range map[string]func(w *Writer){
		"range":    func(w *Writer) { w.Int(small, 11) },
		"float":    func(w *Writer) { w.Float(eFloat, 0, 16) },
		"time":     func(w *Writer) { w.Fixed(eTime, 0, 7) },
		"bits":     func(w *Writer) { w.Bits(eBits, 0, "short", 65) },
		"OID":      func(w *Writer) { w.OID(eOID, "\x80") },
		"choice":   func(w *Writer) { w.Choice(asn1.NewChoice(eInt), 1) },
		"negative": func(w *Writer) { w.Bits(eBits, 0, "", -1) },
	} {
		var w Writer
		w.Begin(eSeq)
		write(&w)
		w.End()
		var where *asn1.Error
		if !errors.As(w.Err(), &where) || where.Path != "seq" {
			t.Errorf("%s: %v", what, w.Err())
		}
	}
}

func TestLongLengths(t *testing.T) {
	for _, n := range []int{0, 127, 128, 255, 256, 65535, 65536} {
		a := sample
		a.text = strings.Repeat("x", n)
		var w Writer
		a.code(&w)
		var r Reader
		r.Reset(string(w.Bytes()), Limits{})
		got := all{}.code(&r)
		if r.Finish() != nil || got.text != a.text || got.t != a.t || len(got.list) != 4 {
			t.Errorf("string of %d octets: %v", n, r.Err())
		}
	}
}
