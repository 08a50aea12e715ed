// Package store keeps what must survive a restart: the entries of logs and of report buffers as streams of records, and
// small values under keys, such as the banks of setting groups. One DB is one SQLite file of one server. It knows nothing
// of what it keeps; acsi/server declares what it needs, and DB fits that.
//
// A DB has one goroutine that writes. What is appended waits in a bounded queue for a few milliseconds and is then
// committed together with all that came meanwhile, by a transaction that is durable when it ends (write-ahead log,
// synchronous FULL). A process that is killed loses what was still in the queue and nothing else. A disk that is full
// stops nothing but writing: the queue is kept and tried again, and what does not fit into it is dropped and counted.
//
// The file is checked when it is opened. A damaged one is moved aside, never emptied or repaired, and an event says where
// it is. One process at a time may have the file.
package store
