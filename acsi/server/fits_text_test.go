package server

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A client of the TCP mapping cannot leave text behind that has no form in XER: it would end the associations of all clients
// of the XMPP mapping that read it, or get it in a report.
func TestTextThatOnlyBERTakes(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		p := h.peer("a")
		for _, item := range []string{"GGIO1$SV$Ind$subID", "LLN0$RP$meas01$RptID", "LLN0$BR$buf01$RptID", "LLN0$GO$gocb$GoID"} {
			for _, text := range []string{"\xff", "a\xc3", "\xed\xa0\x80", "a\ufffe", "\uffffa"} {
				p.refuses(item, model.Visible(text), mms.TypeInconsistent)
			}
			p.set(item, model.Visible("é"))
			if _, err := mms.AppendXER(nil, &mms.ConfirmedResponse{Service: &mms.ReadResponse{Results: p.readAll(spec(item))}}, mms.GW1); err != nil {
				t.Errorf("%s: %v", item, err)
			}
		}
	})
}

// Names that the server itself writes down are cut between characters.
func TestNamesAreCutBetweenCharacters(t *testing.T) {
	services(t, Config{}, func(h *harness) {
		const ena, id = "GGIO1$SV$Ind$subEna", "GGIO1$SV$Ind$subID"
		for name, want := range map[string]string{
			strings.Repeat("é", 40): strings.Repeat("é", 32), "x" + strings.Repeat("é", 40): "x" + strings.Repeat("é", 31), "a\xffb@c": "a?b@c",
		} {
			p := h.peer(name)
			p.set(id, model.Visible(""))
			p.set(ena, model.Bool(true))
			p.want(id, model.Visible(want))
			p.set(ena, model.Bool(false))
			p.lose()
			synctest.Wait()
		}
	})
}
