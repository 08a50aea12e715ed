// Package xmpp holds the tests of our XMPP with programs that are not ours: our client through Prosody and ejabberd, a
// foreign client at our router, and tshark reading a recorded stream. The programs run as separate processes;
// scripts/peers.sh installs them.
package xmpp
