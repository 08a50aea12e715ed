package osi

import (
	"bytes"
	"errors"
	"path/filepath"
	"testing"

	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/osi/capturetest"
	"github.com/gridward/gridward/osi/cotp"
	"github.com/gridward/gridward/osi/presentation"
	"github.com/gridward/gridward/osi/session"
	"github.com/gridward/gridward/osi/tpkt"
)

// play gives a called Machine what a recorded client sent and says what came of it.
func play(t *testing.T, data []byte) (m *Machine, pdus int, last Event, out []byte) {
	t.Helper()
	m = NewCalled(anonymous, start)
	for {
		n, ev := m.Receive(data, start)
		data = data[n:]
		out = append(out, m.Output()...)
		switch ev.Kind {
		case None:
			return m, pdus, last, out
		case Indication:
			if err := m.Accept([]byte{0xa9, 0}, 65000); err != nil {
				t.Fatal(err)
			}
			out = append(out, m.Output()...)
		case Received:
			pdus++
		}
		last = ev
	}
}

// TestCapturedClients answers the clients of captures as their server.
func TestCapturedClients(t *testing.T) {
	for _, c := range []struct {
		file string
		pdus int
		end  Kind
	}{
		{"icsnpp-pres/open_read_write_close.pcap", 1053, Released},
		{"ics-security-tools/iec61850_get_name_list.pcap", 2, Received},
		{"ics-security-tools/iec61850_get_variable_access_attributes.pcap", 2, Received},
		{"ics-security-tools/iec61850_read.pcap", 2, Received},
		{"ics-security-tools/iec61850_write.pcap", 2, Received},
		{"ics-security-tools/iec61850_release.pcap", 1, Received},
		{"icsnpp-acse/refuse.pcapng", 0, Indication},
	} {
		for _, s := range capturetest.Streams(t, capturetest.Path(t, "captures/"+c.file)) {
			if s.DstPort != 102 {
				continue
			}
			_, pdus, last, _ := play(t, s.Data)
			if pdus != c.pdus || last.Kind != c.end {
				t.Errorf("%s: %d PDUs, then %+v", c.file, pdus, last)
			}
		}
	}
}

// tsdusOf gives the TSDUs of a recorded stream, whatever transport connection it belongs to.
func tsdusOf(t *testing.T, data []byte) (out [][]byte) {
	t.Helper()
	var open []byte
	for len(data) > 0 {
		tpdu, n, err := tpkt.Next(data)
		if err != nil || n == 0 {
			t.Fatalf("%d octets left: %v", len(data), err)
		}
		data = data[n:]
		b, eot, err := cotp.ParseData(tpdu)
		if err != nil {
			continue // CR or CC
		}
		if open = append(open, b...); eot {
			out, open = append(out, open), nil
		}
	}
	return out
}

// TestCapturedAccept reads a whole association of a real device, layer by layer, and its release.
func TestCapturedAccept(t *testing.T) {
	var spdus []session.SPDU
	for _, s := range capturetest.Streams(t, capturetest.Path(t, "captures/icsnpp-acse/accept.pcap")) {
		for _, b := range tsdusOf(t, s.Data) {
			p, err := session.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			again, err := p.Append(nil)
			if err != nil || !bytes.Equal(again, b) {
				t.Errorf("%s written as %x, %v, was %x", p.Type, again, err, b)
			}
			spdus = append(spdus, p)
		}
	}
	if len(spdus) != 4 {
		t.Fatalf("%d SPDUs", len(spdus))
	}
	by := map[session.Type]session.SPDU{}
	for _, p := range spdus {
		by[p.Type] = p
	}
	cp, err := presentation.ParseConnect(by[session.Connect].User)
	if err != nil || len(cp.Contexts) != 2 || cp.Contexts[1].Abstract != presentation.MMS {
		t.Fatalf("%+v, %v", cp, err)
	}
	if again, err := cp.Append(nil); err != nil || !bytes.Equal(again, by[session.Connect].User) {
		t.Errorf("CP written as %x, %v", again, err)
	}
	apdu, err := acse.Parse(cp.User[0].Value)
	if err != nil {
		t.Fatal(err)
	}
	aarq := apdu.(*acse.Request)
	if aarq.Called.AP.String() != "1.1.999.1" || aarq.Called.AE != 12 || len(aarq.User) != 1 || aarq.User[0].Context != 3 {
		t.Errorf("%+v", aarq)
	}
	cpa, err := presentation.ParseAccept(by[session.Accept].User)
	if err != nil || len(cpa.Results) != 2 || cpa.Results[0].Transfer != presentation.BER {
		t.Fatalf("%+v, %v", cpa, err)
	}
	if apdu, err = acse.Parse(cpa.User[0].Value); err != nil {
		t.Fatal(err)
	}
	if aare := apdu.(*acse.Response); aare.Result != acse.Accepted || aare.ContextName != acse.MMSContext || len(aare.User) != 1 {
		t.Errorf("%+v", aare)
	}
	for typ, answer := range map[session.Type]bool{session.Finish: false, session.Disconnect: true} {
		v, _, err := presentation.ParseData(by[typ].User)
		if err != nil {
			t.Fatal(err)
		}
		apdu, err := acse.Parse(v.Value)
		if r, ok := apdu.(*acse.Release); err != nil || !ok || r.Answer != answer {
			t.Errorf("%s: %+v, %v", typ, apdu, err)
		}
	}
}

// TestCapturedRefusal gives a calling Machine what a device refused with: RF, CPR and ABRT.
func TestCapturedRefusal(t *testing.T) {
	for _, s := range capturetest.Streams(t, capturetest.Path(t, "captures/icsnpp-acse/refuse.pcapng")) {
		if s.SrcPort != 102 {
			continue
		}
		m, err := NewCalling(Config{}, []byte{0xa8, 0}, start)
		if err != nil {
			t.Fatal(err)
		}
		_, ev := m.Receive(s.Data, start)
		var r *RefusedError
		var a *AbortError
		if !errors.As(ev.Err, &r) || !errors.As(ev.Err, &a) || !a.Provider || a.Diagnostic != acse.AbortAuthentication {
			t.Errorf("%+v", ev)
		}
		return
	}
	t.Error("no stream")
}

// TestCapturedServer gives a calling Machine what a server answered in a session of thousands of PDUs.
func TestCapturedServer(t *testing.T) {
	for _, s := range capturetest.Streams(t, capturetest.Path(t, "captures/icsnpp-pres/open_read_write_close.pcap")) {
		if s.SrcPort != 102 {
			continue
		}
		m, err := NewCalling(Config{}, []byte{0xa8, 0}, start)
		if err != nil {
			t.Fatal(err)
		}
		m.SetMaxPDU(65000)
		kinds := map[Kind]int{}
		for data := s.Data; ; {
			n, ev := m.Receive(data, start)
			data = data[n:]
			kinds[ev.Kind]++
			if ev.Kind == None {
				break
			}
			if ev.Kind == Ended {
				t.Fatal(ev.Err)
			}
			if kinds[Received] == 1053 && m.state == open {
				if err := m.Release(start); err != nil { // where the recorded client did
					t.Fatal(err)
				}
			}
		}
		if kinds[Confirmed] != 1 || kinds[Received] != 1053 || kinds[Released] != 1 {
			t.Errorf("%v", kinds)
		}
	}
}

// TestCapturedBadAccept gives a calling Machine the answers of a device that writes an AC of the wrong length.
func TestCapturedBadAccept(t *testing.T) {
	for _, s := range capturetest.Streams(t, capturetest.Path(t, "captures/ics-security-tools/iec61850_read.pcap")) {
		if s.SrcPort != 102 {
			continue
		}
		m, err := NewCalling(Config{}, []byte{0xa8, 0}, start)
		if err != nil {
			t.Fatal(err)
		}
		_, ev := m.Receive(s.Data, start)
		if !errors.Is(ev.Err, session.ErrSPDU) || len(m.Output()) == 0 {
			t.Errorf("%+v", ev)
		}
	}
}

// TestMMSWithoutSession refuses MMS straight on COTP: the peer gets an abort and the stream ends.
func TestMMSWithoutSession(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(filepath.Dir(capturetest.Path(t, "captures/ics-security-tools/mms-readRequest.pcap")), "mms-*.pcap"))
	if err != nil || len(files) < 10 {
		t.Fatalf("%d captures: %v", len(files), err)
	}
	for _, file := range files {
		streams := 0
		for _, s := range capturetest.Streams(t, file) {
			_, pdus, last, out := play(t, s.Data)
			if pdus != 0 || last.Kind != Ended || !errors.Is(last.Err, ErrProtocol) {
				t.Errorf("%s: %d PDUs, %+v", filepath.Base(file), pdus, last)
			}
			if errors.Is(last.Err, session.ErrSPDU) && !bytes.HasSuffix(out, []byte{session.ProtocolError | session.Released}) {
				t.Errorf("%s: no abort in %x", filepath.Base(file), out)
			}
			streams++
		}
		if streams == 0 {
			t.Errorf("%s: no stream", file)
		}
	}
}
