package model

import (
	"encoding/json"
	"math"
	"testing"
	"time"
)

func TestTextAndPlain(t *testing.T) {
	mode := &Type{Basic: BasicEnum, Enum: &Enum{Names: map[int32]string{1: "on"}}}
	point := &Type{Basic: BasicStruct, Fields: []Field{{Name: "x", Type: &Type{Basic: BasicInt8}}, {Name: "m", Type: mode}}}
	at := time.Date(2026, 1, 31, 12, 0, 0, 500_000_000, time.UTC)
	tests := []struct {
		v    Value
		t    *Type
		text string
		json string
	}{
		{Value{}, nil, "", "null"},
		{Bool(true), nil, "true", "true"},
		{Int(-3), nil, "-3", "-3"},
		{Int(1), mode, "on", `"on"`},
		{Int(2), mode, "2", "2"},
		{Uint(7), nil, "7", "7"},
		{Float32(0.1), nil, "0.1", "0.1"},
		{Float64(1e300), nil, "1e+300", "1e+300"},
		{Float32(float32(math.Inf(-1))), nil, "-Inf", `"-Inf"`},
		{QualityValue(Invalid | QTest), &Type{Basic: BasicQuality}, "invalid+test", `"invalid+test"`},
		{QualityValue(Invalid), nil, "0100000000000", `"0100000000000"`},
		{DbposValue(DbposOn), &Type{Basic: BasicDbpos}, "on", `"on"`},
		{LongBits("\xff\x00\xff\x00\xff\x00\xff\x00\x80", 65), nil, "11111111000000001111111100000000111111110000000011111111000000001", `"11111111000000001111111100000000111111110000000011111111000000001"`},
		{Octets("\x01\xab"), nil, "01ab", `"01ab"`},
		{Visible("a"), nil, "a", `"a"`},
		{Unicode("ä"), nil, "ä", `"ä"`},
		{Time(NewTimestamp(at, 0)), nil, "2026-01-31T12:00:00.5Z", `"2026-01-31T12:00:00.5Z"`},
		{Entry(NewEntryTime(at)), nil, "2026-01-31T12:00:00.500Z", `"2026-01-31T12:00:00.500Z"`},
		{Struct(Int(2), Int(1)), point, "{x=2 m=on}", `{"m":"on","x":2}`},
		{Struct(Int(2), Int(1)), nil, "{2 1}", "[2,1]"},
		{Array(Int(1), Int(3)), mode, "[on 3]", `["on",3]`},
	}
	for _, tt := range tests {
		if got := tt.v.Text(tt.t); got != tt.text {
			t.Errorf("%v: text %q, want %q", tt.v.Kind(), got, tt.text)
		}
		if got, err := json.Marshal(tt.v.Plain(tt.t)); err != nil || string(got) != tt.json {
			t.Errorf("%v: JSON %s (%v), want %s", tt.v.Kind(), got, err, tt.json)
		}
	}
}

func TestMulticastAddressString(t *testing.T) {
	m := MulticastAddress{MAC: [6]byte{1, 0x0c, 0xcd, 1, 0, 0xff}, Set: true}
	if m.String() != "01-0C-CD-01-00-FF" {
		t.Error(m)
	}
	if (MulticastAddress{}).String() != "" {
		t.Error("no address is not empty")
	}
}
