// Package api is the HTTP interface of the control centre: JSON over the routes of openapi.json, server-sent events,
// metrics for Prometheus, and the dashboard's files.
//
// Errors are problem details of RFC 9457 that point at what is wrong. Requests are held small, read strictly, and
// refused when they come from another site: the Host must be one of ours (against DNS rebinding) and a browser's request
// that changes something must come from our own pages (against cross-site request forgery). Who may use the interface is
// decided by who can reach it: it listens on loopback, or with TLS and client certificates.
package api
