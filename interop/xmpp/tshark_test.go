package xmpp_test

import (
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/interop/peers"
	"github.com/gridward/gridward/xmpp/jid"
	"github.com/gridward/gridward/xmpp/sasl"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

const readRequest = `<confirmed-RequestPDU xmlns="http://www.iec.ch/61850/2018/SCSM_8_2"><invokeID>17</invokeID><ConfirmedServiceRequest><read specificationWithResult="false"><variableAccessSpecification><listOfVariable><SEQUENCE><variableSpecification><name><domain-specific><domainId>DER1LD0</domainId><itemId>MMXU1$MX$TotW$mag$f</itemId></domain-specific></name></variableSpecification></SEQUENCE></listOfVariable></variableAccessSpecification></read></ConfirmedServiceRequest></confirmed-RequestPDU>`

// A segment is what one side wrote at once, inside TLS.
type segment struct {
	fromClient bool
	data       []byte
}

// record runs a session of a centre at our router, with a device that answers one read, and returns what went over the
// wire inside TLS.
func record(t *testing.T, site peers.Site, addr string) (flow []segment) {
	t.Helper()
	c, err := tls.Dial("tcp", addr, tlsOf(t, site, ems))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	m := stream.NewClient(stream.ClientConfig{
		JID: jid.MustParse(ems), Resource: "IEC", DirectTLS: true, Mechanisms: []sasl.Client{sasl.ExternalClient(jid.JID{})},
	}, time.Now())
	m.TLSDone(time.Now())
	write := func(b []byte) {
		if len(b) == 0 {
			return
		}
		flow = append(flow, segment{true, b})
		if _, err := c.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	write(m.Output())
	for buf := make([]byte, 16384); ; {
		n, err := c.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		flow = append(flow, segment{false, append([]byte{}, buf[:n]...)})
		m.Feed(buf[:n], time.Now())
		for {
			ev, err := m.Next()
			if errors.Is(err, stream.ErrClosed) {
				return flow
			}
			if err != nil {
				t.Fatal(err)
			}
			if ev.Kind == stream.None {
				break
			}
			switch {
			case ev.Kind == stream.Enabled:
				write([]byte("<presence/>"))
				st := stanza.Stanza{Kind: stanza.IQ, Type: stanza.Get, ID: "r17", To: jid.MustParse(der1 + "/IEC"), Payload: []byte(readRequest)}
				write(st.Append(nil))
			case ev.Kind == stream.StanzaIn && ev.Stanza.ID == "r17":
				m.Close()
			}
		}
		write(m.Output())
	}
}

// pcap writes the flow as TCP segments between port 40000 and 5222, in the format of a raw IPv4 capture.
func pcap(flow []segment) []byte {
	le := binary.LittleEndian
	out := le.AppendUint32(nil, 0xa1b2c3d4)
	out = le.AppendUint16(le.AppendUint16(out, 2), 4)
	out = append(out, make([]byte, 8)...)
	out = le.AppendUint32(le.AppendUint32(out, 262144), 101) // LINKTYPE_RAW
	next := map[bool]uint32{true: 1, false: 1}
	for i, s := range flow {
		be := binary.BigEndian
		client, server, from, to := [4]byte{192, 0, 2, 1}, [4]byte{192, 0, 2, 2}, uint16(40000), uint16(5222)
		if !s.fromClient {
			client, server, from, to = server, client, to, from
		}
		ip := append([]byte{0x45, 0}, be.AppendUint16(nil, uint16(40+len(s.data)))...)
		ip = append(ip, 0, byte(i), 0x40, 0, 64, 6, 0, 0)
		ip = append(append(ip, client[:]...), server[:]...)
		ip = be.AppendUint16(be.AppendUint16(ip, from), to)
		ip = be.AppendUint32(be.AppendUint32(ip, next[s.fromClient]), next[!s.fromClient])
		ip = append(ip, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0)
		ip = append(ip, s.data...)
		next[s.fromClient] += uint32(len(s.data))
		out = le.AppendUint32(le.AppendUint32(out, uint32(i)), 0)
		out = le.AppendUint32(le.AppendUint32(out, uint32(len(ip))), uint32(len(ip)))
		out = append(out, ip...)
	}
	return out
}

// tshark reads a session of ours as XMPP: the login, the bound resource, the request and its answer; no packet is malformed.
func TestTsharkReadsOurStream(t *testing.T) {
	tshark, err := peers.Program("tshark")
	if errors.Is(err, peers.ErrMissing) {
		t.Skip(t.Name() + ": " + err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	site, err := peers.MakeSite(t.TempDir(), domain, []string{ems}, []string{der1})
	if err != nil {
		t.Fatal(err)
	}
	_, direct, _ := router(t, site)
	run(t, der1, tlsOf(t, site, der1), direct+"/direct").up()
	file := filepath.Join(t.TempDir(), "session.pcap")
	if err := os.WriteFile(file, pcap(record(t, site, direct)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tshark, "-r", file, "-T", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var packets []struct {
		Source struct{ Layers map[string]json.RawMessage } `json:"_source"`
	}
	if err := json.Unmarshal(out, &packets); err != nil {
		t.Fatal(err)
	}
	if len(packets) < 8 {
		t.Fatalf("only %d packets", len(packets))
	}
	for i, p := range packets {
		x := string(p.Source.Layers["xmpp"])
		switch {
		case x == "":
			t.Errorf("packet %d is not read as XMPP: %s", i+1, p.Source.Layers["frame"])
		case strings.Contains(x, "xmpp.stream_end"): // the end tag of an element that began in another packet is beyond it
		case strings.Contains(x, "_ws.malformed"):
			t.Errorf("packet %d is malformed: %s", i+1, x)
		}
	}
	text := string(out)
	for _, want := range []string{
		`"xmpp.iq.bind.resource": "IEC"`, `"xmpp.iq.bind.jid": "ems@grid.example/IEC"`, `"xmpp.to": "der1@grid.example/IEC"`,
		`"xmpp.from": "der1@grid.example/IEC"`, `"xmpp.id": "r17"`, `confirmed-RequestPDU`, `"xmpp.type": "result"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("tshark does not show %s", want)
		}
	}
}
