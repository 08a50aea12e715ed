package server

import (
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// blockTracking says which service sets a control block, and where it is tracked.
var blockTracking = map[model.FC]struct {
	service model.Service
	cdc     string
}{
	model.BR: {model.ServiceSetBRCBValues, "BTS"},
	model.RP: {model.ServiceSetURCBValues, "UTS"},
	model.LG: {model.ServiceSetLCBValues, "LTS"},
	model.GO: {model.ServiceSetGoCBValues, "GTS"},
	model.MS: {model.ServiceSetMSVCBValues, "MTS"},
	model.US: {model.ServiceSetUSVCBValues, "NTS"},
}

// trackWrite writes down a write that was not a command: of a control block's attribute, of an edited setting, of a value.
// ref is what was written.
func (ss *session) trackWrite(p *model.Principal, n *node, ref model.Ref, v model.Value, code mms.DataAccessError) {
	s := ss.s
	if s.tracking.first == nil {
		return
	}
	t := tracked{principal: p, device: n.dev, object: objRef(ref), service: model.ServiceSetDataValues, cdc: "CST"}
	locked := false
	switch how, block := blockTracking[n.fc]; {
	case block:
		t.service, t.cdc = how.service, how.cdc
		locked = ss.trackBlock(&t, n, v)
	case n.live != nil:
		t.service, t.cdc = settingService(n.name), "STS"
		locked = ss.trackBlock(&t, n, v)
	case n.edits():
		t.service = model.ServiceSetEditSGValue
		locked = ss.lockedOut(n.dev.sg)
	}
	t.code = serviceErrorOf(code, locked)
	s.track(t)
}

// trackBlock fills in the control block that n is an attribute of, and the value that was asked for. It tells whether
// another client has the block.
func (ss *session) trackBlock(t *tracked, n *node, v model.Value) (locked bool) {
	root := n.ref
	root.Path, _, _ = strings.Cut(n.ref.Path, ".")
	t.object = objRef(root)
	t.block = n.dev.items[root.Item()]
	if t.block != n && n.kind != nodeStruct {
		t.asked = []trackField{{n.name, v}}
	}
	switch {
	case n.rcb != nil:
		ss.s.mu.Lock()
		defer ss.s.mu.Unlock() // nothing is put off by looking
		return n.rcb.owner != nil && n.rcb.owner != ss
	case n.live != nil:
		return ss.lockedOut(n.live)
	}
	return false
}

func (ss *session) lockedOut(b liveBlock) bool {
	ss.s.mu.Lock()
	defer ss.s.mu.Unlock() // nothing is put off by looking
	return b.lockedFor(ss)
}

// settingService tells which service writes an attribute of SGCB.
func settingService(name string) model.Service {
	switch name {
	case "ActSG":
		return model.ServiceSelectActiveSG
	case "CnfEdit":
		return model.ServiceConfirmEditSGValues
	}
	return model.ServiceSelectEditSG
}

// controlTracks are the tracking objects of commands by the class of what is commanded, IEC 61850-7-4 (LTRK).
var controlTracks = map[string]string{
	"SPC": "SpcTrk", "DPC": "DpcTrk", "INC": "IncTrk", "ENC": "EncTrk", "APC": "ApcFTrk", "BSC": "BscTrk", "ISC": "IscTrk", "BAC": "BacTrk",
}

// trackCommand writes down a control service: what was asked for, and the additional cause of its refusal.
func (s *Server) trackCommand(service model.Service, c *control, n *node, cmd *Command, v model.Value, cause model.AddCause) {
	if s.tracking.first == nil {
		return
	}
	t := tracked{
		service: service, principal: cmd.Principal, device: s.devices[c.ref.LDevice], object: objRef(c.ref), cdc: "CTS", prefer: c.track,
		asked: []trackField{{"respAddCause", model.Int(int64(cause))}},
	}
	if n != nil {
		t.asked = fields(t.asked, n, "", v)
	}
	if cause != model.AddCauseNone {
		locked := cause == model.AddCauseLockedByOtherClient || cause == model.AddCauseAlreadySelected
		t.code = serviceErrorOf(writeError(cause), locked)
		if cause == model.AddCauseNotSelected {
			t.code = model.ErrorControlMustBeSelected
		}
	}
	s.track(t)
}

// commandService tells which service a part of a controllable object is.
func commandService(part controlPart, cmd *Command) model.Service {
	switch part {
	case partSBOw:
		return model.ServiceSelectWithValue
	case partCancel:
		return model.ServiceCancel
	}
	if cmd.OperTm>>32 != 0 {
		return model.ServiceTimeActivatedOperate
	}
	return model.ServiceOperate
}

// trackService writes down a service that has no tracking object of its own.
func (s *Server) trackService(service model.Service, p *model.Principal, ld, object string, code model.ServiceError) {
	if s.tracking.first != nil {
		s.track(tracked{service: service, principal: p, device: s.devices[ld], object: object, cdc: "CST", code: code})
	}
}

// internally writes down that a control block changed without a client's service. The caller holds Server.mu.
func (s *Server) internally(cdc string, block model.Ref) {
	if s.tracking.first == nil {
		return
	}
	d := s.devices[block.LDevice]
	s.later(func() {
		s.track(tracked{service: model.ServiceInternalChange, device: d, object: objRef(block), cdc: cdc, block: d.items[block.Item()]})
	})
}
