package bridge

import (
	"context"
	"strings"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// mayReport asks for the rights on all that a report control block would report: the data set that it has, and those that
// the same write gives it.
func (r *relay) mayReport(ctx context.Context, p *model.Principal, t *target, s *mms.Write) (mms.DataAccessError, error) {
	block := t.ref
	block.Path = strings.TrimSuffix(block.Path, ".RptEna") + ".DatSet"
	answer, err := r.ask(ctx, &mms.Read{Access: mms.VariableAccess{List: []mms.VariableSpec{{Name: mms.InDomain(block.LDevice, block.Item())}}}})
	if err != nil {
		return passed, err
	}
	v, code := onlyResult(answer)
	if code != passed {
		return code, nil
	}
	sets := []model.Value{v}
	for i := range s.Access.List {
		if other, code := parse(&s.Access.List[i]); code == passed && other.ref == block {
			sets = append(sets, s.Data[i])
		}
	}
	for _, v := range sets {
		if code, err := r.mayReportSet(ctx, p, v); err != nil || code != passed {
			return code, err
		}
	}
	return passed, nil
}

func (r *relay) mayReportSet(ctx context.Context, p *model.Principal, set model.Value) (mms.DataAccessError, error) {
	ref, ok := set.AsText()
	if ok && ref == "" {
		return passed, nil // none: the device says what it thinks of that
	}
	name, known := setName(ref)
	if !ok || !known {
		return mms.ObjectAccessDenied, nil
	}
	list, bad, err := r.members(ctx, name)
	if err != nil || bad != nil {
		return mms.ObjectAccessDenied, err
	}
	for i := range list {
		m, code := parse(&list[i])
		if code != passed || !r.visible(p, m.ref.LDevice) || r.authorize(p, server.RightReporting, m.ref, "report") != nil {
			return mms.ObjectAccessDenied, nil
		}
	}
	return passed, nil
}

// onlyResult gives what a read of one variable gave.
func onlyResult(p mms.PDU) (model.Value, mms.DataAccessError) {
	c, ok := p.(*mms.ConfirmedResponse)
	if !ok {
		return model.Value{}, mms.TemporarilyUnavailable
	}
	s, ok := c.Service.(*mms.ReadResponse)
	switch {
	case !ok || len(s.Results) != 1:
		return model.Value{}, mms.ObjectAccessDenied
	case s.Results[0].Failed:
		return model.Value{}, s.Results[0].Error
	}
	return s.Results[0].Value, passed
}

// setName reads the DatSet of a control block: LD/LN$name, or @name.
func setName(ref string) (mms.ObjectName, bool) {
	if own, ok := strings.CutPrefix(ref, "@"); ok {
		return mms.ObjectName{Scope: mms.AASpecific, Item: own}, true
	}
	domain, item, ok := strings.Cut(ref, "/")
	return mms.InDomain(domain, strings.Replace(item, ".", "$", 1)), ok && domain != ""
}
