package server

import (
	"errors"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// tracking is service tracking, IEC 61850-7-2 14 and the logical node LTRK of 7-4: every service that changes something, or
// tries to, writes who it was, what it asked for and what came of it into the tracking object of its kind. Reading is not
// tracked. What is tracked is a value like any other: data sets make it reported and logged.
type tracking struct {
	of    map[*device][]*trackObject
	first []*trackObject // of the first device that has LTRK, for those that have none
}

// A trackObject is one data object of LTRK.
type trackObject struct {
	name, cdc string
	leaves    map[string]*node // of FC SR, by path below the object in lower case
}

// trackCDCs are the common data classes of tracking, IEC 61850-7-2 14.
var trackCDCs = map[string]bool{"CST": true, "BTS": true, "UTS": true, "LTS": true, "GTS": true, "MTS": true, "NTS": true, "STS": true, "CTS": true}

// findTracking finds the tracking objects of the model.
func (s *Server) findTracking() {
	for _, d := range s.order {
		for _, ln := range d.ld.Nodes {
			if ln.Class != "LTRK" {
				continue
			}
			for i := range ln.Objects {
				o := &ln.Objects[i]
				n := d.items[ln.Name()+"$SR$"+o.Name]
				if n == nil || o.Type == nil || !trackCDCs[o.Type.CDC] {
					continue
				}
				t := &trackObject{name: o.Name, cdc: o.Type.CDC, leaves: map[string]*node{}}
				t.gather(n, "")
				if s.tracking.of == nil {
					s.tracking.of = map[*device][]*trackObject{}
				}
				s.tracking.of[d] = append(s.tracking.of[d], t)
			}
		}
		if s.tracking.first == nil {
			s.tracking.first = s.tracking.of[d]
		}
	}
}

func (t *trackObject) gather(n *node, path string) {
	for _, c := range n.children {
		at := path + strings.ToLower(c.name)
		switch c.kind {
		case nodeStruct:
			t.gather(c, at+".")
		case nodeLeaf:
			if at == "objref" { // every service is an event, also one that is just like the last (IEC 61850-7-2 14)
				c.trigger |= model.TrgDataUpdate
			}
			if at == "t" { // T of a command is another attribute
				t.leaves[c.name] = c
				continue
			}
			t.leaves[at] = c
		}
	}
}

// A tracked is one service to be written down.
type tracked struct {
	service   model.Service
	principal *model.Principal
	device    *device // nil: the server's first
	object    string  // objRef
	cdc       string  // of the tracking object; CST serves for what has none
	prefer    string  // name of the tracking object among several of the CDC
	code      model.ServiceError
	block     *node // control block whose attributes are shown as they are, nil: none
	asked     []trackField
}

// A trackField is a parameter of the service, or an attribute of its object.
type trackField struct {
	name  string
	value model.Value
}

// track writes a service down. The caller does not hold Server.mu.
func (s *Server) track(t tracked) {
	if s.tracking.first == nil {
		return
	}
	s.mu.Lock()
	defer s.unlock()
	if s.closed {
		return
	}
	o := s.trackObject(&t)
	if o == nil {
		return
	}
	now := s.now()
	var changes []change
	set := func(name string, v model.Value) { changes = o.set(changes, name, v) }
	if t.block != nil {
		for _, f := range fields(nil, t.block, "", s.value(t.block, 0)) {
			set(strings.ToLower(f.name), f.value)
		}
	}
	for _, f := range t.asked {
		name := strings.ToLower(f.name)
		if f.name == "T" {
			name = "T"
		}
		set(name, f.value)
	}
	set("servicetype", model.Int(int64(t.service)))
	set("errorcode", model.Int(int64(t.code)))
	who := ""
	if t.principal != nil {
		who = t.principal.Name[:min(len(t.principal.Name), 64)]
	}
	set("originatorid", model.Octets(who))
	set("t", model.Time(s.stamp(now)))
	if n := o.leaves["objref"]; n != nil {
		set("objref", n.text(t.object))
	}
	s.commit(now, changes, nil)
}

// set appends the change of an attribute, or of all leaves of a structure, if the object has it in such a type. What a
// model's enumeration leaves out is written all the same.
func (o *trackObject) set(changes []change, name string, v model.Value) []change {
	n := o.leaves[name]
	if n == nil || n.fits(v) != nil && !errors.Is(n.fits(v), errOrdinal) {
		return changes
	}
	return append(changes, change{n.slot, v})
}

// trackObject finds where a service is written down: in its own logical device if that has LTRK, by the common data
// class and, where there are several of it, by name, else where the value fits; otherwise among the general services.
func (s *Server) trackObject(t *tracked) *trackObject {
	list := s.tracking.of[t.device]
	if list == nil {
		list = s.tracking.first
	}
	var general *trackObject
	for _, o := range list {
		if o.cdc == t.cdc && (o.name == t.prefer || t.cdc != "CTS") {
			return o
		}
		if o.cdc == "CST" {
			general = o
		}
	}
	for _, o := range list {
		if o.cdc == t.cdc && t.cdc == "CTS" && len(t.asked) > 0 && o.takes(t.asked) {
			return o
		}
	}
	return general
}

// takes tells whether the first parameter, ctlVal, is of the object's type.
func (o *trackObject) takes(asked []trackField) bool {
	for _, f := range asked {
		if strings.HasPrefix(strings.ToLower(f.name), "ctlval") {
			n := o.leaves[strings.ToLower(f.name)]
			return n != nil && n.fits(f.value) == nil
		}
	}
	return false
}

// fields takes a structure apart that n describes: leaf by leaf with their paths.
func fields(list []trackField, n *node, path string, v model.Value) []trackField {
	if n.kind != nodeStruct {
		return append(list, trackField{path, v})
	}
	for i, c := range n.children {
		at := c.name
		if path != "" {
			at = path + "." + c.name
		}
		if i < v.Len() {
			list = fields(list, c, at, v.At(i))
		}
	}
	return list
}

// serviceErrorOf gives the ACSI service error that an access was answered with (mms.md section 6). Several share the code of
// "temporarily unavailable": locked tells that another client had the object.
func serviceErrorOf(code mms.DataAccessError, locked bool) model.ServiceError {
	switch code {
	case accessOK:
		return model.ErrorNone
	case mms.TemporarilyUnavailable:
		if locked {
			return model.ErrorInstanceLockedByOtherClient
		}
		return model.ErrorAccessNotAllowedInCurrentState
	case mms.ObjectAccessDenied:
		return model.ErrorAccessViolation
	case mms.ObjectNonExistent:
		return model.ErrorInstanceNotAvailable
	case mms.ObjectValueInvalid:
		return model.ErrorParameterValueInappropriate
	case mms.ObjectAttributeInconsistent:
		return model.ErrorParameterValueInconsistent
	case mms.ObjectAccessUnsupported:
		return model.ErrorClassNotSupported
	case mms.TypeInconsistent:
		return model.ErrorTypeConflict
	}
	return model.ErrorFailedDueToServerConstraint
}

// acsiError gives the ACSI service error of a confirmed service that failed.
func acsiError(e *mms.ServiceError) model.ServiceError {
	switch {
	case e == nil:
		return model.ErrorNone
	case e.Class == mms.ErrAccess && e.Code == mms.AccessNonExistent:
		return model.ErrorInstanceNotAvailable
	case e.Class == mms.ErrAccess && e.Code == mms.AccessDenied:
		return model.ErrorAccessViolation
	case e.Class == mms.ErrDefinition && e.Code == mms.DefinitionObjectExists:
		return model.ErrorInstanceInUse
	case e.Class == mms.ErrDefinition:
		return model.ErrorParameterValueInconsistent
	case e.Class == mms.ErrService && e.Code == mms.ServiceObjectConstraint:
		return model.ErrorAccessNotAllowedInCurrentState
	case e.Class == mms.ErrFile && e.Code == mms.FileAccessDenied:
		return model.ErrorAccessViolation
	case e.Class == mms.ErrFile && e.Code == mms.FileNonExistent:
		return model.ErrorInstanceNotAvailable
	}
	return model.ErrorFailedDueToServerConstraint
}

// objRef gives a reference without its functional constraint, as tracking shows it.
func objRef(ref model.Ref) string {
	ref.FC = model.FCNone
	return ref.String()
}
