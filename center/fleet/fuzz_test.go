package fleet

import (
	"testing"

	"github.com/gridward/gridward/model"
)

// anyValue builds a value of any shape from octets.
func anyValue(b []byte, depth int) (model.Value, []byte) {
	if len(b) == 0 {
		return model.Value{}, nil
	}
	kind, b := b[0], b[1:]
	switch kind % 10 {
	case 0:
		return model.Bool(kind > 99), b
	case 1:
		return model.Int(int64(int8(kind))), b
	case 2:
		return model.Uint(uint64(kind)), b
	case 3:
		return model.Float32(float32(kind)), b
	case 4:
		return model.Bits(uint64(kind), int(kind%20)), b
	case 5:
		return model.Visible(string(b[:min(len(b), 3)])), b[min(len(b), 3):]
	case 6:
		return model.Time(model.Timestamp(kind) << 32), b
	}
	if depth == 0 {
		return model.Value{}, b
	}
	var list []model.Value
	for range kind / 10 % 6 {
		var v model.Value
		v, b = anyValue(b, depth-1)
		list = append(list, v)
	}
	if kind%10 == 9 {
		return model.Array(list...), b
	}
	return model.Struct(list...), b
}

// FuzzReport holds that no member of a report that a peer may send breaks the values: it fits, or it changes nothing.
func FuzzReport(f *testing.F) {
	f.Add("LD0/MMXU1.TotW[MX]", []byte{38, 18, 3, 134, 6})
	f.Add("LD0/MMXU1.TotW.mag.f[MX]", []byte{3})
	f.Add("LD0/MMXU1.TotW[CF]", []byte{18, 2})
	f.Add("LD0/MMXU1", []byte{9})
	f.Fuzz(func(t *testing.T, at string, octets []byte) {
		ref, err := model.ParseRef(at)
		if err != nil {
			return
		}
		v := newValues(small())
		val, _ := anyValue(octets, 5)
		took, err := v.apply(ref, val, 1, epoch)
		changed := 0
		for _, at := range v.at {
			if at != 0 {
				changed++
			}
		}
		if took != (err == nil) || took != (changed > 0) {
			t.Errorf("%s: took %v, %v, %d slots changed", at, took, err, changed)
		}
		for i := range v.points { // what is shown is shown
			p := &v.points[i]
			if v.at[p.slot] != 0 {
				_ = p.plain(v.value[p.slot])
				_ = p.text(v.value[p.slot])
			}
		}
	})
}

func BenchmarkReport(b *testing.B) {
	v := newValues(small())
	ref := model.Ref{LDevice: "LD0", LN: "MMXU1", Path: "TotW", FC: model.MX}
	val := measured(1, epoch)
	b.ReportAllocs()
	for b.Loop() {
		if took, err := v.apply(ref, val, 1, epoch); !took || err != nil {
			b.Fatal(took, err)
		}
	}
}
