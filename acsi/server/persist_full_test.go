package server

import (
	"errors"
	"testing"
	"time"

	"github.com/gridward/gridward/model"
)

// A fullStore has no room for what must be durable at once.
type fullStore struct{ *memStore }

var errFull = errors.New("full")

func (fullStore) PutAll(map[string][]byte) error { return errFull }

// A server starts on a full disk, says so, and has what is written once there is room.
func TestStartOnAFullDisk(t *testing.T) {
	store := fullStore{newMemStore(time.Now)}
	var events []Event
	s, err := New(Config{Model: testModel(t), Store: store, Persist: true, Events: func(e Event) { events = append(events, e) }})
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 1 || !errors.Is(events[0].(StoreFailed).Err, errFull) {
		t.Errorf("events %+v", events)
	}
	if len(store.values[keyIDs]) != 8 || store.values[keyRunning] == nil {
		t.Errorf("values %x", store.values)
	}
	if err := s.Update(time.Now(), func(tx *Tx) { tx.Set(ind1.Child("stVal"), model.Bool(true)) }); err != nil {
		t.Error(err)
	}
	s.Close()
	if store.values[keyRunning] != nil {
		t.Error("the next start takes this end for a crash")
	}
}
