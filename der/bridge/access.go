package bridge

import (
	"strconv"
	"strings"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// passed is no DataAccessError.
const passed = mms.DataAccessError(0xff)

// A target is what a variable specification names, by its words alone: the bridge has no model.
type target struct {
	ref   model.Ref
	multi bool // several alternates
}

// last gives the last component, "" for a logical node or functional constraint.
func (t *target) last() string { return t.ref.Path[strings.LastIndexByte(t.ref.Path, '.')+1:] }

// parse reads a variable specification with its alternate access.
func parse(spec *mms.VariableSpec) (t target, code mms.DataAccessError) {
	if spec.Unnamed || spec.Type != nil {
		return t, mms.ObjectAccessUnsupported
	}
	if spec.Name.Scope != mms.DomainSpecific {
		return t, mms.ObjectNonExistent
	}
	ref, err := model.ParseItem(spec.Name.Domain, spec.Name.Item)
	if err != nil {
		return t, mms.ObjectNonExistent
	}
	t.ref = ref
	alt := spec.Alternate
	for depth := 0; len(alt) == 1; alt, depth = alt[0].Nested, depth+1 {
		a := &alt[0]
		switch {
		case depth > 8:
			return t, mms.ObjectAccessUnsupported
		case strings.ContainsAny(a.Component, "$.("): // more than one component
			return t, mms.ObjectNonExistent
		case a.Component != "" && t.ref.FC == model.FCNone:
			fc, ok := model.ParseFC(a.Component)
			if !ok {
				return t, mms.ObjectNonExistent
			}
			t.ref.FC = fc
		case a.Component != "":
			t.ref = t.ref.Child(a.Component)
		case a.HasIndex:
			t.ref.Path += "(" + strconv.FormatUint(uint64(a.Index), 10) + ")"
		case !a.AllElems:
			return t, mms.ObjectAccessUnsupported
		}
	}
	t.multi = len(alt) > 1
	if strings.Contains(t.ref.Path, "(") && (t.ref.FC == model.CO || t.ref.FC == model.BR || t.ref.FC == model.RP || inSGCB(t.ref)) {
		return t, mms.ObjectNonExistent // no element of these is one of an array
	}
	return t, passed
}

// mayRead asks for the rights that reading takes, as acsi/server does.
func (r *relay) mayRead(p *model.Principal, spec *mms.VariableSpec) mms.DataAccessError {
	t, code := parse(spec)
	if code != passed {
		return code
	}
	if !r.visible(p, t.ref.LDevice) {
		return mms.ObjectNonExistent
	}
	if t.multi && (t.ref.FC == model.FCNone || t.ref.FC == model.CO) { // could hide a select
		return mms.ObjectAccessUnsupported
	}
	rights := []server.Right{server.RightRead}
	switch {
	case t.ref.FC == model.BR, t.ref.FC == model.RP:
		rights[0] = server.RightReporting
	case t.ref.FC == model.SE:
		rights[0] = server.RightSettingGroup
	case t.ref.FC == model.CO && t.last() == "SBO":
		rights[0] = server.RightControl
	case t.ref.FC == model.FCNone: // holds report control blocks, and settings
		rights = append(rights, server.RightReporting, server.RightSettingGroup)
	}
	for _, right := range rights {
		if r.authorize(p, right, t.ref, "read") != nil {
			return mms.ObjectAccessDenied
		}
	}
	return passed
}

// writeRight gives the right that writing takes, and the service by which audit knows it.
func writeRight(t *target) (right server.Right, service string, code mms.DataAccessError) {
	service, code = "write", passed
	if t.multi || t.ref.FC == model.FCNone {
		return server.RightConfig, service, mms.ObjectAccessUnsupported
	}
	switch t.ref.FC {
	case model.CO:
		right = server.RightControl
		switch t.last() {
		case "Oper":
			service = "operate"
		case "SBOw":
			service = "select"
		case "Cancel":
			service = "cancel"
		default:
			code = mms.ObjectAccessDenied
		}
	case model.BR, model.RP:
		right = server.RightReporting
		if !strings.Contains(t.ref.Path, ".") { // a block as a whole
			code = mms.ObjectAccessUnsupported
		}
	case model.SE, model.SG:
		right = server.RightSettingGroup
	default:
		right = server.RightConfig
		if inSGCB(t.ref) {
			right = server.RightSettingGroup
		}
	}
	return right, service, code
}

// inSGCB tells whether ref is the setting group control block, or of it.
func inSGCB(ref model.Ref) bool {
	name, _, _ := strings.Cut(ref.Path, ".")
	name, _, _ = strings.Cut(name, "(")
	return ref.FC == model.SP && name == "SGCB"
}

// visible tells whether p may know of a logical device.
func (r *relay) visible(p *model.Principal, ld string) bool {
	return r.allow(p, server.RightView, model.Ref{LDevice: ld}) == nil
}

// allow asks without recording.
func (r *relay) allow(p *model.Principal, right server.Right, ref model.Ref) error {
	if err := server.Authenticated(p, r.b.cfg.InsecureAnonymous, r.b.cfg.Now); err != nil || r.b.cfg.Authorizer == nil {
		return err
	}
	return r.b.cfg.Authorizer.Allow(p, right, ref)
}

// authorize asks for a right and records a denial.
func (r *relay) authorize(p *model.Principal, right server.Right, ref model.Ref, service string) error {
	err := r.allow(p, right, ref)
	if err != nil {
		r.audit(server.AuditRecord{Principal: p, Service: service, Right: right, Ref: ref, Err: err, AddCause: model.AddCauseNone})
		r.b.cfg.Events(Denied{Principal: p, Right: right, Ref: ref, Service: service, Err: err})
	}
	return err
}

func (r *relay) audit(rec server.AuditRecord) {
	if r.b.cfg.Audit == nil {
		return
	}
	rec.Time, rec.Association = r.b.cfg.Now(), r.id
	r.b.cfg.Audit.Record(rec)
}

// listRef names a data set for Authorizer and Audit, as acsi/server does.
func listRef(name mms.ObjectName) model.Ref {
	ln, set, _ := strings.Cut(name.Item, "$")
	if name.Scope == mms.AASpecific {
		return model.Ref{Path: "@" + name.Item}
	}
	return model.Ref{LDevice: name.Domain, LN: ln, Path: set}
}
