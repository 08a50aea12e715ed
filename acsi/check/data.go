package check

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// allNodes gives the logical nodes of all devices.
func (r *run) allNodes() []*node {
	var list []*node
	for _, d := range r.domains {
		list = append(list, d.nodes...)
	}
	return list
}

// types looks at GetDataDirectory and GetDataDefinition: the type of a node, of each part of it, and the names.
func (r *run) types(ctx context.Context, s *sheet) {
	nodes := r.allNodes()
	s.each(len(nodes), func(i int, s *sheet) {
		n := nodes[i]
		object := n.ref.String()
		it := s.item("GetDataDefinition", object, "the type of the node can be read", "IEC 61850-7-2 11.4.5, 8-1 13.2")
		switch {
		case n.spec == nil:
			_ = it != nil && it.failed("a type", n.err)
			return
		case n.spec.Kind != model.KindStruct:
			it.fail("a structure", n.spec.Kind.String())
			return
		case n.err != nil:
			it.passed("in parts; as a whole: " + describe(n.err))
		default:
			it.pass()
		}
		if it := s.item("GetLogicalDeviceDirectory", object, "the names listed are those of the type", "IEC 61850-8-1 13.1"); it != nil {
			it.verdict("the names of the type", differs(paths(n.ref.LN, n.spec, nil), n.items))
		}
		r.parts(ctx, s, n)
		n.merge(s)
	})
}

// parts asks for the type of every functional constraint and every data object by itself.
func (r *run) parts(ctx context.Context, s *sheet, n *node) {
	it := s.item("GetDataDefinition", n.ref.String(), "a part asked for alone has the type that it has in the whole", "ISO 9506-2 14.8")
	if it == nil {
		return
	}
	for _, sec := range n.sections() {
		asked := []section{sec}
		if sec.spec.Kind == model.KindStruct {
			for i := range sec.spec.Components {
				c := &sec.spec.Components[i]
				asked = append(asked, section{sec.ref.Child(c.Name), &c.Type})
			}
		}
		for j, a := range asked {
			if len(a.ref.Item()) > model.MaxItem {
				continue
			}
			spec, err := r.itemType(ctx, a.ref.LDevice, a.ref.Item())
			if err != nil {
				if j == 0 && n.err != nil { // a whole that is too long for a PDU
					continue
				}
				it.failed("the type of "+a.ref.String(), err)
				return
			}
			if bad := sameType(a.ref.String(), a.spec, spec); bad != "" {
				it.fail("the type in "+n.ref.String(), bad)
				return
			}
		}
	}
	it.pass()
}

// merge checks that the parts of a data object under several functional constraints make one data object.
func (n *node) merge(s *sheet) {
	it := s.item("GetDataDirectory", n.ref.String(), "each data attribute has one functional constraint", "IEC 61850-7-2 11.4.4")
	if it == nil {
		return
	}
	type where struct {
		fc   model.FC
		leaf bool
	}
	seen := map[string]where{}
	var twice string
	var walk func(path string, fc model.FC, t *mms.TypeSpec)
	walk = func(path string, fc model.FC, t *mms.TypeSpec) {
		w, ok := seen[path]
		leaf := t.Kind != model.KindStruct && t.Kind != model.KindArray
		if ok && w.fc != fc && (w.leaf || leaf) && twice == "" && (fc != model.SE || w.fc != model.SG) {
			twice = fmt.Sprintf("%s under %s and %s", path, w.fc, fc)
		}
		seen[path] = where{fc, leaf}
		if t.Kind == model.KindStruct {
			for i := range t.Components {
				walk(strings.TrimPrefix(path+"."+t.Components[i].Name, "."), fc, &t.Components[i].Type)
			}
		}
	}
	for _, sec := range n.sections() {
		if !controlBlocks(sec.ref.FC) {
			walk("", sec.ref.FC, sec.spec)
		}
	}
	it.verdict("every attribute once", twice)
}

// controlBlocks are functional constraints of control blocks, which are no data.
func controlBlocks(fc model.FC) bool {
	switch fc {
	case model.BR, model.RP, model.LG, model.GO, model.MS, model.US:
		return true
	}
	return false
}

// read reads every functional constraint of every node, and one attribute of each.
func (r *run) read(ctx context.Context, s *sheet) {
	var list []section
	for _, n := range r.allNodes() {
		list = append(list, n.sections()...)
	}
	s.each(len(list), func(i int, s *sheet) { r.readSection(ctx, s, list[i]) })
}

func (r *run) readSection(ctx context.Context, s *sheet, sec section) {
	const clause = "IEC 61850-7-2 10.4.3, 11.4.2"
	it := s.item("GetAllDataValues", sec.ref.String(), "the values have the shape of their type", clause)
	switch sec.ref.FC {
	case model.CO:
		it.skip("reading SBO selects: see controls")
		return
	case model.SE:
		it.skip("only while a setting group is edited: see settings")
		return
	}
	if it != nil {
		v, err := r.c.ReadOne(ctx, sec.ref)
		if it.failed("values", err) {
			return
		}
		it.verdict("values of the type", shape(sec.ref.String(), sec.spec, v))
	}
	leaf, spec := firstLeaf(sec.ref, sec.spec)
	if spec == nil || leaf == sec.ref {
		return
	}
	if it := s.item("GetDataValues", leaf.String(), "one attribute alone has its type", clause); it != nil {
		v, err := r.c.ReadOne(ctx, leaf)
		if it.failed("a value", err) {
			return
		}
		it.verdict("a value of the type", shape(leaf.String(), spec, v))
	}
}

// firstLeaf goes down to the first attribute, into the first element of an array.
func firstLeaf(ref model.Ref, t *mms.TypeSpec) (model.Ref, *mms.TypeSpec) {
	for {
		switch {
		case t.Kind == model.KindStruct && len(t.Components) > 0:
			ref, t = ref.Child(t.Components[0].Name), &t.Components[0].Type
		case t.Kind == model.KindArray && t.Count > 0 && t.Elem != nil:
			ref.Path += "(0)"
			t = t.Elem
		case t.Kind == model.KindStruct || t.Kind == model.KindArray:
			return ref, nil
		default:
			return ref, t
		}
	}
}

// errors looks at how the server refuses what does not exist.
func (r *run) errors(ctx context.Context, s *sheet) {
	if len(r.domains) == 0 {
		return
	}
	d := r.domains[0]
	const nobody = "GwNoSuchThing"
	ln := "LLN0"
	if len(d.nodes) > 0 {
		ln = d.nodes[0].ref.LN
	}
	for _, c := range []struct {
		object string
		rule   string
		ref    model.Ref
	}{
		{nobody, "a value in an unknown logical device", model.Ref{LDevice: nobody, LN: "LLN0", Path: "Mod.stVal", FC: model.ST}},
		{d.name + "/" + nobody, "a value in an unknown logical node", model.Ref{LDevice: d.name, LN: nobody, Path: "Mod.stVal", FC: model.ST}},
		{d.name + "/" + ln + "." + nobody, "an unknown data object", model.Ref{LDevice: d.name, LN: ln, Path: nobody, FC: model.ST}},
	} {
		if it := s.item("GetDataValues", c.object, c.rule+" is object-non-existent", "IEC 61850-8-1 8.1.3.4, ISO 9506-2 7.4.3"); it != nil {
			_, err := r.c.ReadOne(ctx, c.ref)
			if nonExistent(err) {
				it.pass()
			} else {
				it.fail("object-non-existent", describe(err))
			}
		}
		if it := s.item("GetDataDefinition", c.object, c.rule+" has no type", "ISO 9506-2 14.8"); it != nil {
			_, err := r.c.Type(ctx, c.ref)
			it.verdict("access/object-non-existent", wantRefusal(err))
		}
	}
	for _, class := range []struct {
		service string
		class   mms.ObjectClass
	}{{"GetLogicalDeviceDirectory", mms.ClassNamedVariable}, {"GetLogicalNodeDirectory(DATA-SET)", mms.ClassNamedVariableList}} {
		if it := s.item(class.service, nobody, "names of an unknown logical device are refused", "ISO 9506-2 10.6"); it != nil {
			_, err := r.names(ctx, mms.GetNameList{Class: class.class, Scope: mms.DomainSpecific, Domain: nobody})
			it.verdict("access/object-non-existent", wantRefusal(err))
		}
	}
	if it := s.item("GetDataSetDirectory", d.name+"/"+ln+"."+nobody, "an unknown data set is refused", "ISO 9506-2 14.12"); it != nil {
		_, _, err := r.c.DataSetDirectory(ctx, model.Ref{LDevice: d.name, LN: ln, Path: nobody})
		it.verdict("access/object-non-existent", wantRefusal(err))
	}
	if it := s.item("GetDataSetValues", d.name+"/"+ln+"."+nobody, "an unknown data set is refused", "ISO 9506-2 14.6"); it != nil {
		_, err := r.c.ReadDataSet(ctx, model.Ref{LDevice: d.name, LN: ln, Path: nobody})
		it.verdict("access/object-non-existent", wantRefusal(err))
	}
}

// nonExistent accepts the data access error and the service error.
func nonExistent(err error) bool {
	if errors.Is(err, mms.ObjectNonExistent) || errors.Is(err, mms.ObjectUndefined) {
		return true
	}
	var service *mms.ServiceError
	return errors.As(err, &service) && service.Class == mms.ErrAccess && service.Code == mms.AccessNonExistent
}

// wantRefusal says what came in place of a refusal with a ServiceError.
func wantRefusal(err error) string {
	var service *mms.ServiceError
	if errors.As(err, &service) {
		return ""
	}
	return describe(err)
}

// write writes back what it has read, one attribute of each node and functional constraint that clients may set.
func (r *run) write(ctx context.Context, s *sheet) {
	var list []section
	var status []section
	for _, n := range r.allNodes() {
		for _, sec := range n.sections() {
			switch sec.ref.FC {
			case model.SP, model.CF, model.DC:
				if leaf, spec := settable(sec); spec != nil {
					list = append(list, section{leaf, spec})
				}
			case model.ST, model.MX:
				if leaf, spec := firstLeaf(sec.ref, sec.spec); spec != nil {
					status = append(status, section{leaf, spec})
				}
			}
		}
	}
	if !r.opt.AllowWrites {
		s.item("SetDataValues", "", "the server takes back what it gave", "").skip("writes are not allowed")
		return
	}
	s.each(len(list), func(i int, s *sheet) { r.writeBack(ctx, s, list[i]) })
	s.each(len(status), func(i int, s *sheet) { r.writeStatus(ctx, s, status[i]) })
}

// settable gives the first attribute of a section that is no control block's and no array's.
func settable(sec section) (model.Ref, *mms.TypeSpec) {
	if sec.spec.Kind != model.KindStruct {
		return sec.ref, nil
	}
	for i := range sec.spec.Components {
		c := &sec.spec.Components[i]
		if c.Name == "SGCB" {
			continue
		}
		if leaf, spec := firstLeaf(sec.ref.Child(c.Name), &c.Type); spec != nil && !strings.Contains(leaf.Path, "(") {
			return leaf, spec
		}
	}
	return sec.ref, nil
}

func (r *run) writeBack(ctx context.Context, s *sheet, leaf section) {
	const clause = "IEC 61850-7-2 11.4.3"
	it := s.item("SetDataValues", leaf.ref.String(), "the server takes back what it gave, or denies access", clause)
	if it == nil {
		return
	}
	v, err := r.c.ReadOne(ctx, leaf.ref)
	if it.failed("a value to write back", err) {
		return
	}
	err = r.c.Write(ctx, leaf.ref, v)
	switch {
	case denied(err) || errors.Is(err, mms.ObjectAccessUnsupported):
		it.passed("read-only: " + describe(err))
		return
	case it.failed("the value to be accepted", err):
		return
	}
	again, err := r.c.ReadOne(ctx, leaf.ref)
	if it.failed("the value that was written", err) {
		return
	}
	if !again.Equal(v) {
		it.fail(show(v), show(again))
		return
	}
	it.pass()
	it = s.item("SetDataValues", leaf.ref.String(), "a value of another type is type-inconsistent and changes nothing", clause+", ISO 9506-2 7.4.3")
	if it == nil {
		return
	}
	err = r.c.Write(ctx, leaf.ref, otherKind(leaf.spec))
	if !errors.Is(err, mms.TypeInconsistent) && !errors.Is(err, mms.ObjectValueInvalid) {
		it.fail("type-inconsistent", describe(err))
		if err == nil {
			_ = r.c.Write(ctx, leaf.ref, v) // as good as can be: the server takes anything
		}
		return
	}
	if again, err = r.c.ReadOne(ctx, leaf.ref); err == nil && !again.Equal(v) {
		it.fail("the value as before", show(again))
		return
	}
	it.pass()
}

func otherKind(t *mms.TypeSpec) model.Value {
	if t.Kind == model.KindBool {
		return model.Visible("gridward")
	}
	return model.Bool(true)
}

func (r *run) writeStatus(ctx context.Context, s *sheet, leaf section) {
	it := s.item("SetDataValues", leaf.ref.String(), "status and measurands are not writable", "IEC 61850-7-2 table 18")
	if it == nil {
		return
	}
	v, err := r.c.ReadOne(ctx, leaf.ref)
	if it.failed("a value", err) {
		return
	}
	err = r.c.Write(ctx, leaf.ref, v) // what it is anyway, should the server take it
	switch {
	case errors.Is(err, mms.ObjectAccessDenied), errors.Is(err, mms.ObjectAccessUnsupported), errors.Is(err, mms.TypeInconsistent):
		it.pass()
	case err != nil && !answered(err):
		it.failed("", err)
	default:
		it.fail("object-access-denied", describe(err))
	}
}
