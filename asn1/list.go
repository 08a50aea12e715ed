package asn1

import "fmt"

// List walks a SEQUENCE OF, e, whose items walk themselves. Reading, it appends what comes to list and refuses more than
// most items; what is their name in the error.
func List[T any](c Coder, e *Elem, list []T, most int, what string, item func(*T, Coder)) []T {
	c.Begin(e)
	for i := 0; c.Next(i, len(list)); i++ {
		if !c.Reading() {
			item(&list[i], c)
			continue
		}
		if i == most {
			c.Fail(fmt.Errorf("%w: more than %d %s", ErrTooLong, most, what))
			break
		}
		var x T
		item(&x, c)
		list = append(list, x)
	}
	c.End()
	return list
}
