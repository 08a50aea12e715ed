package client_test

import (
	"net"
	"sync"

	"github.com/gridward/gridward/link/mmstcp"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
)

func init() { paths["osi"] = func() path { return &overOSI{} } }

// overOSI joins client and server by the 8-1 binding: every layer of it, over connections in memory.
type overOSI struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (o *overOSI) open(*site) error { return nil }
func (o *overOSI) close()           {}

func (o *overOSI) dial(s *site, who string) (mms.Association, error) {
	near, far := net.Pipe()
	o.mu.Lock()
	o.conns = append(o.conns, near)
	o.mu.Unlock()
	known := &acse.InsecurePassword{Password: "secret", Principal: principal(who)}
	go func() {
		a, err := mmstcp.Server(s.ctx, far, mmstcp.Config{OSI: osi.Config{Authenticator: known}})
		if err != nil {
			s.Errorf("association of %s: %v", who, err)
			return
		}
		_ = s.srv.Serve(s.ctx, a) // its end is the association's
	}()
	return mmstcp.Client(s.Context(), near, mmstcp.Config{OSI: osi.Config{Authenticator: known}})
}

func (o *overOSI) cut(*site) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, c := range o.conns {
		_ = c.Close() // that is the cut
	}
	o.conns = nil
}
