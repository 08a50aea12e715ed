// Package libiec61850 proves the 8-1 mapping against libiec61850, which runs as a separate process in the Python
// environment of scripts/peers.sh: its client against our server, its server for our client.
package libiec61850
