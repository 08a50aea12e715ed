//go:build !unix

package files

import "os"

const nonblock = 0

// syncDir does nothing: folders cannot be synced here.
func syncDir(*os.File) error { return nil }
