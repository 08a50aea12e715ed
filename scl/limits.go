package scl

// Limits bound what a file may ask of the reader. The zero value of each field stands for its default.
type Limits struct {
	Size     int // octets of the file, default 64 MiB
	Depth    int // nested elements, default 64
	Elements int // default 4,000,000
	Attrs    int // attributes of one element, default 64
	Slots    int // leaf values of one server, default 1,000,000
	Fields   int // fields of all types together, default 1,000,000
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	set(&l.Size, 64<<20)
	set(&l.Depth, 64)
	set(&l.Elements, 4_000_000)
	set(&l.Attrs, 64)
	set(&l.Slots, 1_000_000)
	set(&l.Fields, 1_000_000)
	return l
}
