// Package python proves the 8-1 mapping against two independent implementations that Python programs use, each in a
// process of its own in the environment of scripts/peers.sh: iec61850 (its core is written in Rust) as client and as server,
// and the client of hat-drivers.
package python
