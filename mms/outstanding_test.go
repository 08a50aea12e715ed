package mms

import (
	"errors"
	"testing"
	"time"
)

func TestOutstanding(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	o := NewOutstanding[string](3)
	a, err := o.Open("a", now.Add(3*time.Second))
	if err != nil || a != 1 {
		t.Fatalf("first: %d, %v", a, err)
	}
	b, _ := o.Open("b", now.Add(time.Second))
	c, _ := o.Open("c", time.Time{})
	if _, err := o.Open("d", now); !errors.Is(err, ErrOutstanding) {
		t.Errorf("fourth of three: %v", err)
	}
	if err := o.Add(b, "again", now); !errors.Is(err, ErrInvokeID) {
		t.Errorf("invokeID in use: %v", err)
	}
	if d := o.Deadline(); !d.Equal(now.Add(time.Second)) {
		t.Errorf("deadline %v", d)
	}
	var expired []string
	o.Expire(now.Add(time.Second), func(_ uint32, v string) { expired = append(expired, v) })
	if len(expired) != 1 || expired[0] != "b" {
		t.Errorf("expired %q", expired)
	}
	if _, ok := o.Close(b); ok || o.Late() != 1 {
		t.Errorf("answer after the deadline: taken %v, late %d", ok, o.Late())
	}
	if v, ok := o.Close(c); !ok || v != "c" {
		t.Errorf("answer: %q, %v", v, ok)
	}
	if _, ok := o.Close(c); ok || o.Late() != 2 {
		t.Errorf("second answer: taken %v, late %d", ok, o.Late())
	}
	o.Drop(a)
	if o.Len() != 0 || !o.Deadline().IsZero() {
		t.Errorf("not empty: %d, %v", o.Len(), o.Deadline())
	}
}

func TestOutstandingWraps(t *testing.T) {
	o := NewOutstanding[int](4)
	o.last = 1<<32 - 2
	for i := range 3 {
		if _, err := o.Open(i, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if v, ok := o.Get(0); !ok || v != 1 {
		t.Errorf("after the largest invokeID: %d, %v", v, ok)
	}
}
