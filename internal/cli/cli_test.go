package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

type config struct {
	Name  string        `yaml:"name"`
	Every time.Duration `yaml:"every"`
	Limit struct {
		Watts float64 `yaml:"watts"`
	} `yaml:"limit"`
}

func (c *config) Validate() error {
	if c.Limit.Watts < 0 {
		return errors.New("limit.watts is negative")
	}
	return nil
}

func TestConfigurationErrorsSayWhere(t *testing.T) {
	for _, tc := range []struct{ name, yaml, want string }{
		{"unknown key", "name: a\nlimit:\n  wats: 5\n", "site.yaml:3:3: unknown field \"wats\""},
		{"duplicate key", "name: a\nname: b\n", "site.yaml:2:1: "},
		{"wrong type", "limit:\n  watts: many\n", "site.yaml:2:10: want a number, not text"},
		{"duration without a unit", "name: a\nevery: 5\n", "site.yaml:2:8: want a duration such as 5s, not a number"},
		{"no duration", "name: a\nevery: soon\n", "site.yaml:2:8: time: invalid duration \"soon\""},
		{"text for a section", "limit: much\n", "site.yaml:1:8: "},
		{"not YAML", "name: [a\n", "site.yaml:1:"},
		{"refused by Validate", "limit: {watts: -1}\n", "site.yaml: limit.watts is negative"},
		{"brackets without end", "name: " + strings.Repeat("[", 200_000), "site.yaml: nested deeper than"},
		{"dashes without end", "name:\n  " + strings.Repeat("- ", 200_000) + "a\n", "site.yaml: nested deeper than"},
		{"too large", "# " + strings.Repeat("x", MaxConfig), "site.yaml: larger than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := ParseConfig("site.yaml", []byte(tc.yaml), &config{})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want one with %q", err, tc.want)
			}
			if CodeOf(err) != BadUsage {
				t.Errorf("exit code is %d, want %d", CodeOf(err), BadUsage)
			}
		})
	}
}

func TestConfigurationKeepsDefaults(t *testing.T) {
	c := config{Name: "default"}
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("limit: {watts: 5}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := LoadConfig(path, &c); err != nil {
		t.Fatal(err)
	}
	if c.Name != "default" || c.Limit.Watts != 5 {
		t.Errorf("configuration is %+v", c)
	}
	if err := ParseConfig("empty.yaml", nil, &c); err != nil {
		t.Errorf("an empty file: %v", err)
	}
	if err := LoadConfig(path+".missing", &c); CodeOf(err) != BadUsage || HintOf(err) == "" {
		t.Errorf("a missing file: %v, code %d, hint %q", err, CodeOf(err), HintOf(err))
	}
}

func TestExitCodesAndHintsSurviveWrapping(t *testing.T) {
	cause := errors.New("cause")
	err := fmt.Errorf("more: %w", Exit(Refused, cause, "ask them"))
	if CodeOf(err) != Refused || HintOf(err) != "ask them" || !errors.Is(err, cause) {
		t.Errorf("code %d, hint %q", CodeOf(err), HintOf(err))
	}
	if again := Hint(err, "try later"); CodeOf(again) != Refused || HintOf(again) != "try later" {
		t.Errorf("code %d, hint %q", CodeOf(again), HintOf(again))
	}
	if CodeOf(nil) != Done || CodeOf(cause) != Failed || Hint(nil, "x") != nil {
		t.Error("plain errors and nil have the wrong codes")
	}
}

func TestFlagsGoOverTheEnvironment(t *testing.T) {
	t.Setenv("GRIDWARD_LOG_LEVEL", "debug")
	for _, tc := range []struct {
		args []string
		want string
	}{{nil, "debug"}, {[]string{"--log-level", "warn"}, "warn"}} {
		var got string
		cmd := &cobra.Command{RunE: func(cmd *cobra.Command, _ []string) error { return BindEnv(cmd) }}
		cmd.Flags().StringVar(&got, "log-level", "info", "")
		cmd.SetArgs(tc.args)
		if err := cmd.Execute(); err != nil || got != tc.want {
			t.Errorf("%v: log level is %q, %v; want %q", tc.args, got, err, tc.want)
		}
	}
	t.Setenv("GRIDWARD_COUNT", "many")
	cmd := &cobra.Command{RunE: func(cmd *cobra.Command, _ []string) error { return BindEnv(cmd) }}
	cmd.Flags().Int("count", 1, "")
	cmd.SetArgs(nil)
	cmd.SetErr(io.Discard)
	cmd.SetOut(io.Discard)
	if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), "GRIDWARD_COUNT") {
		t.Errorf("a bad variable gives %v, want its name", err)
	}
}

func TestFormatFlagRefusesOthers(t *testing.T) {
	cmd := &cobra.Command{RunE: func(*cobra.Command, []string) error { return nil }}
	f := FormatFlag(cmd, Text, JSON)
	cmd.SetArgs([]string{"-o", "xml"})
	cmd.SetErr(io.Discard)
	cmd.SetOut(io.Discard)
	if err := cmd.Execute(); err == nil || !strings.Contains(err.Error(), "text, json") {
		t.Errorf("-o xml gives %v, want the choices", err)
	}
	cmd.SetArgs([]string{"-o", "json"})
	if err := cmd.Execute(); err != nil || *f != JSON {
		t.Errorf("-o json gives %q, %v", *f, err)
	}
}
