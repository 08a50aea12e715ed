package der

import (
	"math"
	"testing"

	"github.com/gridward/gridward/model"
)

func TestValueOf(t *testing.T) {
	leaf := func(b model.Basic) *model.Type { return &model.Type{Basic: b, Slots: 1} }
	for _, tc := range []struct {
		basic model.Basic
		x     float64
		want  model.Value
	}{
		{model.BasicFloat32, 1.5, model.Float32(1.5)},
		{model.BasicFloat64, -2, model.Float64(-2)},
		{model.BasicFloat32, math.NaN(), model.Float32(0)},
		{model.BasicFloat32, math.Inf(1), model.Float32(0)},
		{model.BasicInt8, 200, model.Int(127)},
		{model.BasicInt8, -200, model.Int(-128)},
		{model.BasicInt32, 2.6, model.Int(3)},
		{model.BasicInt64, 1e30, model.Int(math.MaxInt64 - 1023)},
		{model.BasicInt64, -1e30, model.Int(math.MinInt64)},
		{model.BasicInt8U, -1, model.Uint(0)},
		{model.BasicInt16U, 1e9, model.Uint(65535)},
		{model.BasicInt64U, 1e30, model.Uint(math.MaxUint64 - 2047)},
		{model.BasicBool, 1, model.Bool(true)},
	} {
		got, ok := valueOf(leaf(tc.basic), tc.x)
		if !ok || !got.Equal(tc.want) {
			t.Errorf("%v of %g: %v, want %v", tc.basic, tc.x, got, tc.want)
		}
	}
	if _, ok := valueOf(leaf(model.BasicTimestamp), 1); ok {
		t.Error("a time stamp holds no number")
	}
}

func TestNumber(t *testing.T) {
	for _, tc := range []struct {
		v    model.Value
		want float64
		ok   bool
	}{
		{model.Float32(2.5), 2.5, true},
		{model.Int(-3), -3, true},
		{model.Struct(model.Float32(7)), 7, true},
		{model.Struct(model.Int(1), model.Float32(7)), 7, true}, // AnalogueValue with i and f
		{model.Struct(model.Int(1)), 1, true},
		{model.Struct(), 0, false},
		{model.Struct(model.Struct(model.Float32(1))), 0, false},
		{model.Visible("1"), 0, false},
		{model.Value{}, 0, false},
	} {
		if got, ok := number(tc.v); got != tc.want || ok != tc.ok {
			t.Errorf("%v: %g, %v", tc.v, got, ok)
		}
	}
}
