package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// serveScript is the command "serve VARIABLE REGEXP COMMAND ARG...": it starts a service that runs until the script ends,
// waits until it says something on its standard error that fits, and puts the first group into the variable.
func serveScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: serve variable regexp command [arg...]")
	}
	re, err := regexp.Compile(args[1])
	ts.Check(err)
	var path string
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if p := filepath.Join(dir, args[2]); path == "" {
			if _, err := os.Stat(p); err == nil {
				path = p
			}
		}
	}
	cmd := exec.Command(path, args[3:]...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"))
	talk, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt) // it may have ended by itself
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
		_ = cmd.Wait()
	})
	found := make(chan string, 1)
	go func() {
		defer close(ended)
		told := false
		for lines := bufio.NewScanner(talk); lines.Scan(); {
			ts.Logf("%s: %s", args[3], lines.Text())
			if m := re.FindStringSubmatch(lines.Text()); m != nil && !told {
				told = true
				found <- m[len(m)-1]
			}
		}
	}()
	select {
	case value := <-found:
		ts.Setenv(args[0], value)
	case <-ended:
		ts.Fatalf("%s ended before it said %q", args[3], args[1])
	case <-time.After(20 * time.Second):
		ts.Fatalf("%s did not say %q", args[3], args[1])
	}
}
