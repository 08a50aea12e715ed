package mmsbinding

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// child encodes a PDU into the association of a.
func child(t *testing.T, a mms.Association, p mms.PDU) []byte {
	t.Helper()
	c := a.(*conn)
	b, err := c.e.core.Encode(c.a, p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func quiet(t *testing.T, what string, a mms.Association) {
	t.Helper()
	synctest.Wait()
	c := a.(*conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.queue.len() > 0 {
		t.Errorf("%s: %T was delivered", what, c.queue.first())
	}
	if c.err != nil {
		t.Errorf("%s: ended with %v", what, c.err)
	}
}

func ignored(a mms.Association, why Why) uint64 { return a.(*conn).e.Counters().Ignored[why] }

// TestStanzaMap holds the table of which PDU travels in what.
func TestStanzaMap(t *testing.T) {
	req := func(s mms.Service) mms.PDU { return request(1, s) }
	for _, tc := range []struct {
		pdu        mms.PDU
		want, hide carrier
	}{
		{req(&mms.Read{}), iqGet, iqSet},
		{req(&mms.GetNameList{}), iqGet, iqSet},
		{req(&mms.Identify{}), iqGet, iqSet},
		{req(&mms.Status{}), iqGet, iqSet},
		{req(&mms.GetVariableAccessAttributes{}), iqGet, iqSet},
		{req(&mms.GetNamedVariableListAttributes{}), iqGet, iqSet},
		{&mms.CancelRequest{}, iqGet, iqSet},
		{req(&mms.Write{}), iqSet, iqSet},
		{req(&mms.DefineNamedVariableList{}), iqSet, iqSet},
		{req(&mms.DeleteNamedVariableList{}), iqSet, iqSet},
		{&mms.InitiateRequest{}, iqSet, iqSet},
		{&mms.ConcludeRequest{}, iqSet, iqSet},
		{response(1, &mms.ReadResponse{}), iqResult, iqResult},
		{&mms.ConfirmedError{}, iqResult, iqResult},
		{&mms.InitiateResponse{}, iqResult, iqResult},
		{&mms.InitiateError{}, iqResult, iqResult},
		{&mms.ConcludeResponse{}, iqResult, iqResult},
		{&mms.CancelResponse{}, iqResult, iqResult},
		{&mms.CancelError{}, iqResult, iqResult},
		{&mms.Unconfirmed{}, message, message},
		{&mms.Reject{}, message, message},
	} {
		if got := carry(tc.pdu, false); got != tc.want {
			t.Errorf("%T travels in %d, want %d", tc.pdu, got, tc.want)
		}
		if got := carry(tc.pdu, true); got != tc.hide {
			t.Errorf("%T, concealed, travels in %d, want %d", tc.pdu, got, tc.hide)
		}
		for c := noCarrier; c <= message; c++ {
			if c.fits(tc.pdu) != (c == tc.want || c == tc.hide) {
				t.Errorf("%T in %d: fits %v", tc.pdu, c, c.fits(tc.pdu))
			}
		}
	}
}

func TestWrongCarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{}, Config{})
		write := child(t, near, request(1, &mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{{Name: mms.InDomain("D", "x")}}}, Data: []model.Value{model.Bool(true)}}))
		w.inject(centreJID, derJID, stanza.IQ, stanza.Get, "a", write)
		quiet(t, "write in iq get", far)
		w.inject(centreJID, derJID, stanza.Message, "", "b", write)
		quiet(t, "write in message", far)
		w.inject(centreJID, derJID, stanza.Message, "chat", "c", child(t, near, report("r", "")))
		quiet(t, "report in chat", far)
		w.inject(derJID, centreJID, stanza.IQ, stanza.Set, "d", child(t, far, report("r", "")))
		quiet(t, "report in iq set", near)
		send(t, near, request(2, &mms.Identify{}))
		recv[*mms.ConfirmedRequest](t, far)
		w.inject(derJID, centreJID, stanza.Message, "", "e", child(t, far, response(2, &mms.IdentifyResponse{})))
		quiet(t, "answer in message", near)
		if n := ignored(far, WhyCarrier) + ignored(near, WhyCarrier); n != 5 {
			t.Errorf("%d ignored for their carrier", n)
		}
		for _, s := range w.Log() {
			if s.Type == stanza.TypeError && len(s.Payload) > 0 {
				t.Errorf("answered with content: %s", s.Payload)
			}
		}
	})
}

// TestConceal: a router cannot tell reading from writing, and the far end accepts it.
func TestConceal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{Conceal: true}, Config{})
		send(t, near, request(1, &mms.Identify{}))
		recv[*mms.ConfirmedRequest](t, far)
		s := w.Log()
		if last := s[len(s)-1]; last.Type != stanza.Set {
			t.Errorf("identify travels in %s", last.Type)
		}
	})
}

func TestStrangersAreIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{}, Config{})
		stranger := jid.MustParse("ems@dno.example/other")
		read := child(t, near, request(1, &mms.Identify{}))
		w.inject(stranger, derJID, stanza.IQ, stanza.Get, "a", read)
		quiet(t, "request from another resource", far)
		other := bytes.Replace(read, []byte(near.(*conn).a.ID()), []byte("998:998"), 1)
		w.inject(centreJID, derJID, stanza.IQ, stanza.Get, "b", other)
		quiet(t, "request in another association", far)
		half := bytes.Replace(read, []byte(near.(*conn).a.ID()), []byte("12"), 1)
		w.inject(centreJID, derJID, stanza.IQ, stanza.Set, "c", half)
		quiet(t, "request instead of initiate", far)
		w.inject(stranger, derJID, stanza.Message, "", "d", child(t, near, report("r", "")))
		quiet(t, "report from another resource", far)
		if n := ignored(far, WhyUnknown); n != 4 {
			t.Errorf("%d ignored", n)
		}
		errs := 0
		for _, s := range w.Log() {
			if s.Type == stanza.TypeError && s.Err.Cond == stanza.ItemNotFound {
				errs++
			}
		}
		if errs != 3 {
			t.Errorf("%d of 3 requests were answered item-not-found", errs)
		}
	})
}

func TestAnswersMustMatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{}, Config{})
		send(t, near, request(1, &mms.Identify{}))
		send(t, near, request(2, &mms.Identify{}))
		synctest.Wait()
		sent := w.Log()
		one, two := sent[len(sent)-2].ID, sent[len(sent)-1].ID

		w.inject(derJID, centreJID, stanza.IQ, stanza.Result, two, child(t, far, response(1, &mms.IdentifyResponse{Vendor: "swapped"})))
		quiet(t, "answer with the other invokeID", near)
		w.inject(derJID, centreJID, stanza.IQ, stanza.Result, "guess", child(t, far, response(1, &mms.IdentifyResponse{})))
		quiet(t, "answer on an unknown iq", near)
		w.inject(jid.MustParse("der2@grid.example/IEC"), centreJID, stanza.IQ, stanza.Result, one, child(t, far, response(1, &mms.IdentifyResponse{})))
		quiet(t, "answer from another address", near)
		w.inject(derJID, centreJID, stanza.IQ, stanza.Result, one, child(t, far, response(7, &mms.IdentifyResponse{})))
		quiet(t, "answer with a foreign invokeID", near)
		if ignored(near, WhyMismatch) != 2 || ignored(near, WhyLate) != 1 || ignored(near, WhyUnknown) != 1 {
			t.Errorf("%+v", near.(*conn).e.Counters().Ignored)
		}
		w.inject(derJID, centreJID, stanza.IQ, stanza.Result, one, child(t, far, response(1, &mms.IdentifyResponse{Vendor: "right"})))
		if r := recv[*mms.ConfirmedResponse](t, near); r.Service.(*mms.IdentifyResponse).Vendor != "right" {
			t.Errorf("got %+v", r)
		}
		w.inject(derJID, centreJID, stanza.IQ, stanza.Result, one, child(t, far, response(1, &mms.IdentifyResponse{Vendor: "again"})))
		quiet(t, "the same answer again", near)
	})
}

func TestLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := couple(t, Config{}, Config{})
		send(t, near, request(1, &mms.Identify{}))
		recv[*mms.ConfirmedRequest](t, far)
		time.Sleep(11 * time.Second)
		send(t, far, response(1, &mms.IdentifyResponse{}))
		quiet(t, "late answer", near)
		if c := near.(*conn).e.Counters(); c.Timeouts != 1 || c.Ignored[WhyLate] != 1 {
			t.Errorf("%+v", c)
		}
		for id := range uint32(5) {
			send(t, near, request(id+2, &mms.Identify{})) // its place is free again
		}
	})
}

func TestExcessIsRejected(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{}, Config{})
		for id := range uint32(5) {
			send(t, near, request(id+1, &mms.Identify{}))
		}
		if err := near.Send(request(6, &mms.Identify{})); !errors.Is(err, mms.ErrOutstanding) {
			t.Errorf("sixth of five: %v", err)
		}
		w.inject(centreJID, derJID, stanza.IQ, stanza.Get, "sixth", child(t, near, request(6, &mms.Identify{})))
		synctest.Wait()
		var reject, result *stanza.Stanza
		for _, s := range w.Log() {
			switch {
			case s.From == derJID && s.Kind == stanza.Message:
				reject = s
			case s.From == derJID && s.ID == "sixth":
				result = s
			}
		}
		if reject == nil || !strings.Contains(string(reject.Payload), "<originalInvokeID>6</originalInvokeID><rejectReason><confirmed-requestPDU>6</confirmed-requestPDU>") {
			t.Errorf("reject: %+v", reject)
		}
		if result == nil || result.Type != stanza.Result || len(result.Payload) != 0 {
			t.Errorf("the iq was answered by %+v", result)
		}
		for range 5 {
			recv[*mms.ConfirmedRequest](t, far)
		}
		quiet(t, "sixth", far)
		if n := far.(*conn).e.Counters().Excess; n != 1 {
			t.Errorf("%d counted", n)
		}
	})
}

// TestRejectReachesRequester: a reject by the user of the far end travels by message and settles the request.
func TestRejectReachesRequester(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := couple(t, Config{}, Config{})
		send(t, near, request(3, &mms.Identify{}))
		recv[*mms.ConfirmedRequest](t, far)
		send(t, far, &mms.Reject{HasInvokeID: true, InvokeID: 3, Reason: mms.RejectReason{Class: mms.RejectConfirmedRequest, Code: mms.RejectUnrecognizedService}})
		if r := recv[*mms.Reject](t, near); r.InvokeID != 3 || r.Reason.Code != mms.RejectUnrecognizedService {
			t.Errorf("got %+v", r)
		}
		synctest.Wait()
		e := near.(*conn).e
		if len(e.core.pending) != 0 {
			t.Errorf("%d requests are left", len(e.core.pending))
		}
		if c := e.Counters(); c.Ignored != [NumWhy]uint64{} {
			t.Errorf("ignored %v", c.Ignored)
		}
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := couple(t, Config{}, Config{})
		send(t, near, request(3, &mms.Identify{}))
		recv[*mms.ConfirmedRequest](t, far)
		send(t, near, &mms.CancelRequest{InvokeID: 3})
		if c := recv[*mms.CancelRequest](t, far); c.InvokeID != 3 {
			t.Errorf("got %+v", c)
		}
		refusal := &mms.CancelError{InvokeID: 3, Error: mms.ServiceError{Class: mms.ErrCancel, Code: mms.CancelNotPossible}}
		send(t, far, refusal)
		if c := recv[*mms.CancelError](t, near); c.Error.Code != mms.CancelNotPossible {
			t.Errorf("got %+v", c)
		}
		if err := far.Send(refusal); !errors.Is(err, mms.ErrInvokeID) {
			t.Errorf("cancel answered twice: %v", err)
		}
		send(t, far, response(3, &mms.IdentifyResponse{}))
		recv[*mms.ConfirmedResponse](t, near)
	})
}

// A request that nobody has received yet is cancelled, and only that.
func TestCancelOfWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near, far := couple(t, Config{}, Config{})
		for id := range uint32(3) {
			send(t, near, request(id+1, &mms.Identify{}))
		}
		send(t, near, &mms.CancelRequest{InvokeID: 2})
		if c := recv[*mms.CancelResponse](t, near); c.InvokeID != 2 {
			t.Errorf("got %+v", c)
		}
		if e := recv[*mms.ConfirmedError](t, near); e.InvokeID != 2 || e.Error.Class != mms.ErrServicePreempt || e.Error.Code != mms.PreemptCancel {
			t.Errorf("got %+v", e)
		}
		for _, id := range []uint32{1, 3} {
			if r := recv[*mms.ConfirmedRequest](t, far); r.InvokeID != id {
				t.Errorf("got request %d, want %d", r.InvokeID, id)
			}
			send(t, far, response(id, &mms.IdentifyResponse{}))
			recv[*mms.ConfirmedResponse](t, near)
		}
		send(t, near, &mms.CancelRequest{InvokeID: 3})
		if c := recv[*mms.CancelRequest](t, far); c.InvokeID != 3 {
			t.Errorf("got %+v", c)
		}
	})
}

// TestRedelivery: a server that delivers twice, as some do after a broken stream, or later, executes nothing twice.
func TestRedelivery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{}, Config{})
		w.Hook(func(s *stanza.Stanza) []*stanza.Stanza { return []*stanza.Stanza{s, s.Clone()} })
		for id := uint32(1); id <= 3; id++ {
			send(t, near, request(id, &mms.Identify{}))
			recv[*mms.ConfirmedRequest](t, far)
			quiet(t, "second delivery", far)
			send(t, far, response(id, &mms.IdentifyResponse{}))
			recv[*mms.ConfirmedResponse](t, near)
			quiet(t, "second answer", near)
		}
		w.Hook(nil)
		for _, s := range w.Log() {
			w.Inject(s)
		}
		quiet(t, "replay of everything", far)
		quiet(t, "replay of everything", near)
		if n := ignored(far, WhyReplay); n < 6 {
			t.Errorf("%d replays counted", n)
		}
	})
}

// TestReplayAfterTheEnd: the stanzas of an ended association open and do nothing.
func TestReplayAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		accepted := 0
		w, near, far := couple(t, Config{}, Config{Accept: nil})
		far.(*conn).e.cfg.Accept = func(mms.Association) { accepted++ }
		send(t, near, request(1, &mms.Identify{}))
		recv[*mms.ConfirmedRequest](t, far)
		send(t, far, response(1, &mms.IdentifyResponse{}))
		recv[*mms.ConfirmedResponse](t, near)
		if err := near.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, s := range w.Log() {
			w.Inject(s)
		}
		synctest.Wait()
		if n := far.(*conn).e.core.Associations(); n != 0 || accepted != 0 {
			t.Errorf("%d associations, %d accepted", n, accepted)
		}
	})
}

func TestUndecodable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{}, Config{})
		id := near.(*conn).a.ID()
		bad := []byte(openTag + id + "'><confirmed-RequestPDU xmlns='" + mms.Namespace + "'><invokeID>9</invokeID><ConfirmedServiceRequest><nonsense/></ConfirmedServiceRequest></confirmed-RequestPDU></assoc>")
		for i := range 2 {
			w.inject(centreJID, derJID, stanza.IQ, stanza.Set, string(rune('a'+i)), bad)
		}
		synctest.Wait()
		rejects := 0
		for _, s := range w.Log() {
			if s.From == derJID && s.Kind == stanza.Message && bytes.Contains(s.Payload, []byte("<originalInvokeID>9</originalInvokeID><rejectReason><pdu-error>1</pdu-error>")) {
				rejects++
			}
		}
		if rejects != 2 || far.Err() != nil {
			t.Errorf("%d rejects, %v", rejects, far.Err())
		}
		time.Sleep(2 * time.Minute)
		for i := range 3 {
			w.inject(centreJID, derJID, stanza.IQ, stanza.Set, string(rune('f'+i)), bad)
		}
		<-far.Done()
		<-near.Done()
		if !errors.Is(far.Err(), mms.ErrProtocol) || !errors.Is(near.Err(), mms.ErrAborted) && !errors.Is(near.Err(), mms.ErrTransport) {
			t.Errorf("third in a minute: %v, %v", far.Err(), near.Err())
		}
	})
}

// TestUndecodableAnswer fails its request at once.
func TestUndecodableAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{}, Config{})
		w.Hook(func(s *stanza.Stanza) []*stanza.Stanza {
			if s.Type == stanza.Result {
				s.Payload = bytes.Replace(s.Payload, []byte("<identify>"), []byte("<identifx>"), 1)
				s.Payload = bytes.Replace(s.Payload, []byte("</identify>"), []byte("</identifx>"), 1)
			}
			return []*stanza.Stanza{s}
		})
		send(t, near, request(4, &mms.Identify{}))
		recv[*mms.ConfirmedRequest](t, far)
		send(t, far, response(4, &mms.IdentifyResponse{Vendor: "v"}))
		if r := recv[*mms.Reject](t, near); r.InvokeID != 4 || r.Reason.Class != mms.RejectConfirmedResponse {
			t.Errorf("got %+v", r)
		}
	})
}

func TestStanzaErrorsEnd(t *testing.T) {
	for cond, want := range map[string]error{
		stanza.ServiceUnavailable: mms.ErrPeerOffline, stanza.RecipientUnavailable: mms.ErrPeerOffline, stanza.ItemNotFound: mms.ErrPeerOffline,
		stanza.Gone: mms.ErrPeerOffline, stanza.RemoteServerTimeout: mms.ErrTransport, stanza.ResourceConstraint: mms.ErrTransport,
		stanza.InternalServerError: mms.ErrTransport, stanza.NotAllowed: mms.ErrPolicy, stanza.Forbidden: mms.ErrPolicy, stanza.NotAuthorized: mms.ErrPolicy,
	} {
		t.Run(cond, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, near, _ := couple(t, Config{}, Config{})
				bounce := func(s *stanza.Stanza) []*stanza.Stanza {
					if s.IsRequest() || s.Kind == stanza.Message && s.Type != stanza.TypeError {
						return []*stanza.Stanza{s.ErrorReply(stanza.NewError(cond, ""))}
					}
					return []*stanza.Stanza{s}
				}
				w.Hook(bounce)
				send(t, near, request(1, &mms.Identify{}))
				<-near.Done()
				if !errors.Is(near.Err(), want) {
					t.Errorf("request: %v", near.Err())
				}
				_, err := near.(*conn).e.Associate(t.Context(), derJID)
				if !errors.Is(err, want) {
					t.Errorf("again: %v", err)
				}
				w.Hook(nil)
				_, err = near.(*conn).e.Associate(t.Context(), derJID)
				if policy := errors.Is(want, mms.ErrPolicy); policy && !errors.Is(err, want) || !policy && err != nil {
					t.Errorf("at once: %v", err)
				}
				time.Sleep(5 * time.Minute)
				a, err := near.(*conn).e.Associate(t.Context(), derJID)
				if err != nil {
					t.Fatalf("after five minutes: %v", err)
				}
				w.Hook(bounce)
				send(t, a, report("r", "")) // the error of a message ends its association too
				<-a.Done()
				if !errors.Is(a.Err(), want) {
					t.Errorf("message: %v", a.Err())
				}
			})
		})
	}
}

// TestForgedErrors: an error that answers nothing, or comes from somebody else, ends nothing.
func TestForgedErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{}, Config{})
		send(t, near, request(1, &mms.Identify{}))
		synctest.Wait()
		sent := w.Log()
		iq := sent[len(sent)-1].ID
		for _, s := range []*stanza.Stanza{
			{Kind: stanza.IQ, Type: stanza.TypeError, ID: "guess", From: derJID, To: centreJID},
			{Kind: stanza.IQ, Type: stanza.TypeError, ID: iq, From: jid.MustParse("x@grid.example/IEC"), To: centreJID},
			{Kind: stanza.Message, Type: stanza.TypeError, ID: "12:13.a", From: derJID, To: centreJID},
			{Kind: stanza.Message, Type: stanza.TypeError, From: derJID, To: centreJID},
		} {
			w.Inject(s)
		}
		quiet(t, "forged errors", near)
		recv[*mms.ConfirmedRequest](t, far)
	})
}

func TestForeignRequestsAreAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWire(t)
		w.attach(derJID, Config{InsecureClear61850: true, Accept: func(mms.Association) {}})
		for id, payload := range map[string]string{
			"version": "<query xmlns='jabber:iq:version'/>", "frame": "<assoc xmlns='" + NS + "' id='1000'>x</assoc>",
			"two": "<assoc xmlns='" + NS + "' id='1'>x</assoc><assoc xmlns='" + NS + "' id='2'>x</assoc>",
		} {
			w.inject(centreJID, derJID, stanza.IQ, stanza.Set, id, []byte(payload))
		}
		synctest.Wait()
		got := map[string]string{}
		for _, s := range w.Log() {
			if s.Type == stanza.TypeError {
				got[s.ID] = s.Err.Cond
			}
		}
		if got["version"] != stanza.ServiceUnavailable || got["frame"] != stanza.BadRequest || got["two"] != stanza.BadRequest {
			t.Errorf("answered %v", got)
		}
	})
}

func TestReorderedAndDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, near, far := couple(t, Config{}, Config{})
		var held *stanza.Stanza
		w.Hook(func(s *stanza.Stanza) []*stanza.Stanza {
			if s.Kind != stanza.IQ || s.Type != stanza.Get {
				return []*stanza.Stanza{s}
			}
			if held == nil {
				held = s
				return nil
			}
			return []*stanza.Stanza{s, held}
		})
		send(t, near, request(1, &mms.Identify{}))
		send(t, near, request(2, &mms.Identify{}))
		got := []uint32{recv[*mms.ConfirmedRequest](t, far).InvokeID, recv[*mms.ConfirmedRequest](t, far).InvokeID}
		if !slices.Equal(got, []uint32{2, 1}) {
			t.Errorf("arrived as %v", got)
		}
		for _, id := range got {
			send(t, far, response(id, &mms.IdentifyResponse{Vendor: string(rune('0' + id))}))
		}
		for range got {
			r := recv[*mms.ConfirmedResponse](t, near)
			if r.Service.(*mms.IdentifyResponse).Vendor != string(rune('0'+r.InvokeID)) {
				t.Errorf("answer to another request: %+v", r)
			}
		}
	})
}

func TestWindow(t *testing.T) {
	for name, tc := range map[string]struct {
		ids   []uint32
		fresh string
	}{
		"in order": {[]uint32{1, 2, 3}, "yyy"}, "again": {[]uint32{1, 1, 2, 1}, "ynyn"}, "disorder": {[]uint32{5, 3, 4, 3}, "yyyn"},
		"too old": {[]uint32{2000, 976, 977, 977}, "ynyn"}, "jump": {[]uint32{1, 5000, 4999, 1}, "yyyn"}, "far jump": {[]uint32{1, 1025, 1, 2}, "yyny"},
		"same place": {[]uint32{1, 1025, 1024, 1026, 1025}, "yyyyn"}, "zero": {[]uint32{0, 0, 1}, "yny"},
	} {
		var w window
		got := ""
		for _, id := range tc.ids {
			if w.fresh(id) {
				got += "y"
			} else {
				got += "n"
			}
		}
		if got != tc.fresh {
			t.Errorf("%s: %s, want %s", name, got, tc.fresh)
		}
	}
}

// TestWindowAgainstMap compares with a set of all ids, on random walks.
func TestWindowAgainstMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var w window
		seen := make(map[uint32]bool)
		top := uint32(0)
		for range 2000 {
			id := top + uint32(r.IntN(40))
			if r.IntN(3) == 0 {
				id = top - min(top, uint32(r.IntN(1100)))
			}
			old := len(seen) > 0 && id < top && top-id >= windowSize
			if got, want := w.fresh(id), !seen[id] && !old; got != want {
				t.Fatalf("%d with top %d: fresh %v, want %v", id, top, got, want)
			}
			seen[id] = true
			top = max(top, id)
		}
	}
}

func TestUnwrap(t *testing.T) {
	for name, tc := range map[string]struct {
		payload, id, pdu string
		err              error
	}{
		"ours":          {"<assoc xmlns='" + NS + "' id='12:7'><a/></assoc>", "12:7", "<a/>", nil},
		"prefix":        {"<x:assoc id=\"12\" xmlns:x=\"" + NS + "\" ><a b='>'/></x:assoc>", "12", "<a b='>'/>", nil},
		"with others":   {"<delay xmlns='urn:xmpp:delay'/> <assoc xmlns='" + NS + "' id='1:2'>x</assoc><thread>t</thread>", "1:2", "x", nil},
		"abort":         {"<assoc xmlns='" + NS + "' id='1:2' abort='true'/>", "1:2", "", nil},
		"cdata":         {"<assoc xmlns='" + NS + "' id='1:2'><![CDATA[</assoc>]]></assoc>", "1:2", "<![CDATA[</assoc>]]>", nil},
		"empty":         {"<assoc xmlns='" + NS + "' id='1:2'/>", "", "", errBadFrame},
		"other ns":      {"<assoc xmlns='urn:x' id='1:2'>x</assoc>", "", "", errNoFrame},
		"nothing":       {"", "", "", errNoFrame},
		"two":           {"<assoc xmlns='" + NS + "' id='1:2'>x</assoc><assoc xmlns='" + NS + "' id='1:2'>x</assoc>", "", "", errBadFrame},
		"no id":         {"<assoc xmlns='" + NS + "'>x</assoc>", "", "", errBadFrame},
		"id 0":          {"<assoc xmlns='" + NS + "' id='0:1'>x</assoc>", "", "", errBadFrame},
		"id 1000":       {"<assoc xmlns='" + NS + "' id='1:1000'>x</assoc>", "", "", errBadFrame},
		"id signed":     {"<assoc xmlns='" + NS + "' id='+1:1'>x</assoc>", "", "", errBadFrame},
		"id three":      {"<assoc xmlns='" + NS + "' id='1:1:1'>x</assoc>", "", "", errBadFrame},
		"cut":           {"<assoc xmlns='" + NS + "' id='1:2'>x</ass", "", "", errBadFrame},
		"text":          {"hello", "", "", errBadFrame},
		"quote":         {"<assoc xmlns='" + NS + "' id='1:2>x</assoc>", "", "", errBadFrame},
		"close first":   {"</assoc><assoc xmlns='" + NS + "' id='1:2'>x</assoc>", "", "", errBadFrame},
		"undeclared ns": {"<y:assoc id='1:2'>x</y:assoc>", "", "", errBadFrame},
	} {
		p, pdu, err := clearFrame{}.unwrap([]byte(tc.payload))
		if !errors.Is(err, tc.err) || err == nil && (p.String() != tc.id || string(pdu) != tc.pdu) {
			t.Errorf("%s: %s %q %v", name, p, pdu, err)
		}
	}
}

func FuzzUnwrap(f *testing.F) {
	f.Add([]byte("<assoc xmlns='" + NS + "' id='12:7'><confirmed-RequestPDU xmlns=\"" + mms.Namespace + "\"><invokeID>1</invokeID></confirmed-RequestPDU></assoc>"))
	f.Add([]byte("<x:assoc id=\"12\" xmlns:x=\"" + NS + "\"><a b='>'/></x:assoc><thread/>"))
	f.Add([]byte("<assoc xmlns='" + NS + "' id='1:2' abort='true'/>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, pdu, err := clearFrame{}.unwrap(b)
		if err != nil {
			if !errors.Is(err, errNoFrame) && !errors.Is(err, errBadFrame) {
				t.Fatalf("error without a name: %v", err)
			}
			return
		}
		if p.calling < 1 || p.calling > maxID || p.called > maxID {
			t.Fatalf("identifier %v", p)
		}
		if len(pdu) > 0 && !bytes.Contains(b, pdu) {
			t.Fatal("the PDU is not a part of the payload")
		}
		again, err := clearFrame{}.wrap(nil, p, pdu)
		if err != nil {
			t.Fatal(err)
		}
		if p2, pdu2, err := (clearFrame{}).unwrap(again); len(pdu) > 0 && err == nil && (p2 != p || !bytes.Equal(pdu2, pdu)) {
			t.Fatalf("%v %q came back as %v %q", p, pdu, p2, pdu2)
		}
	})
}
