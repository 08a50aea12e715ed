// Package files keeps the files that an IED offers, in one folder of the host: what acsi/server.Files asks for, for the file
// services of IEC 61850-7-2 clause 23. Names are relative, with "/" between components.
//
// The folder is confined with os.Root: no name and no link leads out of it. What is no file and no folder (devices, pipes,
// sockets) and every name that begins with a dot is invisible. New content is written beside and takes its name only when it
// is complete. Number and size of files are bounded. Disturbance records stand in COMTRADE, which Open makes.
//
// Most users call Open and give the Root to a server.
package files
