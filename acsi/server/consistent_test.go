package server

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A data set over two logical devices is read as it was at one moment, however many transactions change it meanwhile.
func TestDataSetIsReadAtOneMoment(t *testing.T) {
	s, err := New(Config{Model: servicesModel(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ss := s.open(&quiet{peer: &model.Principal{Name: "cc@x", Proof: model.ProofX509}})
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for on := true; ; on = !on {
			_ = s.Update(time.Now(), func(tx *Tx) {
				tx.Set(model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Ind.stVal", FC: model.ST}, model.Bool(on))
				tx.Set(model.Ref{LDevice: "TLD1", LN: "GGIO1", Path: "Plain.stVal", FC: model.ST}, model.Bool(on))
			})
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	read := &mms.Read{Access: mms.VariableAccess{NamedList: true, ListName: mms.InDomain("TLD0", "LLN0$Meas")}}
	for range 2000 {
		r := ss.confirmed(1, read).(*mms.ConfirmedResponse).Service.(*mms.ReadResponse).Results
		if !r[1].Value.At(0).Equal(r[2].Value.At(0)) {
			t.Fatalf("half of a transaction: %v and %v", r[1].Value, r[2].Value)
		}
	}
	close(stop)
	<-ended
}

// Everybody who watches what is written is asked: a hook on the data object does not hide one on its attribute.
func TestEveryHookIsAsked(t *testing.T) {
	var asked []string
	var refuse string
	set1 := model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Set1"}
	run(t, Config{}, func(h *harness) {
		hook := func(name string, ref model.Ref) {
			err := h.s.HandleWrite(ref, func(_ *model.Principal, _ model.Ref, v model.Value) error {
				asked = append(asked, name)
				if name == refuse {
					return errors.New("no")
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		mag := set1.Child("setMag")
		hook("node", model.Ref{LDevice: "TLD0", LN: "GGIO1"})
		hook("object", set1)
		hook("leaf", mag.Child("f"))
		mag.FC = model.SP
		hook("attribute with FC", mag)
		p := h.peer("a")
		for _, c := range []struct {
			item string
			v    model.Value
			want []string
		}{
			{"GGIO1$SP$Set1$setMag$f", model.Float32(1), []string{"node", "object", "attribute with FC", "leaf"}},
			{"GGIO1$SP$Set1", model.Struct(model.Struct(model.Float32(2))), []string{"node", "object", "attribute with FC", "leaf"}},
		} {
			asked, refuse = nil, ""
			p.set(c.item, c.v)
			if !slices.Equal(asked, c.want) {
				t.Errorf("%s asks %v, want %v", c.item, asked, c.want)
			}
			for _, refuse = range c.want {
				p.refuses(c.item, c.v, mms.ObjectValueInvalid)
			}
		}
	})
}
