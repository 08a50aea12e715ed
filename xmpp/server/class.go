package server

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/gridward/gridward/xmpp/jid"
)

// A class is a set of accounts that no rule tells apart. Most sites have a handful, whatever their number of devices, so
// what one account may send to another is one look into a small matrix.
type class uint32

// maxMatrix bounds the matrix to a quarter of a megabyte; beyond it masks are computed.
const maxMatrix = 512

type classes struct {
	rules []compiledRule

	mu     sync.Mutex
	byKey  map[string]class
	keys   [][]byte              // of each class: one bit a rule for the sender's side, one for the receiver's
	matrix atomic.Pointer[[]row] // by sender's class
}

// row says what a class may send to each other class; it is complete for all classes that exist when it is published.
type row []mask

func (c *classes) init(rules []compiledRule) {
	c.rules, c.byKey = rules, map[string]class{}
	empty := []row{}
	c.matrix.Store(&empty)
}

// of returns the class of an account.
func (c *classes) of(bare jid.JID, acc *compiledAccount) class {
	key := c.key(bare, acc)
	c.mu.Lock()
	defer c.mu.Unlock()
	if k, ok := c.byKey[string(key)]; ok {
		return k
	}
	k := class(len(c.keys)) //nolint:gosec // bounded by the number of accounts
	c.keys = append(c.keys, key)
	c.byKey[string(key)] = k
	if len(c.keys) <= maxMatrix {
		c.publish()
	}
	return k
}

// key tells for each rule whether the account is a sender or a receiver of it.
func (c *classes) key(bare jid.JID, acc *compiledAccount) []byte {
	half := (len(c.rules) + 7) / 8
	key := make([]byte, 2*half)
	for i, r := range c.rules {
		if r.from.matches(bare, acc) {
			key[i/8] |= 1 << (i % 8)
		}
		if r.to.matches(bare, acc) {
			key[half+i/8] |= 1 << (i % 8)
		}
	}
	return key
}

// matches reports whether an account fits the selector; self does not depend on the account alone and never fits.
func (s selector) matches(bare jid.JID, acc *compiledAccount) bool {
	switch s.kind {
	case selAny:
		return true
	case selBare:
		return bare.String() == s.name
	case selDomain:
		return bare.Domain() == s.name && bare.Local() != ""
	case selGroup:
		_, ok := slices.BinarySearch(acc.groups, s.name)
		return ok
	}
	return false
}

// publish makes a new matrix with one more row and column for the newest class; readers keep the old one.
func (c *classes) publish() {
	old := *c.matrix.Load()
	n := len(c.keys)
	m := make([]row, n)
	for i := range m {
		m[i] = make(row, n)
		if i < n-1 {
			copy(m[i], old[i])
		}
		m[i][n-1] = c.compute(c.keys[i], c.keys[n-1])
	}
	for j := range m {
		m[n-1][j] = c.compute(c.keys[n-1], c.keys[j])
	}
	c.matrix.Store(&m)
}

// compute finds the first rule of which from is a sender and to a receiver.
func (c *classes) compute(from, to []byte) mask {
	half := len(from) / 2
	for w := 0; w < half; w += 8 {
		var a, b [8]byte
		copy(a[:], from[w:half])
		copy(b[:], to[half+w:])
		if both := binary.LittleEndian.Uint64(a[:]) & binary.LittleEndian.Uint64(b[:]); both != 0 {
			return c.rules[8*w+bits.TrailingZeros64(both)].allow
		}
	}
	return 0
}

// between returns what from may send to to.
func (c *classes) between(from, to class) mask {
	if m := *c.matrix.Load(); int(from) < len(m) && int(to) < len(m) {
		return m[from][to]
	}
	c.mu.Lock()
	a, b := c.keys[from], c.keys[to]
	c.mu.Unlock()
	return c.compute(a, b)
}

// toSelf returns what an account may send to this server or to itself. A rule for its own JID or group counts as well as
// one for self, in the order of the rules.
func (c *policy) toSelf(bare jid.JID, acc *compiledAccount, target jid.JID) mask {
	for _, r := range c.rules {
		if r.from.matches(bare, acc) && (r.to.kind == selSelf || r.to.matches(target, acc)) {
			return r.allow
		}
	}
	return 0
}
