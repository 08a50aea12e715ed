package api

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"time"
)

// hub keeps the last events for all streams. A stream has a place in it and no queue of its own: one that reads too
// slowly falls out of what is kept and starts anew with a snapshot, so that memory is bounded whoever reads.
type hub struct {
	epoch string // of this process: numbers of another one mean nothing
	limit int    // octets kept

	mu      sync.Mutex
	events  []event
	bytes   int
	last    uint64 // number of the newest event
	wake    chan struct{}
	streams int
}

type event struct {
	seq  uint64
	kind string
	data []byte // JSON
}

func newHub(limit int) *hub {
	return &hub{epoch: strconv.FormatInt(time.Now().UnixMilli(), 36), limit: limit, wake: make(chan struct{})}
}

// publish appends an event and wakes all streams.
func (h *hub) publish(kind string, v any) {
	data, err := json.Marshal(v)
	if err != nil { // a type that cannot be marshalled: a defect, seen by every test
		panic("api: " + err.Error())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last++
	h.events = append(h.events, event{h.last, kind, data})
	h.bytes += len(data)
	drop := 0
	for h.bytes > h.limit && drop < len(h.events)-1 {
		h.bytes -= len(h.events[drop].data)
		drop++
	}
	if drop > 0 {
		h.events = append(h.events[:0:0], h.events[drop:]...)
	}
	close(h.wake)
	h.wake = make(chan struct{})
}

// after gives the events that follow number seq, or false when they are no longer kept, and a channel that is closed
// when there are more.
func (h *hub) after(seq uint64) ([]event, bool, <-chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if seq > h.last {
		return nil, false, h.wake
	}
	n := int(min(h.last-seq, uint64(len(h.events)+1)))
	if n > len(h.events) {
		return nil, false, h.wake
	}
	return h.events[len(h.events)-n:], true, h.wake
}

func (h *hub) newest() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.last
}

// id writes the identifier of an event on the wire.
func (h *hub) id(seq uint64) string { return h.epoch + "-" + strconv.FormatUint(seq, 10) }

// parse reads an identifier; false when it is of another process or nonsense.
func (h *hub) parse(id string) (uint64, bool) {
	epoch, number, ok := strings.Cut(id, "-")
	seq, err := strconv.ParseUint(number, 10, 64)
	return seq, ok && err == nil && epoch == h.epoch
}

// join takes one of at most n places for streams.
func (h *hub) join(n int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.streams >= n {
		return false
	}
	h.streams++
	return true
}

func (h *hub) leave() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.streams--
}

func (h *hub) joined() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.streams
}
