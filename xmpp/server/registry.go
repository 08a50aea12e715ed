package server

import (
	"sync"

	"github.com/gridward/gridward/xmpp/jid"
)

// registry finds sessions. Safe for concurrent use.
type registry struct {
	mu    sync.RWMutex
	full  map[string]*session
	sm    map[string]*session // by the id of stream management
	class map[*policy]map[class]map[*session]struct{}
}

func (r *registry) init() {
	r.full, r.sm = map[string]*session{}, map[string]*session{}
	r.class = map[*policy]map[class]map[*session]struct{}{}
}

// has returns the session of a full JID.
func (r *registry) has(full jid.JID) *session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.full[full.String()]
}

// lookup finds the prepared form of an address that a session is bound to.
func (r *registry) lookup(raw []byte) (jid.JID, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if s := r.full[string(raw)]; s != nil {
		return s.full, true
	}
	return jid.JID{}, false
}

// managed returns the session that a stream management id names.
func (r *registry) managed(id string) *session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.sm[id]
}

// add makes a session known, or returns the one that has its JID.
func (r *registry) add(sess *session) *session {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.full[sess.full.String()]; old != nil {
		return old
	}
	r.full[sess.full.String()] = sess
	r.classify(sess)
	return nil
}

func (r *registry) classify(sess *session) {
	st := sess.standing.Load()
	byClass := r.class[st.pol]
	if byClass == nil {
		byClass = map[class]map[*session]struct{}{}
		r.class[st.pol] = byClass
	}
	set := byClass[st.class]
	if set == nil {
		set = map[*session]struct{}{}
		byClass[st.class] = set
	}
	set[sess] = struct{}{}
}

// manage makes a session known by its stream management id.
func (r *registry) manage(sess *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sm[sess.smID] = sess
}

func (r *registry) remove(sess *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full[sess.full.String()] == sess {
		delete(r.full, sess.full.String())
	}
	if sess.smID != "" {
		delete(r.sm, sess.smID)
	}
	r.declassify(sess)
}

func (r *registry) declassify(sess *session) {
	for pol, byClass := range r.class {
		for k, set := range byClass {
			if _, ok := set[sess]; ok {
				delete(set, sess)
				if len(set) == 0 {
					delete(byClass, k)
				}
			}
		}
		if len(byClass) == 0 {
			delete(r.class, pol)
		}
	}
}

// reclass gives a session another standing, if it is still known.
func (r *registry) reclass(sess *session, st *standing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.full[sess.full.String()] != sess {
		return
	}
	r.declassify(sess)
	sess.standing.Store(st)
	r.classify(sess)
}

// all returns all sessions.
func (r *registry) all() []*session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]*session, 0, len(r.full))
	for _, s := range r.full {
		out = append(out, s)
	}
	return out
}

// peers returns at most limit other sessions to which presence goes both ways.
func (r *registry) peers(sess *session, limit int) []*session {
	st := sess.standing.Load()
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []*session
	for pol, byClass := range r.class {
		if pol != st.pol {
			continue
		}
		for k, set := range byClass {
			if pol.classes.between(st.class, k)&pol.classes.between(k, st.class)&maskPresence == 0 {
				continue
			}
			for other := range set {
				if other == sess {
					continue
				}
				if len(out) >= limit {
					return out
				}
				out = append(out, other)
			}
		}
	}
	return out
}
