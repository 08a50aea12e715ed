package conformance

import "strings"

// A Service is one abstract service of IEC 61850-7-2 and how it is shown that it works.
type Service struct {
	ID     string // of annex A
	Group  string
	Name   string
	MMS    string // by which it travels, IEC 61850-8-1
	TCP    string // test of client and server over 8-1, "folder:TestName"
	XMPP   string // test of client and server over 8-2
	Server string // test of our server with a foreign client
	Client string // test of our client with a foreign server
	Note   string
}

// Supported tells whether the service is there at all.
func (s *Service) Supported() bool { return s.TCP != "" }

// List gives every service of annex A of IEC 61850-7-2.
func List() []Service { return serviceList }

// Services gives the table of services with the tests that prove them.
func Services() Document {
	t := Table{
		Title: "Abstract services and their tests",
		Head:  []string{"", "service", "MMS", "client and server over 8-1", "client and server over 8-2", "foreign client", "foreign server", "remarks"},
	}
	group := ""
	for i := range serviceList {
		s := &serviceList[i]
		if s.Group != group {
			group = s.Group
			t.Rows = append(t.Rows, []string{"", "**" + group + "**", "", "", "", "", "", ""})
		}
		t.Rows = append(t.Rows, []string{s.ID, s.Name, s.MMS, test(s.TCP), test(s.XMPP), test(s.Server), test(s.Client), s.Note})
	}
	return Document{
		Name: "services", Title: "Which test proves which service",
		Intro: "A name is that of a Go test: `go test -run 'NAME' ./FOLDER`. Foreign peers run as processes of their own: libiec61850,\n" +
			"OpenIEC61850 (later iec61850bean), and in `interop/python` a Rust implementation and hat-drivers, which repeat part of it. Their recorded\n" +
			"sessions are replayed by `interop/mmsflows`. \"-\": not supported, or of foreign peers: none can.",
		Tables: []Table{t},
	}
}

// test shows "folder:TestName".
func test(s string) string {
	if s == "" {
		return "-"
	}
	var out []string
	for one := range strings.SplitSeq(s, " ") {
		folder, name, _ := strings.Cut(one, ":")
		out = append(out, "`"+folder+"` "+name)
	}
	return strings.Join(out, ", ")
}
