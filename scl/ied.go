package scl

// An IED is one device, IEC 61850-6 9.3.
type IED struct {
	Name          string
	Desc          string
	Type          string
	Manufacturer  string
	ConfigVersion string
	Owner         string
	AccessPoints  []*AccessPoint
	Element       *Element

	byName map[string]*AccessPoint
}

// An AccessPoint is one communication interface of an IED, IEC 61850-6 9.3.3.
type AccessPoint struct {
	Name     string
	Desc     string
	ServerAt string // the access point whose server this one shows, "" when it has its own or none
	Element  *Element

	server *Element // nil when there is none here
}

// HasServer reports whether the access point has a server of its own.
func (a *AccessPoint) HasServer() bool { return a.server != nil }

// AccessPoint finds an access point by name.
func (i *IED) AccessPoint(name string) (*AccessPoint, bool) {
	a, ok := i.byName[name]
	return a, ok
}

func readIED(e *Element) *IED {
	i := &IED{
		Name: e.Attr("name"), Desc: e.Attr("desc"), Type: e.Attr("type"), Manufacturer: e.Attr("manufacturer"),
		ConfigVersion: e.Attr("configVersion"), Owner: e.Attr("owner"), Element: e, byName: make(map[string]*AccessPoint),
	}
	e.Each("AccessPoint", func(c *Element) {
		a := &AccessPoint{Name: c.Attr("name"), Desc: c.Attr("desc"), Element: c, server: c.Child("Server")}
		if at := c.Child("ServerAt"); at != nil {
			a.ServerAt = at.Attr("apName")
		}
		i.AccessPoints = append(i.AccessPoints, a)
		if _, dup := i.byName[a.Name]; !dup {
			i.byName[a.Name] = a
		}
	})
	return i
}
