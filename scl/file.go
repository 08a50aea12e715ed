package scl

import (
	"sync"
)

// A File is one parsed SCL file. It is immutable and safe for concurrent use.
type File struct {
	Name          string // as given to Parse
	Edition       Edition
	Header        Header
	Communication *Communication // nil when the file has none
	Root          *Element       // the SCL element, for what this package has no type for

	limits Limits
	ieds   []*IED
	byName map[string]*IED
	notes  Problems // found while parsing; Check reports them

	mu       sync.Mutex // guards compiler
	compiler *compiler
}

// A Header identifies the file, IEC 61850-6 9.1.
type Header struct {
	ID       string `json:"id"`
	Version  string `json:"version,omitempty"`
	Revision string `json:"revision,omitempty"`
	ToolID   string `json:"toolID,omitempty"`
}

// Parse reads a file of any edition. It refuses what is not well-formed, is no SCL, or is larger than the limits allow;
// what is wrong with the content is found by Check and by Server. name is used in messages only.
func Parse(name string, data []byte, limits Limits) (*File, error) {
	limits = limits.withDefaults()
	root, plain, err := readXML(name, data, limits)
	if err != nil {
		return nil, err
	}
	if root.Name != "SCL" || root.Space != "" {
		return nil, &Problem{
			File: name, Line: int(root.Line), Col: int(root.Col), Path: root.Name, Kind: ErrNotSCL,
			Msg:  "the root element is " + root.Name + " and not SCL of " + Namespace,
			Hint: `the first element of an SCL file is <SCL xmlns="` + Namespace + `">`,
		}
	}
	f := &File{Name: name, Root: root, limits: limits}
	notes := &sink{file: name}
	if plain {
		notes.warn(root, `add xmlns="`+Namespace+`"`, "SCL is in no name space")
	}
	f.Edition = Edition{root.Attr("version"), root.Attr("revision"), root.Attr("release")}
	if h := root.Child("Header"); h != nil {
		f.Header = Header{h.Attr("id"), h.Attr("version"), h.Attr("revision"), h.Attr("toolID")}
	}
	if c := root.Child("Communication"); c != nil {
		f.Communication = readCommunication(c, notes)
	}
	f.byName = make(map[string]*IED)
	root.Each("IED", func(e *Element) {
		i := readIED(e)
		f.ieds = append(f.ieds, i)
		if _, dup := f.byName[i.Name]; !dup {
			f.byName[i.Name] = i
		}
	})
	f.notes = notes.list
	f.compiler = newCompiler(f)
	return f, nil
}

// IEDs gives the IEDs in the order of the file. The slice is the file's own.
func (f *File) IEDs() []*IED { return f.ieds }

// IED finds an IED by name.
func (f *File) IED(name string) (*IED, bool) {
	i, ok := f.byName[name]
	return i, ok
}
