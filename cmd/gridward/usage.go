package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
)

// usageErrors makes what is wrong with arguments a usage error, for every command of the tree.
func usageErrors(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return cli.Usage(err, seeHelp(cmd))
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		usageErrors(sub)
	}
}

// unknownCommand refuses a noun or verb that does not exist. Cobra itself would show the help of the noun as if nothing
// were wrong.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) > 0 && strings.HasPrefix(args[0], cobra.ShellCompRequestCmd) {
		return nil // a shell asks for completions
	}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd(args...)
	cmd, rest, err := root.Find(args)
	switch {
	case err != nil:
		return cli.Usage(err, seeHelp(root))
	case !cmd.Runnable() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-"):
		return cli.Usage(fmt.Errorf("unknown command %q for %q", rest[0], cmd.CommandPath()), seeHelp(cmd))
	}
	return nil
}

func seeHelp(cmd *cobra.Command) string { return "see '" + cmd.CommandPath() + " --help'" }
