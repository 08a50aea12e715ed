package mmstest

import (
	"reflect"
	"slices"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Clone copies a PDU with all that it refers to. What every read costs is copied by hand, the rest by reflection.
func Clone(p mms.PDU) mms.PDU {
	switch p := p.(type) {
	case *mms.ConfirmedRequest:
		return &mms.ConfirmedRequest{InvokeID: p.InvokeID, Service: cloneService(p.Service)}
	case *mms.ConfirmedResponse:
		return &mms.ConfirmedResponse{InvokeID: p.InvokeID, Service: cloneService(p.Service)}
	case *mms.Unconfirmed:
		return &mms.Unconfirmed{Service: cloneService(p.Service)}
	}
	return deep(reflect.ValueOf(p)).Interface().(mms.PDU)
}

func cloneService(s mms.Service) mms.Service {
	switch s := s.(type) {
	case *mms.Read:
		c := *s
		c.Access = cloneAccess(s.Access)
		return &c
	case *mms.ReadResponse:
		if s.Access == nil {
			return &mms.ReadResponse{Results: cloneResults(s.Results)}
		}
	case *mms.InformationReport:
		return &mms.InformationReport{Access: cloneAccess(s.Access), Results: cloneResults(s.Results)}
	}
	return deep(reflect.ValueOf(s)).Interface().(mms.Service)
}

func cloneAccess(a mms.VariableAccess) mms.VariableAccess {
	a.List = slices.Clone(a.List)
	for i := range a.List {
		if v := &a.List[i]; v.Type != nil || v.Raw != nil || v.Alternate != nil {
			*v = deep(reflect.ValueOf(*v)).Interface().(mms.VariableSpec)
		}
	}
	return a
}

func cloneResults(rs []mms.AccessResult) []mms.AccessResult {
	rs = slices.Clone(rs)
	for i := range rs {
		rs[i].Value = rs[i].Value.Clone()
	}
	return rs
}

func deep(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(deep(v.Elem()))
		return c
	case reflect.Interface:
		if v.IsNil() {
			return v
		}
		return deep(v.Elem())
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(deep(v.Index(i)))
		}
		return c
	case reflect.Struct:
		if x, ok := v.Interface().(model.Value); ok {
			return reflect.ValueOf(x.Clone())
		}
		c := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			c.Field(i).Set(deep(v.Field(i)))
		}
		return c
	}
	return v
}
