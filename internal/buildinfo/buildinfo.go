// Package buildinfo says which build this is.
package buildinfo

import "runtime/debug"

// version is set by the linker for releases (-X).
var version = ""

// Version gives the release, or the module's version with the commit it was built from.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	return v
}
