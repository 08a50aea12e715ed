// Package xmppbench measures XMPP servers side by side: requests and answers between two clients over TLS, logins, and
// memory of idle sessions. Each server is a process of its own; its CPU time and memory are what the system says about that
// process. Figures are for comparison within one run on one machine.
package xmppbench
