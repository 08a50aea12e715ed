// Package tshark proves what Gridward writes against the dissectors of tshark, which runs as a separate process.
package tshark
