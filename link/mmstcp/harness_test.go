package mmstcp

import (
	"net"
	"testing"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
)

var anyone = Config{OSI: osi.Config{InsecureAnonymous: true}}

// joined gives both ends of an association over a connection in memory.
func joined(t *testing.T, client, server Config) (a, b *conn) {
	t.Helper()
	near, far := net.Pipe()
	got := make(chan mms.Association, 1)
	go func() {
		a, err := Server(t.Context(), far, server)
		if err != nil {
			t.Error(err)
		}
		got <- a
	}()
	c, err := Client(t.Context(), near, client)
	if err != nil {
		t.Fatal(err)
	}
	s := <-got
	t.Cleanup(func() {
		for _, a := range []mms.Association{c, s} {
			a.Abort(nil)
			<-a.(*conn).closed
		}
	})
	return c.(*conn), s.(*conn)
}

func request(id uint32) *mms.ConfirmedRequest {
	return &mms.ConfirmedRequest{InvokeID: id, Service: &mms.Identify{}}
}

func response(id uint32, vendor string) *mms.ConfirmedResponse {
	return &mms.ConfirmedResponse{InvokeID: id, Service: &mms.IdentifyResponse{Vendor: vendor, Model: "m", Revision: "r"}}
}

func recv[T mms.PDU](t *testing.T, a mms.Association) T {
	t.Helper()
	p, err := a.Recv(t.Context())
	got, ok := p.(T)
	if err != nil || !ok {
		t.Fatalf("%T, %v", p, err)
	}
	return got
}

func send(t *testing.T, a mms.Association, p mms.PDU) {
	t.Helper()
	if err := a.Send(p); err != nil {
		t.Fatal(err)
	}
}

// raw sends octets in place of an MMS PDU.
func (c *conn) raw(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(0, b)
	c.flush()
}
