// Package openiec61850 proves the 8-1 mapping against OpenIEC61850 1.8.0 (com.beanit:openiec61850, Apache-2.0), the Java
// library that is called iec61850bean since: its client against our server, its server for our client. The programs of
// testdata, which scripts/peers.sh has fetched the library for, are one process each for all tests.
package openiec61850
