package xmppbench

import (
	"context"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestSplitterCutsWhereverReadsEnd(t *testing.T) {
	text := "<presence/><iq id='1' from='a'><q/></iq><iq from=\"b\" type=\"result\" id=\"22\"/></iq><iq id='3'><q>"
	for cut := range text {
		var s splitter
		var ids []string
		note := func(iq []byte) error {
			id, err := idOf(iq)
			ids = append(ids, string(id))
			return err
		}
		for _, part := range []string{text[:cut], text[cut:]} {
			if err := s.feed([]byte(part), note); err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
		}
		if !slices.Equal(ids, []string{"1", "22"}) {
			t.Errorf("cut at %d: got %q", cut, ids)
		}
	}
}

// A short run of our own router as a process: every figure is measured.
func TestRun(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "gridward")
	if out, err := exec.Command("go", "build", "-o", exe, "../../cmd/gridward").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	rep, err := Run(ctx, Options{
		Exe: exe, Dir: t.TempDir(), Servers: []string{"gridward"}, Rounds: 3, Each: 100 * time.Millisecond, Sessions: 20, Settle: 100 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := rep.Results[0]
	if r.RoundTrips < 100 || len(r.Rounds) != 3 || r.LatencyUS <= 0 || r.Logins <= 0 || r.RSS <= 0 || r.Sessions != 20 {
		t.Errorf("got %+v", r)
	}
}
