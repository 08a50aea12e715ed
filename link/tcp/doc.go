// Package tcp opens and accepts TCP connections for the protocols above: without delay of small segments, with
// keep-alive, and with limits to how many connections may wait for their proof, from one source and in all. Its in-memory
// twin is net.Pipe: nothing here asks for more than a net.Conn.
package tcp
