// Package plant tests whole plants: the gridward binary as router, control centre and DERs, each a process of its own, over
// its own router and over foreign XMPP servers, as an operator would run and see them.
package plant
