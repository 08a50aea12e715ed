package mms

import (
	"bytes"
	be "encoding/binary"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/ber"
)

// tcpStreams gives the octets of every direction of every TCP connection of a classic pcap file of Ethernet or
// loopback frames, without the segments that came twice.
func tcpStreams(t testing.TB, b []byte) [][]byte {
	t.Helper()
	order := be.ByteOrder(be.LittleEndian)
	if bytes.HasPrefix(b, []byte{0xa1, 0xb2}) {
		order = be.BigEndian
	}
	header, ipv4 := 14, func(f []byte) bool { return f[12] == 8 && f[13] == 0 }
	if order.Uint32(b[20:]) == 0 { // the loopback of BSD: the address family, 2
		header, ipv4 = 4, func(f []byte) bool { return f[0] == 2 || f[3] == 2 }
	}
	type stream struct {
		next uint32
		data []byte
	}
	open := map[string]*stream{}
	var all []*stream
	for b = b[24:]; len(b) >= 16; {
		n := int(order.Uint32(b[8:]))
		f := b[16 : 16+n]
		b = b[16+n:]
		if len(f) < header+40 || !ipv4(f) || f[header+9] != 6 {
			continue
		}
		ip := f[header:]
		ip = ip[:min(int(be.BigEndian.Uint16(ip[2:])), len(ip))]
		tcp := ip[int(ip[0]&15)*4:]
		seq, data := be.BigEndian.Uint32(tcp[4:]), tcp[int(tcp[12]>>4)*4:]
		key := string(ip[12:20]) + string(tcp[:4])
		s, syn := open[key], tcp[13]&2 != 0
		if s == nil || syn {
			s = &stream{next: seq}
			if syn {
				s.next++
				seq++
			}
			open[key] = s
			all = append(all, s)
		}
		if skip := int(int32(s.next - seq)); skip >= 0 && skip < len(data) {
			s.data = append(s.data, data[skip:]...)
			s.next = seq + uint32(len(data))
		}
	}
	var out [][]byte
	for _, s := range all {
		out = append(out, s.data)
	}
	return out
}

// tsdus gives what the DT TPDUs of a stream of TPKTs carry, put together (RFC 1006, X.224 13.7).
func tsdus(stream []byte) [][]byte {
	var out [][]byte
	var open []byte
	for len(stream) >= 7 && stream[0] == 3 {
		n := int(be.BigEndian.Uint16(stream[2:]))
		if n < 7 || n > len(stream) {
			break
		}
		tpdu := stream[4:n]
		stream = stream[n:]
		li := int(tpdu[0])
		if tpdu[1] != 0xf0 || li+1 > len(tpdu) {
			continue
		}
		open = append(open, tpdu[li+1:]...)
		if tpdu[2]&0x80 != 0 {
			out = append(out, open)
			open = nil
		}
	}
	return out
}

// mmsOf gives the MMS PDU of a TSDU: behind GIVE TOKENS and DATA TRANSFER and in the PDV list of the presentation, or in
// the user information of an AARQ or AARE.
func mmsOf(t testing.TB, tsdu []byte) []byte {
	t.Helper()
	if user, ok := bytes.CutPrefix(tsdu, []byte{1, 0, 1, 0}); ok {
		raw, err := ber.ParseRaw(user)
		if err != nil || raw.Tag != asn1.MakeTag(1, 1) {
			return nil
		}
		list, err := ber.ParseRaw([]byte(raw.Content))
		if err != nil {
			return nil
		}
		if !bytes.HasPrefix([]byte(list.Content), []byte{2, 1, 3}) {
			return nil // not the presentation context of MMS
		}
		pdv, err := ber.ParseRaw([]byte(list.Content[3:]))
		if err != nil || pdv.Tag != asn1.Context(0) {
			return nil
		}
		return []byte(pdv.Content)
	}
	// Initiate: the single-ASN1-type of the last EXTERNAL, which begins with [8], [9] or [10].
	if len(tsdu) > 0 && (tsdu[0] == 0x0d || tsdu[0] == 0x0e) {
		for i := len(tsdu) - 2; i > 2; i-- {
			inner, err := ber.ParseRaw(tsdu[i:])
			if err == nil && inner.Tag.Class() == 2 && inner.Tag.Number() == 0 && len(inner.Content) > 20 && inner.Content[0]&0xfc == 0xa8 {
				return []byte(inner.Content)
			}
		}
	}
	return nil
}

// broken are answers in the captures that no MMS implementation can read: one without a service, one with a universal
// tag in its place.
var broken = map[string]bool{"a103020100": true, "a1050201003000": true}

// TestCaptures reads every MMS PDU of captures of real devices and writes it back.
func TestCaptures(t *testing.T) {
	files := []string{shared(t, "captures/icsnpp-pres/open_read_write_close.pcap")}
	more, err := filepath.Glob(filepath.Join(filepath.Dir(shared(t, "captures/ics-security-tools/iec61850_read.pcap")), "iec61850_*.pcap"))
	if err != nil || len(more) != 5 {
		t.Fatalf("%d captures of single services: %v", len(more), err)
	}
	for _, file := range append(files, more...) {
		kinds, pdus, same, raw := map[string]int{}, 0, 0, 0
		b := readFile(t, file)
		for _, s := range tcpStreams(t, b) {
			for _, tsdu := range tsdus(s) {
				in := mmsOf(t, tsdu)
				if in == nil {
					continue
				}
				p, err := ParseBER(in, Limits{})
				if broken[hex.EncodeToString(in)] {
					if err == nil {
						t.Errorf("%s: %x is read as %T", filepath.Base(file), in, p)
					}
					continue
				}
				if err != nil {
					t.Errorf("%s: %x: %v", filepath.Base(file), in, err)
					continue
				}
				pdus++
				kinds[kindOf(p)]++
				out, err := AppendBER(nil, p)
				if err != nil {
					t.Errorf("%s: %x: %v", filepath.Base(file), in, err)
				}
				if bytes.Equal(in, out) {
					same++
				}
				q, err := ParseBER(out, Limits{})
				if err != nil || kindOf(p) != kindOf(q) {
					t.Errorf("%s: %x written as %x: %v", filepath.Base(file), in, out, err)
				}
				if isRaw(p) {
					raw++
					continue
				}
				x, err := AppendXER(nil, p, GW1)
				if err != nil {
					t.Errorf("%s: %x: %v", filepath.Base(file), in, err)
				}
				q, err = ParseXER(x, nil, Limits{})
				again, _ := AppendBER(nil, q)
				if err != nil || !bytes.Equal(again, out) {
					t.Errorf("%s: %s became %x, not %x: %v", filepath.Base(file), x, again, out, err)
				}
			}
		}
		t.Logf("%s: %d PDUs, %d written back octet for octet, %d kept as octets: %v", filepath.Base(file), pdus, same, raw, kinds)
		if want := 4; pdus < want || strings.HasPrefix(filepath.Base(file), "open") && pdus != 2108 || raw > 0 {
			t.Errorf("%s: %d PDUs", file, pdus)
		}
	}
}
