package der

import (
	"bytes"
	"embed"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	"github.com/gridward/gridward/der/device"
)

//go:embed scl/*.icd
var templates embed.FS

// ErrTemplate is wrapped when an SCL file is not the template that Instantiate expects.
var ErrTemplate = errors.New("der: not a template")

// What the templates carry in the place of a device's own names (IEC 61850-6: the IED of an ICD file is TEMPLATE).
const (
	templateIED = "TEMPLATE"
	templateJID = "template@der.invalid"
)

// Template gives the SCL file for a kind of device.
func Template(kind device.Kind) ([]byte, error) {
	b, err := templates.ReadFile("scl/" + string(kind) + ".icd")
	if err != nil {
		return nil, fmt.Errorf("%w: no file for the kind %q", ErrTemplate, kind)
	}
	return b, nil
}

// Instantiate turns a template into the CID of one device: the IED gets its name and its access point the JID. A jid of
// "" leaves the placeholder.
func Instantiate(template []byte, ied, jid string) ([]byte, error) {
	if !validIED(ied) {
		return nil, fmt.Errorf("%w: %q cannot be the name of an IED: letters, digits and _, first a letter, at most 60", ErrTemplate, ied)
	}
	out := template
	for _, attr := range []string{"name", "iedName"} {
		old := attr + `="` + templateIED + `"`
		if !bytes.Contains(out, []byte(old)) {
			return nil, fmt.Errorf("%w: no %s", ErrTemplate, old)
		}
		out = bytes.ReplaceAll(out, []byte(old), []byte(attr+`="`+ied+`"`))
	}
	if jid != "" {
		var esc strings.Builder
		if err := xml.EscapeText(&esc, []byte(jid)); err != nil {
			return nil, fmt.Errorf("der: jid: %w", err)
		}
		if !bytes.Contains(out, []byte(templateJID)) {
			return nil, fmt.Errorf("%w: no %s", ErrTemplate, templateJID)
		}
		out = bytes.ReplaceAll(out, []byte(templateJID), []byte(esc.String()))
	}
	return out, nil
}

// validIED holds what IEC 61850-6 (tIEDName) and the 64 characters of an LDName with its inst allow.
func validIED(s string) bool {
	if s == "" || len(s) > 60 || s == "None" {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '_') {
			return false
		}
	}
	return true
}
