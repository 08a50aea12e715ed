package api_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gridward/gridward/center/api"
)

// reader reads a stream of server-sent events.
type reader struct {
	r      *rig
	cancel context.CancelFunc
	body   io.ReadCloser
	scan   *bufio.Reader
}

type serverEvent struct{ id, kind, data, comment string }

func (r *rig) stream(lastID string) *reader {
	r.t.Helper()
	ctx, cancel := context.WithCancel(r.t.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", "http://localhost/api/v1/events", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := r.client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		r.t.Fatalf("events: %d %v", res.StatusCode, res.Header)
	}
	return &reader{r, cancel, res.Body, bufio.NewReader(res.Body)}
}

// next reads one event or comment, and holds its data against openapi.json.
func (s *reader) next() serverEvent {
	s.r.t.Helper()
	var e serverEvent
	for {
		line, err := s.scan.ReadString('\n')
		if err != nil {
			s.r.t.Fatalf("stream: %v", err)
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			e.id = value
		case "event":
			e.kind = value
		case "data":
			e.data = value
		case "retry":
		case "":
			if value != "" {
				e.comment = value
			} else if e != (serverEvent{}) {
				schema := map[string]string{"snapshot": "Snapshot", "ders": "DERList", "fleet": "Fleet", "command": "Command"}[e.kind]
				if e.comment == "" {
					s.r.doc.validate(s.r.t, "#/components/schemas/"+schema, []byte(e.data))
				}
				return e
			}
		default:
			s.r.t.Fatalf("line %q", line)
		}
	}
}

// until reads up to an event of a kind.
func (s *reader) until(kind string) serverEvent {
	s.r.t.Helper()
	for range 100 {
		if e := s.next(); e.kind == kind {
			return e
		}
	}
	s.r.t.Fatalf("no %s event", kind)
	return serverEvent{}
}

func (s *reader) close() {
	s.cancel()
	s.body.Close()
	synctest.Wait()
}

func TestStream(t *testing.T) {
	run(t, api.Config{}, func(r *rig) {
		s := r.stream("")
		defer s.close()
		first := s.next()
		if first.kind != "snapshot" || !strings.Contains(first.data, `"id":"`+offline+`"`) {
			t.Fatalf("first event %+v", first)
		}
		if e := s.until("ders"); !strings.Contains(e.data, `"activePower":`) {
			t.Errorf("event %+v", e)
		}
		if e := s.until("fleet"); !strings.Contains(e.data, `"counted":4`) {
			t.Errorf("event %+v", e)
		}
		if code, b := r.do("POST", "/api/v1/ders/"+one+"/setpoint", `{"activePower":1,"wait":false}`); code != 202 {
			t.Fatalf("%d %s", code, b)
		}
		for _, want := range []string{"queued", "executing", "terminated"} {
			if e := s.until("command"); !strings.Contains(e.data, `"state":"`+want+`"`) {
				t.Errorf("want %s: %s", want, e.data)
			}
		}
	})
}

func TestStreamContinues(t *testing.T) {
	run(t, api.Config{}, func(r *rig) {
		s := r.stream("")
		s.next()
		last := s.until("fleet")
		s.close()
		// While nobody listens, a command comes and goes.
		if code, b := r.do("POST", "/api/v1/ders/"+two+"/setpoint", `{"activePower":7}`); code != 200 {
			t.Fatalf("%d %s", code, b)
		}
		r.pass(3 * time.Second)
		s = r.stream(last.id)
		seen := ""
		number := last.id
		for !strings.Contains(seen, "terminated") {
			e := s.next()
			if e.kind == "snapshot" {
				t.Fatal("the stream started anew")
			}
			if e.id == number {
				t.Fatalf("event %s came twice", e.id)
			}
			number = e.id
			if e.kind == "command" {
				seen += e.data
			}
		}
		for _, want := range []string{"queued", "executing", "terminated"} {
			if !strings.Contains(seen, `"state":"`+want+`"`) {
				t.Errorf("%s was lost", want)
			}
		}
		s.close()
	})
}

func TestStreamStartsAnewWhenItCannotContinue(t *testing.T) {
	run(t, api.Config{EventBytes: 20_000}, func(r *rig) {
		s := r.stream("")
		old := s.next()
		s.close()
		r.pass(time.Minute) // far more than is kept
		for _, id := range []string{old.id, "otherprocess-5", "nonsense", strings.Split(old.id, "-")[0] + "-99999999", "-", "\x7f"} {
			if strings.ContainsAny(id, "\x7f") {
				continue // no header can carry it
			}
			s := r.stream(id)
			if e := s.next(); e.kind != "snapshot" {
				t.Errorf("after %q: %+v", id, e)
			}
			s.close()
		}
	})
}

func TestHeartbeat(t *testing.T) {
	run(t, api.Config{Push: time.Hour}, func(r *rig) {
		s := r.stream("")
		defer s.close()
		s.next()
		start := time.Now()
		if e := s.next(); e.comment == "" || time.Since(start) > 16*time.Second {
			t.Errorf("event %+v after %v", e, time.Since(start))
		}
	})
}

func TestReaderThatDoesNotReadIsGivenUp(t *testing.T) {
	run(t, api.Config{Streams: 1}, func(r *rig) {
		s := r.stream("") // and nobody reads
		if code, b := r.do("GET", "/api/v1/events", ""); code != http.StatusServiceUnavailable {
			t.Fatalf("a second stream: %d %s", code, b)
		}
		r.pass(20 * time.Second)
		again := r.stream("") // the place is free again
		if e := again.next(); e.kind != "snapshot" {
			t.Errorf("event %+v", e)
		}
		again.close()
		s.close()
	})
}
