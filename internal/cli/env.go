package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Env gives the variable that stands in for a flag: GRIDWARD_LOG_LEVEL for --log-level.
func Env(flag string) string {
	return "GRIDWARD_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// BindEnv sets every flag of cmd that the command line did not set from its environment variable, so that flags go over
// the environment and both over the configuration file.
func BindEnv(cmd *cobra.Command) error {
	var err error
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		v, ok := os.LookupEnv(Env(f.Name))
		if f.Changed || !ok || f.Name == "help" || f.Name == "version" || err != nil {
			return
		}
		if e := cmd.Flags().Set(f.Name, v); e != nil {
			err = Usage(fmt.Errorf("%s: %w", Env(f.Name), e), "")
		}
	})
	return err
}
