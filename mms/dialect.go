package mms

import (
	"fmt"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/xer"
)

// Namespace is the XML namespace of the PDUs of IEC 61850-8-2.
const Namespace = "http://www.iec.ch/61850/2018/SCSM_8_2"

// The XER dialects. Names that a licensed schema fixes are kept out of this package: they are loaded with LoadDialect.
var (
	// GW1 is what Gridward writes over XMPP.
	GW1 *xer.Dialect
	// BasicXER is what the converters of ASN.1 compilers write and read: canonical names, no wrappers around CHOICE
	// items, elements for DEFAULT components.
	BasicXER *xer.Dialect

	gw1Only []*xer.Dialect
)

func init() {
	GW1 = mustDialect(xer.Rules{Name: "gw1", Namespace: Namespace, Items: true, Attributes: true}, nil)
	BasicXER = mustDialect(xer.Rules{Name: "basic", Root: true, Exponent: true}, xer.BasicNames(&schema))
	gw1Only = []*xer.Dialect{GW1}
}

func mustDialect(r xer.Rules, names map[string]string) *xer.Dialect {
	d, err := xer.NewDialect(&schema, r, names)
	if err != nil {
		panic(err)
	}
	return d
}

// A DialectFile is a dialect as data, for names that are not part of this package.
type DialectFile struct {
	Name                string            `json:"name" yaml:"name"`
	Namespace           string            `json:"namespace" yaml:"namespace"`
	Root                bool              `json:"root" yaml:"root"`                                 // MMSpdu around the PDU
	SeqOfChoiceWrap     bool              `json:"seqOfChoiceWrap" yaml:"seqOfChoiceWrap"`           // <Data> around items
	DefaultsAsAttribute bool              `json:"defaultsAsAttributes" yaml:"defaultsAsAttributes"` // DEFAULT as attribute
	FloatExponent       bool              `json:"floatExponent" yaml:"floatExponent"`               // floats of 5 and 9 octets
	Names               map[string]string `json:"names" yaml:"names"`                               // gw1 name -> name
}

// LoadDialect makes a dialect of f. A name that no element has in gw1 is an error.
func LoadDialect(f DialectFile) (*xer.Dialect, error) {
	if f.Name == "" {
		return nil, fmt.Errorf("mms: the dialect has no name")
	}
	rules := xer.Rules{
		Name: f.Name, Namespace: f.Namespace, Root: f.Root, Items: f.SeqOfChoiceWrap,
		Attributes: f.DefaultsAsAttribute, Exponent: f.FloatExponent,
	}
	return xer.NewDialect(&schema, rules, f.Names)
}

func trailing(at, n int) error {
	return &asn1.Error{Offset: at, Cause: asn1.ErrTrailing, Detail: fmt.Sprintf("%d octets", n)}
}
