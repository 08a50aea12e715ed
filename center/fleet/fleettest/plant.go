package fleettest

import (
	"context"
	"fmt"
	"sync"

	"github.com/gridward/gridward/center/fleet"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/xmpp/jid"
)

// A Plant is a set of devices by bare JID, and a fleet.Dialer to them.
type Plant struct {
	mu      sync.Mutex
	devices map[string]*Device
	refused map[string]error
}

// NewPlant makes an empty plant.
func NewPlant() *Plant { return &Plant{devices: map[string]*Device{}, refused: map[string]error{}} }

// Add puts a device at a bare JID.
func (p *Plant) Add(id string, d *Device) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.devices[id] = d
}

// RefuseAssociation makes associating with a DER fail with an error, until nil.
func (p *Plant) RefuseAssociation(id string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refused[id] = err
}

// Associate implements fleet.Dialer.
func (p *Plant) Associate(ctx context.Context, peer jid.JID) (fleet.Session, error) {
	p.mu.Lock()
	d, err := p.devices[peer.Bare().String()], p.refused[peer.Bare().String()]
	p.mu.Unlock()
	switch {
	case err != nil:
		return nil, err
	case d == nil:
		return nil, fmt.Errorf("%w: %s", mms.ErrPeerOffline, peer)
	}
	return d.open(), ctx.Err()
}

// Uniform makes n devices of the kinds in turn at der1@domain, der2@domain and so on, and the entries for a fleet.
func Uniform(n int, domain string) (*Plant, []fleet.Entry) {
	p := NewPlant()
	kinds := []fleet.Kind{fleet.KindPV, fleet.KindBattery, fleet.KindLoad, fleet.KindChargePoint}
	names := []string{"Solar roof", "Battery", "Cold store", "Charge point"}
	ratings := []float64{50e3, 100e3, 30e3, 22e3}
	var entries []fleet.Entry
	for i := range n {
		k := i % len(kinds)
		id := fmt.Sprintf("der%d@%s", i+1, domain)
		d := NewDevice(kinds[k], ratings[k])
		d.Phase = float64(i) * 0.7
		p.Add(id, d)
		entries = append(entries, fleet.Entry{
			JID: id, Name: fmt.Sprintf("%s %d", names[k], i/len(kinds)+1), Location: fmt.Sprintf("Feeder %d", i%3+1),
		})
	}
	return p, entries
}

// Arrive announces every configured DER to a fleet.
func Arrive(f *fleet.Fleet, entries []fleet.Entry) {
	for _, e := range entries {
		f.Available(jid.MustParse(e.JID + "/IEC"))
	}
}

// Device gives the device at a bare JID, nil when there is none.
func (p *Plant) Device(id string) *Device {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.devices[id]
}
