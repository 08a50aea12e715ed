package mms

import "github.com/gridward/gridward/asn1"

// ObjectName, ISO 9506-2 7.5.2.
var (
	nameVMD    = elem(0, "vmd-specific")
	nameDomain = elem(1, "domain-specific")
	nameAA     = elem(2, "aa-specific")
	nameChoice = asn1.NewChoice(nameVMD, nameDomain, nameAA)

	domainID = schema.Add(asn1.Elem{Tag: asn1.TagVisible, Name: "domainId", Basic: "domainID"})
	itemID   = schema.Add(asn1.Elem{Tag: asn1.TagVisible, Name: "itemId", Basic: "itemID"})
	nameItem = item("ObjectName", nameChoice)
	oneName  = element(asn1.TagVisible, "Identifier")
)

func codeName(c asn1.Coder, n ObjectName) ObjectName {
	switch i := c.Choice(nameChoice, int(n.Scope)); i {
	case 0:
		n.Item = c.String(nameVMD, n.Item)
	case 1:
		n.Scope = DomainSpecific
		c.Begin(nameDomain)
		n.Domain = c.String(domainID, n.Domain)
		n.Item = c.String(itemID, n.Item)
		c.End()
	case 2:
		n.Scope = AASpecific
		n.Item = c.String(nameAA, n.Item)
	}
	return n
}

func codeNameItem(c asn1.Coder, n ObjectName) ObjectName {
	c.Begin(nameItem)
	n = codeName(c, n)
	c.End()
	return n
}

func codeIdentifier(c asn1.Coder, s string) string { return c.String(oneName, s) }
