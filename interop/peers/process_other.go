//go:build !unix

package peers

import (
	"fmt"
	"os/exec"
	"runtime"
)

func ownProcess(*exec.Cmd, string, string) error {
	return fmt.Errorf("%w: no foreign servers on %s", ErrMissing, runtime.GOOS)
}

func killAll(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
