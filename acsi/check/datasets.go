package check

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// dataSets looks at the data sets that there are, and makes some if it may.
func (r *run) dataSets(ctx context.Context, s *sheet) {
	var sets []model.Ref
	for _, d := range r.domains {
		sets = append(sets, d.sets...)
	}
	if len(sets) == 0 {
		s.item("GetDataSetDirectory", "", "members", "").skip("the server has no data set")
	}
	s.each(len(sets), func(i int, s *sheet) { r.dataSet(ctx, s, sets[i]) })
	r.dynamicSets(ctx, s, sets)
}

func (r *run) dataSet(ctx context.Context, s *sheet, ds model.Ref) {
	members, _, err := r.c.DataSetDirectory(ctx, ds)
	if it := s.item("GetDataSetDirectory", ds.String(), "members exist", "IEC 61850-7-2 13.3.6, 8-1 14.3.4"); it != nil && !it.failed("the members", err) {
		bad := ""
		if len(members) == 0 {
			bad = "no member"
		}
		for _, m := range members {
			if r.find(m) == nil {
				bad = m.String() + " is not in the model of the server"
				break
			}
		}
		if bad != "" {
			it.fail("members that the server has", bad)
		} else {
			it.passed(fmt.Sprintf("%d members", len(members)))
		}
	}
	if err != nil {
		return
	}
	if it := s.item("GetDataSetValues", ds.String(), "the values are those of the members", "IEC 61850-7-2 13.3.2"); it != nil {
		r.setValues(ctx, it, ds, members)
	}
}

// setValues reads a data set, its members, and the data set again: a member that did not change meanwhile is the same.
func (r *run) setValues(ctx context.Context, it *item, ds model.Ref, members []model.Ref) {
	before, err := r.c.ReadDataSet(ctx, ds)
	if it.failed("values", err) {
		return
	}
	alone, err := r.c.Read(ctx, members...)
	if it.failed("values of the members", err) {
		return
	}
	after, err := r.c.ReadDataSet(ctx, ds)
	if it.failed("values", err) {
		return
	}
	if len(before) != len(members) || len(after) != len(members) {
		it.fail(fmt.Sprintf("%d values", len(members)), fmt.Sprint(len(before)))
		return
	}
	for i, m := range members {
		switch {
		case before[i].Err != nil || alone[i].Err != nil:
			if (before[i].Err == nil) != (alone[i].Err == nil) {
				it.fail("the same answer for "+m.String()+" alone and in the data set", describe(errors.Join(before[i].Err, alone[i].Err)))
				return
			}
			continue
		case r.find(m) != nil:
			if bad := shape(m.String(), r.find(m), before[i].Value); bad != "" {
				it.fail("values of the members' types", bad)
				return
			}
		}
		if same(before[i], after[i]) && !before[i].Value.Equal(alone[i].Value) {
			it.fail(m.String()+" = "+show(alone[i].Value), show(before[i].Value))
			return
		}
	}
	it.pass()
}

func same(a, b client.Result) bool { return a.Err == nil && b.Err == nil && a.Value.Equal(b.Value) }

// dynamicSets makes data sets, in a logical node and in the association, and deletes them.
func (r *run) dynamicSets(ctx context.Context, s *sheet, configured []model.Ref) {
	members := r.candidates()
	if !r.opt.AllowWrites || len(members) < 2 {
		why := "writes are not allowed"
		if r.opt.AllowWrites {
			why = "the server has nothing for two members"
		}
		s.item("CreateDataSet", "", "create, use and delete", "").skip(why)
		return
	}
	own := model.Ref{LDevice: members[0].LDevice, LN: members[0].LN}
	for i := 0; own.Path == "" || slices.Contains(configured, own); i++ {
		own.Path = fmt.Sprintf("gwcheck%d", i)
	}
	r.dynamicSet(ctx, s, own, members[:2])
	r.dynamicSet(ctx, s, model.Ref{Path: "gwcheck"}, members[:2])
	r.undefinedMember(ctx, s, own, members[0])
	r.keepsConfigured(ctx, s, configured)
	r.memberLimit(ctx, s, own, members)
}

// candidates gives data objects with a status or measurand, for data sets.
func (r *run) candidates() []model.Ref {
	var list []model.Ref
	for _, sec := range r.blocks(model.ST, model.MX) {
		if len(list) < 1000 && len(sec.ref.Item()) <= model.MaxItem {
			list = append(list, sec.ref)
		}
	}
	return list
}

func setName(ds model.Ref) string {
	if ds.LDevice == "" {
		return "@" + ds.Path
	}
	return ds.String()
}

func (r *run) dynamicSet(ctx context.Context, s *sheet, ds model.Ref, members []model.Ref) {
	const clause = "IEC 61850-7-2 13.3.4, 13.3.5, 8-1 14.3"
	it := s.item("CreateDataSet", setName(ds), "a new data set has the members that it was given", clause)
	if it == nil {
		return
	}
	u := r.later(setName(ds), func(ctx context.Context, c *client.Client) error {
		if err := c.DeleteDataSet(ctx, ds); err != nil && !nonExistent(err) {
			return err
		}
		return nil
	})
	if err := r.c.DefineDataSet(ctx, ds, members...); err != nil {
		r.forget(u)
		var service *mms.ServiceError
		if errors.As(err, &service) && (service.Class == mms.ErrAccess || service.Class == mms.ErrResource) {
			it.skip("the server makes no such data set: " + describe(err))
			return
		}
		it.failed("the data set to be made", err)
		return
	}
	got, deletable, err := r.c.DataSetDirectory(ctx, ds)
	switch {
	case it.failed("its members", err):
	case !slices.Equal(got, members):
		it.fail(fmt.Sprint(members), fmt.Sprint(got))
	case !deletable:
		it.fail("a deletable data set", "not deletable")
	default:
		it.pass()
	}
	if it := s.item("GetDataSetValues", setName(ds), "the values of a new data set are those of the members", clause); it != nil {
		r.setValues(ctx, it, ds, members)
	}
	if it := s.item("CreateDataSet", setName(ds), "a name is given once", clause); it != nil {
		it.verdict("definition/object-exists", wantRefusal(r.c.DefineDataSet(ctx, ds, members[1])))
	}
	if ds.LDevice == "" {
		r.ofAssociation(ctx, s, ds)
	}
	it = s.item("DeleteDataSet", setName(ds), "a data set that is deleted is gone", clause)
	err = r.undo(ctx, u)
	if it == nil || it.failed("it to be deleted", err) {
		return
	}
	_, _, err = r.c.DataSetDirectory(ctx, ds)
	it.verdict("access/object-non-existent", wantRefusal(err))
}

// ofAssociation checks that another association does not see the data sets of this one.
func (r *run) ofAssociation(ctx context.Context, s *sheet, ds model.Ref) {
	it := s.item("GetDataSetDirectory", setName(ds), "another association does not see it", "IEC 61850-8-1 14.1")
	if it == nil {
		return
	}
	c := r.other(ctx, it)
	if c == nil {
		return
	}
	_, _, err := c.DataSetDirectory(ctx, ds)
	it.verdict("access/object-non-existent", wantRefusal(err))
}

func (r *run) undefinedMember(ctx context.Context, s *sheet, ds, member model.Ref) {
	it := s.item("CreateDataSet", setName(ds), "a member that does not exist is refused", "IEC 61850-8-1 14.3.1")
	if it == nil {
		return
	}
	member.Path = "GwNoSuchThing"
	err := r.c.DefineDataSet(ctx, ds, member)
	if err == nil {
		_ = r.c.DeleteDataSet(ctx, ds) // it must not have been made
	}
	it.verdict("definition/object-undefined", wantRefusal(err))
}

// keepsConfigured tries to delete a data set of the configuration; should that work, it is made again.
func (r *run) keepsConfigured(ctx context.Context, s *sheet, configured []model.Ref) {
	for _, ds := range configured {
		members, deletable, err := r.c.DataSetDirectory(ctx, ds)
		if err != nil || deletable {
			continue
		}
		it := s.item("DeleteDataSet", ds.String(), "a data set of the configuration is not deleted", "IEC 61850-7-2 13.3.5")
		if it == nil {
			return
		}
		u := r.later(ds.String(), func(ctx context.Context, c *client.Client) error { return c.DefineDataSet(ctx, ds, members...) })
		if err := r.c.DeleteDataSet(ctx, ds); err == nil {
			it.fail("a refusal", "success")
			return // restore makes it again
		}
		r.forget(u)
		it.pass()
		return
	}
}

// memberLimit asks for one member more than SCL announces.
func (r *run) memberLimit(ctx context.Context, s *sheet, ds model.Ref, members []model.Ref) {
	it := s.item("CreateDataSet", setName(ds), "more members than announced are refused", "IEC 61850-6 9.3.5 (DynDataSet maxAttributes)")
	switch {
	case it == nil:
		return
	case r.opt.Model == nil || r.opt.Model.Services.MaxDataSetMembers == 0:
		it.skip("no limit is announced")
		return
	}
	n := r.opt.Model.Services.MaxDataSetMembers + 1
	if n > 500 {
		it.skip(fmt.Sprintf("%d members announced", n-1))
		return
	}
	list := make([]model.Ref, n)
	for i := range list {
		list[i] = members[i%len(members)]
	}
	err := r.c.DefineDataSet(ctx, ds, list...)
	if err == nil {
		_ = r.c.DeleteDataSet(ctx, ds) // it must not have been made
	}
	it.verdict("a refusal", wantRefusal(err))
}
