package main

import "github.com/spf13/cobra"

// mmsClientCmds are the verbs that ask a server.
func mmsClientCmds() []*cobra.Command {
	return []*cobra.Command{newMMSDiscoverCmd(), newMMSBrowseCmd(), newMMSGetCmd(), newMMSSetCmd(), newMMSDataSetsCmd(), newMMSReportCmd(), newMMSControlCmd(), newMMSWatchCmd(), newMMSSubstCmd(), newMMSCBCmd()}
}
