package check

import (
	"context"
	"strings"

	"github.com/gridward/gridward/model"
)

// tracking looks at the service tracking nodes, and at what they say of a service that is refused.
func (r *run) tracking(ctx context.Context, s *sheet) {
	var found []*node
	for _, n := range r.allNodes() {
		if strings.Contains(n.ref.LN, "LTRK") && n.spec != nil {
			found = append(found, n)
		}
	}
	if len(found) == 0 {
		s.item("GetDataValues", "", "tracking objects", "").skip("the server has no LTRK")
		return
	}
	for _, n := range found {
		if it := s.item("GetDataDirectory", n.ref.String(), "every tracking object has objRef, serviceType and errorCode", "IEC 61850-7-2 14.2"); it != nil {
			it.verdict("objRef, serviceType and errorCode", trackingLacks(n))
		}
		r.tracked(ctx, s, n, "UrcbTrk", model.RP)
		r.tracked(ctx, s, n, "BrcbTrk", model.BR)
	}
}

func trackingLacks(n *node) string {
	sr := component(n.spec, model.SR.String())
	if sr == nil {
		return "no data of functional constraint SR"
	}
	for i := range sr.Components {
		for _, name := range []string{"objRef", "serviceType", "errorCode"} {
			if component(&sr.Components[i].Type, name) == nil {
				return sr.Components[i].Name + " without " + name
			}
		}
	}
	return ""
}

// tracked has a service refused, a write of an attribute that nobody may write, and looks at the tracking object.
func (r *run) tracked(ctx context.Context, s *sheet, n *node, object string, fc model.FC) {
	do := n.ref
	do.FC = model.SR
	do = do.Child(object)
	if r.find(do) == nil {
		return
	}
	it := s.item("SetURCBValues", do.String(), "a service that is refused is tracked, with its object and an error", "IEC 61850-7-2 14.3")
	if fc == model.BR {
		it = s.item("SetBRCBValues", do.String(), "a service that is refused is tracked, with its object and an error", "IEC 61850-7-2 14.3")
	}
	if it == nil {
		return
	}
	var blocks []section
	for _, b := range r.blocks(fc) {
		if b.ref.LDevice == n.ref.LDevice {
			blocks = append(blocks, b)
		}
	}
	switch {
	case !r.opt.AllowWrites:
		it.skip("writes are not allowed")
		return
	case len(blocks) == 0:
		it.skip("the logical device has no such block")
		return
	}
	b := blocks[len(blocks)-1]
	rev, err := r.c.ReadOne(ctx, b.ref.Child("ConfRev"))
	if it.failed("ConfRev", err) {
		return
	}
	if err := r.c.Write(ctx, b.ref.Child("ConfRev"), rev); err == nil || !answered(err) {
		it.fail("a refusal of ConfRev", describe(err))
		return
	}
	results, err := r.c.Read(ctx, do.Child("objRef"), do.Child("errorCode"))
	if it.failed("the tracking object", err) {
		return
	}
	name, _ := results[0].Value.AsText()
	code, _ := results[1].Value.AsInt()
	want := b.ref
	want.FC = model.FCNone
	switch {
	case !sameObject(name, b.ref):
		it.fail("objRef "+want.String(), name)
	case code == 0:
		it.fail("an errorCode other than no-error", "no-error")
	default:
		it.pass()
	}
}

// sameObject compares an objRef, with dots or dollar signs, with or without attribute.
func sameObject(text string, ref model.Ref) bool {
	ref.FC = model.FCNone
	rest, ok := strings.CutPrefix(strings.ReplaceAll(strings.Replace(text, "$"+"RP$", "$", 1), "$", "."), ref.String())
	if !ok {
		rest, ok = strings.CutPrefix(strings.ReplaceAll(strings.Replace(text, "$"+"BR$", "$", 1), "$", "."), ref.String())
	}
	return ok && (rest == "" || rest[0] == '.')
}
