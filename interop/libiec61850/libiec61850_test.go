package libiec61850

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/interop/peers"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/link/tcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/scl"
)

// python finds the Python with the foreign library in it.
func python(t *testing.T) string {
	t.Helper()
	path, err := peers.Python()
	if errors.Is(err, peers.ErrMissing) {
		t.Skip("libiec61850: missing peer")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := exec.CommandContext(t.Context(), path, "-c", "import pyiec61850").Run(); err != nil {
		t.Skip("libiec61850: missing peer pyiec61850-ng")
	}
	return path
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

// found is what client.py prints.
type found struct {
	Connect int
	Devices map[string]map[string][]string
	Reads   int
	Beh     []int // value and error
	State   int
}

// TestTheirClient: libiec61850's client associates with our server, by password, walks it and reads; without the
// password, or with another, it is refused.
func TestTheirClient(t *testing.T) {
	python := python(t)
	m := testModel(t)
	srv, err := server.New(server.Config{Model: m, Vendor: "Gridward", ModelName: "test", Revision: "1"})
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	l, err := tcp.Listen(ctx, "127.0.0.1:0", tcp.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	password := strings.Repeat("p", 40) // with 60 the library writes a session length of 255 as one octet, which means the long form
	known := &acse.InsecurePassword{Password: password, Principal: &model.Principal{Name: "scada", Proof: model.ProofPassword}}
	ends := make(chan error, 10)
	served := make(chan error)
	go func() {
		served <- mmstcp.Serve(ctx, l, mmstcp.Config{
			OSI: osi.Config{Authenticator: known}, Events: func(e mmstcp.Event) { t.Logf("%+v", e) },
		}, func(ctx context.Context, a mms.Association) {
			ends <- srv.Serve(ctx, a)
		})
	}()
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	run := func(args ...string) (got found) {
		t.Helper()
		for attempt := 1; ; attempt++ {
			var talk bytes.Buffer
			cmd := exec.CommandContext(ctx, python, append([]string{"testdata/client.py", host, port}, args...)...)
			cmd.Stderr = &talk
			out, err := cmd.Output()
			// On a busy machine the library's client now and then closes right after it has associated (error 3), with its
			// own server too.
			if err != nil && strings.HasPrefix(talk.String(), "error 3") && attempt < 10 {
				t.Logf("the client closed at once; our end: %v", <-ends)
				continue
			}
			if err != nil {
				t.Fatalf("%v: %s%s", err, out, talk.String())
			}
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			return got
		}
	}
	got := run(password)
	if got.Connect != 0 || len(got.Devices) != len(m.Devices) || got.Reads < 10 || got.Beh[1] != 0 {
		t.Fatalf("%+v", got)
	}
	for _, d := range m.Devices {
		for _, n := range d.Nodes {
			objects, ok := got.Devices[d.Name][n.Name()]
			if !ok {
				t.Errorf("%s/%s was not found", d.Name, n.Name())
			}
			for _, o := range n.Objects {
				if !slices.Contains(objects, o.Name) {
					t.Errorf("%s/%s.%s was not found among %v", d.Name, n.Name(), o.Name, objects)
				}
			}
		}
	}
	if err := <-ends; err != nil {
		t.Errorf("the association ended with %v, not by release", err)
	}
	for _, args := range [][]string{nil, {"wrong"}} {
		if got := run(args...); got.Connect == 0 {
			t.Errorf("associated with %q", args)
		}
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// TestTheirServer: our client associates with libiec61850's server, discovers it and reads.
func TestTheirServer(t *testing.T) {
	python := python(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "testdata/server.py", strconv.Itoa(port))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var talk bytes.Buffer
	cmd.Stderr = &talk
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stdin.Close() // ends the server
		if err := cmd.Wait(); err != nil {
			t.Errorf("server: %v: %s", err, talk.String())
		}
	}()
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "listening\n" {
		t.Fatalf("%q, %v: %s", line, err, talk.String())
	}
	a, err := mmstcp.Dial(ctx, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), mmstcp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	c := client.New(a, client.Options{})
	m, err := c.Discover(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Devices) != 1 || m.Devices[0].Name != "FOREIGNLD0" || len(m.Devices[0].Nodes) != 2 {
		t.Fatalf("%+v", m.Devices)
	}
	for _, name := range []string{"FOREIGNLD0/LLN0.Beh[ST]", "FOREIGNLD0/GGIO1.AnIn1[MX]", "FOREIGNLD0/GGIO1.Ind1.stVal[ST]"} {
		ref, err := model.ParseRef(name)
		if err != nil {
			t.Fatal(err)
		}
		v, err := c.ReadOne(ctx, ref)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Logf("%s = %v", name, v)
	}
	if err := c.Release(ctx); err != nil {
		t.Errorf("release: %v", err)
	}
}
