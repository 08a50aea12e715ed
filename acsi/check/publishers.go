package check

import (
	"context"
	"fmt"

	"github.com/gridward/gridward/model"
)

// Attributes of the control blocks of GOOSE and sampled values, IEC 61850-8-1 table 82, 9-2 tables 9 and 10.
var publisherNames = map[model.FC][]string{
	model.GO: {"GoEna", "GoID", "DatSet", "ConfRev", "NdsCom", "DstAddress"},
	model.MS: {"SvEna", "MsvID", "DatSet", "ConfRev", "SmpRate", "OptFlds"},
	model.US: {"SvEna", "Resv", "UsvID", "DatSet", "ConfRev", "SmpRate", "OptFlds"},
}

var publisherServices = map[model.FC]string{model.GO: "GoCBValues", model.MS: "MSVCBValues", model.US: "USVCBValues"}

// publishers looks at the control blocks of GOOSE and sampled values.
func (r *run) publishers(ctx context.Context, s *sheet) {
	list := r.blocks(model.GO, model.MS, model.US)
	if len(list) == 0 {
		s.item("GetGoCBValues", "", "attributes", "").skip("the server has no control blocks of GOOSE or sampled values")
	}
	s.each(len(list), func(i int, s *sheet) { r.publisher(ctx, s, list[i]) })
}

func (r *run) publisher(ctx context.Context, s *sheet, sec section) {
	clause := "IEC 61850-7-2 18.2.2, 8-1 18.1"
	if sec.ref.FC != model.GO {
		clause = "IEC 61850-7-2 19.2.2, 9-2 8.2"
	}
	service, object := "Get"+publisherServices[sec.ref.FC], sec.ref.String()
	if it := s.item(service, object, "the attributes are those of the class", clause); it != nil {
		var lacking []string
		for _, name := range publisherNames[sec.ref.FC] {
			if component(sec.spec, name) == nil {
				lacking = append(lacking, name)
			}
		}
		bad := ""
		if len(lacking) > 0 {
			bad = "without " + some(lacking)
		}
		it.verdict(fmt.Sprint(publisherNames[sec.ref.FC]), bad)
	}
	it := s.item(service, object, "the values are of their types and make sense", clause)
	v, err := r.c.ReadOne(ctx, sec.ref)
	if err != nil {
		_ = it.failed("values", err)
		return
	}
	if bad := shape(object, sec.spec, v); bad != "" {
		it.fail("values of the type", bad)
		return
	}
	b := blockOf(sec, v)
	enabled := b.on("GoEna") || b.on("SvEna")
	nds, hasNds := b.fields["NdsCom"].AsBool()
	switch set := b.text("DatSet"); {
	case set != "" && !r.hasSet(set):
		it.fail("DatSet that exists", set)
	case enabled && set == "":
		it.fail("not enabled without a data set", "enabled")
	case hasNds && enabled && nds:
		it.fail("not enabled while it needs commissioning", "enabled")
	default:
		it.pass()
	}
	it = s.item("Set"+publisherServices[sec.ref.FC], object, "attributes are refused while enabled", clause)
	switch {
	case it == nil:
	case !enabled:
		it.skip("it is not enabled")
	case !r.opt.AllowWrites:
		it.skip("writes are not allowed")
	default:
		for _, name := range []string{"GoID", "MsvID", "UsvID", "DatSet"} {
			if b.has(name) && r.c.Write(ctx, sec.ref.Child(name), b.fields[name]) == nil {
				it.fail("a refusal of "+name, "success")
				return
			}
		}
		it.pass()
	}
}
