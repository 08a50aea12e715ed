package scl

// An Edition is the version, revision and release of a file's schema, as the SCL element states them.
type Edition struct {
	Version  string `json:"version,omitempty"`
	Revision string `json:"revision,omitempty"`
	Release  string `json:"release,omitempty"`
}

// The editions that exist. Edition 1 files state nothing.
var (
	Edition2003   = Edition{}
	Edition2007A  = Edition{"2007", "A", ""}
	Edition2007B  = Edition{"2007", "B", ""}
	Edition2007B1 = Edition{"2007", "B", "1"}
	Edition2007B4 = Edition{"2007", "B", "4"}
	Edition2007C4 = Edition{"2007", "C", "4"}
	Edition2007C5 = Edition{"2007", "C", "5"}
)

// String gives "2003", "2007B4" and so on.
func (e Edition) String() string {
	if e.Version == "" {
		return "2003"
	}
	return e.Version + e.Revision + e.Release
}

// Known reports whether this package knows the edition. Others are read as the newest.
func (e Edition) Known() bool {
	switch e.Version {
	case "", "2003":
		return e.Release == ""
	case "2007":
		switch e.Revision {
		case "A":
			return e.Release == ""
		case "B":
			return len(e.Release) <= 1 && e.Release <= "4"
		case "C":
			return e.Release == "4" || e.Release == "5"
		}
	}
	return false
}

// First reports whether the file is of edition 1.
func (e Edition) First() bool { return e.Version == "" || e.Version == "2003" }
