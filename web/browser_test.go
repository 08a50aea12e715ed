package web_test

import (
	"bufio"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gridward/gridward/web"
)

// TestDashboard drives the dashboard in a browser, over simulated DERs of which some misbehave.
func TestDashboard(t *testing.T) {
	url, _ := startSimulation(t, "--faults")
	drive(t, url)
}

// TestCenterGoesAway: the dashboard says that what it shows is old.
func TestCenterGoesAway(t *testing.T) {
	url, stop := startSimulation(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "tests/dashboard.mjs", url, "--lost")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if lines.Text() == "ready" {
			stop()
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("tests/dashboard.mjs --lost: %v", err)
	}
}

// TestThousandDERs holds the page against a large fleet.
func TestThousandDERs(t *testing.T) {
	url, _ := startSimulation(t, "--ders", "1000")
	drive(t, url, "--many")
}

// startSimulation runs simcenter and gives its address. It ends with the test, or by stop.
func startSimulation(t *testing.T, args ...string) (url string, stop func()) {
	t.Helper()
	needBrowser(t)
	bin := filepath.Join(t.TempDir(), "simcenter")
	if out, err := exec.Command("go", "build", "-o", bin, "./tests/simcenter").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.Command(bin, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = stdin.Close() // it ends with its input
		if err := cmd.Wait(); err != nil {
			t.Errorf("simcenter: %v", err)
		}
	})
	t.Cleanup(stop)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line), stop
}

func needBrowser(t *testing.T) {
	t.Helper()
	for what, path := range map[string]string{
		"chromium": "/usr/bin/chromium", "playwright-core (npm ci in web)": "node_modules/playwright-core/package.json",
	} {
		if _, err := os.Stat(path); err != nil {
			t.Skipf("dashboard: missing peer %s", what)
		}
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("dashboard: missing peer node")
	}
}

func drive(t *testing.T, url string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", append([]string{"tests/dashboard.mjs", url}, args...)...)
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Errorf("tests/dashboard.mjs: %v", err)
	}
}

// TestFilesKeepThePolicy holds the built page against the Content-Security-Policy under which it is served: nothing
// inline, nothing from elsewhere.
func TestFilesKeepThePolicy(t *testing.T) {
	files := web.Files()
	page, err := fs.ReadFile(files, "index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<style", "style=", "onload=", "http://", "https://"} {
		if strings.Contains(string(page), bad) {
			t.Errorf("index.html has %q", bad)
		}
	}
	if strings.Count(string(page), "<script") != 1 || !strings.Contains(string(page), `<script type="module" crossorigin src="./assets/`) {
		t.Errorf("index.html has not exactly its one script:\n%s", page)
	}
	total := 0
	err = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		total += int(info.Size())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if total > 250_000 {
		t.Errorf("the dashboard has grown to %d octets", total)
	}
}
