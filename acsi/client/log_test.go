package client_test

import (
	"slices"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

var (
	lcb      = ref("TLD0/LLN0.lcb")
	eventLog = ref("TLD0/LLN0.log")
)

// A loggedValue is what the tests look at: the value of AnIn1.mag.f.
func loggedValues(t testing.TB, entries func(func(client.LogEntry, error) bool)) (all []client.LogEntry, values []float64) {
	t.Helper()
	for e, err := range entries {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
		for _, m := range e.Entries {
			if m.Ref == ref("TLD0/GGIO1.AnIn1[MX]") {
				f, _ := m.Value.At(0).At(0).AsFloat()
				values = append(values, f)
			}
		}
	}
	return all, values
}

func TestLogs(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		c := s.client("cc", client.Options{})
		ctx := t.Context()
		logs, err := c.Logs(ctx, "TLD0")
		noErr(t, err)
		if !slices.Equal(logs, []model.Ref{eventLog}) {
			t.Errorf("logs %v", logs)
		}
		l, err := c.LogControl(ctx, lcb)
		noErr(t, err)
		if !l.Enabled || l.Log != eventLog || l.DataSet != ref("TLD0/LLN0.Four") || l.Triggers != model.TrgDataChange|model.TrgGI || !l.OldestAt.IsZero() || l.Oldest != "" {
			t.Errorf("block %+v", l)
		}
		minute := time.Minute
		noErr(t, c.SetLogControl(ctx, lcb, client.LogOptions{
			Triggers: model.TrgDataChange | model.TrgQualityChange, IntegrityPd: &minute, DataSet: ref("TLD0/LLN0.Four"), Log: eventLog,
		}))
		start := time.Now()
		for i := range 300 {
			noErr(t, s.srv.Update(time.Now(), func(tx *server.Tx) {
				tx.Set(ref("TLD0/GGIO1.AnIn1.mag.f[MX]"), model.Float32(float32(i+1)))
				tx.Quality(ref("TLD0/GGIO1.Ind1[ST]"), model.Quality(i%2)<<12)
			}))
			time.Sleep(100 * time.Millisecond)
		}
		if l, err = c.LogControl(ctx, lcb); err != nil || !l.Enabled || l.IntegrityPd != minute || l.Triggers != model.TrgDataChange|model.TrgQualityChange {
			t.Errorf("after the changes: %+v, %v", l, err)
		}
		all, values := loggedValues(t, c.QueryLogByTime(ctx, eventLog, time.Time{}, time.Time{}))
		if len(values) != 300 || values[0] != 1 || values[299] != 300 || !slices.IsSorted(values) {
			t.Fatalf("%d values", len(values))
		}
		if e := all[1]; len(e.Entries) != 2 || e.Entries[0].Reason != client.ReasonDataChange || e.Entries[1].Reason != client.ReasonQualityChange ||
			e.Entries[1].Ref != ref("TLD0/GGIO1.Ind1[ST]") || !e.At.Equal(start.Add(100*time.Millisecond)) {
			t.Errorf("entry %+v", e)
		}
		st, err := c.LogStatus(ctx, lcb)
		noErr(t, err)
		if st.Oldest != all[0].ID || st.Newest != all[299].ID || !st.OldestAt.Equal(all[0].At) || !st.NewestAt.Equal(all[299].At) {
			t.Errorf("status %+v", st)
		}
		if _, got := loggedValues(t, c.QueryLogByTime(ctx, eventLog, start.Add(time.Second), start.Add(1200*time.Millisecond))); !slices.Equal(got, []float64{11, 12, 13}) {
			t.Errorf("by time: %v", got)
		}
		if _, got := loggedValues(t, c.QueryLogAfter(ctx, eventLog, all[297].At, all[297].ID)); !slices.Equal(got, []float64{299, 300}) {
			t.Errorf("after an entry: %v", got)
		}
		if n, deletable, err := c.LogLength(ctx, eventLog); n != 300 || deletable || err != nil {
			t.Errorf("length %d, %v, %v", n, deletable, err)
		}
		if n, err := c.InitializeLog(ctx, eventLog, time.Time{}, all[9].ID); n != 10 || err != nil {
			t.Errorf("removed %d, %v", n, err)
		}
		if n, err := c.InitializeLog(ctx, eventLog, all[19].At, ""); n != 10 || err != nil {
			t.Errorf("removed %d, %v", n, err)
		}
		for e, err := range c.QueryLogByTime(ctx, eventLog, time.Time{}, time.Time{}) {
			if err != nil || e.ID != all[20].ID {
				t.Errorf("the oldest is %v, %v", e.ID, err)
			}
			break // a walk may end early
		}
		off := false
		noErr(t, c.SetLogControl(ctx, lcb, client.LogOptions{Enable: &off}))
		if n, err := c.InitializeLog(ctx, eventLog, time.Time{}, ""); n != 280 || err != nil {
			t.Errorf("removed %d, %v", n, err)
		}
		_, err = c.LogControl(ctx, ref("TLD0/LLN0.none"))
		if err == nil {
			t.Error("a block that is not there was read")
		}
		for _, err := range c.QueryLogByTime(ctx, ref("TLD0/LLN0.none"), time.Time{}, time.Time{}) {
			if err == nil {
				t.Error("a log that is not there was read")
			}
		}
		short := time.Millisecond
		wantErr(t, "a short period", c.SetLogControl(ctx, lcb, client.LogOptions{IntegrityPd: &short}), mms.ObjectValueInvalid)
	})
}

// An enabled block stays enabled when a change is refused.
func TestRefusedChangeLeavesTheLogRunning(t *testing.T) {
	over(t, &direct{}, func(t *testing.T, s *site) {
		c := s.client("cc", client.Options{})
		wantErr(t, "no such data set", c.SetLogControl(t.Context(), lcb, client.LogOptions{DataSet: ref("TLD0/LLN0.None")}), mms.ObjectValueInvalid)
		if l, err := c.LogControl(t.Context(), lcb); err != nil || !l.Enabled {
			t.Errorf("%+v, %v", l, err)
		}
		for _, bad := range []string{"TLD0/LLN0", "TLD0/LLN0.lcb[ST]"} {
			if _, err := c.LogControl(t.Context(), ref(bad)); err == nil {
				t.Errorf("%s was read as a log control block", bad)
			}
		}
	})
}
