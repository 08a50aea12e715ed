package client_test

import (
	"testing"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A Subscribe that fails at the general interrogation leaves no block enabled and none taken.
func TestRefusedInterrogation(t *testing.T) {
	everyPath(t, func(t *testing.T, s *site) {
		mine, theirs := s.client("hmi", client.Options{}), s.client("rival", client.Options{})
		for _, rcb := range []model.Ref{brcb1, urcb1} {
			var box inbox
			_, err := mine.Subscribe(t.Context(), rcb, client.ReportOptions{Triggers: model.TrgDataChange, GI: true}, box.add)
			wantErr(t, rcb.String()+" without the trigger", err, mms.ObjectAttributeInconsistent)
			s.put(1)
			if _, err = theirs.Subscribe(t.Context(), rcb, client.ReportOptions{}, box.add); err != nil {
				t.Errorf("%s is still taken: %v", rcb, err)
			}
		}
		if n := mine.Counters(); n.UnknownReports != 0 {
			t.Errorf("%d reports for nobody", n.UnknownReports)
		}
	})
}
