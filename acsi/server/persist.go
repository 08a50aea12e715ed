package server

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
)

// Keys in the Store.
const (
	keyIDs     = "acsi/ids"     // no entry identification above it was ever given
	keyRunning = "acsi/running" // there while a server uses the Store: it did not end in order if the next one finds it
	keySets    = "acsi/set/"    // dynamic data sets of domains, LD/LN$name
	keyRCB     = "acsi/rcb/"    // buffered report control blocks, LD/LN$BR$name
	keyLCB     = "acsi/lcb/"    // log control blocks, LD/LN$LG$name
)

// idsAhead is how far the Store is ahead of the entry identifications that are given, in nanoseconds as these are: what is
// given is below, also when the process is killed.
const idsAhead = uint64(time.Minute)

// persists tells whether report buffers and settings outlive a restart.
func (s *Server) persists() bool { return s.cfg.Persist && s.cfg.Store != nil }

// openStore makes the logs and finds out where entry identifications go on.
func (s *Server) openStore() error {
	s.logs = newRing(s.now)
	if s.cfg.Store != nil {
		s.logs = s.cfg.Store
	}
	for _, d := range s.order {
		for _, j := range d.journals {
			s.logs.Limit(j.stream, s.cfg.Limits.LogEntries, s.cfg.Limits.LogAge)
			_, _, newest, _, _ := s.logs.Bounds(j.stream)
			s.lastID = max(s.lastID, newest)
		}
	}
	if s.cfg.Store == nil {
		return nil
	}
	b, err := s.cfg.Store.Get(keyIDs)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	switch {
	case len(b) == 8 && b[0] < 0x80:
		s.lastID = max(s.lastID, binary.BigEndian.Uint64(b))
	case b != nil: // a Store takes none above 1<<63 - 1
		s.emit(Stale{What: keyIDs, Err: errRecord})
	}
	running, err := s.cfg.Store.Get(keyRunning)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	s.unclean = running != nil
	s.reserved = max(s.lastID, uint64(max(s.now().UnixNano(), 0))) + idsAhead
	start := map[string][]byte{keyIDs: octets(s.reserved), keyRunning: {1}}
	if err := s.cfg.Store.PutAll(start); err != nil { // a full disk is no reason not to serve
		s.emit(StoreFailed{Op: "open", Err: err})
		for key, value := range start {
			s.cfg.Store.Set(key, value)
		}
	}
	return nil
}

// reserveIDs keeps the Store ahead of the entry identifications. The caller holds mu.
func (s *Server) reserveIDs() {
	if s.cfg.Store == nil || s.lastID+idsAhead/2 < s.reserved {
		return
	}
	if ahead := s.lastID + idsAhead; s.cfg.Store.Set(keyIDs, octets(ahead)) {
		s.reserved = ahead
	}
}

// closeStore keeps all that has not been kept yet, at the end. The caller holds mu.
func (s *Server) closeStore() {
	st := s.cfg.Store
	if st == nil {
		return
	}
	if s.persists() {
		for _, r := range s.reports.blocks {
			if r.buffered {
				r.flush()
				r.save()
			}
		}
	}
	st.Set(keyIDs, octets(s.lastID))
	s.reserved = s.lastID // whatever still comes reserves anew
	st.Set(keyRunning, nil)
	s.later(func() {
		if err := st.Flush(); err != nil {
			s.emit(StoreFailed{Op: "close", Err: err})
		}
	})
}

func octets(u uint64) []byte { return binary.BigEndian.AppendUint64(nil, u) }

// mark gives a short name for strings, to notice that they have changed.
func mark(parts ...string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.Join(parts, "\x00"))) // it never fails
	return fmt.Sprintf("%016x", h.Sum64())
}

// mark tells data sets with other members apart.
func (set *dataSet) mark() string {
	if set == nil {
		return ""
	}
	parts := make([]string, len(set.members))
	for i := range parts {
		parts[i] = set.members[i].text
	}
	return mark(parts...)
}
