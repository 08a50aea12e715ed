package client_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/mms/mmstest"
	"github.com/gridward/gridward/model"
)

var (
	anIn1   = ref("TLD0/GGIO1.AnIn1[MX]")
	anIn1f  = ref("TLD0/GGIO1.AnIn1.mag.f[MX]")
	anIn2f  = ref("TLD0/GGIO1.AnIn2.mag.f[MX]")
	brcb1   = ref("TLD0/LLN0.brcb01[BR]")
	urcb1   = ref("TLD0/LLN0.urcb01[RP]")
	urcb2   = ref("TLD0/LLN0.urcb02[RP]")
	changes = model.TrgDataChange | model.TrgGI
)

// put changes AnIn2 in a transaction of its own.
func (s *site) put(n int) {
	s.Helper()
	if err := s.srv.Update(time.Now(), func(tx *server.Tx) { tx.Set(anIn2f, model.Float32(float32(n))) }); err != nil {
		s.Fatal(err)
	}
}

// An inbox keeps what a handler got. The delivery goroutine writes it; tests read it after synctest.Wait.
type inbox struct{ reports []*client.Report }

func (b *inbox) add(r *client.Report) { b.reports = append(b.reports, r) }

func (b *inbox) take() []*client.Report {
	synctest.Wait()
	got := b.reports
	b.reports = nil
	return got
}

// numbers gives the values of AnIn2 in reports.
func numbers(rs []*client.Report) []int {
	var list []int
	for _, r := range rs {
		for _, e := range r.Entries {
			if f, ok := e.Value.AsFloat(); ok && e.Ref == anIn2f {
				list = append(list, int(f))
			}
		}
	}
	return list
}

func TestUnbufferedReports(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		var box inbox
		sub, err := c.Subscribe(t.Context(), urcb1, client.ReportOptions{Triggers: changes, GI: true}, box.add)
		noErr(t, err)
		gi := box.take()
		if len(gi) != 1 || len(gi[0].Entries) != 4 || gi[0].Entries[0].Reason != client.ReasonGI || gi[0].Entries[0].Ref != anIn1 {
			t.Fatalf("general interrogation: %+v", gi)
		}
		if r := gi[0]; !r.HasSqNum || r.SqNum != 0 || r.ConfRev != 4 || r.RptID != sub.RptID() || r.EntryID != "" || r.TimeOfEntry.IsZero() || r.Segments != 1 {
			t.Errorf("report %+v", r)
		}
		s.put(5)
		got := box.take()
		if len(got) != 1 || len(got[0].Entries) != 1 || got[0].Entries[0].Ref != anIn2f || got[0].Entries[0].Reason != client.ReasonDataChange ||
			!got[0].Entries[0].Value.Equal(model.Float32(5)) || got[0].SqNum != 1 || got[0].Gap {
			t.Fatalf("data change: %+v", got)
		}
		noErr(t, sub.GI(t.Context()))
		if n := len(box.take()); n != 1 {
			t.Errorf("%d reports after GI", n)
		}
		other := s.client("rival", client.Options{})
		_, err = other.Subscribe(t.Context(), urcb1, client.ReportOptions{}, box.add)
		wantErr(t, "taken block", err, client.ErrReserved)
		_, err = c.Subscribe(t.Context(), urcb1, client.ReportOptions{DataSet: ref("TLD0/LLN0.nope")}, box.add)
		if err == nil {
			t.Error("a block with an unknown data set was enabled")
		}
		noErr(t, sub.Close(t.Context()))
		<-sub.Done()
		s.put(6)
		if n := len(box.take()); n != 0 {
			t.Errorf("%d reports after Close", n)
		}
		if _, err = other.Subscribe(t.Context(), urcb1, client.ReportOptions{}, box.add); err != nil {
			t.Errorf("free block: %v", err)
		}
		if n := c.Counters(); n.Reports != 3 || n.BadReports+n.UnknownReports+n.ReportGaps != 0 {
			t.Errorf("counters %+v", n)
		}
	})
}

func TestIntegrityPeriod(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		var box inbox
		_, err := c.Subscribe(t.Context(), urcb1, client.ReportOptions{
			Triggers: model.TrgIntegrity, IntegrityPd: 2 * time.Second, OptFields: model.OptSeqNum | model.OptReasonCode | model.OptDataSet,
		}, box.add)
		noErr(t, err)
		time.Sleep(7 * time.Second)
		got := box.take()
		if len(got) != 3 || got[2].Entries[0].Reason != client.ReasonIntegrity || got[2].DataSet != "TLD0/LLN0$Four" || !got[2].TimeOfEntry.IsZero() {
			t.Errorf("%d reports: %+v", len(got), got)
		}
	})
}

// TestSharedRptID: two blocks that configuration gave one identifier get different ones.
func TestSharedRptID(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		var one, two inbox
		a, err := c.Subscribe(t.Context(), ref("TLD0/LLN0.brcb01[BR]"), client.ReportOptions{Triggers: changes}, one.add)
		noErr(t, err)
		b, err := c.Subscribe(t.Context(), ref("TLD0/LLN0.brcb02[BR]"), client.ReportOptions{Triggers: changes}, two.add)
		noErr(t, err)
		if a.RptID() == b.RptID() {
			t.Fatalf("both are %s", a.RptID())
		}
		s.put(3)
		if x, y := numbers(one.take()), numbers(two.take()); fmt.Sprint(x, y) != "[3] [3]" {
			t.Errorf("got %v and %v", x, y)
		}
	})
}

// TestBufferedReportsSurviveLoss is the promise of buffered reporting: the link goes away, again and again, at any
// moment; every value arrives, in order, and none twice.
func TestBufferedReportsSurviveLoss(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		const rounds, each = 8, 5
		var last client.EntryID
		var got []int
		n := 1
		for round := range rounds {
			s.put(n) // while nobody listens
			n++
			c := s.client("hmi", client.Options{})
			var box inbox
			sub, err := c.Subscribe(t.Context(), brcb1, client.ReportOptions{EntryID: last, ResvTms: 60}, box.add)
			noErr(t, err)
			if !sub.Resynced() {
				t.Errorf("round %d: the server does not know the entry", round)
			}
			for i := range each {
				s.put(n)
				n++
				if i == round%each {
					synctest.Wait() // some of these are delivered, some are under way when the link goes
				}
			}
			s.path.cut(s)
			<-sub.Done()
			<-c.Done()
			if !errors.Is(sub.Err(), mms.ErrLinkLost) && !errors.Is(sub.Err(), mms.ErrPeerOffline) && !errors.Is(sub.Err(), mms.ErrAborted) {
				t.Errorf("ended with %v", sub.Err())
			}
			rs := box.take()
			for _, r := range rs {
				if r.BufOvfl || r.Gap {
					t.Errorf("round %d: %+v", round, r)
				}
			}
			got = append(got, numbers(rs)...)
			last = sub.LastEntryID()
			synctest.Wait()
		}
		c := s.client("hmi", client.Options{})
		var box inbox
		_, err := c.Subscribe(t.Context(), brcb1, client.ReportOptions{EntryID: last}, box.add)
		noErr(t, err)
		got = append(got, numbers(box.take())...)
		want := make([]int, n-1)
		for i := range want {
			want[i] = i + 1
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	})
}

// TestUnknownEntry: an entry that the server does not have any more is said, and nothing is silently lost.
func TestUnknownEntry(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		s.put(1)
		s.put(2)
		var overflows int
		c := s.client("hmi", client.Options{Events: func(e client.Event) {
			if _, ok := e.(client.Overflow); ok {
				overflows++
			}
		}})
		var box inbox
		sub, err := c.Subscribe(t.Context(), brcb1, client.ReportOptions{EntryID: "\xff\xff\xff\xff\xff\xff\xff\xff"}, box.add)
		noErr(t, err)
		got := box.take()
		if sub.Resynced() || len(got) == 0 || !got[0].BufOvfl || overflows != 1 {
			t.Errorf("resynced %v, reports %+v, %d overflows", sub.Resynced(), got, overflows)
		}
		if n := numbers(got); fmt.Sprint(n) != "[1 2]" {
			t.Errorf("got %v", n)
		}
	})
}

// TestClosedBlockIsFree: what one client gave back another may have at once.
func TestClosedBlockIsFree(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		mine, theirs := s.client("hmi", client.Options{}), s.client("rival", client.Options{})
		for _, rcb := range []model.Ref{brcb1, urcb1, urcb2} {
			var box inbox
			sub, err := mine.Subscribe(t.Context(), rcb, client.ReportOptions{}, box.add)
			noErr(t, err)
			_, err = theirs.Subscribe(t.Context(), rcb, client.ReportOptions{}, box.add)
			wantErr(t, rcb.String()+" taken", err, client.ErrReserved)
			noErr(t, sub.Close(t.Context()))
			if _, err = theirs.Subscribe(t.Context(), rcb, client.ReportOptions{}, box.add); err != nil {
				t.Errorf("%s given back: %v", rcb, err)
			}
		}
	})
}

// TestSegmentedReport puts a report together that is longer than a PDU.
func TestSegmentedReport(t *testing.T) {
	over(t, &direct{codec: berCodec, params: mms.Params{MaxPDU: 250}}, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		noErr(t, c.DefineDataSet(t.Context(), ref("TLD0/LLN0.wide"), ref("TLD0/GGIO1.AnIn1[MX]"), ref("TLD0/GGIO1.AnIn2[MX]"),
			ref("TLD0/GGIO1.Ind1[ST]"), ref("TLD0/GGIO1.SPCSO1[ST]"), ref("TLD0/GGIO1.SPCSO2[ST]"), ref("TLD0/GGIO1.SPCSO3[ST]")))
		var box inbox
		_, err := c.Subscribe(t.Context(), urcb1, client.ReportOptions{DataSet: ref("TLD0/LLN0.wide"), Triggers: changes, GI: true}, box.add)
		noErr(t, err)
		got := box.take()
		if len(got) != 1 || len(got[0].Entries) != 6 || got[0].Segments < 2 {
			t.Fatalf("got %+v", got)
		}
		for _, e := range got[0].Entries {
			if want, err := s.srv.Get(e.Ref); err != nil || !want.Equal(e.Value) {
				t.Errorf("%s: %+v, want %+v, %v", e.Ref, e.Value, want, err)
			}
		}
	})
}

// TestHandlerMayAsk: a handler uses the client while more reports come.
func TestHandlerMayAsk(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{})
		var seen []float64
		_, err := c.Subscribe(t.Context(), urcb1, client.ReportOptions{Triggers: changes}, func(*client.Report) {
			v, err := c.ReadOne(t.Context(), anIn2f)
			if err != nil {
				t.Error(err)
			}
			f, _ := v.AsFloat()
			seen = append(seen, f)
		})
		noErr(t, err)
		for n := range 20 {
			s.put(n + 1)
		}
		synctest.Wait()
		if len(seen) != 20 || seen[19] != 20 {
			t.Errorf("saw %v", seen)
		}
	})
}

// TestOverrun: a handler that is too slow loses its subscription, not reports that it does not know of.
func TestOverrun(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{Queue: 3})
		var box inbox
		release := make(chan struct{})
		sub, err := c.Subscribe(t.Context(), brcb1, client.ReportOptions{Triggers: changes}, func(r *client.Report) { <-release; box.add(r) })
		noErr(t, err)
		for n := range 10 {
			s.put(n + 1)
			synctest.Wait()
		}
		<-sub.Done()
		wantErr(t, "subscription", sub.Err(), client.ErrOverrun)
		close(release)
		got := numbers(box.take())
		c.Close()
		<-c.Done()
		synctest.Wait()
		var rest inbox
		_, err = s.client("hmi", client.Options{}).Subscribe(t.Context(), brcb1, client.ReportOptions{EntryID: sub.LastEntryID()}, rest.add)
		noErr(t, err)
		got = append(got, numbers(rest.take())...)
		if fmt.Sprint(got) != "[1 2 3 4 5 6 7 8 9 10]" {
			t.Errorf("got %v", got)
		}
	})
}

// TestGapIsTold drops a report on the way.
func TestGapIsTold(t *testing.T) {
	var gaps []client.Gap
	p := &lossy{}
	over(t, p, func(t *testing.T, s *site) {
		c := s.client("hmi", client.Options{Events: func(e client.Event) {
			if g, ok := e.(client.Gap); ok {
				gaps = append(gaps, g)
			}
		}})
		var box inbox
		_, err := c.Subscribe(t.Context(), urcb1, client.ReportOptions{Triggers: changes}, box.add)
		noErr(t, err)
		for n := range 4 {
			p.drop = n == 2
			s.put(n + 1)
			synctest.Wait()
		}
		got := box.take()
		if len(got) != 3 || got[0].Gap || got[1].Gap || !got[2].Gap || len(gaps) != 1 || gaps[0].Want != 2 || gaps[0].Got != 3 {
			t.Errorf("reports %+v, gaps %+v", got, gaps)
		}
		if n := c.Counters().ReportGaps; n != 1 {
			t.Errorf("%d gaps counted", n)
		}
	})
}

// lossy is a pipe that drops reports when told.
type lossy struct {
	direct
	drop bool
}

func (l *lossy) dial(s *site, who string) (mms.Association, error) {
	near, far := mmstest.NewPipe(mmstest.Options{Client: principal(who), Filter: func(toServer bool, p mms.PDU) bool {
		_, report := p.(*mms.Unconfirmed)
		return toServer || !report || !l.drop
	}})
	go func() { _ = s.srv.Serve(s.ctx, far) }()
	return near, nil
}
