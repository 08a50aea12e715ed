// Package capturetest gives the octets of TCP connections in recorded captures to tests.
package capturetest

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// Path finds a file of the shared test data; the test is skipped where there is none.
func Path(t testing.TB, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
	path := filepath.Join(dir, "..", "shared", "testdata", name)
	if _, err := os.Stat(path); err != nil {
		t.Skip("captures: missing peer ../shared/testdata")
	}
	return path
}

// A Stream is one direction of a TCP connection.
type Stream struct {
	SrcPort, DstPort uint16
	Data             []byte
	next             uint32
}

// Streams gives every direction of every TCP connection over IPv4 in a pcap or pcapng file, without what came twice, in
// the order of their first segment.
func Streams(t testing.TB, path string) []*Stream {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []*Stream
	open := map[string]*Stream{}
	each(t, b, func(link uint32, f []byte) {
		header := 14
		if link == 0 { // the loopback of BSD
			header = 4
		}
		if len(f) < header+40 || link != 0 && !bytes.Equal(f[12:14], []byte{8, 0}) || f[header]>>4 != 4 || f[header+9] != 6 {
			return
		}
		ip := f[header:]
		if total := int(binary.BigEndian.Uint16(ip[2:])); total >= 40 {
			ip = ip[:min(total, len(ip))]
		}
		tcp := ip[int(ip[0]&15)*4:]
		seq, data := binary.BigEndian.Uint32(tcp[4:]), tcp[int(tcp[12]>>4)*4:]
		key := string(ip[12:20]) + string(tcp[:4])
		s, syn := open[key], tcp[13]&2 != 0
		if s == nil || syn || len(data) > 0 && int32(seq-s.next) > 0 { // what follows a gap is a stream of its own
			s = &Stream{SrcPort: binary.BigEndian.Uint16(tcp), DstPort: binary.BigEndian.Uint16(tcp[2:]), next: seq}
			if syn {
				s.next++
				seq++
			}
			open[key] = s
			all = append(all, s)
		}
		if skip := int(int32(s.next - seq)); skip >= 0 && skip < len(data) {
			s.Data = append(s.Data, data[skip:]...)
			s.next = seq + uint32(len(data))
		}
	})
	return all
}

// each calls f with every frame and its link type.
func each(t testing.TB, b []byte, f func(link uint32, frame []byte)) {
	t.Helper()
	if len(b) < 28 {
		t.Fatal("no capture")
	}
	if binary.LittleEndian.Uint32(b) == 0x0a0d0d0a {
		link := uint32(1)
		for len(b) >= 12 {
			n := int(binary.LittleEndian.Uint32(b[4:]))
			if n < 12 || n > len(b) {
				return
			}
			switch binary.LittleEndian.Uint32(b) {
			case 1: // interface description
				link = uint32(binary.LittleEndian.Uint16(b[8:]))
			case 6: // enhanced packet
				f(link, b[28:28+int(binary.LittleEndian.Uint32(b[20:]))])
			}
			b = b[n:]
		}
		return
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if b[0] == 0xa1 {
		order = binary.BigEndian
	}
	link := order.Uint32(b[20:])
	for b = b[24:]; len(b) >= 16; {
		n := int(order.Uint32(b[8:]))
		if 16+n > len(b) {
			return
		}
		f(link, b[16:16+n])
		b = b[16+n:]
	}
}
