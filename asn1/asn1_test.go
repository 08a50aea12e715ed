package asn1

import (
	"errors"
	"strings"
	"testing"
)

func TestOID(t *testing.T) {
	for dotted, content := range map[string]string{
		"1.0.9506.2.1": "\x28\xca\x22\x02\x01", "2.2.3.1": "\x52\x03\x01", "0.0": "\x00", "2.999.3": "\x88\x37\x03", "1.39": "\x4f",
		"2.5.4611686018427387904": "\x55\xc0\x80\x80\x80\x80\x80\x80\x80\x00",
	} {
		got, err := ParseOID(dotted)
		if err != nil || got != content {
			t.Errorf("%s is %x, not %x: %v", dotted, got, content, err)
		}
		if back, err := FormatOID(content); err != nil || back != dotted {
			t.Errorf("%x is %s, not %s: %v", content, back, dotted, err)
		}
	}
	for _, bad := range []string{"", "1", "3.1", "1.40", "1..2", "1.02", "a.b", "1.2.", "-1.2", "1.2.99999999999999999999"} {
		if got, err := ParseOID(bad); err == nil {
			t.Errorf("%q is read as %x", bad, got)
		}
	}
	for _, bad := range []string{"", "\x80\x01", "\x28\x81", "\x28\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f"} {
		if got, err := FormatOID(bad); err == nil {
			t.Errorf("%x is read as %s", bad, got)
		}
	}
}

// TestOIDLimitsAgree: what one form takes, the other takes too.
func TestOIDLimitsAgree(t *testing.T) {
	most := "1.2" + strings.Repeat(".3", 126)
	content, err := ParseOID(most)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := FormatOID(content); err != nil || back != most {
		t.Errorf("128 arcs are written as %s, %v", back, err)
	}
	if _, err := ParseOID(most + ".3"); err == nil {
		t.Error("129 arcs are read")
	}
	if s, err := FormatOID(content + "\x03"); !errors.Is(err, ErrTooLong) {
		t.Errorf("129 arcs are written as %s, %v", s, err)
	}
	for _, content := range []string{"\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "\x28\xff\xff\xff\xff\xff\xff\xff\xff\x7f"} {
		dotted, err := FormatOID(content)
		if err != nil {
			t.Errorf("%x: %v", content, err)
			continue
		}
		if back, err := ParseOID(dotted); err != nil || back != content {
			t.Errorf("%x is written as %s and read as %x, %v", content, dotted, back, err)
		}
	}
}

func TestTag(t *testing.T) {
	for tag, want := range map[Tag]string{
		Context(3): "[3]", TagSequence: "[UNIVERSAL 16]", MakeTag(1, 1): "[APPLICATION 1]", MakeTag(3, 70): "[PRIVATE 70]", None: "no tag",
	} {
		if tag.String() != want {
			t.Errorf("%s, not %s", tag, want)
		}
	}
}
