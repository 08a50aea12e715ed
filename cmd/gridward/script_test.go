package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"gridward": func() { os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs testdata/script/*.txtar: each is a session at the shell, with stdout, stderr and exit code checked.
// $SHARED is the folder of foreign test data, empty where it is missing.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			shared, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "testdata"))
			if err != nil {
				return err
			}
			if _, err := os.Stat(shared); err == nil {
				env.Setenv("SHARED", shared)
			}
			models, err := filepath.Abs(filepath.Join("..", "..", "acsi", "server", "testdata"))
			env.Setenv("MODELS", models)
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".cache"))
			return err
		},
		Condition: func(cond string) (bool, error) {
			if cond == "shared" {
				_, err := os.Stat(filepath.Join("..", "..", "..", "shared", "testdata"))
				return err == nil, nil
			}
			return false, os.ErrInvalid
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"serve": serveScript},
	})
}
