package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/scl"
)

// Limits of what a shell waits for.
const (
	completeTime = 1500 * time.Millisecond // for the server to answer
	completeKeep = time.Minute             // for which an answer is used again
	completeMost = 1 << 20                 // octets of an answer that is kept
)

// completeRefs completes references of the server that the first argument names; with --scl those of the file, and the
// first argument by its IEDs.
func completeRefs(f *mmsFlags) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if err := cli.BindEnv(cmd); err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		if len(args) == 0 {
			return f.completeTargets(cmd, prefix), cobra.ShellCompDirectiveNoFileComp
		}
		prefix, _, assigned := strings.Cut(prefix, "=")
		if assigned {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		names := f.completions(cmd, args[0], prefix)
		return names, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
	}
}

// completeTargets gives the IEDs of --scl.
func (f *mmsFlags) completeTargets(cmd *cobra.Command, prefix string) []string {
	if f.scl == "" || f.scl == "-" {
		return nil
	}
	file, err := loadSCL(f.scl, cmd.InOrStdin())
	if err != nil {
		return nil
	}
	var list []string
	for _, i := range file.IEDs() {
		if strings.HasPrefix(i.Name, prefix) && slices.ContainsFunc(i.AccessPoints, (*scl.AccessPoint).HasServer) {
			list = append(list, i.Name)
		}
	}
	return list
}

// completions gives what prefix can go on as. Whatever goes wrong gives nothing: a shell has no place for errors.
func (f *mmsFlags) completions(cmd *cobra.Command, target, prefix string) []string {
	place, err := f.place(cmd, target)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completeTime)
	defer cancel()
	if place.scl != nil {
		names, _ := catalog.FromSCL(place.scl).Complete(ctx, prefix)
		return names
	}
	// One question to the server serves everything below the last separator.
	at := strings.LastIndexAny(prefix, "/.") + 1
	cache := completionCache(place.target.String(), prefix[:at])
	names, ok := cache.load(time.Now())
	if !ok {
		f.timeout = min(f.timeout, completeTime)
		s, err := f.dial(cmd, target)
		if err != nil {
			return nil
		}
		defer s.close()
		if names, err = s.catalog.Complete(ctx, prefix[:at]); err != nil {
			return nil
		}
		cache.save(names)
	}
	return slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, prefix) || n != cli.Printable(n) })
}

// A cacheFile keeps one answer in the cache directory of the user. "" keeps nothing.
type cacheFile string

func completionCache(target, prefix string) cacheFile {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	sum := sha256.Sum256([]byte(target + "\x00" + prefix))
	return cacheFile(filepath.Join(dir, "gridward", "mms-names", hex.EncodeToString(sum[:16])+".json"))
}

func (c cacheFile) load(now time.Time) ([]string, bool) {
	info, err := os.Stat(string(c))
	if err != nil || info.Size() > completeMost || now.Sub(info.ModTime()).Abs() > completeKeep {
		return nil, false
	}
	b, err := os.ReadFile(string(c))
	if err != nil {
		return nil, false
	}
	var names []string
	err = json.Unmarshal(b, &names)
	return names, err == nil
}

// save keeps an answer if it can, and throws away those that are too old to be used.
func (c cacheFile) save(names []string) {
	if c == "" {
		return
	}
	dir := filepath.Dir(string(c))
	b, err := json.Marshal(names)
	if err != nil || len(b) > completeMost || os.MkdirAll(dir, 0o700) != nil {
		return
	}
	_ = renameio.WriteFile(string(c), b, 0o600) // without it the server is asked again
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > completeKeep {
			_ = os.Remove(filepath.Join(dir, e.Name())) // next time
		}
	}
}
