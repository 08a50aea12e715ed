package plant_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestDERListensNowhere: a DER dials out. Once it is online none of its sockets listens; the router, for comparison, does.
func TestDERListensNowhere(t *testing.T) {
	s := newSite(t)
	router := s.startRouter(t)
	der := s.startDER(t, "pv1", "kind: pv, rated: 10000")
	_, a := s.startCenter(t)
	a.awaitState(t, "pv1@"+domain, "online", 30*time.Second)
	if n := listening(t, router.cmd.Process.Pid); n == 0 {
		t.Error("the router seems to listen nowhere: the test sees nothing")
	}
	if n := listening(t, der.cmd.Process.Pid); n != 0 {
		t.Errorf("%d sockets of the DER listen", n)
	}
}

// listening counts the TCP sockets of a process that take connections.
func listening(t *testing.T, pid int) int {
	t.Helper()
	waiting := map[string]bool{}
	for _, table := range []string{"tcp", "tcp6"} {
		f, err := os.Open(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			// sl local remote st tx:rx tr:when retrnsmt uid timeout inode; 0A is LISTEN
			if w := strings.Fields(lines.Text()); len(w) > 9 && w[3] == "0A" {
				waiting["socket:["+w[9]+"]"] = true
			}
		}
		_ = f.Close()
	}
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	if err != nil || len(links) == 0 {
		t.Fatalf("open files of process %d: %d, %v", pid, len(links), err)
	}
	n := 0
	for _, l := range links {
		if target, err := os.Readlink(l); err == nil && waiting[target] {
			n++
		}
	}
	return n
}
