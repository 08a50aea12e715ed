package mmssite

import "github.com/gridward/gridward/acsi/server"

// files lets the server serve the folder.
func files(_ *server.Config, _ string) {}
