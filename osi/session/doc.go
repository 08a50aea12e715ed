// Package session reads and writes the SPDUs of X.225 (ISO 8327-1) that IEC 61850-8-1 uses: version 2, kernel and duplex
// functional units. Length indicators are read and written in both forms, one octet up to 254 and three octets up to
// 65,535, at all three levels: SPDU, parameter group, parameter. Data overflow (more than 10,240 octets of user data in
// several SPDUs) is refused.
package session
