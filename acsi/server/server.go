package server

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A Server serves one model to any number of associations. It is safe for concurrent use.
//
// Locks, in the order in which they are taken: mu serialises everything that changes (values, report control blocks,
// controls, sessions); a device's lock is taken for writing only under mu, so that values may be read under either.
// What is to be told to the application or to peers is collected under mu and delivered after it was released.
type Server struct {
	cfg     Config
	count   counters
	devices map[string]*device
	order   []*device
	domains []string // names of the logical devices
	slots   []*node  // leaf of each slot
	values  []model.Value

	timeQuality atomic.Uint32 // of clock
	frsm        atomic.Int32  // number of the file opened last

	mu         sync.Mutex
	reports    reporting
	controls   []*control
	settings   []*settings
	publishers []*publisher
	overlayOf  map[int]*overlay // by slot of FC SV and BL
	masks      map[int]*overlay // by slot that something lies over
	tracking   tracking
	clock      Clock
	byObject   map[model.Ref]*control
	hooks      map[model.Ref]WriteFunc
	after      []func() // run once mu has been released
	timer      *time.Timer
	logs       records   // of the journals; guards itself
	lastID     uint64    // entry identification that was given last
	reserved   uint64    // up to which the Store knows that they may have been given
	unclean    bool      // the Store was left without a Close
	due        time.Time // of timer
	closed     bool

	sets     sync.RWMutex // data sets: device.lists, listNames, session.lists
	dynamics int          // dynamic data sets of domains
}

// A WriteFunc sees a value that a client writes before it is stored, and vetoes it with an error: an
// mms.DataAccessError in its chain is answered as it is, any other as object-value-invalid.
type WriteFunc func(p *model.Principal, ref model.Ref, v model.Value) error

// New makes a Server. Its values are those of the model's Initial.
func New(cfg Config) (*Server, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.Limits.defaults(cfg.Model.Services)
	if cfg.Limits.LogEntries == 0 {
		cfg.Limits.LogEntries = 10_000
		if cfg.Store != nil {
			cfg.Limits.LogEntries = 100_000
		}
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Freshness == 0 {
		cfg.Freshness = 10 * time.Second
	}
	if cfg.Vendor == "" {
		cfg.Vendor = cfg.Model.Vendor
	}
	if cfg.ModelName == "" {
		cfg.ModelName = cfg.Model.IEDType
	}
	if cfg.Revision == "" {
		cfg.Revision = cfg.Model.ConfigRev
	}
	s := &Server{cfg: cfg, byObject: map[model.Ref]*control{}, hooks: map[model.Ref]WriteFunc{}}
	s.reports.s = s
	s.clock = startClock
	s.timeQuality.Store(uint32(startClock.Quality()))
	if err := s.build(); err != nil {
		return nil, err
	}
	s.buildJournals()
	if err := s.openStore(); err != nil {
		return nil, err
	}
	if s.persists() {
		if err := s.loadSets(); err != nil {
			return nil, err
		}
	}
	s.findOverlays()
	s.findTracking()
	for _, c := range s.controls {
		c.siblings(s.devices[c.ref.LDevice])
	}
	for _, g := range s.settings {
		if cfg.Settings == nil {
			break
		}
		if err := g.load(cfg.Settings); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.unlock()
	if err := s.reports.start(s.now()); err != nil {
		return nil, err
	}
	s.schedule()
	return s, nil
}

// Close stops the timers: no window, integrity period, select or command ends by time any more, and Update fails.
// Associations end with their context or their peer. What the Store has to know is in it when Close returns; the Store may
// be closed then.
func (s *Server) Close() {
	s.mu.Lock()
	defer s.unlock()
	if !s.closed {
		s.closeStore()
	}
	s.closed = true
	if s.timer != nil {
		s.timer.Stop()
	}
}

// Handle gives the commands for a data object to h: ref names it (LD/DWMX1.WMaxSpt), its FC is ignored. A controllable
// object without a handler refuses every command with not-supported.
func (s *Server) Handle(ref model.Ref, h ControlHandler) error {
	ref.FC = model.CO
	s.mu.Lock()
	defer s.unlock()
	c := s.byObject[ref]
	if c == nil {
		return fmt.Errorf("%w: %s has no Oper", ErrUnknown, ref)
	}
	c.handler = h
	return nil
}

// HandleWrite shows f what clients write to ref, below it, or around it, before it is stored. Everyone whose reference
// matches is asked: those above what is written first, then those at it, then those below; each may veto.
func (s *Server) HandleWrite(ref model.Ref, f WriteFunc) error {
	if n, _ := s.locate(ref); n == nil {
		return fmt.Errorf("%w: %s", ErrUnknown, ref)
	}
	s.mu.Lock()
	defer s.unlock()
	s.hooks[ref] = f
	return nil
}

func (s *Server) now() time.Time { return s.cfg.Now() }

// later has f called once mu has been released. The caller holds mu.
func (s *Server) later(f func()) { s.after = append(s.after, f) }

// tell emits an event once mu has been released. The caller holds mu.
func (s *Server) tell(e Event) {
	if s.cfg.Events != nil {
		s.later(func() { s.cfg.Events(e) })
	}
}

// unlock releases mu and then does what was put off until then.
func (s *Server) unlock() {
	for {
		after := s.after
		s.after = nil
		s.mu.Unlock()
		if len(after) == 0 {
			return
		}
		for _, f := range after {
			f()
		}
		s.mu.Lock()
	}
}

// schedule arms the timer for the next deadline. The caller holds mu.
func (s *Server) schedule() {
	next := s.reports.next
	for _, c := range s.controls {
		next = sooner(next, c.due)
	}
	for _, g := range s.settings {
		next = sooner(next, g.due)
	}
	if next.IsZero() || s.closed || !s.due.IsZero() && !next.Before(s.due) {
		return
	}
	s.due = next
	wait := max(next.Sub(s.now()), 0)
	if s.timer == nil {
		s.timer = time.AfterFunc(wait, s.tick)
		return
	}
	s.timer.Reset(wait)
}

// tick does what is due.
func (s *Server) tick() {
	s.mu.Lock()
	defer s.unlock()
	if s.closed {
		return
	}
	now := s.now()
	s.due = time.Time{}
	s.reports.tick(now)
	for _, c := range s.controls {
		if !c.due.IsZero() && !now.Before(c.due) {
			c.expire(now)
		}
	}
	for _, g := range s.settings {
		if !g.due.IsZero() && !now.Before(g.due) {
			g.expire()
		}
	}
	s.schedule()
}

// sooner gives the earlier of two times of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// refusal is the answer of one variable.
func refusal(e mms.DataAccessError) mms.AccessResult { return mms.AccessResult{Failed: true, Error: e} }
