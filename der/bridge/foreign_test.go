package bridge

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// played runs f with a bridge whose device the test plays: it answers what it likes, or not at all.
func played(t *testing.T, cfg Config, f func(t *testing.T, g *rig, client, device *mmstest.End)) {
	synctest.Test(t, func(t *testing.T) {
		g := &rig{TB: t, ctx: t.Context()}
		near, far := mmstest.NewPipe(mmstest.Options{Params: mms.Params{OutstandingOut: 1}, Codec: berCodec})
		cfg := cfg
		cfg.Dial = func(context.Context, int) (mms.Association, error) { return near, nil }
		cfg.Audit, cfg.Events = g, g.heard
		var err error
		g.bridge, err = New(cfg)
		noErr(t, err)
		client := g.associate("center@grid.example/IEC")
		synctest.Wait()
		f(t, g, client, far)
		client.Abort(nil)
		synctest.Wait()
		if n := g.bridge.Associations(); n != 0 {
			t.Errorf("%d associations are left", n)
		}
	})
}

// asked gives the next request that reached the device.
func (g *rig) asked(device *mmstest.End) *mms.ConfirmedRequest {
	g.Helper()
	q, ok := g.next(device).(*mms.ConfirmedRequest)
	if !ok {
		g.Fatalf("not a request: %+v", q)
	}
	return q
}

func answer(g *rig, device *mmstest.End, q *mms.ConfirmedRequest, s mms.Service) {
	g.Helper()
	noErr(g, device.Send(&mms.ConfirmedResponse{InvokeID: q.InvokeID, Service: s}))
}

func writeOf(item string, v model.Value) *mms.Write {
	return &mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{variable("TLD0", item)}}, Data: []model.Value{v}}
}

func commandAt(at time.Time) model.Value {
	return model.Struct(model.Bool(true), model.Struct(model.Int(3), model.Octets("x")), model.Uint(1), model.Time(model.NewTimestamp(at, 0)), model.Bool(false), model.Bits(0, 2))
}

func request(g *rig, client *mmstest.End, id uint32, s mms.Service) {
	g.Helper()
	noErr(g, client.Send(&mms.ConfirmedRequest{InvokeID: id, Service: s}))
	synctest.Wait()
}

// TestCommandDoesNotAgeInTheBridge: what was fresh when it came is refused when the device had no room for it in time.
func TestCommandDoesNotAgeInTheBridge(t *testing.T) {
	for _, wait := range []time.Duration{5 * time.Second, 15 * time.Second} {
		played(t, Config{}, func(t *testing.T, g *rig, client, device *mmstest.End) {
			request(g, client, 1, &mms.Identify{})
			slow := g.asked(device)
			s := writeOf("GGIO1$SP$Set1$setMag$f", model.Float32(1))
			s.Access.List = append(s.Access.List, variable("TLD0", "GGIO1$CO$SPCSO1$Oper"))
			s.Data = append(s.Data, commandAt(time.Now()))
			request(g, client, 2, s)
			time.Sleep(wait)
			answer(g, device, slow, &mms.IdentifyResponse{})
			if wait <= 10*time.Second {
				if q, ok := g.asked(device).Service.(*mms.Write); !ok || len(q.Data) != 2 {
					t.Errorf("the device got %+v", q)
				}
				return
			}
			next := func() mms.PDU { // but for the answer to the first, which comes before or in between
				p := g.next(client)
				if c, ok := p.(*mms.ConfirmedResponse); ok && c.InvokeID == 1 {
					p = g.next(client)
				}
				return p
			}
			last, ok := next().(*mms.Unconfirmed)
			if !ok || last.Service.(*mms.InformationReport).Access.List[0].Name.Item != "LastApplError" {
				t.Fatalf("the client got %+v", last)
			}
			c, ok := next().(*mms.ConfirmedResponse)
			if !ok || c.InvokeID != 2 || len(c.Service.(*mms.WriteResponse).Results) != 2 || !c.Service.(*mms.WriteResponse).Results[1].Failed {
				t.Fatalf("the client got %+v", c)
			}
			if r := g.audited(); len(r) != 2 || r[0].Err == nil || r[1].AddCause != model.AddCauseTimeLimitOver || r[1].Err == nil {
				t.Errorf("audit has %+v", r)
			}
			request(g, client, 3, &mms.Identify{}) // there is room again
			if q := g.asked(device); q.Service.(*mms.Identify) == nil {
				t.Errorf("the device got %+v", q)
			}
		})
	}
}

// TestAuditHearsOfWhatIsNotAnswered: who commands and goes away at once is known all the same.
func TestAuditHearsOfWhatIsNotAnswered(t *testing.T) {
	for name, end := range map[string]func(client, device *mmstest.End){
		"client aborts": func(client, _ *mmstest.End) { client.Abort(nil) },
		"client is cut": func(client, _ *mmstest.End) { client.Cut() },
		"device aborts": func(_, device *mmstest.End) { device.Abort(nil) },
		"device is cut": func(_, device *mmstest.End) { device.Cut() },
	} {
		t.Run(name, func(t *testing.T) {
			played(t, Config{}, func(t *testing.T, g *rig, client, device *mmstest.End) {
				request(g, client, 1, writeOf("GGIO1$CO$SPCSO1$Oper", commandAt(time.Now())))
				g.asked(device)
				end(client, device)
				r := g.audited()
				if len(r) != 1 || r[0].Service != "operate" || r[0].Principal.Name != "center@grid.example/IEC" || r[0].Err == nil {
					t.Errorf("audit has %+v", r)
				}
			})
		})
	}
}

// TestLateAnswerIsAudited: the client has been told that the device was silent; audit hears what it did.
func TestLateAnswerIsAudited(t *testing.T) {
	played(t, Config{Timeout: 3 * time.Second}, func(t *testing.T, g *rig, client, device *mmstest.End) {
		request(g, client, 1, writeOf("GGIO1$SP$Set1$setMag$f", model.Float32(1)))
		q := g.asked(device)
		if e, ok := g.next(client).(*mms.ConfirmedError); !ok || e.InvokeID != 1 {
			t.Fatalf("the client got %+v", e)
		}
		answer(g, device, q, &mms.WriteResponse{Results: make([]mms.WriteResult, 1)})
		if r := g.audited(); len(r) != 2 || r[0].Err == nil || r[1].Err != nil {
			t.Errorf("audit has %+v", r)
		}
		request(g, client, 1, &mms.Identify{}) // its number again
		answer(g, device, g.asked(device), &mms.IdentifyResponse{Vendor: "v"})
		if c, ok := g.next(client).(*mms.ConfirmedResponse); !ok || c.InvokeID != 1 {
			t.Errorf("the client got %+v", c)
		}
	})
}

func TestWriteWithTooFewResultsHasFailed(t *testing.T) {
	played(t, Config{}, func(t *testing.T, g *rig, client, device *mmstest.End) {
		request(g, client, 1, writeOf("GGIO1$SP$Set1$setMag$f", model.Float32(1)))
		answer(g, device, g.asked(device), &mms.WriteResponse{})
		if r := g.audited(); len(r) != 1 || r[0].Err == nil {
			t.Errorf("audit has %+v", r)
		}
	})
}

// TestBlockWithoutDataSetToBeSeen: a block whose data set the device does not tell, or names as nobody else does, is not enabled.
func TestBlockWithoutDataSetToBeSeen(t *testing.T) {
	for name, result := range map[string]mms.AccessResult{
		"denied":   {Failed: true, Error: mms.ObjectAccessDenied},
		"no text":  {Value: model.Bool(true)},
		"relative": {Value: model.Visible("LLN0$Four")},
		"of a VMD": {Value: model.Visible("/Four")},
	} {
		t.Run(name, func(t *testing.T) {
			played(t, Config{Authorizer: deny(server.RightReporting, func(r model.Ref) bool { return r.LN == "MHAI1" })}, func(t *testing.T, g *rig, client, device *mmstest.End) {
				request(g, client, 1, writeOf("LLN0$RP$urcb01$RptEna", model.Bool(true)))
				answer(g, device, g.asked(device), &mms.ReadResponse{Results: []mms.AccessResult{result}})
				if got := failureOf(g.next(client)); got != mms.ObjectAccessDenied {
					t.Errorf("answer %v", got)
				}
			})
		})
	}
}

// TestDataSetThatCommands: a device may have a data set of commands. It is no way past the age of a command.
func TestDataSetThatCommands(t *testing.T) {
	played(t, Config{}, func(t *testing.T, g *rig, client, device *mmstest.End) {
		request(g, client, 1, &mms.Write{Access: mms.VariableAccess{NamedList: true, ListName: mms.InDomain("TLD0", "LLN0$odd")}, Data: []model.Value{commandAt(time.Unix(0, 0))}})
		answer(g, device, g.asked(device), &mms.GetNamedVariableListAttributesResponse{List: []mms.VariableSpec{variable("TLD0", "GGIO1$CO$SPCSO1$Oper")}})
		if e, ok := g.next(client).(*mms.ConfirmedError); !ok || e.Error.Code != mms.AccessDenied {
			t.Errorf("answer %+v", e)
		}
	})
}

// TestClientGoesWhileTheDeviceIsDialled: it does not keep an association of the device from others.
func TestClientGoesWhileTheDeviceIsDialled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &rig{TB: t, ctx: t.Context()}
		var err error
		g.bridge, err = New(Config{Associations: 1, Events: g.heard, Dial: func(ctx context.Context, _ int) (mms.Association, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}})
		noErr(t, err)
		a := g.associate("center@grid.example/IEC")
		synctest.Wait()
		if n := g.bridge.Associations(); n != 1 {
			t.Fatalf("%d associations", n)
		}
		a.Abort(nil)
		synctest.Wait()
		if n := g.bridge.Associations(); n != 0 || len(happened[DeviceDown](g)) != 0 || len(happened[Ended](g)) != 1 {
			t.Errorf("%d associations, events %+v", n, g.events)
		}
	})
}

// TestUnrulyDevice: answers to nothing, answers twice, answers of another kind and requests of its own leave the association
// as it is.
func TestUnrulyDevice(t *testing.T) {
	played(t, Config{}, func(t *testing.T, g *rig, client, device *mmstest.End) {
		for _, p := range []mms.PDU{
			&mms.CancelResponse{InvokeID: 7}, &mms.CancelError{InvokeID: 7},
			&mms.ConfirmedRequest{InvokeID: 1, Service: &mms.Identify{}},
			&mms.ConfirmedRequest{InvokeID: 2, Service: &mms.FileOpen{Name: mms.FileName{"/etc/passwd"}}},
			&mms.Reject{}, &mms.CancelRequest{InvokeID: 1},
		} {
			_ = device.Send(p) // what the association itself refuses is not the bridge's
			synctest.Wait()
		}
		request(g, client, 1, &mms.Identify{})
		noErr(t, client.Send(&mms.CancelRequest{InvokeID: 1}))
		synctest.Wait()
		var q *mms.ConfirmedRequest
		for q == nil {
			q, _ = g.next(device).(*mms.ConfirmedRequest)
		}
		for range 2 {
			_ = device.Send(&mms.CancelError{InvokeID: q.InvokeID})
		}
		answer(g, device, q, &mms.IdentifyResponse{Vendor: "v"})
		_ = device.Send(&mms.ConfirmedResponse{InvokeID: q.InvokeID, Service: &mms.IdentifyResponse{}})
		synctest.Wait()
		var canceled, answered int
		for answered == 0 {
			switch g.next(client).(type) {
			case *mms.CancelError:
				canceled++
			case *mms.ConfirmedResponse:
				answered++
			}
		}
		if canceled != 1 {
			t.Errorf("%d answers to one cancel", canceled)
		}
		if client.Err() != nil {
			t.Errorf("the association ended: %v", client.Err())
		}
	})
}

// TestFileThatIsFetchedAgain: what was left of a file that the device did not read to its end is not part of the next.
func TestFileThatIsFetchedAgain(t *testing.T) {
	played(t, Config{}, func(t *testing.T, g *rig, client, device *mmstest.End) {
		r := &relay{client: client, device: device, rest: map[int32]*mms.FileReadResponse{1: {Data: "old"}}, toDevice: mms.NewOutstanding[*pending](1), toClient: mms.NewOutstanding[*pending](1)}
		id, err := r.toClient.Open(&pending{id: 5}, time.Time{})
		noErr(t, err)
		_ = r.answerDevice(id, func(id uint32) mms.PDU {
			return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.FileOpenResponse{FRSM: 1}}
		})
		if got := r.part(1, nil); got != nil {
			t.Errorf("of the old file: %+v", got)
		}
	})
}
