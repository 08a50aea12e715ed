package mmsbinding

// windowSize is how far behind the newest a request may be: requests that are sent at the same time overtake each other.
const windowSize = 1024

// A window remembers which of the last 1,024 invokeIDs came already, so that a request that is delivered twice is
// served once. The zero value is ready.
type window struct {
	top  uint32
	any  bool
	seen [windowSize / 64]uint64 // bit id modulo windowSize
}

// fresh reports whether id was not seen, and marks it. It takes ids that increase but for a little disorder.
func (w *window) fresh(id uint32) bool {
	switch {
	case !w.any:
		w.top, w.any = id, true
	case id > w.top:
		if id-w.top >= windowSize {
			clear(w.seen[:])
		}
		for i := w.top + 1; i < id && id-w.top < windowSize; i++ {
			*w.word(i) &^= 1 << (i % 64)
		}
		w.top = id
	case w.top-id >= windowSize || *w.word(id)&(1<<(id%64)) != 0:
		return false
	}
	*w.word(id) |= 1 << (id % 64)
	return true
}

func (w *window) word(id uint32) *uint64 { return &w.seen[id%windowSize/64] }
