package server

import (
	"errors"
	"fmt"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Config of a Server. Model is required, all the rest has a safe zero value.
type Config struct {
	Model *model.Server

	// What identify answers. Empty ones are taken from the model.
	Vendor, ModelName, Revision string

	// Authorizer decides about every service. Nil allows everything to every authenticated principal and nothing to
	// anybody else.
	Authorizer Authorizer
	// InsecureAnonymous lets principals without proof (model.ProofNone) do whatever Authorizer allows. For tests and
	// laboratories.
	InsecureAnonymous bool
	// Audit hears of every denial and of every service that changes something. Nil: nobody does.
	Audit Audit
	// Events hears what the operator of the server should know. It is called without locks held, from the goroutine
	// that met the event, and must not block. Nil: nobody does.
	Events func(Event)

	// ClientName gives the name by which SCL knows a principal (ClientLN iedName), to match report control blocks
	// that are reserved in SCL. Nil: the part of Principal.Name before "@".
	ClientName func(*model.Principal) string
	// BindOrigin refuses a command whose origin names somebody other than its principal (Name or its local part).
	BindOrigin bool
	// Freshness is how old, or ahead, the T of a command may be where the carrier may replay (Params.Freshness).
	// 0: 10 s. It is checked on every association when FreshnessAlways is set.
	Freshness       time.Duration
	FreshnessAlways bool

	// Settings keeps setting groups over a restart. Nil: they start as the model has them.
	Settings Settings

	// Files is what the file services work on. Nil: they are refused as unknown.
	Files Files
	// Capabilities is what getCapabilityList answers.
	Capabilities []string

	// In sees every PDU of a peer before it is served, Out every PDU before it is sent, in their order: for an envelope around
	// PDUs, for tracing, for tests. What they give is taken in its place; nil without an error drops it; an error aborts the
	// association. They are called from several associations at once, and must call nothing of the server that waits for one.
	In, Out func(*model.Principal, mms.PDU) (mms.PDU, error)

	// Store keeps logs over a restart, and with Persist more. Nil: logs are rings in memory, and nothing outlives the
	// server. It must not be shared with another server.
	Store Store
	// Persist keeps the buffers of buffered report control blocks, what clients have set in these and in log control blocks,
	// reservations by ResvTms, and dynamic data sets of domains. It needs Store.
	Persist bool

	Limits Limits
	// Now is the clock; nil: time.Now. Deadlines run on the process's own timers.
	Now func() time.Time
}

// Limits bound what peers can make the server hold. Zero members get the defaults.
type Limits struct {
	Variables      int           // of one read or write: 512
	Nesting        int           // of an alternate access: 8
	DataSets       int           // dynamic ones in all: Services.MaxDataSets of the model, or 64
	DataSetMembers int           // of a dynamic one: Services.MaxDataSetMembers of the model, or 256
	AssociationSet int           // data sets of one association: 16
	BufferOctets   int           // of one buffered report control block, as BER would take them: 65,536
	BufferEntries  int           // of one buffered report control block: 1,000
	LogEntries     int           // of one log: 100,000 with a Store, 10,000 in memory
	LogAge         time.Duration // of the entries of logs; 0: any
	QueueReports   int           // waiting reports of one association: 1,000
	QueueOctets    int           // estimated, of one association's waiting reports: 1 MiB
	SelectTimeout  time.Duration // where the model has no sboTimeout: 30 s
	OperateTimeout time.Duration // where the model has no operTimeout: 30 s
	BufferTime     time.Duration // largest BufTm: 1 h
	MinIntegrity   time.Duration // smallest IntgPd other than 0: 100 ms
	OpenFiles      int           // of one association: 5
	FileSize       int64         // octets of a file that obtainFile brings: 64 MiB
	FileTime       time.Duration // for one obtainFile: 10 min
	FileStep       time.Duration // for one answer of the peer during obtainFile: 10 s
}

// Errors of the application's own calls.
var (
	// ErrConfig is wrapped by every error of New.
	ErrConfig = errors.New("server: bad configuration")
	// ErrUnknown is returned for a reference that the model does not have.
	ErrUnknown = errors.New("server: no such object")
	// ErrType is returned for a value that does not fit the attribute.
	ErrType = errors.New("server: value does not fit the type")
	// ErrStore is wrapped by New when the Store cannot be read.
	ErrStore = errors.New("server: store")
	// ErrClosed is returned once the server has been closed.
	ErrClosed = errors.New("server: closed")
)

// WithDefaults gives the limits that hold for a model with the given services.
func (l Limits) WithDefaults(s model.Services) Limits {
	l.defaults(s)
	return l
}

func (l *Limits) defaults(s model.Services) {
	set := func(v *int, otherwise ...int) {
		for _, d := range otherwise {
			if *v == 0 {
				*v = d
			}
		}
	}
	set(&l.Variables, 512)
	set(&l.Nesting, 8)
	set(&l.DataSets, s.MaxDataSets, 64)
	set(&l.DataSetMembers, s.MaxDataSetMembers, 256)
	set(&l.AssociationSet, 16)
	set(&l.BufferOctets, 64<<10)
	set(&l.BufferEntries, 1000)
	set(&l.QueueReports, 1000)
	set(&l.QueueOctets, 1<<20)
	dur := func(v *time.Duration, d time.Duration) {
		if *v == 0 {
			*v = d
		}
	}
	dur(&l.SelectTimeout, 30*time.Second)
	dur(&l.OperateTimeout, 30*time.Second)
	dur(&l.BufferTime, time.Hour)
	dur(&l.MinIntegrity, 100*time.Millisecond)
	set(&l.OpenFiles, 5)
	if l.FileSize == 0 {
		l.FileSize = 64 << 20
	}
	dur(&l.FileTime, 10*time.Minute)
	dur(&l.FileStep, 10*time.Second)
}

// Validate tells what is wrong with c.
func (c *Config) Validate() error {
	if c.Model == nil {
		return fmt.Errorf("%w: no model", ErrConfig)
	}
	if len(c.Model.Devices) == 0 {
		return fmt.Errorf("%w: the model has no logical device", ErrConfig)
	}
	if c.Persist && c.Store == nil {
		return fmt.Errorf("%w: Persist without a Store", ErrConfig)
	}
	return nil
}
