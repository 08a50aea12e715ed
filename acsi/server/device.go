package server

import (
	"strings"
	"sync"

	"github.com/gridward/gridward/model"
)

// A device is a logical device: an MMS domain, with the lock of its values.
type device struct {
	ld    *model.LogicalDevice
	index int
	mu    sync.RWMutex // its values; see Server

	sg *settings // nil without setting groups

	journals     map[string]*journal // by item name LN$name; immutable once built
	journalNames []string
	nodes        []*node          // logical nodes
	items        map[string]*node // by MMS item name
	names        []string         // depth-first, functional constraints in order

	lists     map[string]*dataSet // by item name LN$name; Server.sets guards it
	listNames []string
}

// locate resolves a reference with array indices: its node, and how far behind the node's slots its own are.
// Without an FC it finds the first functional constraint that has the path.
func (d *device) locate(r model.Ref) (n *node, off int) {
	ln := d.items[r.LN]
	if ln == nil {
		return nil, 0
	}
	if r.Path == "" {
		if r.FC == model.FCNone {
			return ln, 0
		}
		return ln.child(r.FC.String()), 0
	}
	for _, fc := range ln.children {
		if r.FC == model.FCNone || fc.fc == r.FC {
			if n, off = fc.descend(r.Path); n != nil {
				return n, off
			}
		}
	}
	return nil, 0
}

// descend follows a path with dots and indices.
func (n *node) descend(path string) (*node, int) {
	off := 0
	for path != "" {
		var part string
		part, path, _ = strings.Cut(path, ".")
		name, index, indexed := strings.Cut(part, "(")
		if n = n.child(name); n == nil {
			return nil, 0
		}
		if !indexed {
			continue
		}
		i, ok := parseIndex(index)
		if !ok || n.kind != nodeArray || i >= n.count {
			return nil, 0
		}
		off += i * n.stride
		n = n.children[0]
	}
	return n, off
}

func parseIndex(s string) (int, bool) {
	digits, ok := strings.CutSuffix(s, ")")
	if !ok || digits == "" || len(digits) > 7 {
		return 0, false
	}
	i := 0
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		i = i*10 + int(c-'0')
	}
	return i, true
}

// value copies the value of n, off slots further. The caller holds the device's lock or the server's; for a dynamic
// node the server's.
func (s *Server) value(n *node, off int) model.Value {
	switch n.kind {
	case nodeLeaf:
		return s.values[n.slot+off]
	case nodeRCB:
		return n.rcb.get(n.attr)
	case nodeArray:
		list := make([]model.Value, n.count)
		for i := range list {
			list[i] = s.value(n.children[0], off+i*n.stride)
		}
		return model.Array(list...)
	}
	list := make([]model.Value, len(n.children))
	for i, c := range n.children {
		list[i] = s.value(c, off)
	}
	return model.Struct(list...)
}

// load copies the value of n under the right lock.
func (s *Server) load(n *node, off int) model.Value {
	if n.dynamic {
		s.mu.Lock()
		defer s.mu.Unlock() // nothing is put off by reading
		return s.value(n, off)
	}
	n.dev.mu.RLock()
	defer n.dev.mu.RUnlock()
	return s.value(n, off)
}
