package xmppbench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/gridward/gridward/interop/peers"
)

const ourConfig = `domain: %s
listen: [{address: "%s", mode: direct}]
tls: {cert: %q, key: %q, ca: %q}
accounts:
  - {jid: center@%[1]s, groups: [center]}
  - {jid: "*@%[1]s", groups: [der]}
rules:
  - {from: "@center", to: "@der", allow: [iq, message, presence]}
  - {from: "@der", to: "@center", allow: [message, presence]}
  - {from: "*", to: self, allow: [iq]}
limits: {stanza_rate: 10000000, stanza_burst: 10000000, byte_rate: 100000000000, byte_burst: 100000000000, pending_iq: 4096}
`

func start(ctx context.Context, name string, o Options, site peers.Site) (*target, error) {
	var s *peers.Server
	var err error
	switch name {
	case "gridward":
		return startOurs(ctx, o, site)
	case "prosody":
		s, err = peers.StartProsody(ctx, "", site)
	case "ejabberd":
		s, err = peers.StartEjabberd(ctx, "", site)
	default:
		return nil, fmt.Errorf("unknown server %q", name)
	}
	if err != nil {
		return nil, err
	}
	return &target{Result: &Result{Server: name}, addr: s.Direct, pid: s.PID(), stop: s.Stop}, nil
}

// startOurs runs our router as a process of its own.
func startOurs(ctx context.Context, o Options, site peers.Site) (*target, error) {
	addrs, err := peers.FreeAddrs(1)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(o.Dir, "router.yaml")
	abs := func(p string) string {
		if a, err := filepath.Abs(p); err == nil {
			return a
		}
		return p
	}
	text := fmt.Sprintf(ourConfig, site.Domain, addrs[0], abs(site.Cert), abs(site.Key), abs(site.CA))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(o.Exe, "xmpp", "serve", "--config", file, "--log-level", "warn")
	errs, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	said := make(chan string, 1)
	done := make(chan error, 1)
	go func() {
		last := ""
		for sc := bufio.NewScanner(errs); sc.Scan(); {
			last = sc.Text()
		}
		said <- last
		done <- cmd.Wait()
	}()
	stop := func() error {
		_ = cmd.Process.Signal(os.Interrupt)
		select {
		case err := <-done:
			return err
		case <-time.After(5 * time.Second):
			return errors.Join(cmd.Process.Kill(), <-done)
		}
	}
	if err := peers.Await(ctx, addrs[0], done); err != nil {
		_ = cmd.Process.Kill()
		return nil, fmt.Errorf("gridward: %w: %s", err, <-said)
	}
	return &target{Result: &Result{Server: "gridward"}, addr: addrs[0], pid: cmd.Process.Pid, stop: stop}, nil
}
