package mms

import "github.com/gridward/gridward/asn1"

// RejectPDU, ISO 9506-2 clause 17. The alternatives stand in the order of RejectClass, from 1.
var (
	rejectPDU      = elem(4, "rejectPDU")
	rejectInvokeID = unsigned32(0, "originalInvokeID")
	rejectElems    = [...]*asn1.Elem{
		integer32(1, "confirmed-requestPDU"),
		integer32(2, "confirmed-responsePDU"),
		integer32(3, "confirmed-errorPDU"),
		integer32(4, "unconfirmedPDU"),
		integer32(5, "pdu-error"),
		integer32(6, "cancel-requestPDU"),
		integer32(7, "cancel-responsePDU"),
		integer32(8, "cancel-errorPDU"),
		integer32(9, "conclude-requestPDU"),
		integer32(10, "conclude-responsePDU"),
		integer32(11, "conclude-errorPDU"),
	}
	rejectChoice = asn1.NewChoice(rejectElems[:]...)
	rejectReason = choice("rejectReason", rejectChoice)
)

func (p Reject) code(c asn1.Coder) Reject {
	c.Begin(rejectPDU)
	if c.Has(rejectInvokeID, p.HasInvokeID) {
		p.HasInvokeID = true
		p.InvokeID = uint32(c.Int(rejectInvokeID, int64(p.InvokeID)))
	}
	c.Begin(rejectReason)
	if i := c.Choice(rejectChoice, int(p.Reason.Class)-1); i >= 0 {
		p.Reason.Class = RejectClass(i + 1)
		p.Reason.Code = int32(c.Int(rejectElems[i], int64(p.Reason.Code)))
	}
	c.End()
	c.End()
	return p
}
