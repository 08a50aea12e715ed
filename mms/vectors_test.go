package mms

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/xer"
	"github.com/gridward/gridward/vectors"
)

var update = flag.Bool("update", false, "write ../vectors/mms.json from the samples and the bad inputs of the tests")

// causes are the words of a vector's Refuse.
var causes = map[string]error{
	"truncated": asn1.ErrTruncated, "trailing": asn1.ErrTrailing, "unexpected": asn1.ErrUnexpected,
	"missing": asn1.ErrMissing, "range": asn1.ErrRange, "malformed": asn1.ErrSyntax, "deep": asn1.ErrTooDeep,
	"long": asn1.ErrTooLong, "unknown": asn1.ErrUnknown, "not-xml": asn1.ErrXML, "restricted": asn1.ErrRestricted,
}

func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	all, err := vectors.MMSVectors()
	if err != nil {
		t.Fatal(err)
	}
	refused, names := 0, map[string]bool{}
	for _, v := range all {
		if names[v.Name] || v.Provenance == "" {
			t.Errorf("vector %q: name not unique or no provenance", v.Name)
		}
		names[v.Name] = true
		if v.Refuse != "" {
			refused++
			testRefused(t, v)
			continue
		}
		b := unhex(t, v.BER)
		p, err := ParseBER(b, Limits{})
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		if out, err := AppendBER(nil, p); err != nil || !bytes.Equal(out, b) {
			t.Errorf("%s: BER written as %x, not %x: %v", v.Name, out, b, err)
		}
		for d, text := range map[*xer.Dialect]string{GW1: v.XER, BasicXER: v.Basic} {
			q, err := ParseXER([]byte(text), []*xer.Dialect{d}, Limits{})
			if diff := cmp.Diff(p, q, equal); err != nil || diff != "" {
				t.Errorf("%s: %s: %v -BER +XER\n%s", v.Name, text, err, diff)
			}
			if out, err := AppendXER(nil, p, d); err != nil || string(out) != text {
				t.Errorf("%s: %s written as\n%s\nnot\n%s\n%v", v.Name, d.Name, out, text, err)
			}
		}
	}
	if len(all)-refused < len(samples())+len(examples) || refused < len(bad) {
		t.Errorf("%d good and %d bad vectors are fewer than there are samples: run with -update", len(all)-refused, refused)
	}
}

func testRefused(t *testing.T, v vectors.MMS) {
	t.Helper()
	var err error
	if v.BER != "" {
		_, err = ParseBER(unhex(t, v.BER), Limits{})
	} else {
		_, err = ParseXER([]byte(v.XER), []*xer.Dialect{GW1, BasicXER}, Limits{})
	}
	var where *asn1.Error
	switch {
	case err == nil:
		t.Errorf("%s: accepted", v.Name)
	case !errors.As(err, &where):
		t.Errorf("%s: %v does not say where", v.Name, err)
	case causes[v.Refuse] == nil || !errors.Is(err, causes[v.Refuse]):
		t.Errorf("%s: refused with %q, not as %s", v.Name, err, v.Refuse)
	case where.Offset != v.Offset:
		t.Errorf("%s: refused at octet %d, not %d: %v", v.Name, where.Offset, v.Offset, err)
	}
}

func writeVectors(t *testing.T) {
	t.Helper()
	var all []vectors.MMS
	add := func(name, provenance string, p PDU) {
		v := vectors.MMS{Name: name, Provenance: provenance}
		b, err1 := AppendBER(nil, p)
		x, err2 := AppendXER(nil, p, GW1)
		y, err3 := AppendXER(nil, p, BasicXER)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		v.BER, v.XER, v.Basic = hex.EncodeToString(b), string(x), string(y)
		all = append(all, v)
	}
	const checked = "; BER and basic XER agree with a converter made by asn1c from interop/asn1c/mms.asn, BER with tshark"
	ss := samples()
	keys := make([]string, 0, len(ss))
	for k := range ss {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		add(k, "Gridward, one of every kind and service"+checked, ss[k])
	}
	for _, x := range examples {
		p, err := ParseXER([]byte(withNamespace(x)), nil, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		add("example "+string(rune('A'+len(all)-len(keys))), "Gridward, example of the 8-2 binding"+checked, p)
	}
	for _, b := range bad {
		all = append(all, b.vector(t))
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(all); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("..", "vectors", "mms.json"), out.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	t.Skip("vectors written: run again without -update")
}

func (b badInput) vector(t *testing.T) vectors.MMS {
	t.Helper()
	v := vectors.MMS{Name: b.name, Provenance: "Gridward, made to be refused", Refuse: b.refuse, Offset: b.offset}
	if strings.HasPrefix(strings.TrimSpace(b.in), "<") || b.xml {
		v.XER = b.in
	} else {
		v.BER = b.in
	}
	return v
}
