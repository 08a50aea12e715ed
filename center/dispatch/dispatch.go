package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// Fleet is what dispatch needs of a fleet.Fleet.
type Fleet interface {
	Control(id string, role fleet.Role) (fleet.Bounds, error)
	Operate(ctx context.Context, id string, role fleet.Role, watts float64, opt fleet.OperateOptions) (terminated bool, err error)
}

// Config of a Dispatcher. Zero values get the defaults named here.
type Config struct {
	Timeout time.Duration // of one command, from sending to its end; default 60 s
	Queue   int           // commands waiting for one DER; default 8
	History int           // commands remembered; default 1,000

	OnChange func(Command) // told of every change of a record; may be nil, must be quick and must not call the dispatcher
}

// A Dispatcher gives commands. Make it with New. It is safe for concurrent use.
type Dispatcher struct {
	cfg   Config
	fleet Fleet
	ctx   context.Context
	stop  context.CancelFunc
	wg    sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	lastID  uint64
	queues  map[string][]*job // by DER; a queue in the map has a goroutine
	history []*job            // oldest first, at most cfg.History
	counts  map[State]uint64
}

type job struct {
	Command
	done chan struct{}
}

// New makes a dispatcher. Close it.
func New(cfg Config, f Fleet) *Dispatcher {
	if cfg.Timeout <= 0 {
		cfg.Timeout = time.Minute
	}
	if cfg.Queue <= 0 {
		cfg.Queue = 8
	}
	if cfg.History <= 0 {
		cfg.History = 1000
	}
	if cfg.OnChange == nil {
		cfg.OnChange = func(Command) {}
	}
	ctx, stop := context.WithCancel(context.Background())
	return &Dispatcher{cfg: cfg, fleet: f, ctx: ctx, stop: stop, queues: map[string][]*job{}, counts: map[State]uint64{}}
}

// Close refuses new commands, gives up those that wait or run, and returns when nothing runs any more.
func (d *Dispatcher) Close() {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.stop()
	d.wg.Wait()
}

// Check tells whether a request could be submitted, without doing so.
func (d *Dispatcher) Check(r Request) error {
	b, err := d.fleet.Control(r.DER, r.Quantity)
	if err != nil {
		return err
	}
	if !b.Contains(r.Watts) {
		return &BoundsError{r.Quantity, r.Watts, b}
	}
	return nil
}

// Submit checks a request and queues its command. The channel is closed when the command has come to its end.
func (d *Dispatcher) Submit(r Request) (Command, <-chan struct{}, error) {
	if err := d.Check(r); err != nil {
		return Command{}, nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return Command{}, nil, ErrClosed
	}
	queue, running := d.queues[r.DER]
	if len(queue) >= d.cfg.Queue {
		return Command{}, nil, fmt.Errorf("%w: %s", ErrBusy, r.DER)
	}
	d.lastID++
	j := &job{done: make(chan struct{}), Command: Command{
		ID: d.lastID, DER: r.DER, Quantity: r.Quantity, Value: fleet.Number(r.Watts), Test: r.Test, Operator: r.Operator,
		State: Queued, Submitted: time.Now().UTC(),
	}}
	d.counts[Queued]++
	if len(d.history) == d.cfg.History {
		d.history = slices.Delete(d.history, 0, 1)
	}
	d.history = append(d.history, j)
	d.queues[r.DER] = append(queue, j)
	d.cfg.OnChange(j.Command)
	if !running {
		d.wg.Go(func() { d.serve(r.DER) })
	}
	return j.Command, j.done, nil
}

// serve runs the commands to one DER until none waits.
func (d *Dispatcher) serve(der string) {
	for {
		d.mu.Lock()
		queue := d.queues[der]
		if len(queue) == 0 {
			delete(d.queues, der)
			d.mu.Unlock()
			return
		}
		j := queue[0]
		d.queues[der] = queue[1:]
		now := time.Now().UTC()
		j.Started, j.State = &now, Executing
		c := j.Command
		d.cfg.OnChange(c)
		d.mu.Unlock()
		ctx, cancel := context.WithTimeout(d.ctx, d.cfg.Timeout)
		terminated, err := d.fleet.Operate(ctx, c.DER, c.Quantity, float64(c.Value), fleet.OperateOptions{Test: c.Test, OrIdent: c.Operator})
		cancel()
		d.finish(j, terminated, err)
	}
}

func (d *Dispatcher) finish(j *job, terminated bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now().UTC()
	j.Finished = &now
	var refusal *fleet.Refusal
	switch {
	case err == nil && terminated:
		j.State = Terminated
	case err == nil:
		j.State = Accepted
	case errors.As(err, &refusal):
		j.State, j.AddCause, j.Step = Refused, refusal.AddCause.String(), refusal.Step
	case errors.Is(err, fleet.ErrOffline), errors.Is(err, fleet.ErrNoControl), errors.Is(err, fleet.ErrUnknown):
		j.State = Failed
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, mms.ErrTimeout):
		j.State = Timeout
		j.Reason = "no answer in time; whether the command was carried out is not known"
	default:
		j.State, j.AddCause = Lost, model.AddCauseAbortedByCommunicationLoss.String()
	}
	if err != nil && j.Reason == "" {
		j.Reason = err.Error()
	}
	d.counts[j.State]++
	d.cfg.OnChange(j.Command)
	close(j.done)
}

// Get gives one command.
func (d *Dispatcher) Get(id uint64) (Command, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range d.history {
		if j.ID == id {
			return j.Command, nil
		}
	}
	return Command{}, fmt.Errorf("%w: %d", ErrNoCommand, id)
}

// List gives the newest commands first, at most n, of one DER or with "" of all.
func (d *Dispatcher) List(der string, n int) []Command {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := []Command{}
	for _, j := range slices.Backward(d.history) {
		if len(out) == n {
			break
		}
		if der == "" || j.DER == der {
			out = append(out, j.Command)
		}
	}
	return out
}

// Counts gives how many commands have come to each state since the start; Queued counts all.
func (d *Dispatcher) Counts() map[State]uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := map[State]uint64{}
	for _, s := range States() {
		out[s] = d.counts[s]
	}
	delete(out, Executing)
	return out
}
