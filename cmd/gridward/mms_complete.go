package main

import "github.com/spf13/cobra"

// completeRefs completes references after the target.
func completeRefs(*mmsFlags) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}
