package server

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// Two associations that end while each wants what the other has: neither waits for the other's end for ever.
func TestTwoLostAssociationsDoNotWaitForEachOther(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		open := func(name string) (*session, *mmstest.End) {
			c, srv := mmstest.NewPipe(mmstest.Options{Client: &model.Principal{Name: name, Proof: model.ProofX509}})
			return h.s.open(srv), c
		}
		a, lineA := open("a@x")
		b, lineB := open("b@x")
		take := func(ss *session, block string) mms.DataAccessError {
			return ss.writeRCB(ss.principal(), h.s.devices["TLD0"].items["LLN0$"+block+"$RptEna"], model.Bool(true))
		}
		if take(a, "RP$urcb01") != accessOK || take(b, "BR$brcb01") != accessOK {
			t.Fatal("not enabled")
		}
		lineA.Cut()
		lineB.Cut()
		ended := make(chan mms.DataAccessError, 2)
		end := func(ss *session, block string) {
			code := take(ss, block) // a request that had come before the end
			h.s.lose(ss)
			close(ss.gone)
			ended <- code
		}
		go end(a, "BR$brcb01")
		go end(b, "RP$urcb01")
		synctest.Wait()
		if len(ended) != 2 {
			t.Fatalf("%d of 2 associations have ended", len(ended))
		}
		h.peer("c@x").set(urcb+"RptEna", model.Bool(true))
	})
}

// A late association still gives what came before its end.
type lateAssociation struct {
	*mmstest.End
	left []mms.PDU
}

func (l *lateAssociation) Recv(ctx context.Context) (mms.PDU, error) {
	<-l.Done()
	if len(l.left) == 0 {
		return nil, l.Err()
	}
	p := l.left[0]
	l.left = l.left[1:]
	return p, nil
}

func TestCommandsOfALostAssociationAreNotObeyed(t *testing.T) {
	oper := &mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{spec(spc1 + "$Oper")}}}
	for name, end := range map[string]func(client *mmstest.End){
		"lost":     (*mmstest.End).Cut,
		"aborted":  func(client *mmstest.End) { client.Abort(nil) },
		"released": func(client *mmstest.End) { _ = client.Release(context.Background()) },
	} {
		t.Run(name, func(t *testing.T) {
			run(t, Config{}, func(h *harness) {
				a := h.handle(spc1)
				c, srv := mmstest.NewPipe(mmstest.Options{Client: &model.Principal{Name: "a@x", Proof: model.ProofX509}})
				oper.Data = []model.Value{cmd{}.value()}
				end(c)
				_ = h.s.Serve(h.ctx, &lateAssociation{End: srv, left: []mms.PDU{&mms.ConfirmedRequest{InvokeID: 1, Service: oper}}})
				if got := len(a.seen().operated); (got == 1) != (name == "released") {
					t.Errorf("%d commands were obeyed", got)
				}
			})
		})
	}
}
