// Package fleet keeps what a control centre knows about its distributed energy resources: which there are, how each
// one's association stands, its model, and the newest value of every reported attribute with quality, time and age.
//
// A resource (DER) is known by its bare JID. It is configured by that JID, or accepted when its presence fits a
// configured pattern such as *@plant.example. As long as its full JID is available the fleet holds an association with
// it: it reads the model, enables one report control block for each data set (buffered before unbuffered, IEC 61850-7-2
// 17), asks for a general interrogation, and after a loss continues each buffered control block after the last entry
// that it has seen, so that no buffered report is lost.
//
// Powers are in W and in the producer frame of IEC 61850-7-420: positive into the grid.
//
// The package reaches a DER through [Dialer] and [Session], which package center fits to the XMPP binding of
// IEC 61850-8-2; package fleettest has simulated ones.
package fleet
