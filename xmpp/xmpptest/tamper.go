package xmpptest

import (
	"sync"
	"time"

	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/stanza"
)

// A Delivery is a stanza that goes on, at once or later.
type Delivery struct {
	Stanza *stanza.Stanza
	After  time.Duration
}

// A Tamper decides what becomes of a stanza under way: nothing is delivered but what it returns. It may be called by
// several goroutines at a time.
type Tamper func(s *stanza.Stanza) []Delivery

// A Match chooses stanzas.
type Match func(s *stanza.Stanza) bool

// Any matches every stanza.
func Any(*stanza.Stanza) bool { return true }

// Kind matches stanzas of a kind and, unless types is empty, of one of these types.
func Kind(k stanza.Kind, types ...string) Match {
	return func(s *stanza.Stanza) bool {
		if s.Kind != k || len(types) == 0 {
			return s.Kind == k
		}
		for _, t := range types {
			if s.Type == t {
				return true
			}
		}
		return false
	}
}

// Between matches what goes from one address to another; zero addresses match all.
func Between(from, to jid.JID) Match {
	return func(s *stanza.Stanza) bool {
		return (from.IsZero() || s.From == from) && (to.IsZero() || s.To == to)
	}
}

// Payload matches stanzas whose first payload element is in the namespace.
func Payload(space string) Match {
	return func(s *stanza.Stanza) bool {
		n, ok := s.Child()
		return ok && n.Space == space
	}
}

// All matches what all of ms match.
func All(ms ...Match) Match {
	return func(s *stanza.Stanza) bool {
		for _, m := range ms {
			if !m(s) {
				return false
			}
		}
		return true
	}
}

// Nth matches the stanza number n (from 1) of those that m matches.
func Nth(n int, m Match) Match {
	var mu sync.Mutex
	seen := 0
	return func(s *stanza.Stanza) bool {
		mu.Lock()
		defer mu.Unlock()
		if !m(s) {
			return false
		}
		seen++
		return seen == n
	}
}

func pass(s *stanza.Stanza) []Delivery { return []Delivery{{Stanza: s}} }

// Drop loses what m matches.
func Drop(m Match) Tamper {
	return func(s *stanza.Stanza) []Delivery {
		if m(s) {
			return nil
		}
		return pass(s)
	}
}

// Delay delivers what m matches later; what follows overtakes it.
func Delay(m Match, d time.Duration) Tamper {
	return func(s *stanza.Stanza) []Delivery {
		if m(s) {
			return []Delivery{{s, d}}
		}
		return pass(s)
	}
}

// Duplicate delivers what m matches n times in a row.
func Duplicate(m Match, n int) Tamper {
	return func(s *stanza.Stanza) []Delivery {
		if !m(s) {
			return pass(s)
		}
		var ds []Delivery
		for range n {
			ds = append(ds, Delivery{Stanza: s.Clone()})
		}
		return ds
	}
}

// Replay delivers what m matches, and once more after d.
func Replay(m Match, d time.Duration) Tamper {
	return func(s *stanza.Stanza) []Delivery {
		if m(s) {
			return []Delivery{{Stanza: s}, {s.Clone(), d}}
		}
		return pass(s)
	}
}

// Reorder holds what m matches until there are n of them and delivers these in reverse.
func Reorder(m Match, n int) Tamper {
	var mu sync.Mutex
	var held []Delivery
	return func(s *stanza.Stanza) []Delivery {
		if !m(s) {
			return pass(s)
		}
		mu.Lock()
		defer mu.Unlock()
		held = append([]Delivery{{Stanza: s}}, held...)
		if len(held) < n {
			return nil
		}
		ds := held
		held = nil
		return ds
	}
}

// Rewrite lets change do what it likes with a copy of what m matches.
func Rewrite(m Match, change func(s *stanza.Stanza)) Tamper {
	return func(s *stanza.Stanza) []Delivery {
		if m(s) {
			s = s.Clone()
			change(s)
		}
		return pass(s)
	}
}

// MisStamp makes what m matches appear to come from somebody else.
func MisStamp(m Match, from jid.JID) Tamper {
	return Rewrite(m, func(s *stanza.Stanza) { s.From = from })
}

// Misroute makes what m matches arrive at somebody else.
func Misroute(m Match, to jid.JID) Tamper {
	return Rewrite(m, func(s *stanza.Stanza) { s.To = to })
}

// Swap exchanges the payloads of every two stanzas that m matches: the first waits for the second.
func Swap(m Match) Tamper {
	var mu sync.Mutex
	var first *stanza.Stanza
	return func(s *stanza.Stanza) []Delivery {
		if !m(s) {
			return pass(s)
		}
		mu.Lock()
		defer mu.Unlock()
		if first == nil {
			first = s
			return nil
		}
		a, b := first.Clone(), s.Clone()
		a.Payload, b.Payload = b.Payload, a.Payload
		first = nil
		return []Delivery{{Stanza: a}, {Stanza: b}}
	}
}
