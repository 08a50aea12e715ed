package plant_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/interop/mmssite"
	"github.com/gridward/gridward/interop/peers"
	"github.com/gridward/gridward/xmpp/jid"
)

// foreignDevice starts libiec61850's server with the model of mmssite, a process of its own.
func foreignDevice(ctx context.Context, t *testing.T) (device *mmssite.Program, port int) {
	t.Helper()
	m, err := mmssite.StationModel()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := mmssite.Fill(folder); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		device, err = mmssite.Python(ctx, "../libiec61850/testdata/server.py", "pyiec61850")
		if errors.Is(err, peers.ErrMissing) {
			t.Skipf("libiec61850: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		port = 20000 + rand.IntN(12000) // below those of outgoing connections; the library cannot choose one itself
		if l, e := net.Listen("tcp", ":"+strconv.Itoa(port)); e == nil {
			_ = l.Close()
		}
		if err = device.Call(ctx, "start", mmssite.Args{"port": port, "model": mmssite.Export(m), "folder": folder}, nil); err == nil {
			return device, port
		}
		_ = device.Stop() // it has said why it does not run
	}
	t.Fatal(err)
	return nil, 0
}

// startBridge presents the device at a port of this machine as pv1.
func (s *site) startBridge(t *testing.T, port int) *process {
	t.Helper()
	return start(t, "bridge", "der", "--config", s.write(t, "bridge.yaml", fmt.Sprintf(`
xmpp:
  jid: pv1@%[1]s
  hosts: [%[2]s/direct]
  tls: {cert: tls/pv1.crt, key: tls/pv1.key, ca: tls/ca.crt}
  spread: 100ms
  peers: [center@%[1]s]
InsecureClear61850: true
bridge: {device: "mms://127.0.0.1:%[3]d"}
`, domain, s.router, port)))
}

// TestBridgeToForeignDevice has our client, over 8-2 and the router, use a device of another make that speaks 8-1 alone,
// through 'gridward der --device': the sessions that it has with that device over TCP.
func TestBridgeToForeignDevice(t *testing.T) {
	s := newSite(t)
	s.files = true
	s.startRouter(t)
	for name, script := range mmssite.Scripts {
		if name == "password" {
			continue // of TCP
		}
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			device, port := foreignDevice(ctx, t)
			defer func() { _ = device.Stop() }()
			i := s.intrude(t, "center")
			defer i.end()
			bridge := s.startBridge(t, port)
			select {
			case <-i.peers:
			case <-ctx.Done():
				t.Fatal("no presence of the bridge")
			}
			a, err := i.endpoint.Associate(ctx, jid.MustParse("pv1@"+domain+"/IEC"))
			if err != nil {
				t.Fatal(err)
			}
			c := client.New(a, client.Options{})
			script(&mmssite.Env{TB: t, Ctx: ctx, C: c, Peer: "libiec61850", Stimulate: stimulate(ctx, t, device)})
			if err := c.Release(ctx); err != nil {
				t.Error(err)
			}
			await(t, "the end in the bridge's log", 5*time.Second, func() (bool, string) {
				out := bridge.out.tail(500)
				return strings.Contains(out, "association ended"), out
			})
			bridge.stop(t)
		})
	}
}

// stimulate has the device do something by itself.
func stimulate(ctx context.Context, t *testing.T, device *mmssite.Program) func(string) {
	return func(text string) {
		t.Helper()
		change, err := mmssite.ParseStimulus(text)
		if err != nil {
			t.Fatal(err)
		}
		ref := change.Ref
		ref.FC = 0
		args := mmssite.Args{"ref": ref.String()}
		do := "control"
		if change.Do == "set" {
			do, args["value"] = "update", mmssite.JSON(change.Value)
		} else {
			args[change.How] = int(change.Cause)
		}
		if err := device.Call(ctx, do, args, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBridgeOnCommandLine reads and operates a device of 8-1 by the JID of its bridge, and finds the audit.
func TestBridgeOnCommandLine(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	s := newSite(t)
	s.startRouter(t)
	device, port := foreignDevice(ctx, t)
	defer func() { _ = device.Stop() }()
	bridge := s.startBridge(t, port)
	await(t, "the bridge online", 10*time.Second, func() (bool, string) {
		out := bridge.out.String()
		return strings.Contains(out, "msg=online") && strings.Contains(out, "vendor=libiec61850"), out
	})
	config := s.write(t, "center.yaml", fmt.Sprintf("xmpp:\n  jid: center@%s\n  hosts: [%s/direct]\n  tls: {cert: tls/center.crt, key: tls/center.key, ca: tls/ca.crt}\nInsecureClear61850: true\n", domain, s.router))
	who := "pv1@" + domain
	if out := run(t, "mms", "discover", who, "--config", config); !strings.Contains(out, "libiec61850") || !strings.Contains(out, "GWLD0") {
		t.Errorf("discover: %s", out)
	}
	ref := "GWLD0/GGIO1.SPCSO2"
	run(t, "mms", "control", who, ref, "on", "--yes", "--config", config)
	if out := run(t, "mms", "get", who, ref+".stVal[ST]", "--config", config); !strings.Contains(out, "true") {
		t.Errorf("get: %s", out)
	}
	for _, service := range []string{"select", "operate"} {
		want := "peer=center@" + domain + "/"
		if out := bridge.out.String(); !strings.Contains(out, "service="+service) || !strings.Contains(out, want) {
			t.Errorf("the audit has no %s of %s:\n%s", service, want, out)
		}
	}
	bridge.stop(t)
}
