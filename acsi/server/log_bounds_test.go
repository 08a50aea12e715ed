package server

import (
	"encoding"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A countingStore counts the octets that one Scan gives.
type countingStore struct {
	*memStore
	most int
}

func (c *countingStore) Scan(stream string, after uint64, from, to time.Time, limit int, f func(id uint64, at time.Time, data []byte) bool) error {
	sum := 0
	defer func() { c.most = max(c.most, sum) }()
	return c.memStore.Scan(stream, after, from, to, limit, func(id uint64, at time.Time, data []byte) bool {
		sum += len(data)
		return f(id, at, data)
	})
}

// An answer takes no more out of the Store than about what it can hold, however long the entries are; and nothing is lost
// between pages.
func TestPagesOfLongEntries(t *testing.T) {
	store := &countingStore{memStore: newMemStore(time.Now)}
	logged(t, Config{Store: store}, func(h *harness) {
		data := longRecord(20_000)
		j := h.s.devices["TLD0"].journals["LLN0$log"]
		const entries = 300
		for range entries {
			h.s.mu.Lock()
			if !store.Append(j.stream, h.s.newID(), time.Now(), data, 0) {
				t.Error("append")
			}
			h.s.unlock()
		}
		for name, params := range map[string]mms.Params{
			"65,000 octets": {MaxPDU: 65_000, Size: func(p mms.PDU) int { b, _ := mms.AppendBER(nil, p); return len(b) }},
			"any length":    {},
		} {
			store.most = 0
			got, _ := h.peerWith("cc@x", params).readLog(mms.ReadJournal{})
			if len(got) != entries {
				t.Errorf("%s: %d entries", name, len(got))
			}
			if most := max(2*params.MaxPDU, 1<<16) + 20_100; params.MaxPDU > 0 && store.most > most || store.most > maxPageOctets+20_100 {
				t.Errorf("%s: %d octets at once", name, store.most)
			}
		}
	})
}

func longRecord(size int) encoding.BinaryAppender {
	set := &dataSet{members: []member{{text: "TLD0/GGIO1$DC$NamPlt$vendor"}}}
	return &logEntry{set: set, members: []entryMember{{value: model.Visible(strings.Repeat("x", size))}}}
}

// What a log has of a logical device that a peer may not see stays unseen, and so does whether there is such a device.
func TestLogOfAnInvisibleDevice(t *testing.T) {
	authorizer := AuthorizerFunc(func(_ *model.Principal, r Right, ref model.Ref) error {
		if r == RightView && ref.LDevice == "TLD1" {
			return errors.New("no")
		}
		return nil
	})
	services(t, Config{Authorizer: authorizer}, func(h *harness) {
		p := h.peer("a")
		h.update(func(tx *Tx) {
			tx.Set(model.Ref{LDevice: "TLD0", LN: "GGIO1", Path: "Ind.stVal", FC: model.ST}, model.Bool(true))
			tx.Set(model.Ref{LDevice: "TLD1", LN: "GGIO1", Path: "Plain.stVal", FC: model.ST}, model.Bool(true))
		})
		entries, _ := p.readLog(mms.ReadJournal{})
		if len(entries) != 1 {
			t.Fatalf("entries %+v", entries)
		}
		for _, v := range entries[0].Variables {
			if strings.HasPrefix(v.Tag, "TLD1") {
				t.Errorf("shows %s", v.Tag)
			}
		}
		for _, domain := range []string{"TLD1", "TLD7"} {
			e := p.serviceError(&mms.DefineNamedVariableList{
				Name: mms.InDomain("TLD0", "LLN0$mine"), List: []mms.VariableSpec{{Name: mms.InDomain(domain, "GGIO1$ST$Plain")}},
			})
			if e.Class != mms.ErrDefinition || e.Code != mms.DefinitionObjectUndefined {
				t.Errorf("a data set of %s: %+v", domain, e)
			}
		}
	})
}

// Who may not clear a log may not fill it either, by moving a log control block to it; one in an invisible device is none.
func TestRightsOfLogRef(t *testing.T) {
	var device string
	var denied Right
	authorizer := AuthorizerFunc(func(_ *model.Principal, r Right, ref model.Ref) error {
		if r == denied && ref.LDevice == device && (r == RightView || ref.LN == "LLN0" && ref.Path == "log") {
			return errors.New("no")
		}
		return nil
	})
	services(t, Config{Authorizer: authorizer}, func(h *harness) {
		p := h.peer("a")
		p.set(lcb+"LogEna", model.Bool(false))
		ref := model.Visible("TLD0/LLN0$log")
		device, denied = "TLD0", RightConfig
		p.refuses(lcb+"LogRef", ref, mms.ObjectAccessDenied)
		denied = RightRead
		p.set(lcb+"LogRef", ref)
		m := h.s.devices["TLD1"]
		m.journal(h.s, "LLN0", "log")
		device, denied = "TLD1", RightView
		p.refuses(lcb+"LogRef", model.Visible("TLD1/LLN0$log"), mms.ObjectValueInvalid)
		device = ""
		p.set(lcb+"LogRef", model.Visible("TLD1/LLN0$log"))
	})
}

// A damaged entry that has no form on the wire is left out: it does not end the association of everyone who reads the log.
func TestEntryWithoutForm(t *testing.T) {
	store := newMemStore(time.Now)
	logged(t, Config{Store: store}, func(h *harness) {
		j := h.s.devices["TLD0"].journals["LLN0$log"]
		h.setFloat(1)
		h.s.mu.Lock()
		set := &dataSet{members: []member{{text: "TLD0/GGIO1$DC$NamPlt$vendor"}}}
		store.Append(j.stream, h.s.newID(), time.Now(), &logEntry{set: set, members: []entryMember{{value: model.Visible("\xff")}}}, 0)
		h.s.unlock()
		h.setFloat(2)
		size := func(p mms.PDU) int { return mms.SizeXER(p, mms.GW1) }
		entries, _ := h.peerWith("cc@x", mms.Params{MaxPDU: 65_000, Size: size}).readLog(mms.ReadJournal{})
		if got := floats(entries); len(entries) != 2 || !slices.Equal(got, []float64{1, 2}) {
			t.Errorf("entries %+v", entries)
		}
		if !slices.ContainsFunc(h.events, func(e Event) bool { f, ok := e.(StoreFailed); return ok && errors.Is(f.Err, errRecord) }) {
			t.Errorf("events %+v", h.events)
		}
	})
}
