package conformance

import (
	"fmt"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/xmpp/mmsbinding"
)

// PIXIT gives the protocol implementation extra information for testing, in the order of the conformance test procedures.
// Figures are those that the packages run with when nothing else is configured.
func PIXIT() Document {
	l := server.Limits{}.WithDefaults(model.Services{})
	osi := mmstcp.Config{}.WithDefaults()
	xmpp := mmsbinding.Config{}.WithDefaults()
	open := tcp.Limits{}.WithDefaults()
	row := func(id, what, answer string, args ...any) []string {
		return []string{id, what, fmt.Sprintf(answer, args...)}
	}
	head := []string{"", "question", "answer"}
	return Document{
		Name: "pixit", Title: "Protocol implementation extra information for testing (PIXIT)",
		Intro: "Figures are the defaults; most can be configured.",
		Tables: []Table{
			{Title: "Association", Head: head, Rows: [][]string{
				row("As1", "associations at the same time", "over 8-1 %d, with %d connections more of which %d of one address that have not associated yet; over 8-2 %d", open.Open, open.HalfOpen, open.HalfOpenPerSource, xmpp.Limits.Associations),
				row("As2", "lost associations are noticed", "8-1: TCP keep-alive after 20 s; 8-2: pings of the stream, stream management"),
				row("As3", "authentication", "8-1: TLS certificate, or ACSE password (mechanism 2.2.3.1) up to %d octets; 8-2: the certificate of the XMPP stream. Without: refused, unless InsecureAnonymous is set", acse.MaxValue),
				row("As4", "time to associate", "%v from the connection, %v without an octet", osi.OSI.Timeouts.Associate, osi.OSI.Timeouts.Progress),
				row("As5", "MMS PDU size", "8-1: %d octets are proposed, at least %d; 8-2: %d octets of XML", osi.MaxPDU, osi.MinPDU, xmpp.Limits.MaxPDU),
				row("As6", "requests outstanding", "8-1: %d either way; 8-2: %d", osi.Outstanding, xmpp.Limits.Outstanding),
				row("As7", "selectors", "those of the SCL file where it has them; TSEL 0001, SSEL 0001, PSEL 00000001 are called otherwise"),
				row("As8", "a peer that reads too slowly", "is aborted at %d octets or %v unsent", osi.Unsent, osi.WriteTimeout),
			}},
			{Title: "Server, data and data sets", Head: head, Rows: [][]string{
				row("Sr1", "quality bits that are served", "all of IEC 61850-7-3"),
				row("Sr2", "GetDataValues and SetDataValues: variables of one request", "%d", l.Variables),
				row("Sr3", "nesting of an alternate access", "%d", l.Nesting),
				row("Sr4", "functional constraints that clients may write", "SP, SV, CF, DC, BL and the edit values of SE, unless valKind is RO or Conf; ctlModel and sboClass only with valKind Set"),
				row("Ds1", "data sets that clients define", "%d in all, of the model's Services where it says so; %d members each; %d of one association", l.DataSets, l.DataSetMembers, l.AssociationSet),
				row("Ds2", "deleting a data set in use", "refused: object-constraint-conflict"),
				row("Ds3", "a data set is read at one moment", "yes"),
			}},
			{Title: "Substitution and setting groups", Head: head, Rows: [][]string{
				row("Sb1", "substituted values after a restart", "are gone"),
				row("Sg1", "setting groups", "as many as the SCL file says; every group has its own values"),
				row("Sg2", "the edit buffer is freed", "by ConfirmEditSGValues, EditSG 0, loss of the association, ResvTms"),
				row("Sg3", "confirmed values after a restart", "are kept where the server has a store"),
			}},
			{Title: "Reporting", Head: head, Rows: [][]string{
				row("Rp1", "trigger conditions", "dchg, qchg, dupd, integrity, GI; application triggers"),
				row("Rp2", "optional fields", "all; an unbuffered block sends neither entryID nor buffer-overflow"),
				row("Rp3", "segmented reports", "yes, between members"),
				row("Rp4", "an event on a member that waits in the buffer time", "sends the report at once and begins a new one"),
				row("Rp5", "BufTm", "up to %v", l.BufferTime),
				row("Rp6", "IntgPd", "at least %v", l.MinIntegrity),
				row("Rp7", "buffer of a buffered block", "%d octets, %d entries; the oldest goes first, and the next report says buffer-overflow", l.BufferOctets, l.BufferEntries),
				row("Rp8", "buffer after a restart", "kept where the server has a store and `persist` is set"),
				row("Rp9", "EntryID", "8 octets, growing, also over a restart"),
				row("Rp10", "reservation", "by Resv, ResvTms or RptEna; Owner shows the address; ResvTms -1 for clients that the SCL file names"),
				row("Rp11", "EntryID that is not in the buffer", "refused: object-value-invalid; reports start at the oldest with buffer-overflow"),
				row("Rp12", "reports that a slow client lets wait", "%d, or %d octets; then unbuffered reports are lost (counted), buffered ones stay in their buffer", l.QueueReports, l.QueueOctets),
			}},
			{Title: "Control", Head: head, Rows: [][]string{
				row("Ct1", "control models", "status-only, direct and SBO with normal and enhanced security"),
				row("Ct2", "ctlModel can be changed online", "only with valKind Set"),
				row("Ct3", "time-activated operate", "yes, up to 24 h ahead"),
				row("Ct4", "operate-many", "yes"),
				row("Ct5", "select timeout", "sboTimeout of the model, otherwise %v", l.SelectTimeout),
				row("Ct6", "time to terminate", "operTimeout of the model, otherwise %v", l.OperateTimeout),
				row("Ct7", "Test", "is obeyed: in mode test only commands with Test are carried out, otherwise only those without"),
				row("Ct8", "Check", "interlock and synchrocheck are asked of the application when the command asks"),
				row("Ct9", "what must be equal in SBOw and Oper", "ctlVal, operTm, origin, ctlNum, Test, Check"),
				row("Ct10", "age of a command", "over 8-2 T may be %v away from the clock of the server, otherwise time-limit-over; over 8-1 it is not looked at", 10*time.Second),
				row("Ct11", "loss of the association", "ends selects and commands with enhanced security; a command with normal security runs on"),
			}},
			{Title: "Files", Head: head, Rows: [][]string{
				row("Ft1", "separator", "/"),
				row("Ft2", "names", "relative to the root; .., absolute paths, NUL and links out of the root are refused"),
				row("Ft3", "open files of an association", "%d", l.OpenFiles),
				row("Ft4", "SetFile", "obtainFile: up to %d octets within %v; the file appears when it is complete", l.FileSize, l.FileTime),
			}},
			{Title: "Time", Head: head, Rows: [][]string{
				row("Tm1", "resolution of timestamps", "24 bits of fraction; accuracy as the clock of the host is said to have (10 bits when nothing else is configured)"),
				row("Tm2", "synchronization", "of the host; LeapSecondsKnown is set, ClockNotSynchronized and ClockFailure as configured"),
			}},
		},
	}
}
