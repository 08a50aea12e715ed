package tshark

import (
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi/capturetest"
	"github.com/gridward/gridward/osi/tpkt"
)

// captured gives the MMS PDUs of a recorded capture, read by our layers, and how many TSDUs are broken.
func captured(t *testing.T, file string) (pdus []mms.PDU, broken int) {
	t.Helper()
	for _, s := range capturetest.Streams(t, capturetest.Path(t, "captures/"+file)) {
		if s.SrcPort != 102 && s.DstPort != 102 {
			continue
		}
		var d mmssite.Decoder
		for data := s.Data; len(data) > 0; {
			_, n, err := tpkt.Next(data)
			if err != nil || n == 0 {
				t.Fatalf("%s: %d octets left: %v", file, len(data), err)
			}
			m, whole, err := d.Next(data[:n])
			switch {
			case err != nil:
				broken++
			case whole && m.PDU != nil:
				pdus = append(pdus, m.PDU)
			}
			data = data[n:]
		}
	}
	return pdus, broken
}

// TestCaptures: the MMS PDUs of captures of others decode to the components, and the octets in them, that tshark shows.
func TestCaptures(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark: missing peer")
	}
	var all []mms.PDU
	// PDUs, and TSDUs that tshark cannot read either: the server of the captures of single services answers an association
	// with half an AC, and some requests with a response without a service.
	for file, want := range map[string][2]int{
		"icsnpp-pres/open_read_write_close.pcap": {2108, 0}, "icsnpp-pres/trace.pcap": {6, 0}, "icsnpp-acse/accept.pcap": {2, 0},
		"ics-security-tools/iec61850_get_name_list.pcap": {3, 3}, "ics-security-tools/iec61850_get_variable_access_attributes.pcap": {3, 3},
		"ics-security-tools/iec61850_read.pcap": {4, 2}, "ics-security-tools/iec61850_write.pcap": {3, 3}, "ics-security-tools/iec61850_release.pcap": {3, 1},
	} {
		pdus, broken := captured(t, file)
		if got := [2]int{len(pdus), broken}; got != want {
			t.Errorf("%s: %d PDUs and broken TSDUs, want %d", file, got, want)
		}
		all = append(all, pdus...)
	}
	if n := compare(t, all, nil); n != len(all) {
		t.Errorf("%d of %d PDUs were compared", n, len(all))
	}
}

// compare compares our reading of PDUs with tshark's, and tells how many it compared: not those to be skipped, and then not
// those with a component that we keep as octets.
func compare(t *testing.T, all []mms.PDU, skip func(p mms.PDU) bool) (compared int) {
	t.Helper()
	var raw [][]byte
	for _, p := range all {
		b, err := mms.AppendBER(nil, p)
		if err != nil {
			t.Fatal(err)
		}
		raw = append(raw, b)
	}
	packets := dissect(t, capture(raw))
	if len(packets) != len(all) {
		t.Fatalf("%d packets of %d PDUs", len(packets), len(all))
	}
	bad := 0
	for i, p := range all {
		if skip != nil && skip(p) {
			continue
		}
		text, err := mms.AppendXER(nil, p, mms.BasicXER)
		if err != nil && skip != nil {
			continue
		}
		if err != nil {
			t.Fatalf("PDU %d %x: %v", i, raw[i], err)
		}
		seen := packets[i].proto("mms")
		if seen == nil {
			t.Errorf("PDU %d is not seen as MMS", i)
			continue
		}
		got, want := seen.leaves(nil), ourLeaves(t, string(text))
		compared++
		if !slices.Equal(got, want) {
			if bad++; bad < 10 {
				t.Errorf("PDU %d %x: tshark sees\n%v\nnot\n%v", i, raw[i], got, want)
			}
		}
	}
	t.Logf("%d PDUs, %d compared, %d differ", len(all), compared, bad)
	return compared
}

// TestForeignPDUs: so do PDUs of the whole of ISO 9506, back to back, as far as we have structures for them.
func TestForeignPDUs(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark: missing peer")
	}
	rest, err := os.ReadFile(capturetest.Path(t, "captures/icsnpp-mms/pdus.der"))
	if err != nil {
		t.Fatal(err)
	}
	var all []mms.PDU
	for len(rest) > 0 {
		p, next, err := mms.NextBER(rest, mms.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		all, rest = append(all, p), next
	}
	n := compare(t, all, func(p mms.PDU) bool {
		switch p := p.(type) {
		case *mms.ConfirmedRequest:
			_, raw := p.Service.(*mms.Raw)
			return raw || p.Detail != nil || p.Modifiers != nil
		case *mms.ConfirmedResponse:
			_, raw := p.Service.(*mms.Raw)
			return raw || p.Detail != nil
		case *mms.Unconfirmed:
			_, raw := p.Service.(*mms.Raw)
			return raw || p.Detail != nil
		}
		return false
	})
	if len(all) != 756 || n < 410 {
		t.Errorf("%d of %d PDUs were compared", n, len(all))
	}
}
