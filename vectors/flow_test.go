package vectors

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFlow(t *testing.T) {
	f := Flow{
		Name: "x", Peer: "p", Role: "client", Provenance: "p 1: by hand", Start: time.Date(2026, 11, 22, 5, 0, 0, 7, time.UTC),
		Steps: []Step{
			{Mark: FromClient, Octets: []byte{3, 0, 0, 7, 2, 0xf0, 0x80}},
			{At: 3 * time.Millisecond, Mark: Stimulus, Text: "update one"},
			{At: 4 * time.Millisecond, Mark: FromServer, Octets: []byte{3, 0}},
		},
	}
	got, err := ParseFlow("x", f.Append([]byte("# a comment\n")))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(f, got); d != "" {
		t.Error(d)
	}
}

func TestBadFlows(t *testing.T) {
	const head = "peer: p\nrole: server\nprovenance: x\nstart: 2026-11-22T05:00:00Z\n\n"
	for text, want := range map[string]string{
		"":                            "no role",
		"peer":                        "x:1: \"peer\" is no member",
		"colour: red":                 "unknown member",
		"start: yesterday":            "x:1",
		"role: client\n\n":            "no role or start",
		head + "5 >":                  "x:6",
		head + "5 ? 00":               "unknown mark",
		head + "-5 > 00":              "invalid syntax",
		head + "5 > 0":                "odd length",
		head + "99999999999999 > 00":  "out of range",
		head + "1 > 00\n# x\n2 >> 00": "x:8",
	} {
		if _, err := ParseFlow("x", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}

func FuzzFlow(f *testing.F) {
	f.Add([]byte("peer: p\nrole: server\nprovenance: x\nstart: 2026-11-22T05:00:00Z\n\n5 > 0300\n6 ! x\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := ParseFlow("x", text)
		if err != nil {
			return
		}
		b, err := ParseFlow("x", a.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(a, b); d != "" {
			t.Error(d)
		}
	})
}
