package mmssite

import (
	"context"
	_ "embed" // the SCL file
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gridward/gridward/acsi/server"
	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/scl"
)

// StationSCL describes the IED "GW" that both our server and those of others serve: report control blocks, a log, setting
// groups, a GOOSE control block, and a controllable object of every control model (SPCSO0 to SPCSO4).
//
//go:embed testdata/station.icd
var StationSCL []byte

// Password is that of the associations with a password.
const Password = "an interop password"

// Controls are the controllable objects that obey, PlainControls those without operTm.
var (
	Controls      = []string{"GWLD0/GGIO1.SPCSO1", "GWLD0/GGIO1.SPCSO2", "GWLD0/GGIO1.SPCSO3", "GWLD0/GGIO1.SPCSO4"}
	PlainControls = []string{"GWLD0/GGIO2.SPCSO1", "GWLD0/GGIO2.SPCSO2", "GWLD0/GGIO2.SPCSO3", "GWLD0/GGIO2.SPCSO4"}
)

// StationModel compiles StationSCL.
func StationModel() (*model.Server, error) {
	f, err := scl.Parse("station.icd", StationSCL, scl.Limits{})
	if err != nil {
		return nil, err
	}
	return f.Server("GW", "AP")
}

// A Station is our server.
type Station struct {
	Model  *model.Server
	Server *server.Server

	files   io.Closer
	mu      sync.Mutex
	actions map[string]action
}

// action is what the process says to a command: causes other than none refuse it, or let it fail.
type action struct{ refuse, fail model.AddCause }

// NewStation makes a Station with a folder for files.
func NewStation(folder string) (*Station, error) {
	m, err := StationModel()
	if err != nil {
		return nil, err
	}
	cfg := server.Config{Model: m, Vendor: "Gridward", ModelName: "station", Revision: "1", InsecureAnonymous: true}
	root, err := serveFiles(&cfg, folder)
	if err != nil {
		return nil, err
	}
	srv, err := server.New(cfg)
	if err != nil {
		return nil, err
	}
	s := &Station{Model: m, Server: srv, files: root, actions: map[string]action{}}
	for _, name := range slices.Concat(Controls, PlainControls) {
		ref, err := model.ParseRef(name)
		if err != nil {
			return nil, err
		}
		if err := srv.Handle(ref, &breaker{s: s, ref: ref}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Close ends the server.
func (s *Station) Close() error {
	s.Server.Close()
	return s.files.Close()
}

// OSI is the configuration of the layers below MMS.
func (s *Station) OSI(password bool) osi.Config {
	if !password {
		return osi.Config{InsecureAnonymous: true}
	}
	return osi.Config{Authenticator: &acse.InsecurePassword{
		Password: Password, Principal: &model.Principal{Name: "scada", Proof: model.ProofPassword},
	}}
}

// Serve takes associations on a loopback address until ctx ends; stop waits for that.
func (s *Station) Serve(ctx context.Context, password bool) (addr string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = mmstcp.Serve(ctx, l, mmstcp.Config{OSI: s.OSI(password)}, func(ctx context.Context, a mms.Association) {
			_ = s.Server.Serve(ctx, a) // the tests see how it ended
		})
	}()
	return l.Addr().String(), func() { cancel(); <-served }, nil
}

// Join serves one association over nc.
func (s *Station) Join(ctx context.Context, nc net.Conn, password bool) error {
	a, err := mmstcp.Server(ctx, nc, mmstcp.Config{OSI: s.OSI(password)})
	if err != nil {
		return err
	}
	return s.Server.Serve(ctx, a)
}

// Stimulate does what the process would do:
//
//	set GWLD0/GGIO1.Ind1.stVal[ST] bool true
//	control GWLD0/GGIO1.SPCSO1 refuse 10
//	control GWLD0/GGIO1.SPCSO3 fail 9
//	control GWLD0/GGIO1.SPCSO3 obey 0
func (s *Station) Stimulate(text string) error {
	st, err := ParseStimulus(text)
	if err != nil {
		return err
	}
	switch st.Do {
	case "set":
		return s.Server.Update(time.Now(), func(tx *server.Tx) { tx.Set(st.Ref, st.Value) })
	default:
		a := action{refuse: model.AddCauseNone, fail: model.AddCauseNone}
		switch st.How {
		case "refuse":
			a.refuse = st.Cause
		case "fail":
			a.fail = st.Cause
		}
		s.mu.Lock()
		s.actions[st.Ref.String()] = a
		s.mu.Unlock()
		return nil
	}
}

// A Change is a parsed stimulus.
type Change struct {
	Do    string // set or control
	Ref   model.Ref
	Value model.Value
	How   string // refuse, fail, obey
	Cause model.AddCause
}

// ParseStimulus reads what Stimulate takes.
func ParseStimulus(text string) (c Change, err error) {
	part := strings.Fields(text)
	if len(part) != 4 {
		return c, fmt.Errorf("mmssite: stimulus %q", text)
	}
	c.Do = part[0]
	if c.Ref, err = model.ParseRef(part[1]); err != nil {
		return c, err
	}
	switch c.Do + " " + part[2] {
	case "set bool":
		c.Value = model.Bool(part[3] == "true")
	case "set float":
		var f float64
		f, err = strconv.ParseFloat(part[3], 32)
		c.Value = model.Float32(float32(f))
	case "control refuse", "control fail", "control obey":
		var n uint64
		n, err = strconv.ParseUint(part[3], 10, 5)
		c.How, c.Cause = part[2], model.AddCause(n)
	default:
		err = fmt.Errorf("mmssite: stimulus %q", text)
	}
	return c, err
}

// A breaker obeys commands, unless it has been told otherwise.
type breaker struct {
	s   *Station
	ref model.Ref
}

func (b *breaker) action() action {
	b.s.mu.Lock()
	defer b.s.mu.Unlock()
	if a, ok := b.s.actions[b.ref.String()]; ok {
		return a
	}
	return action{refuse: model.AddCauseNone, fail: model.AddCauseNone}
}

func (b *breaker) Check(*server.Command) model.AddCause { return b.action().refuse }

func (b *breaker) Operate(c *server.Command, done func(model.AddCause)) {
	cause := b.action().fail
	if cause == model.AddCauseNone && !c.Test {
		state := b.ref.Child("stVal")
		state.FC = model.ST
		if err := b.s.Server.Update(time.Now(), func(tx *server.Tx) { tx.Set(state, c.Value) }); err != nil {
			cause = model.AddCauseUnknown
		}
	}
	done(cause)
}

// ErrEnded is returned where a recorded connection ended sooner than the replay.
var ErrEnded = errors.New("mmssite: the recorded connection has ended")
