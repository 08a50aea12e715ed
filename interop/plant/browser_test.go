package plant_test

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"
)

// TestDashboardOfDemo gives a set-point and a limit on the page of the demo, in a browser, and sees them obeyed.
func TestDashboardOfDemo(t *testing.T) {
	const modules = "../../web/node_modules/playwright-core/package.json"
	for _, path := range []string{"/usr/bin/chromium", modules} {
		if _, err := os.Stat(path); err != nil {
			t.Skip("missing peer: ", err)
		}
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("missing peer: ", err)
	}
	demo := start(t, "demo", "demo", "--listen", "127.0.0.1:0")
	var url string
	await(t, "eight DERs online", 10*time.Second, func() (bool, string) {
		out := demo.out.String()
		m := regexp.MustCompile(`DERs online(?s:.*)dashboard +(http://\S+)\n`).FindStringSubmatch(out)
		if m != nil {
			url = m[1]
		}
		return m != nil, out
	})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	args := []string{"../../web/tests/plant.mjs", url}
	if picture := os.Getenv("GRIDWARD_PICTURE"); picture != "" {
		args = append(args, picture)
	}
	if out, err := exec.CommandContext(ctx, node, args...).CombinedOutput(); err != nil {
		t.Errorf("plant.mjs: %v\n%s", err, out)
	}
	demo.stop(t)
}
