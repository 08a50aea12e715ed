package scl

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// checkP says what is wrong with one part of an address, "" when nothing is or its type is not known here.
func checkP(p P) (msg, hint string) {
	bad := func(hint string) (string, string) {
		return fmt.Sprintf("%s %q cannot be read", p.Type, p.Value), hint
	}
	hexNumber := func(most uint64) bool {
		n, err := strconv.ParseUint(p.Value, 16, 64)
		return err == nil && n <= most
	}
	switch p.Type {
	case "MAC-Address":
		if _, ok := parseMAC(p.Value); !ok {
			return bad("write six octets such as 01-0C-CD-01-00-01")
		}
	case "APPID":
		if !hexNumber(0xffff) {
			return bad("write four hexadecimal digits")
		}
	case "VLAN-ID":
		if !hexNumber(0xfff) {
			return bad("write three hexadecimal digits, 000 to FFF")
		}
	case "VLAN-PRIORITY":
		if !hexNumber(7) {
			return bad("write a digit from 0 to 7")
		}
	case "IP", "IP-SUBNET", "IP-GATEWAY":
		if _, err := netip.ParseAddr(p.Value); err != nil {
			return bad("write an address such as 192.0.2.1")
		}
	case "OSI-TSEL", "OSI-SSEL", "OSI-PSEL":
		most := map[string]int{"OSI-TSEL": 32, "OSI-SSEL": 16, "OSI-PSEL": 16}[p.Type]
		if b, err := hex.DecodeString(p.Value); err != nil || len(b) > most {
			return bad(fmt.Sprintf("write at most %d octets as pairs of hexadecimal digits", most))
		}
	case "OSI-AP-Title":
		if _, ok := (Address{p}).APTitle(); !ok {
			return bad("write the arcs with commas, such as 1,3,9999,23")
		}
	case "OSI-AE-Qualifier":
		if _, err := strconv.ParseUint(p.Value, 10, 32); err != nil {
			return bad("write a number")
		}
	case "JID":
		local, domain, ok := strings.Cut(p.Value, "@")
		if !ok || local == "" || domain == "" || strings.ContainsAny(p.Value, " \t\r\n") {
			return bad("write a bare JID such as der1@vpp.example")
		}
	}
	return "", ""
}
