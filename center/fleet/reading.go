package fleet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gridward/gridward/model"
)

// readModel reads the DER's model, unless it says that it has the revision which we already know.
func (d *der) readModel(ctx context.Context, s Session) error {
	d.mu.Lock()
	known := d.values
	revision := d.revision
	d.mu.Unlock()
	if known != nil && revision != "" {
		if ref, ok := revisionRef(known.srv); ok {
			if r, err := s.Read(ctx, ref); err == nil && len(r) == 1 && r[0].Err == nil {
				if now, _ := r[0].Value.AsText(); now == revision {
					d.mu.Lock()
					known.forgetSources()
					d.mu.Unlock()
					return nil
				}
			}
		}
	}
	srv, err := s.Discover(ctx)
	if err != nil {
		return fmt.Errorf("fleet: reading the model: %w", err)
	}
	revision = ""
	if ref, ok := revisionRef(srv); ok {
		if r, err := s.Read(ctx, ref); err == nil && len(r) == 1 && r[0].Err == nil {
			revision, _ = r[0].Value.AsText()
			revision = strings.Clone(revision)
		}
	}
	v := newValues(srv)
	controls := map[Role]Bounds{}
	for _, role := range []Role{Setpoint, Limit} {
		if p := v.byRole[role]; p != nil && controllable(srv, p.object) {
			controls[role] = Bounds{unknown, unknown}
		}
	}
	d.mu.Lock()
	d.values, d.revision, d.kind, d.controls = v, revision, KindOf(srv), controls
	clear(d.entryIDs) // of control blocks that may have changed
	d.mu.Unlock()
	return nil
}

// revisionRef finds configRev of the first LLN0, IEC 61850-7-3 7.8.2 (LPL).
func revisionRef(srv *model.Server) (model.Ref, bool) {
	for _, d := range srv.Devices {
		r := model.Ref{LDevice: d.Name, LN: "LLN0", Path: "NamPlt.configRev", FC: model.DC}
		if _, ok := srv.Find(r); ok {
			return r, true
		}
	}
	return model.Ref{}, false
}

func controllable(srv *model.Server, object model.Ref) bool {
	object.Path += ".Oper"
	object.FC = model.CO
	_, ok := srv.Find(object)
	return ok
}

// subscribe enables one report control block for each data set: the one used before, else a buffered one, else an
// unbuffered one; blocks of other clients are passed over.
func (d *der) subscribe(ctx context.Context, s Session) error {
	d.mu.Lock()
	srv := d.values.srv
	entryIDs := make(map[model.Ref]string, len(d.entryIDs))
	for k, v := range d.entryIDs {
		entryIDs[k] = v
	}
	d.blocks = nil
	d.mu.Unlock()
	for _, g := range reportGroups(srv, entryIDs) {
		if err := d.enableOne(ctx, s, g, entryIDs); err != nil {
			return err
		}
	}
	d.cover()
	return nil
}

// enableOne enables the first block of g that lets itself be enabled. That none does is no failure: the values are read
// instead.
func (d *der) enableOne(ctx context.Context, s Session, g reportGroup, entryIDs map[model.Ref]string) error {
	cfg := &d.fleet.cfg
	for _, c := range g.blocks {
		d.mu.Lock()
		b := &block{ref: c.ref, dataSet: g.dataSet.String(), buffered: c.rc.Buffered, source: uint8(len(d.blocks) + 1)}
		opt := SubscribeOptions{EntryID: entryIDs[c.ref], IntegrityPd: cfg.Integrity, BufTm: cfg.BufTm}
		b.period = cfg.Integrity
		if b.buffered {
			// Writing these would empty the buffer that we want (IEC 61850-7-2 17.2.2).
			opt.IntegrityPd, opt.BufTm, b.period = 0, 0, 0
			if c.rc.Triggers&model.TrgIntegrity != 0 {
				b.period = c.rc.IntegrityPd
			}
		}
		d.blocks = append(d.blocks, b)
		d.mu.Unlock()
		resynced, err := s.Subscribe(ctx, c.ref, opt, func(r *Report) { d.handle(b, r) })
		d.mu.Lock()
		b.resynced = resynced && opt.EntryID != ""
		if err != nil {
			d.blocks = d.blocks[:len(d.blocks)-1]
		}
		d.mu.Unlock()
		switch {
		case err == nil:
			if opt.EntryID != "" && !resynced {
				d.lostPlace(b)
			}
			return nil
		case ctx.Err() != nil || ended(s):
			return fmt.Errorf("fleet: enabling %s: %w", c.ref, err)
		case !errors.Is(err, ErrReserved):
			cfg.Events(&BlockRefused{ID: d.id, Block: c.ref.String(), Err: err})
		}
	}
	return nil
}

func ended(s Session) bool {
	select {
	case <-s.Done():
		return true
	default:
		return false
	}
}

// lostPlace notes that the DER no longer knows the entry at which we stopped.
func (d *der) lostPlace(b *block) {
	d.mu.Lock()
	told := b.lost
	b.lost = true
	if !told {
		d.counters.BufferOverflow++
	}
	d.mu.Unlock()
	if !told {
		d.fleet.cfg.Events(&ReportsMissing{ID: d.id, Block: b.ref.String(), Overflow: true})
	}
}

// readOnce reads what no report carries: units, bounds, ratings, and known points outside every data set.
func (d *der) readOnce(ctx context.Context, s Session) error {
	d.mu.Lock()
	v := d.values
	var refs []model.Ref
	for i := range v.points {
		refs = append(refs, v.points[i].unitRefs(v.srv)...)
	}
	nUnits := len(refs)
	var bounds []Role
	for role := range d.controls {
		for _, leaf := range []string{"minVal.f", "maxVal.f"} {
			r := v.byRole[role].object
			r.Path += "." + leaf
			r.FC = model.CF
			if _, ok := v.srv.Find(r); ok {
				refs, bounds = append(refs, r), append(bounds, role)
			}
		}
	}
	d.mu.Unlock()
	results, err := s.Read(ctx, refs...)
	if err != nil {
		return fmt.Errorf("fleet: reading units and bounds: %w", err)
	}
	d.mu.Lock()
	for i := range min(len(results), len(refs)) {
		if results[i].Err != nil {
			continue
		}
		if i < nUnits {
			if p := v.point(refs[i]); p != nil {
				p.setUnit(refs[i], results[i].Value)
			}
		} else if f, ok := results[i].Value.AsFloat(); ok {
			role := bounds[i-nUnits]
			b := d.controls[role]
			if w := Number(f * v.byRole[role].scale); strings.HasSuffix(refs[i].Path, "minVal.f") {
				b.Min = w
			} else {
				b.Max = w
			}
			d.controls[role] = b
		}
	}
	d.mu.Unlock()
	if err := d.readPoints(ctx, s, d.uncovered(true)); err != nil {
		return err
	}
	d.defaultBounds()
	return nil
}

// defaultBounds derives bounds that the DER does not tell from its rating.
func (d *der) defaultBounds() {
	d.mu.Lock()
	defer d.mu.Unlock()
	rated := unknown
	if p := d.values.byRole[Rating]; p != nil {
		if f, ok := p.number(d.values.value[p.slot]); ok {
			rated = Number(f)
		}
	}
	for role, b := range d.controls {
		if !b.Max.Known() {
			b.Max = rated
		}
		if !b.Min.Known() {
			b.Min = -rated
			if role == Limit {
				b.Min = 0
			}
		}
		d.controls[role] = b
	}
}

// poll reads the known points that no report carries.
func (d *der) poll(ctx context.Context, s Session) error {
	ctx, cancel := context.WithTimeout(ctx, d.fleet.cfg.AssociateTimeout)
	defer cancel()
	if refs := d.uncovered(false); len(refs) > 0 {
		return d.readPoints(ctx, s, refs)
	}
	if ref, ok := d.probe(time.Now()); ok && !d.fleet.linkDown.Load() {
		_, err := s.Read(ctx, ref)
		return err
	}
	return nil
}

// probe gives an object to ask for when no report has come for longer than one should take: the DER may have ended the
// association without our having heard of it, and only a request shows that.
func (d *der) probe(now time.Time) (model.Ref, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	quiet := d.fleet.cfg.Stale
	for _, b := range d.blocks {
		quiet = max(quiet, 3*b.period)
	}
	for _, b := range d.blocks {
		if now.Sub(b.last) < quiet {
			return model.Ref{}, false
		}
	}
	for i := range d.values.points {
		if p := &d.values.points[i]; p.role != "" {
			return p.ref, true
		}
	}
	return model.Ref{}, false
}

// uncovered lists the objects with a role that no enabled block reports; with all also those that do not change.
func (d *der) uncovered(all bool) []model.Ref {
	d.mu.Lock()
	defer d.mu.Unlock()
	var refs []model.Ref
	for i := range d.values.points {
		p := &d.values.points[i]
		if p.role == "" || !all && p.ref.FC == model.SP || p.covered {
			continue
		}
		r := p.object
		r.FC = p.ref.FC
		refs = append(refs, r)
	}
	return refs
}

// cover notes which points the enabled blocks report, and how often.
func (d *der) cover() {
	d.mu.Lock()
	defer d.mu.Unlock()
	members := make([][]model.Ref, len(d.blocks))
	for i, b := range d.blocks {
		members[i] = membersOf(d.values.srv, b.dataSet)
	}
	for i := range d.values.points {
		p := &d.values.points[i]
		p.covered, p.period = false, 0
		for k, b := range d.blocks {
			if !slices.ContainsFunc(members[k], p.in) {
				continue
			}
			p.covered = true
			if b.period > 0 && (p.period == 0 || b.period < p.period) {
				p.period = b.period
			}
		}
	}
}

// in reports whether the member m of a data set brings the value of p.
func (p *point) in(m model.Ref) bool {
	return m.FC == p.ref.FC && m.LDevice == p.ref.LDevice && m.LN == p.ref.LN &&
		(m.Path == "" || p.ref.Path == m.Path || strings.HasPrefix(p.ref.Path, m.Path+"."))
}

func (d *der) readPoints(ctx context.Context, s Session, refs []model.Ref) error {
	if len(refs) == 0 {
		return nil
	}
	results, err := s.Read(ctx, refs...)
	if err != nil {
		return fmt.Errorf("fleet: reading: %w", err)
	}
	now := time.Now()
	d.mu.Lock()
	for i := range min(len(results), len(refs)) {
		if results[i].Err != nil {
			continue
		}
		if _, err := d.values.apply(refs[i], results[i].Value, 0, now); err != nil {
			d.counters.BadMembers++
		}
	}
	d.mu.Unlock()
	d.fleet.touch(d)
	return nil
}
