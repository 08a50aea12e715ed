package server

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// loadSets makes the dynamic data sets of domains anew that were there before a restart.
func (s *Server) loadSets() error {
	keys, err := s.cfg.Store.Keys(keySets)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStore, err)
	}
	for _, key := range keys {
		b, err := s.cfg.Store.Get(key)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrStore, err)
		}
		name := strings.TrimPrefix(key, keySets)
		if err := s.loadSet(name, b); err != nil {
			s.cfg.Store.Set(key, nil)
			s.emit(Stale{What: "data set " + name, Err: err})
		}
	}
	return nil
}

func (s *Server) loadSet(name string, b []byte) error {
	var members []string
	if err := json.Unmarshal(b, &members); err != nil {
		return fmt.Errorf("%w: %w", errRecord, err)
	}
	if len(members) == 0 || len(members) > s.cfg.Limits.DataSetMembers {
		return fmt.Errorf("%w: %d members", errRecord, len(members))
	}
	domain, item, _ := strings.Cut(name, "/")
	set := &dataSet{name: mms.InDomain(domain, item), ref: name, deletable: true}
	for _, text := range members {
		ref, err := model.ParseRef(text)
		if err != nil {
			return err
		}
		m, ok := s.member(ref)
		if !ok {
			return fmt.Errorf("%w: %s", ErrUnknown, ref)
		}
		set.add(m)
	}
	s.sets.Lock()
	defer s.sets.Unlock()
	if bad := s.defineShared(set); bad != nil {
		return bad
	}
	return nil
}

// saveSet keeps a data set of a domain, or forgets it.
func (s *Server) saveSet(set *dataSet, gone bool) {
	if !s.persists() || set.name.Scope != mms.DomainSpecific {
		return
	}
	if gone {
		s.cfg.Store.Set(keySets+set.ref, nil)
		return
	}
	members := make([]string, len(set.members))
	for i := range members {
		members[i] = set.members[i].ref.String()
	}
	b, err := json.Marshal(members)
	if err == nil {
		s.cfg.Store.Set(keySets+set.ref, b)
	}
}
