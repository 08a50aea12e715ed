package client

import (
	"errors"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// TestReadDataSetByName: a server that refuses to read a data set, and does not say why, is asked for its name too.
func TestReadDataSetByName(t *testing.T) {
	for name, class := range map[string]mms.ErrorClass{"others": mms.ErrOthers, "access": mms.ErrAccess} {
		t.Run(name, func(t *testing.T) {
			c, far := dial(t, Options{})
			asked := make(chan bool, 10)
			serve(t, far, func(s mms.Service) any {
				switch s := s.(type) {
				case *mms.Read:
					asked <- s.SpecificationWithResult
					if s.SpecificationWithResult {
						return &mms.ReadResponse{Access: &s.Access, Results: ok(model.Bool(true))}
					}
				case *mms.GetNamedVariableListAttributes:
					return &mms.GetNamedVariableListAttributesResponse{List: []mms.VariableSpec{{Name: mms.InDomain("LD0", "GGIO1$ST$Ind1$stVal")}}}
				}
				return &mms.ServiceError{Class: class, Code: 11}
			})
			got, err := c.ReadDataSet(t.Context(), mustRef(t, "LD0/LLN0.ds"))
			var refused *mms.ServiceError
			switch {
			case class == mms.ErrOthers && (err != nil || len(got) != 1 || !got[0].Value.Equal(model.Bool(true))):
				t.Errorf("%v, %v", got, err)
			case class == mms.ErrAccess && (!errors.As(err, &refused) || len(asked) != 1):
				t.Errorf("%v, %d requests", err, len(asked))
			}
		})
	}
}
