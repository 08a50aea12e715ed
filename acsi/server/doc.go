// Package server serves the information model of an IED over MMS: the server side of the ACSI, IEC 61850-7-2, in its
// mapping of IEC 61850-8-1 and, since an association is an association, of 8-2. It implements directories and
// definitions, values, data sets (static and dynamic), buffered and unbuffered reporting, control in all four models,
// setting groups, substitution and blocking, control blocks of GOOSE and sampled values (publishing is the
// application's), service tracking, files and logs. With Config.Store logs survive a restart, and with Config.Persist report
// buffers, what clients have set in report and log control blocks, and dynamic data sets do too.
//
// Most users call New with a model that package scl compiled, Handle for the controls they obey, Update for the values
// they measure, and Serve for every association that a transport accepted.
//
// A Server keeps the values in one flat array behind one lock per logical device. It calls the application and sends
// PDUs without holding any lock, runs no goroutine of its own, and at most one besides the caller of Serve for each
// association.
package server
