package server

import (
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/model"
)

// A Right is what a role of IEC 62351-8 may grant on a part of the model.
type Right uint8

// The rights of IEC 62351-8, and the services that ask for them.
const (
	RightView         Right = iota // directories and definitions; without it the logical device is invisible
	RightRead                      // values, data sets, logs
	RightDataSet                   // create and delete data sets
	RightReporting                 // report control blocks
	RightFileRead                  // get a file, its attributes, a directory
	RightFileWrite                 // set a file
	RightFileMgt                   // delete and rename files
	RightControl                   // FC CO: select, operate, cancel
	RightConfig                    // write FC SP, CF, DC, SV, BL and all others
	RightSettingGroup              // FC SE and SG, the setting group control block
	RightSecurity                  // objects of key and certificate management
	NumRight
)

var rightNames = [NumRight]string{
	"VIEW", "READ", "DATASET", "REPORTING", "FILEREAD", "FILEWRITE", "FILEMGT", "CONTROL", "CONFIG", "SETTINGGROUP", "SECURITY",
}

// String gives the name of the right in IEC 62351-8.
func (r Right) String() string {
	if r < NumRight {
		return rightNames[r]
	}
	if r == NumRight {
		return "none"
	}
	return fmt.Sprintf("Right(%d)", uint8(r))
}

// An Authorizer decides whether p may use right r on what ref names. Nil is yes. It is called for every service, before
// anything is looked at, and must be safe for concurrent use. security/rbac fits it.
type Authorizer interface {
	Allow(p *model.Principal, r Right, ref model.Ref) error
}

// AuthorizerFunc makes a function an Authorizer.
type AuthorizerFunc func(p *model.Principal, r Right, ref model.Ref) error

// Allow calls f.
func (f AuthorizerFunc) Allow(p *model.Principal, r Right, ref model.Ref) error { return f(p, r, ref) }

// Why the server itself denies, before any Authorizer is asked.
var (
	ErrNotAuthenticated = errors.New("server: the principal is not authenticated")
	ErrProofExpired     = errors.New("server: the proof of the principal has expired")
)

// Audit keeps what was tried. Record is called without locks held and must be safe for concurrent use.
type Audit interface {
	Record(r AuditRecord)
}

// An AuditRecord is one service that was denied, or that changed or tried to change something, or the beginning or end of
// an association.
type AuditRecord struct {
	Time        time.Time
	Association uint64 // number of the association at this server, from 1; 0: of none
	Principal   *model.Principal
	Service     string // "write", "select", "operate", "cancel", "defineNamedVariableList", ..., "associate", "release", "abort"
	Right       Right  // NumRight: none is needed
	Ref         model.Ref
	Value       model.Value // that was written, if any
	Origin      Origin      // of a command
	AddCause    model.AddCause
	Err         error // nil: done
}

// authorize asks for right r. It records a denial.
func (ss *session) authorize(p *model.Principal, r Right, ref model.Ref, service string) error {
	err := ss.s.allow(p, r, ref)
	if err != nil {
		ss.s.count.denied.Add(1)
		ss.audit(AuditRecord{Principal: p, Service: service, Right: r, Ref: ref, Err: err, AddCause: model.AddCauseNone})
		ss.s.emit(Denied{Principal: p, Right: r, Ref: ref, Service: service, Err: err})
	}
	return err
}

// allow asks without recording: for lists, where what is not visible is left out.
func (s *Server) allow(p *model.Principal, r Right, ref model.Ref) error {
	if err := s.known(p); err != nil || s.cfg.Authorizer == nil {
		return err
	}
	return s.cfg.Authorizer.Allow(p, r, ref)
}

// known tells what keeps p from being served at all.
func (s *Server) known(p *model.Principal) error {
	return Authenticated(p, s.cfg.InsecureAnonymous, s.now)
}

// Authenticated gives nil for a principal that has proven its name and whose proof has not expired, otherwise
// ErrNotAuthenticated or ErrProofExpired. anonymous lets principals without proof pass.
func Authenticated(p *model.Principal, anonymous bool, now func() time.Time) error {
	if p == nil || p.Proof == model.ProofNone {
		if !anonymous {
			return ErrNotAuthenticated
		}
		return nil
	}
	if !p.Expires.IsZero() && now().After(p.Expires) {
		return ErrProofExpired
	}
	return nil
}

// audit records something of this association.
func (ss *session) audit(r AuditRecord) {
	r.Association = ss.id
	ss.s.audit(r)
}

func (s *Server) audit(r AuditRecord) {
	if s.cfg.Audit == nil {
		return
	}
	r.Time = s.now()
	s.cfg.Audit.Record(r)
}
