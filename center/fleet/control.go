package fleet

import (
	"context"
	"fmt"
)

// Control tells the bounds of a set-point or limit. The error wraps ErrUnknown, ErrOffline or ErrNoControl.
func (f *Fleet) Control(id string, role Role) (Bounds, error) {
	d, err := f.der(id)
	if err != nil {
		return Bounds{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.state != Online || d.session == nil {
		return Bounds{}, fmt.Errorf("%w: %s is %s", ErrOffline, id, d.state)
	}
	b, ok := d.controls[role]
	if !ok {
		return Bounds{}, fmt.Errorf("%w: %s of %s", ErrNoControl, role, id)
	}
	return b, nil
}

// Operate gives a DER a set-point or limit in W and waits for the outcome. Besides the errors of Control it returns what
// Session.Operate does: a *Refusal, the end of ctx, or that of the association.
func (f *Fleet) Operate(ctx context.Context, id string, role Role, watts float64, opt OperateOptions) (terminated bool, err error) {
	if _, err := f.Control(id, role); err != nil {
		return false, err
	}
	d, err := f.der(id)
	if err != nil {
		return false, err
	}
	d.mu.Lock()
	s := d.session
	var p *point
	if d.values != nil {
		p = d.values.byRole[role]
	}
	d.mu.Unlock()
	if s == nil || p == nil {
		return false, fmt.Errorf("%w: %s", ErrOffline, id)
	}
	return s.Operate(ctx, p.object, watts/p.scale, opt)
}
