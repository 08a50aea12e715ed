package mmssite

import (
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/osi/cotp"
	"github.com/gridward/gridward/osi/presentation"
	"github.com/gridward/gridward/osi/session"
	"github.com/gridward/gridward/osi/tpkt"
	"github.com/gridward/gridward/vectors"
)

// A Message is what one TSDU, or one transport PDU other than data, says.
type Message struct {
	From vectors.Mark
	Kind string  // CR, CC, DR, or the name of the SPDU
	APDU string  // of ACSE, where there is one: its type
	PDU  mms.PDU // or nil
}

// String names what it is.
func (m Message) String() string {
	if m.PDU == nil {
		return fmt.Sprintf("%c %s %s", m.From, m.Kind, m.APDU)
	}
	return fmt.Sprintf("%c %s %s %s", m.From, m.Kind, m.APDU, Describe(m.PDU))
}

// Describe names PDU and service, and says the rest.
func Describe(p mms.PDU) string {
	switch p := p.(type) {
	case *mms.ConfirmedRequest:
		return fmt.Sprintf("request %d %T%+v", p.InvokeID, p.Service, p.Service)
	case *mms.ConfirmedResponse:
		return fmt.Sprintf("response %d %T%+v", p.InvokeID, p.Service, p.Service)
	case *mms.Unconfirmed:
		return fmt.Sprintf("unconfirmed %T%+v", p.Service, p.Service)
	}
	return fmt.Sprintf("%T%+v", p, p)
}

// A Decoder reads the messages of one direction of a connection.
type Decoder struct {
	From vectors.Mark
	tsdu []byte
}

// Next takes one TPKT. It gives the message that ends with it, if one does.
func (d *Decoder) Next(packet []byte) (Message, bool, error) {
	m := Message{From: d.From}
	tpdu, n, err := tpkt.Next(packet)
	if err != nil || n != len(packet) || len(tpdu) < 2 {
		return m, false, fmt.Errorf("mmssite: no TPKT: %w", err)
	}
	switch tpdu[1] & 0xf0 {
	case 0xe0, 0xd0, 0x80:
		m.Kind = map[byte]string{0xe0: "CR", 0xd0: "CC", 0x80: "DR"}[tpdu[1]&0xf0]
		return m, true, nil
	}
	data, eot, err := cotp.ParseData(tpdu)
	if err != nil {
		return m, false, err
	}
	d.tsdu = append(d.tsdu, data...)
	if !eot {
		return m, false, nil
	}
	tsdu := d.tsdu
	d.tsdu = nil
	return m, true, m.read(tsdu)
}

func (m *Message) read(tsdu []byte) error {
	spdu, err := session.Parse(tsdu)
	if err != nil {
		return err
	}
	m.Kind = spdu.Type.String()
	if len(spdu.User) == 0 {
		return nil
	}
	var user []presentation.PDV
	switch spdu.Type {
	case session.Connect:
		var p presentation.Connect
		p, err = presentation.ParseConnect(spdu.User)
		user = p.User
	case session.Accept:
		var p presentation.Accept
		p, err = presentation.ParseAccept(spdu.User)
		user = p.User
	case session.Refuse:
		var p presentation.Refuse
		p, err = presentation.ParseRefuse(spdu.User)
		user = p.User
	case session.Abort:
		var p presentation.Abort
		p, err = presentation.ParseAbort(spdu.User)
		user = p.User
	default:
		var first presentation.PDV
		first, user, err = presentation.ParseData(spdu.User)
		user = append([]presentation.PDV{first}, user...)
		if err != nil && spdu.Type == session.Finish {
			m.APDU = "unreadable" // hat-drivers puts an abort into it
			return nil
		}
	}
	if err != nil {
		return err
	}
	for _, v := range user {
		if err := m.value(v.Value); err != nil {
			return err
		}
	}
	return nil
}

// value reads an APDU of ACSE, whose tags are of class application, or an MMS PDU.
func (m *Message) value(b []byte) (err error) {
	if len(b) == 0 || b[0]&0xc0 != 0x40 {
		m.PDU, err = mms.ParseBER(b, mms.Limits{})
		return err
	}
	apdu, err := acse.Parse(b)
	if err != nil {
		return err
	}
	m.APDU = fmt.Sprintf("%T", apdu)
	var user []acse.User
	switch a := apdu.(type) {
	case *acse.Request:
		user = a.User
	case *acse.Response:
		m.APDU += fmt.Sprintf(" result %d", a.Result)
		user = a.User
	}
	for _, u := range user {
		if m.PDU, err = mms.ParseBER(u.PDU, mms.Limits{}); err != nil {
			return err
		}
	}
	return nil
}

// Messages decodes both directions of a flow. Stimuli are not among them.
func Messages(f vectors.Flow) ([]Message, error) {
	client, server := Decoder{From: vectors.FromClient}, Decoder{From: vectors.FromServer}
	var out []Message
	for i, s := range f.Steps {
		d := &client
		switch s.Mark {
		case vectors.Stimulus:
			continue
		case vectors.FromServer:
			d = &server
		}
		m, whole, err := d.Next(s.Octets)
		if err != nil {
			return nil, fmt.Errorf("mmssite: %s, step %d: %w", f.Name, i, err)
		}
		if whole {
			out = append(out, m)
		}
	}
	return out, nil
}

// Diff tells how two messages differ, whatever their times and identifiers of entries are; "" when they do not.
func Diff(want, got Message) string { return cmp.Diff(want, got, timeless...) }

// timeless compares PDUs without what depends on the clock: times, and the identifiers of entries that are made of them.
var timeless = []cmp.Option{
	cmp.Comparer(func(a, b model.Value) bool { return sameValue(a, b) }),
	cmp.Comparer(func(a, b model.EntryTime) bool { return true }),
	cmp.FilterPath(func(p cmp.Path) bool {
		last := p.Last().String()
		return last == ".LastModified" || last == ".Entry" || last == ".ID" && p.Index(-2).Type().String() == "mms.JournalEntry"
	}, cmp.Comparer(func(a, b string) bool { return len(a) == len(b) })),
}

func sameValue(a, b model.Value) bool {
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case model.KindTime, model.KindEntryTime:
		return true
	case model.KindStruct, model.KindArray:
		return slices.EqualFunc(a.Members(), b.Members(), sameValue)
	case model.KindOctets:
		x, _ := a.AsText()
		y, _ := b.AsText()
		return x == y || len(x) == 8 && len(y) == 8 // an EntryID
	}
	return a.Equal(b)
}
