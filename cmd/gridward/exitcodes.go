package main

import "github.com/spf13/cobra"

// newExitCodesTopic is a page of help, 'gridward help exit-codes', and no command.
func newExitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes of every subcommand mean",
		Long: `Every subcommand ends with one of these exit codes:

  0  done
  1  failed: what was asked for could not be done. An input file that is named on the command line and is missing, cannot
     be read or is wrong is such a failure.
  2  usage: the command line or a configuration is wrong. A configuration file, or a file that it names, that is missing
     or wrong is such an error.
  3  a security check failed: a certificate or a key must not be used.
  4  the peer refused.

What went wrong stands on the standard error; a line that begins with "hint:" says what to do about it.`,
	}
}
