// Package web holds the dashboard of the control centre: Svelte sources, and what they build to in dist. To rebuild it
// run 'make web'.
package web

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files gives the built dashboard with index.html at its root.
func Files() fs.FS {
	f, err := fs.Sub(dist, "dist")
	if err != nil { // dist is a valid path
		panic(err)
	}
	return f
}
