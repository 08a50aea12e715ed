package server

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

// A thousand clients want one buffered control block at once: one gets it, and all reports; the others are told that it is
// taken, and get nothing.
func TestAThousandClientsWantOneBlock(t *testing.T) {
	const clients, events = 1000, 20
	s, err := New(Config{Model: testModel(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ends := make([]*mmstest.End, clients)
	served := make(chan error, clients)
	codes := make(chan mms.DataAccessError, clients)
	owner := make(chan int, clients)
	var ready sync.WaitGroup
	ready.Add(clients)
	for i := range ends {
		near, far := mmstest.NewPipe(mmstest.Options{Client: &model.Principal{Name: fmt.Sprintf("c%d@x", i), Address: fmt.Sprintf("c%d@x", i), Proof: model.ProofX509}})
		ends[i] = near
		go func() { served <- s.Serve(ctx, far) }()
		go func() {
			ready.Done()
			ready.Wait()
			w := &mms.Write{Access: mms.VariableAccess{List: []mms.VariableSpec{spec(brcb + "RptEna")}}, Data: []model.Value{model.Bool(true)}}
			err := near.Send(&mms.ConfirmedRequest{InvokeID: 1, Service: w})
			p, err2 := near.Recv(ctx)
			if err != nil || err2 != nil {
				t.Errorf("client %d: %v, %v", i, err, err2)
				codes <- mms.HardwareFault
				return
			}
			res := p.(*mms.ConfirmedResponse).Service.(*mms.WriteResponse).Results[0]
			if !res.Failed {
				owner <- i
			}
			codes <- res.Error
		}()
	}
	refused := 0
	for range clients {
		if <-codes == mms.TemporarilyUnavailable {
			refused++
		}
	}
	if refused != clients-1 || len(owner) != 1 {
		t.Fatalf("%d refused, %d owners", refused, len(owner))
	}
	won := <-owner
	for i := range events {
		if err := s.Update(time.Now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), float64(i+1)) }); err != nil {
			t.Fatal(err)
		}
	}
	for i := range events {
		p, err := ends[won].Recv(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if r := parseReport(t, p.(*mms.Unconfirmed).Service.(*mms.InformationReport)); r.sqNum != uint64(i) {
			t.Fatalf("report %d has the number %d", i, r.sqNum)
		}
	}
	nothing, stop := context.WithCancel(context.Background())
	stop()
	for i, e := range ends {
		if p, err := e.Recv(nothing); err == nil {
			t.Errorf("client %d, the owner is %d, got %+v", i, won, p)
		}
	}
	if st := s.Stats(); st.Reports != events {
		t.Errorf("%+v", st)
	}
	cancel()
	for range clients {
		<-served
	}
}

func TestOwnerIsTheAddress(t *testing.T) {
	long := strings.Repeat("a", 60) + "@grid.example/IEC"
	for address, want := range map[string]string{
		"192.0.2.7:55001": "\xc0\x00\x02\x07", "192.0.2.7": "\xc0\x00\x02\x07", "[2001:db8::1]:102": "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01",
		"[::ffff:192.0.2.7]:1": "\xc0\x00\x02\x07", "dno@grid.example/IEC": "dno@grid.example/IEC", long: long[:64], "": "",
	} {
		if got := ownerOctets(&model.Principal{Address: address}); got != want {
			t.Errorf("%q gives % x", address, got)
		}
	}
	run(t, Config{}, func(h *harness) {
		p := h.peer("cc@x")
		for _, block := range []string{brcb, urcb} {
			if v, _ := p.read(block + "Owner").AsText(); v != "" {
				t.Errorf("%sOwner of a free block: %q", block, v)
			}
			p.set(block+"RptEna", model.Bool(true))
			if v, _ := p.read(block + "Owner").AsText(); v != "cc@x" {
				t.Errorf("%sOwner %q", block, v)
			}
		}
		p.lose()
		q := h.peer("other@x")
		for _, block := range []string{brcb, urcb} {
			if v, _ := q.read(block + "Owner").AsText(); v != "" {
				t.Errorf("%sOwner after the loss: %q", block, v)
			}
		}
	})
}

// The segments of a buffered report are one entry: they share number and EntryID, and a client that goes on behind it gets
// none of them again.
func TestSegmentsOfABufferedReport(t *testing.T) {
	for _, size := range []int{1000, 2000, 8192, 30000, 65000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			run(t, Config{Limits: Limits{DataSetMembers: 200}}, func(h *harness) {
				members := make([]mms.VariableSpec, 120)
				for i := range members {
					members[i] = spec("GGIO1$MX$AnIn1")
				}
				p := h.peerWith("cc@x", mms.Params{MaxPDU: size})
				own := mms.InDomain("TLD0", "LLN0$wide")
				list := &mms.DefineNamedVariableList{Name: own, List: members}
				if p.end.Params().Size(&mms.ConfirmedRequest{Service: list}) > size { // as another client may
					h.peer("wide@x").response(list)
				} else {
					p.response(list)
				}
				p.set(brcb+"DatSet", model.Visible("TLD0/LLN0$wide"))
				p.set(brcb+"RptEna", model.Bool(true))
				h.setFloat(1)
				h.setFloat(2)
				raw := p.take()
				seen := map[uint64][]int{}
				var last, first uint64
				for _, ir := range raw {
					if n := p.end.Params().Size(&mms.Unconfirmed{Service: ir}); n > size {
						t.Errorf("a segment of %d octets", n)
					}
					r := parseReport(t, ir)
					if r.id < last {
						t.Errorf("EntryID %d after %d", r.id, last)
					}
					if first == 0 {
						first = r.id
					}
					last = r.id
					if r.sqNum > 1 || (r.sqNum == 0) != (r.id == first) {
						t.Errorf("number %d of entry %d", r.sqNum, r.id)
					}
					seen[r.id] = append(seen[r.id], r.members...)
				}
				for id, got := range seen {
					if len(got) != 120 || !slices.IsSorted(got) {
						t.Errorf("entry %d has %d members", id, len(got))
					}
				}
				if len(seen) != 2 || size < 8192 && len(raw) < 4 {
					t.Errorf("%d entries in %d segments", len(seen), len(raw))
				}
				p.lose()
				q := h.peerWith("cc@x", mms.Params{MaxPDU: size})
				q.set(brcb+"EntryID", entryIDValue(first))
				q.set(brcb+"RptEna", model.Bool(true))
				for _, r := range q.reports() {
					if r.id != last {
						t.Errorf("entry %d again", r.id)
					}
				}
			})
		})
	}
}

// SqNum of a buffered control block has 16 bits.
func TestSequenceNumberOfABufferedBlockWraps(t *testing.T) {
	s, ss, q := benchServer(t)
	ss.manual = true
	n := s.devices["TLD0"].items[brcb+"RptEna"]
	s.mu.Lock()
	if code := n.rcb.write(ss, q.peer, n, model.Bool(true)); code != accessOK {
		t.Fatal(code)
	}
	n.rcb.sqNum = 65534
	s.unlock()
	for i := range 4 {
		if err := s.Update(s.now(), func(tx *Tx) { tx.Float(anIn1.Child("mag.f"), float64(i+1)) }); err != nil {
			t.Fatal(err)
		}
	}
	var got []uint16
	for i := range ss.out.items {
		got = append(got, ss.out.items[i].report.sqNum)
	}
	if !slices.Equal(got, []uint16{65534, 65535, 0, 1}) {
		t.Errorf("numbers %v", got)
	}
}

// PurgeBuf false does nothing; true is for the owner alone, and only while reports are off.
func TestPurgeBuf(t *testing.T) {
	run(t, Config{}, func(h *harness) {
		h.setFloat(1)
		p, other := h.peer("cc@x"), h.peer("other@x")
		p.set(brcb+"PurgeBuf", model.Bool(false))
		p.set(brcb+"RptEna", model.Bool(true))
		if got := p.reports(); len(got) != 1 {
			t.Errorf("PurgeBuf false: %d reports", len(got))
		}
		if code := p.write(brcb+"PurgeBuf", model.Bool(true)); code != mms.TemporarilyUnavailable {
			t.Errorf("while enabled: %v", code)
		}
		if code := other.write(brcb+"PurgeBuf", model.Bool(true)); code != mms.TemporarilyUnavailable {
			t.Errorf("by somebody else: %v", code)
		}
		p.set(brcb+"RptEna", model.Bool(false))
		last := p.read(brcb + "EntryID")
		p.set(brcb+"PurgeBuf", model.Bool(true))
		if code := p.write(brcb+"EntryID", last); code != mms.ObjectValueInvalid {
			t.Errorf("an EntryID from before the purge: %v", code)
		}
		if code := p.write("LLN0$RP$urcb01$PurgeBuf", model.Bool(true)); code != mms.ObjectNonExistent {
			t.Errorf("an unbuffered block: %v", code)
		}
	})
}

// EntryIDs that cannot be resynchronised to.
func TestEntryIDsThatAreRefused(t *testing.T) {
	run(t, Config{Limits: Limits{BufferEntries: 3}}, func(h *harness) {
		p := h.peer("cc@x")
		p.set(brcb+"RptEna", model.Bool(true))
		h.setFloat(1)
		first := p.reports()[0].id
		p.set(brcb+"RptEna", model.Bool(false))
		for i := range 5 {
			h.setFloat(float64(i + 2))
		}
		for what, v := range map[string]model.Value{
			"pushed out": entryIDValue(first), "of the future": entryIDValue(1<<63 + 1), "all ones": entryIDValue(1<<64 - 1),
		} {
			if code := p.write(brcb+"EntryID", v); code != mms.ObjectValueInvalid {
				t.Errorf("%s: %v", what, code)
			}
		}
		for what, v := range map[string]model.Value{
			"seven octets": model.Octets("1234567"), "a number": model.Uint(1), "none": model.Octets(""),
		} {
			if code := p.write(brcb+"EntryID", v); code != mms.TypeInconsistent {
				t.Errorf("%s: %v", what, code)
			}
		}
		p.set(brcb+"RptEna", model.Bool(true))
		got := p.reports()
		if len(got) != 3 || !got[0].ovfl || got[1].ovfl || !got[0].values[0].At(0).At(0).Equal(model.Float32(4)) {
			t.Errorf("%+v", got)
		}
	})
}
