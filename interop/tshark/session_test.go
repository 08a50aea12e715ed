package tshark

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/scl"
)

// A recorder writes down what crosses a connection as frames of a capture.
type recorder struct {
	net.Conn
	mu sync.Mutex
	c  *capturing
}

func record(nc net.Conn) *recorder { return &recorder{Conn: nc, c: newCapture(nil, 40000)} }

func (r *recorder) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.frames(1, b[:n])
	return n, err
}

func (r *recorder) Write(b []byte) (int, error) {
	r.frames(0, b)
	return r.Conn.Write(b)
}

func (r *recorder) frames(from int, b []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.c.frames(from, b)
}

// capturing is a capture of one TCP connection more.
type capturing struct {
	out  []byte
	port uint16    // of the calling end
	seq  [2]uint32 // of the calling and the called end
}

// newCapture goes on with a capture, or begins one.
func newCapture(out []byte, port uint16) *capturing {
	if out == nil {
		out = binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
		out = append(out, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0)
	}
	return &capturing{out: out, port: port, seq: [2]uint32{1, 1}}
}

// frames appends segments of what one end sent, and gives their number.
func (c *capturing) frames(from int, b []byte) (n int) {
	for ; len(b) > 0; n++ {
		size := min(len(b), 1400)
		c.frame(from, b[:size])
		b = b[size:]
	}
	return n
}

// frame appends an Ethernet frame with a TCP segment between the port and port 102.
func (c *capturing) frame(from int, b []byte) {
	be, le := binary.BigEndian, binary.LittleEndian
	ports := [2]uint16{c.port, 102}
	frame := append(make([]byte, 0, 54+len(b)), 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0)
	frame = be.AppendUint16(frame, uint16(40+len(b)))
	frame = append(frame, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, byte(1+from), 10, 0, 0, byte(2-from))
	frame = be.AppendUint16(be.AppendUint16(frame, ports[from]), ports[1-from])
	frame = be.AppendUint32(be.AppendUint32(frame, c.seq[from]), c.seq[1-from])
	frame = append(frame, 0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0)
	frame = append(frame, b...)
	c.seq[from] += uint32(len(b))
	c.out = append(c.out, 0, 0, 0, 0, 0, 0, 0, 0)
	c.out = le.AppendUint32(le.AppendUint32(c.out, uint32(len(frame))), uint32(len(frame)))
	c.out = append(c.out, frame...)
}

func testModel(t *testing.T) *model.Server {
	t.Helper()
	const name = "../../acsi/server/testdata/test.icd"
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f, err := scl.Parse(name, b, scl.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Server("T", "AP")
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestSession: a whole session over TCP between our client and our server, from the connection to the release, is
// dissected at every layer without complaint, with long user data of the session in either of its two forms.
func TestSession(t *testing.T) {
	if _, err := exec.LookPath("tshark"); err != nil {
		t.Skip("tshark: missing peer")
	}
	t.Run("user data", func(t *testing.T) { session(t, false) })
	t.Run("extended user data", func(t *testing.T) { session(t, true) })
}

func session(t *testing.T, extended bool) {
	srv, err := server.New(server.Config{Model: testModel(t), Vendor: "Gridward", ModelName: "test", Revision: "1"})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	l, err := tcp.Listen(ctx, "127.0.0.1:0", tcp.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	// A password longer than a length octet holds, so that the long forms are in the session.
	known := &acse.InsecurePassword{Password: strings.Repeat("secret", 100), Principal: &model.Principal{Name: "scada", Proof: model.ProofPassword}}
	title := func(n string) acse.Title { return acse.Title{AP: acse.MMSContext, AE: int64(len(n)), HasAE: true} }
	served := make(chan error)
	go func() {
		served <- mmstcp.Serve(ctx, l, mmstcp.Config{OSI: osi.Config{Authenticator: known}}, func(ctx context.Context, a mms.Association) {
			_ = srv.Serve(ctx, a) // its end is the association's
		})
	}()
	nc, err := tcp.Dial(ctx, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	r := record(nc)
	a, err := mmstcp.Client(ctx, r, mmstcp.Config{OSI: osi.Config{
		Authenticator: known, ExtendedUserData: extended, Local: acse.Address{Title: title("a")}, Remote: acse.Address{Title: title("bc")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	c := client.New(a, client.Options{})
	if _, err := c.Identify(ctx); err != nil {
		t.Fatal(err)
	}
	m, err := c.Discover(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Devices) == 0 {
		t.Fatal("nothing was discovered")
	}
	walk(ctx, t, c, m)
	if err := c.Release(ctx); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if group := bytes.Contains(r.c.out, []byte{0xc2, 0xff}); group != extended {
		t.Errorf("extended user data in the session: %v", group)
	}
	seen := map[string]int{}
	for i, p := range dissect(t, r.c.out) {
		if bad := p.complaints(); len(bad) > 0 {
			t.Errorf("packet %d: tshark complains: %v", i+1, bad)
		}
		for _, proto := range []string{"tpkt", "cotp", "ses", "pres", "acse", "mms"} {
			if p.proto(proto) != nil {
				seen[proto]++
			}
		}
	}
	t.Logf("%d octets: %v", len(r.c.out), seen)
	if seen["acse"] != 4 || seen["mms"] < 20 || seen["pres"] < seen["mms"] || seen["cotp"] < seen["pres"] || seen["ses"] < seen["pres"] {
		t.Errorf("layers of the session: %v", seen)
	}
}

// walk reads every functional constraint of every logical node.
func walk(ctx context.Context, t *testing.T, c *client.Client, m *model.Server) {
	t.Helper()
	devices, err := c.Devices(ctx)
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, ld := range devices {
		names, err := c.Variables(ctx, ld)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.Count(name, "$") != 1 {
				continue
			}
			ln, fc, _ := strings.Cut(name, "$")
			ref, err := model.ParseRef(ld + "/" + ln + "[" + fc + "]")
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Read(ctx, ref)
			if err != nil || got[0].Err != nil {
				t.Errorf("%s: %v %v", ref, err, got)
			}
			read++
		}
	}
	if read < 5 {
		t.Errorf("%d reads of %d devices", read, len(m.Devices))
	}
}
