package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A Source is asked for names and types; *client.Client is one.
type Source interface {
	Devices(ctx context.Context) ([]string, error)
	Variables(ctx context.Context, ld string) ([]string, error)
	Type(ctx context.Context, ref model.Ref) (*mms.TypeSpec, error)
}

// A Catalog keeps what a server has. It is safe for concurrent use; what is asked for twice at once is asked twice.
type Catalog struct {
	src Source

	mu      sync.Mutex
	devices []string
	items   map[string][]string // by logical device
	nodes   map[[2]string]*Node
}

// New makes a catalogue that knows nothing yet.
func New(src Source) *Catalog {
	return &Catalog{src: src, items: make(map[string][]string), nodes: make(map[[2]string]*Node)}
}

// A Node is a logical node: what it has of each functional constraint.
type Node struct {
	LDevice, Name string
	Sections      []Section
}

// A Section is what a logical node has of one functional constraint.
type Section struct {
	FC   model.FC
	Spec *mms.TypeSpec // a structure of data objects or control blocks
}

// An Item is something with its type.
type Item struct {
	Ref  model.Ref // with its functional constraint
	Spec *mms.TypeSpec
}

// Blocks are the functional constraints of control blocks, which are no data.
const Blocks = 1<<model.BR | 1<<model.RP | 1<<model.LG | 1<<model.GO | 1<<model.MS | 1<<model.US

// A NotFoundError says what is missing, and what is there instead.
type NotFoundError struct {
	Pattern Pattern
	Missing string   // the component that nothing fits
	There   []string // names at its place
}

func (e *NotFoundError) Error() string {
	if e.Missing == "" {
		return fmt.Sprintf("catalog: %s: the server has none", e.Pattern)
	}
	return fmt.Sprintf("catalog: %s: the server has no %s there", e.Pattern, e.Missing)
}

// Devices lists the logical devices.
func (c *Catalog) Devices(ctx context.Context) ([]string, error) {
	c.mu.Lock()
	list := c.devices
	c.mu.Unlock()
	if list != nil {
		return list, nil
	}
	list, err := c.src.Devices(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.devices = list
	return list, nil
}

// Nodes lists the logical nodes of a device, LLN0 first.
func (c *Catalog) Nodes(ctx context.Context, ld string) ([]string, error) {
	items, err := c.variables(ctx, ld)
	if err != nil {
		return nil, err
	}
	var list []string
	seen := make(map[string]bool)
	for _, item := range items {
		ln, _, _ := strings.Cut(item, "$")
		switch {
		case seen[ln]:
		case ln == "LLN0":
			list = append([]string{ln}, list...)
		default:
			list = append(list, ln)
		}
		seen[ln] = true
	}
	return list, nil
}

func (c *Catalog) variables(ctx context.Context, ld string) ([]string, error) {
	c.mu.Lock()
	list, ok := c.items[ld]
	c.mu.Unlock()
	if ok {
		return list, nil
	}
	list, err := c.src.Variables(ctx, ld)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items[ld] = list
	return list, nil
}

// Node gives a logical node.
func (c *Catalog) Node(ctx context.Context, ld, ln string) (*Node, error) {
	c.mu.Lock()
	n := c.nodes[[2]string{ld, ln}]
	c.mu.Unlock()
	if n != nil {
		return n, nil
	}
	n = &Node{LDevice: ld, Name: ln}
	t, err := c.src.Type(ctx, model.Ref{LDevice: ld, LN: ln})
	switch {
	case err == nil && t.Kind == model.KindStruct:
		for i := range t.Components {
			if fc, ok := model.ParseFC(t.Components[i].Name); ok {
				n.Sections = append(n.Sections, Section{fc, &t.Components[i].Type})
			}
		}
	case err == nil || refused(err):
		if err := c.piecewise(ctx, n, err); err != nil {
			return nil, err
		}
	default:
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[[2]string{ld, ln}] = n
	return n, nil
}

// piecewise asks a server that does not describe a whole node for each functional constraint, or each data object.
func (c *Catalog) piecewise(ctx context.Context, n *Node, cause error) error {
	items, err := c.variables(ctx, n.LDevice)
	if err != nil {
		return err
	}
	for fc := model.ST; fc < model.NumFC; fc++ {
		ref := model.Ref{LDevice: n.LDevice, LN: n.Name, FC: fc}
		names := below(items, ref.Item())
		if len(names) == 0 {
			continue
		}
		t, err := c.src.Type(ctx, ref)
		if err != nil && refused(err) {
			t = &mms.TypeSpec{Kind: model.KindStruct}
			for _, name := range names {
				part, err := c.src.Type(ctx, ref.Child(name))
				if err != nil {
					return err
				}
				t.Components = append(t.Components, mms.Component{Name: name, Type: *part})
			}
		} else if err != nil {
			return err
		}
		n.Sections = append(n.Sections, Section{fc, t})
	}
	if len(n.Sections) == 0 {
		return cause
	}
	return nil
}

// below lists the names directly below an item.
func below(items []string, item string) []string {
	var list []string
	for _, i := range items {
		if name, ok := strings.CutPrefix(i, item+"$"); ok && !strings.Contains(name, "$") {
			list = append(list, name)
		}
	}
	return list
}

func refused(err error) bool {
	var service *mms.ServiceError
	var reject *mms.RejectReason
	return errors.As(err, &service) || errors.As(err, &reject)
}

// Find gives what a pattern names, in the order of the server; a *NotFoundError when there is nothing. Control blocks
// are found by their functional constraint, or when nothing else fits.
func (c *Catalog) Find(ctx context.Context, p Pattern) ([]Item, error) {
	s := &search{Catalog: c, p: p}
	devices := []string{p.LDevice}
	if wild(p.LDevice) || p.LDevice == "" {
		all, err := c.Devices(ctx)
		if err != nil {
			return nil, err
		}
		devices = slices.DeleteFunc(slices.Clone(all), func(d string) bool { return p.LDevice != "" && !match(p.LDevice, d) })
		if len(devices) == 0 {
			return nil, &NotFoundError{p, p.LDevice, all}
		}
	}
	for _, ld := range devices {
		if err := s.device(ctx, ld); err != nil {
			return nil, err
		}
	}
	if len(s.data) > 0 {
		return s.data, nil
	}
	if len(s.blocks) > 0 {
		return s.blocks, nil
	}
	return nil, &NotFoundError{p, s.missing, s.there}
}

// A search is one Find under way.
type search struct {
	*Catalog
	p            Pattern
	data, blocks []Item
	depth        int // of what was found to be missing
	missing      string
	there        []string
}

func (s *search) device(ctx context.Context, ld string) error {
	nodes := []string{s.p.LN}
	if wild(s.p.LN) || s.p.LN == "" {
		all, err := s.Nodes(ctx, ld)
		if err != nil {
			return s.noDevice(ctx, ld, err)
		}
		nodes = slices.DeleteFunc(slices.Clone(all), func(n string) bool { return s.p.LN != "" && !match(s.p.LN, n) })
		if len(nodes) == 0 {
			s.lacks(1, s.p.LN, all)
		}
	}
	for _, ln := range nodes {
		n, err := s.Node(ctx, ld, ln)
		if err != nil {
			err = s.noNode(ctx, ld, ln, err)
			var none *NotFoundError
			if errors.As(err, &none) && wild(s.p.LDevice) { // another device may have it
				s.lacks(1, none.Missing, none.There)
				return nil
			}
			return err
		}
		for _, sec := range n.Sections {
			if s.p.FC != model.FCNone && s.p.FC != sec.FC {
				continue
			}
			ref := model.Ref{LDevice: ld, LN: ln, FC: sec.FC}
			s.descend(ref, sec.Spec, s.p.Path, 2)
		}
	}
	return nil
}

// noDevice says which devices there are when the server refuses to list one.
func (s *search) noDevice(ctx context.Context, ld string, cause error) error {
	if !refused(cause) {
		return cause
	}
	all, err := s.Devices(ctx)
	if err != nil || slices.Contains(all, ld) {
		return cause
	}
	return &NotFoundError{s.p, ld, all}
}

func (s *search) noNode(ctx context.Context, ld, ln string, cause error) error {
	if !refused(cause) {
		return cause
	}
	all, err := s.Nodes(ctx, ld)
	if err != nil {
		return s.noDevice(ctx, ld, err)
	}
	if slices.Contains(all, ln) {
		return cause
	}
	return &NotFoundError{s.p, ln, all}
}

// lacks remembers what was missing furthest down.
func (s *search) lacks(depth int, name string, there []string) {
	switch {
	case depth > s.depth:
		s.depth, s.missing, s.there = depth, name, there
	case depth == s.depth && s.missing == name:
		for _, n := range there {
			if !slices.Contains(s.there, n) {
				s.there = append(slices.Clip(s.there), n)
			}
		}
	}
}

func (s *search) descend(ref model.Ref, spec *mms.TypeSpec, path []string, depth int) {
	if len(path) == 0 {
		switch {
		case Blocks&(1<<ref.FC) == 0:
			s.data = append(s.data, Item{ref, spec})
		case s.p.FC != model.FCNone || len(s.p.Path) > 0:
			s.blocks = append(s.blocks, Item{ref, spec})
		}
		return
	}
	name, index, indexed := strings.Cut(path[0], "(")
	found := false
	for i := range spec.Components {
		comp := &spec.Components[i]
		if !match(name, comp.Name) {
			continue
		}
		found = true
		child := ref.Child(comp.Name)
		switch {
		case !indexed:
			s.descend(child, &comp.Type, path[1:], depth+1)
		case comp.Type.Kind == model.KindArray && comp.Type.Elem != nil:
			s.elements(child, &comp.Type, strings.TrimSuffix(index, ")"), path[1:], depth+1)
		default:
			s.lacks(depth, path[0], []string{comp.Name})
		}
	}
	if !found {
		s.lacks(depth, name, componentNames(spec))
	}
}

// maxElements bounds what the type of a peer can make us list.
const maxElements = 4096

func (s *search) elements(ref model.Ref, spec *mms.TypeSpec, index string, path []string, depth int) {
	first, last := 0, int(min(spec.Count, maxElements))
	if index != "*" {
		n, err := strconv.Atoi(index)
		if err != nil || n >= last {
			s.lacks(depth, "("+index+")", []string{"0 to " + strconv.Itoa(last-1)})
			return
		}
		first, last = n, n+1
	}
	for i := first; i < last; i++ {
		e := ref
		e.Path += "(" + strconv.Itoa(i) + ")"
		s.descend(e, spec.Elem, path, depth)
	}
}

func componentNames(spec *mms.TypeSpec) []string {
	list := make([]string, len(spec.Components))
	for i := range list {
		list[i] = spec.Components[i].Name
	}
	return list
}
