package server

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A shownValue is what substitution and blocking should make of one INS, said the simplest way.
type shownValue struct {
	process, substitute, frozen    int64
	processQ, substituteQ, frozenQ model.Quality
	sub, blk                       bool
}

func (m *shownValue) value() (int64, model.Quality) {
	v, q := m.process, m.processQ
	if m.blk {
		v, q = m.frozen, blockedQuality(m.frozenQ)
	}
	if m.sub {
		v, q = m.substitute, m.substituteQ|model.QSubstituted
		if m.blk {
			q |= model.QOperatorBlocked
		}
	}
	return v, q
}

// Whatever process and clients do in whatever order, what is served is the substitute, what was there when it was blocked,
// or what the process says.
func TestOverlaysInAnyOrder(t *testing.T) {
	m := servicesModel(t)
	st := model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Ins", FC: model.ST}
	rapid.Check(t, func(t *rapid.T) {
		s, err := New(Config{Model: m})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ss := s.open(&quiet{peer: &model.Principal{Name: "cc@x", Proof: model.ProofX509}})
		write := func(item string, v model.Value) {
			if code := ss.writeOne(ss.principal(), &mms.VariableSpec{Name: mms.InDomain("TLD0", item)}, v); code != accessOK {
				t.Fatalf("write %s: %v", item, code)
			}
		}
		want := shownValue{}
		number := rapid.Int64Range(0, 3)
		quality := rapid.SampledFrom([]model.Quality{model.Good, model.Invalid, model.Questionable | model.QTest, model.QTest})
		t.Repeat(map[string]func(*rapid.T){
			"process": func(t *rapid.T) {
				want.process, want.processQ = number.Draw(t, "v"), quality.Draw(t, "q")
				_ = s.Update(time.Now(), func(tx *Tx) {
					tx.Set(st.Child("stVal"), model.Int(want.process))
					tx.Quality(st, want.processQ)
				})
			},
			"subVal": func(t *rapid.T) {
				want.substitute = number.Draw(t, "v")
				write("GGIO1$SV$Ins$subVal", model.Int(want.substitute))
			},
			"subQ": func(t *rapid.T) {
				want.substituteQ = quality.Draw(t, "q")
				write("GGIO1$SV$Ins$subQ", model.QualityValue(want.substituteQ))
			},
			"subEna": func(t *rapid.T) {
				want.sub = rapid.Bool().Draw(t, "on")
				write("GGIO1$SV$Ins$subEna", model.Bool(want.sub))
			},
			"blkEna": func(t *rapid.T) {
				on := rapid.Bool().Draw(t, "on")
				if on && !want.blk {
					want.frozen, want.frozenQ = want.process, want.processQ
				}
				want.blk = on
				write("GGIO1$BL$Ins$blkEna", model.Bool(on))
			},
			"": func(t *rapid.T) {
				v, q := want.value()
				got, _ := s.Get(st)
				if !got.At(0).Equal(model.Int(v)) || !got.At(1).Equal(model.QualityValue(q)) {
					t.Fatalf("served %v, want %d %s of %+v", got, v, q, want)
				}
			},
		})
	})
}
