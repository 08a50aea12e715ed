package schedule

import (
	"errors"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// handle takes over the controls of a schedule, and guards its parameters.
func (m *Manager) handle(n *node) error {
	request := func(object string, f func() error) error {
		ref := n.ref
		ref.Path = object
		if _, ok := n.ln.Find(object+".Oper.ctlVal", model.CO); !ok {
			return nil
		}
		return m.cfg.Server.Handle(ref, server.ControlFunc(func(c *server.Command) model.AddCause {
			if on, _ := c.Value.AsBool(); !on || c.Test {
				return model.AddCauseNone // a request is made by true
			}
			var reason EnableError
			switch err := f(); {
			case errors.As(err, &reason):
				return model.AddCauseInconsistentParameters
			case err != nil:
				return model.AddCauseUnknown
			}
			return model.AddCauseNone
		}))
	}
	err := errors.Join(
		request("EnaReq", func() error {
			if err := m.Enable(n.ref, m.cfg.Now()); err != nil {
				return err
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			if n.err != EnableOK {
				return n.err
			}
			return nil
		}),
		request("DsaReq", func() error { return m.Disable(n.ref) }),
	)
	for i := range n.ln.Objects {
		ref := n.ref
		ref.Path, ref.FC = n.ln.Objects[i].Name, model.SP
		if _, ok := n.ln.Find(ref.Path, model.SP); ok {
			err = errors.Join(err, m.cfg.Server.HandleWrite(ref, func(*model.Principal, model.Ref, model.Value) error { return m.writable(n) }))
		}
	}
	return err
}

// writable refuses writes to the parameters of a schedule that is ready or running.
func (m *Manager) writable(n *node) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch n.m.State() {
	case Ready, Running:
		return mms.TemporarilyUnavailable
	case StartTimeRequired:
		m.cfg.Wake() // it may be the start time that is waited for
	}
	return nil
}
