package client_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// A proxy stands between client and server and answers some requests itself: so servers of other makers behave.
type proxy struct {
	direct
	answer func(s mms.Service) mms.Service // nil: let it pass; a *refusal: confirmed error
}

type refusal struct {
	mms.Service
	err mms.ServiceError
}

func (p *proxy) dial(s *site, who string) (mms.Association, error) {
	up, err := p.direct.dial(s, who)
	if err != nil {
		return nil, err
	}
	near, far := mmstest.Pipe(mms.Params{})
	go forward(up, far, nil)
	go forward(far, up, p.answer)
	return near, nil
}

// forward moves PDUs until either end is gone.
func forward(from, to mms.Association, answer func(s mms.Service) mms.Service) {
	for {
		p, err := from.Recv(context.Background())
		if err != nil {
			to.Abort(err)
			return
		}
		if r, ok := p.(*mms.ConfirmedRequest); ok && answer != nil {
			switch a := answer(r.Service).(type) {
			case nil:
			case *refusal:
				p = &mms.ConfirmedError{InvokeID: r.InvokeID, Error: a.err}
			default:
				p = &mms.ConfirmedResponse{InvokeID: r.InvokeID, Service: a}
			}
			if p != mms.PDU(r) {
				_ = from.Send(p) // its end is the next Recv's error
				continue
			}
		}
		_ = to.Send(p)
	}
}

func refuse(class mms.ErrorClass, code int32) *refusal {
	return &refusal{err: mms.ServiceError{Class: class, Code: code}}
}

// TestDiscoverForeign: servers that describe no whole logical nodes, nor functional constraints, that do not identify
// themselves, and that list names in short pages, are discovered all the same.
func TestDiscoverForeign(t *testing.T) {
	for name, answer := range map[string]func(s mms.Service) mms.Service{
		"no identify": func(s mms.Service) mms.Service {
			if _, ok := s.(*mms.Identify); ok {
				return refuse(mms.ErrService, 0)
			}
			return nil
		},
		"types of functional constraints": func(s mms.Service) mms.Service {
			if g, ok := s.(*mms.GetVariableAccessAttributes); ok && strings.Count(g.Name.Item, "$") < 1 {
				return refuse(mms.ErrAccess, mms.AccessObjectUnsupported)
			}
			return nil
		},
		"types of data objects": func(s mms.Service) mms.Service {
			if g, ok := s.(*mms.GetVariableAccessAttributes); ok && strings.Count(g.Name.Item, "$") < 2 {
				return refuse(mms.ErrResource, 0)
			}
			return nil
		},
		"no data sets": func(s mms.Service) mms.Service {
			if g, ok := s.(*mms.GetNameList); ok && g.Class == mms.ClassNamedVariableList {
				return refuse(mms.ErrAccess, mms.AccessObjectUnsupported)
			}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			over(t, &proxy{answer: answer}, func(t *testing.T, s *site) {
				got, err := s.client("hmi", client.Options{}).Discover(t.Context())
				noErr(t, err)
				for want := range testModel(t).Walk() {
					if tg, ok := got.Find(want.Ref); !ok || tg.FC != want.Ref.FC {
						t.Errorf("%s is missing, or has FC %s", want.Ref, tg.FC)
					}
				}
				n, _ := got.Devices[0].Node("LLN0")
				if len(n.Reports) != 5 {
					t.Errorf("%d report control blocks", len(n.Reports))
				}
				if name != "no data sets" && len(n.DataSets) != 2 {
					t.Errorf("%d data sets", len(n.DataSets))
				}
			})
		})
	}
}

// TestEndlessNames: a server whose name list does not end is refused, not followed for ever.
func TestEndlessNames(t *testing.T) {
	for name, page := range map[string]*mms.GetNameListResponse{
		"same page": {Names: []string{"a", "b"}, MoreFollows: true}, "empty page": {MoreFollows: true},
	} {
		over(t, &proxy{answer: func(s mms.Service) mms.Service {
			if _, ok := s.(*mms.GetNameList); ok {
				return page
			}
			return nil
		}}, func(t *testing.T, s *site) {
			_, err := s.client("hmi", client.Options{}).Devices(t.Context())
			wantErr(t, name, err, mms.ErrProtocol)
		})
	}
}

// TestWrongCounts: answers with more or fewer results than were asked for are refused.
func TestWrongCounts(t *testing.T) {
	over(t, &proxy{answer: func(s mms.Service) mms.Service {
		switch s.(type) {
		case *mms.Read:
			return &mms.ReadResponse{Results: []mms.AccessResult{{Value: model.Bool(true)}, {Value: model.Bool(true)}}}
		case *mms.Write:
			return &mms.WriteResponse{}
		}
		return nil
	}}, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		_, err := c.Read(t.Context(), anIn1f)
		wantErr(t, "read", err, mms.ErrProtocol)
		wantErr(t, "write", c.Write(t.Context(), anIn1f, model.Float32(1)), mms.ErrProtocol)
		_, err = c.ReadDataSet(t.Context(), ref("TLD0/LLN0.Four"))
		wantErr(t, "data set", err, mms.ErrProtocol)
	})
}

// TestTypesAreShared: equal types of a discovered model are one.
func TestTypesAreShared(t *testing.T) {
	over(t, &direct{}, func(t *testing.T, s *site) {
		got, err := s.client("hmi", client.Options{}).Discover(t.Context())
		noErr(t, err)
		one, _ := got.Find(ref("TLD0/GGIO1.SPCSO1"))
		two, _ := got.Find(ref("TLD0/GGIO1.SPCSO2"))
		if one.Type != two.Type {
			t.Error("two data objects of one kind have two types")
		}
	})
}

// TestReadByMembers: a server that finds every structure too large to answer is read leaf by leaf.
func TestReadByMembers(t *testing.T) {
	asked := 0
	small := func(s mms.Service) mms.Service {
		r, ok := s.(*mms.Read)
		if !ok {
			return nil
		}
		asked++
		for _, v := range r.Access.List {
			array := strings.HasSuffix(v.Name.Item, "phsAHar")
			if strings.Count(v.Name.Item, "$") < 3 || array && len(v.Alternate) == 0 || len(r.Access.List) > 2 {
				return refuse(mms.ErrService, mms.ServicePDUSize)
			}
		}
		return nil
	}
	over(t, &proxy{answer: small}, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		refs := []model.Ref{anIn1, ref("TLD0/GGIO1[MX]"), ref("TLD0/MHAI1.HA[MX]"), ref("TLD0/MHAI1"), ref("TLD0/GGIO1.Nope[MX]")}
		noErr(t, s.srv.Update(time.Now(), func(tx *server.Tx) {
			tx.Set(anIn1f, model.Float32(4))
			tx.Set(ref("TLD0/MHAI1.HA.phsAHar(2).ang.f[MX]"), model.Float32(5))
		}))
		rs, err := c.Read(t.Context(), refs...)
		noErr(t, err)
		plain := s.direct(t)
		for i, r := range rs[:4] {
			want, err := plain.ReadOne(t.Context(), refs[i])
			if err != nil || r.Err != nil || !want.Equal(r.Value) {
				t.Errorf("%s: %+v, want %+v, %v", refs[i], r, want, err)
			}
		}
		if rs[4].Err == nil {
			t.Errorf("unknown object: %+v", rs[4])
		}
		if asked < 20 {
			t.Errorf("only %d reads", asked)
		}
	})
	over(t, &proxy{answer: func(s mms.Service) mms.Service {
		if _, ok := s.(*mms.Read); ok {
			return refuse(mms.ErrResource, 0)
		}
		return nil
	}}, func(t *testing.T, s *site) {
		_, err := s.client("hmi", client.Options{}).ReadOne(t.Context(), anIn1f)
		wantErr(t, "a leaf that is too large", err, client.ErrTooLarge)
	})
}

// direct makes a client that no proxy stands before.
func (s *site) direct(t *testing.T) *client.Client {
	t.Helper()
	d := &direct{}
	a, err := d.dial(s, "other")
	noErr(t, err)
	c := client.New(a, client.Options{})
	t.Cleanup(func() {
		c.Close()
		<-c.Done()
	})
	return c
}

// TestTypes asks for types at every level, below arrays too.
func TestTypes(t *testing.T) {
	over(t, &direct{}, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		for r, want := range map[string]model.Kind{
			"TLD0/MHAI1": model.KindStruct, "TLD0/MHAI1[MX]": model.KindStruct, "TLD0/MHAI1.HA.phsAHar[MX]": model.KindArray,
			"TLD0/MHAI1.HA.phsAHar(3)[MX]": model.KindStruct, "TLD0/MHAI1.HA.phsAHar(3).mag.f[MX]": model.KindFloat,
		} {
			got, err := c.Type(t.Context(), ref(r))
			if err != nil || got.Kind != want {
				t.Errorf("%s: %+v, %v", r, got, err)
			}
		}
		for _, r := range []string{"TLD0/MHAI1.HA.phsAHar(4)[MX]", "TLD0/MHAI1.HA.phsAHar(0).nope[MX]", "TLD0/MHAI1.HA(0)[MX]", "TLD0/Nope1[MX]"} {
			if got, err := c.Type(t.Context(), ref(r)); err == nil {
				t.Errorf("%s: %+v", r, got)
			}
		}
	})
}

// TestUndescribedBlocks: report control blocks of a server that does not tell their type are taken to be those of the
// standard.
func TestUndescribedBlocks(t *testing.T) {
	quiet := func(s mms.Service) mms.Service {
		if g, ok := s.(*mms.GetVariableAccessAttributes); ok && strings.Contains(g.Name.Item, "LLN0$") {
			return refuse(mms.ErrAccess, mms.AccessNonExistent)
		}
		return nil
	}
	for _, rcb := range []string{"TLD0/LLN0.urcb01[RP]", "TLD0/LLN0.brcb01[BR]"} {
		over(t, &proxy{answer: quiet}, func(t *testing.T, s *site) {
			c := s.client("hmi", client.Options{})
			got := make(chan *client.Report, 10)
			sub, err := c.Subscribe(t.Context(), ref(rcb), client.ReportOptions{GI: true}, func(r *client.Report) { got <- r })
			noErr(t, err)
			if r := <-got; len(r.Entries) != 4 {
				t.Errorf("%s: %+v", rcb, r)
			}
			noErr(t, sub.Close(t.Context()))
		})
	}
	short := func(s mms.Service) mms.Service {
		if r, ok := s.(*mms.Read); ok && len(r.Access.List) == 1 && strings.Contains(r.Access.List[0].Name.Item, "$RP$urcb01") {
			return &mms.ReadResponse{Results: []mms.AccessResult{{Value: model.Struct(model.Bool(false))}}}
		}
		return quiet(s)
	}
	over(t, &proxy{answer: short}, func(t *testing.T, s *site) {
		_, err := s.client("hmi", client.Options{}).Subscribe(t.Context(), ref("TLD0/LLN0.urcb01[RP]"), client.ReportOptions{}, func(*client.Report) {})
		wantErr(t, "a block of one component", err, mms.ErrProtocol)
	})
}
