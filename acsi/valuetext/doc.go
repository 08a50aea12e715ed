// Package valuetext spells values of IEC 61850 for people and programs, and reads them back: by the type description that
// a server gives (GetVariableAccessAttributes), with the names that an SCL file has for enumerations, or, without one,
// those of IEC 61850-7-3 for the attributes whose enumeration the standard fixes: Beh, Mod, Health, ctlModel, orCat,
// range, SIUnit and the like.
//
//	t := valuetext.New(spec, ref, nil)
//	fmt.Println(t.Text(v))         // good+test, on, 2026-01-31T12:00:00Z, direct-with-normal-security
//	v, err := t.Parse("blocked")
//
// What Text writes, Parse reads. Structures and arrays are JSON, their members in the order of the server.
package valuetext
