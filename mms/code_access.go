package mms

import (
	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/asn1/ber"
)

// VariableAccessSpecification and VariableSpecification, ISO 9506-2 14.5.1 and 14.5.2.
var (
	listOfVariable = list(0, "listOfVariable")
	listName       = elem(1, "variableListName")
	accessChoice   = asn1.NewChoice(listOfVariable, listName)

	variableItem   = element(asn1.TagSequence, "SEQUENCE")
	variableSpec   = choice("variableSpecification", variableChoice)
	variableName   = elem(0, "name")
	variableChoice = openChoice(variableName)
	alternate      = list(5, "alternateAccess")
)

func codeAccess(c asn1.Coder, a VariableAccess) VariableAccess {
	i := 0
	if a.NamedList {
		i = 1
	}
	switch c.Choice(accessChoice, i) {
	case 0:
		c.Begin(listOfVariable)
		a.List = codeList(c, a.List, codeVariable)
		c.End()
	case 1:
		a.NamedList = true
		c.Begin(listName)
		a.ListName = codeName(c, a.ListName)
		c.End()
	}
	return a
}

func codeVariable(c asn1.Coder, v VariableSpec) VariableSpec {
	i := 0
	if v.Unnamed {
		i = -1
	}
	c.Begin(variableItem)
	c.Begin(variableSpec)
	if c.Choice(variableChoice, i) == 0 {
		c.Begin(variableName)
		v.Name = codeName(c, v.Name)
		c.End()
	} else if c.Err() == nil {
		v.Unnamed = true
		v.Raw = codeWhole(c, v.Raw)
	}
	c.End()
	if c.Has(alternate, v.Alternate != nil) {
		c.Begin(alternate)
		v.Alternate = codeList(c, given(v.Alternate), codeAlternate)
		c.End()
	}
	c.End()
	return v
}

// codeWhole walks an element that is kept with its tag.
func codeWhole(c asn1.Coder, whole []byte) []byte {
	if c.Reading() {
		return ber.AppendRaw(nil, c.Raw(asn1.Raw{}))
	}
	raw, err := ber.ParseRaw(whole)
	if err != nil {
		c.Fail(err)
	}
	c.Raw(raw)
	return whole
}

// AlternateAccess, ISO 9506-2 14.5.3.
var (
	altUnnamed   = choice("unnamed", altSelection)
	altNamed     = elem(5, "named")
	altChoice    = asn1.NewChoice(altUnnamed, altNamed)
	altItem      = item("CHOICE", altChoice)
	altName      = elem(0, "componentName")
	altAccess    = schema.Add(asn1.Elem{Tag: asn1.None, Name: "access", Key: "named.access", Alts: altSelection})
	altSelectAlt = elem(0, "selectAlternateAccess")
	altSelect    = choice("selectAccess", altFinal)
	altSelection = asn1.NewChoice(altSelectAlt, altSelect)
	altStep      = choice("accessSelection", altSteps)
	altSteps     = asn1.NewChoice(elem(0, "component"), unsigned32(1, "index"), elem(2, "indexRange"), elem(3, "allElements"))
	altFinal     = asn1.NewChoice(elem(1, "component"), unsigned32(2, "index"), elem(3, "indexRange"), elem(4, "allElements"))
	altNested    = schema.Add(asn1.Elem{Tag: asn1.TagSequence, Name: "alternateAccess", List: true})
	altLow       = unsigned32(0, "lowIndex")
	altCount     = unsigned32(1, "numberOfElements")
)

func codeAlternate(c asn1.Coder, a AlternateAccess) AlternateAccess {
	i := 0
	if a.Named != "" {
		i = 1
	}
	c.Begin(altItem)
	switch c.Choice(altChoice, i) {
	case 0:
		c.Begin(altUnnamed)
		a = codeSelection(c, a)
		c.End()
	case 1:
		c.Begin(altNamed)
		a.Named = c.String(altName, a.Named)
		c.Begin(altAccess)
		a = codeSelection(c, a)
		c.End()
		c.End()
	}
	c.End()
	return a
}

func codeSelection(c asn1.Coder, a AlternateAccess) AlternateAccess {
	i := 1
	if a.Nested != nil {
		i = 0
	}
	switch c.Choice(altSelection, i) {
	case 0:
		c.Begin(altSelectAlt)
		c.Begin(altStep)
		a = codeStep(c, altSteps, a)
		c.End()
		c.Begin(altNested)
		a.Nested = codeList(c, given(a.Nested), codeAlternate)
		c.End()
		c.End()
	case 1:
		c.Begin(altSelect)
		a = codeStep(c, altFinal, a)
		c.End()
	}
	return a
}

// codeStep walks component, index, indexRange or allElements, whose tags depend on where they stand.
func codeStep(c asn1.Coder, ch *asn1.Choice, a AlternateAccess) AlternateAccess {
	i := 0
	switch {
	case a.AllElems:
		i = 3
	case a.HasIndex && a.Count > 0:
		i = 2
	case a.HasIndex:
		i = 1
	}
	i = c.Choice(ch, i)
	if i < 0 {
		return a
	}
	e := ch.Elems[i]
	switch i {
	case 0:
		a.Component = c.String(e, a.Component)
	case 1:
		a.HasIndex = true
		a.Index = uint32(c.Int(e, int64(a.Index)))
	case 2:
		a.HasIndex = true
		c.Begin(e)
		a.Index = uint32(c.Int(altLow, int64(a.Index)))
		a.Count = uint32(c.Int(altCount, int64(a.Count)))
		c.End()
		if a.Count == 0 {
			c.Fail(asn1.ErrUnsupported)
		}
	case 3:
		a.AllElems = true
		c.Null(e)
	}
	return a
}
