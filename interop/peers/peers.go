// Package peers starts foreign programs for the tests and benchmarks: real XMPP servers, each as a process of its own
// with its own configuration, directory and ports on loopback, and finds foreign clients. Nothing that is installed on
// the machine is touched; started as root, the servers run as the users that their packages made.
package peers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/gridward/gridward/pki/keystore"
)

// ErrMissing is matched by errors about a program that is not installed; scripts/peers.sh installs it.
var ErrMissing = errors.New("missing peer")

// A Site says whom a server serves. Files are PEM.
type Site struct {
	Domain           string
	CA               string   // certificate of the authority of clients and server
	Cert, Key        string   // of the server
	Centres, Devices []string // bare JIDs; a centre may talk to a device and the reverse, nobody else to anybody
	Unlimited        bool     // leave out the rate limits, for benchmarks

	dir keystore.Dir // of MakeSite
}

// A Server is a running XMPP server.
type Server struct {
	Name     string // "prosody" or "ejabberd"
	Domain   string
	StartTLS string // host:port
	Direct   string // host:port of direct TLS
	Dir      string

	cmd  *exec.Cmd
	log  *os.File
	done chan struct{} // closed when the process has ended
	err  error         // how, valid after done
	once sync.Once
}

// PID returns the id of the process that serves.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Log returns what the server has said so far.
func (s *Server) Log() string {
	b, err := os.ReadFile(s.log.Name())
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Stop ends the server, by force after five seconds, and removes its directory.
func (s *Server) Stop() error {
	s.once.Do(func() {
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.done:
		case <-time.After(5 * time.Second):
			killAll(s.cmd)
			<-s.done
		}
		_ = s.log.Close()
	})
	return os.RemoveAll(s.Dir)
}

// Kill ends the server at once, as a power cut would, and leaves its directory.
func (s *Server) Kill() {
	killAll(s.cmd)
	<-s.done
}

// start runs argv in the background with its output in Dir/log and waits until both ports accept, ctx ends or the
// program does.
func (s *Server) start(ctx context.Context, account string, env []string, argv ...string) error {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return fmt.Errorf("%w %s: %w", ErrMissing, argv[0], err)
	}
	if s.log, err = os.Create(filepath.Join(s.Dir, "log")); err != nil {
		return err
	}
	s.cmd = exec.Command(path, argv[1:]...) //nolint:gosec // fixed programs
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.Dir, s.log, s.log
	s.cmd.Env = append(os.Environ(), env...)
	if err := ownProcess(s.cmd, s.Dir, account); err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.done = make(chan struct{})
	go func() {
		s.err = s.cmd.Wait()
		close(s.done)
	}()
	for _, addr := range []string{s.StartTLS, s.Direct} {
		if err := s.await(ctx, addr); err != nil {
			said := s.Log()
			return errors.Join(fmt.Errorf("%s: %w\n%s", s.Name, err, said), s.Stop())
		}
	}
	return nil
}

func (s *Server) await(ctx context.Context, addr string) error {
	ended := make(chan error, 1)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-s.done:
			ended <- s.err
		case <-stop:
		}
	}()
	return Await(ctx, addr, ended)
}

// Await waits until addr accepts connections. It gives up when ctx ends or ended says that the program has.
func Await(ctx context.Context, addr string, ended <-chan error) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			return fmt.Errorf("ended before it served: %w", err)
		case <-tick.C:
		}
	}
}

// newServer makes the directory of a server below dir (empty: the system's temporary directory) and chooses its ports.
func newServer(name, dir string, site Site) (*Server, error) {
	d, err := os.MkdirTemp(dir, name+"-")
	if err != nil {
		return nil, err
	}
	s := &Server{Name: name, Domain: site.Domain, Dir: d}
	addrs, err := FreeAddrs(2)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(d))
	}
	s.StartTLS, s.Direct = addrs[0], addrs[1]
	return s, nil
}

// FreeAddrs returns n loopback addresses with ports that nobody listens on just now.
func FreeAddrs(n int) ([]string, error) {
	var out []string
	for range n {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = ln.Close() }() // all are held until the last is found
		out = append(out, ln.Addr().String())
	}
	return out, nil
}

func port(addr string) string {
	_, p, _ := net.SplitHostPort(addr) // our own addresses
	return p
}

// file writes one file of the server's configuration.
func (s *Server) file(name string, data []byte) error {
	return os.WriteFile(filepath.Join(s.Dir, name), data, 0o600)
}

// copies puts a copy of each file into the directory.
func (s *Server) copies(files map[string][]string) error {
	for name, from := range files {
		var all []byte
		for _, f := range from {
			b, err := readSmall(f)
			if err != nil {
				return err
			}
			all = append(all, b...)
		}
		if err := s.file(name, all); err != nil {
			return err
		}
	}
	return nil
}

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, 1<<20))
}
