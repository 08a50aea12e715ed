// Package mmsflows replays the recorded associations of package vectors without the other implementations: our server
// answers the octets of their clients, our client reads those of their servers.
package mmsflows
