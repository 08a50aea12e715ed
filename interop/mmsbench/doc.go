// Package mmsbench measures MMS over TCP, clear and through TLS, beside a raw TCP echo of the same octet counts and beside
// libiec61850: reads, data sets, reports, associations, memory, and what idle and silent peers cost. Client and server are
// processes of their own. Figures are for comparison within one run on one machine.
package mmsbench
