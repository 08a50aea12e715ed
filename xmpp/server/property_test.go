package server_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gridward/gridward/xmpp/server"
	"github.com/gridward/gridward/xmpp/stanza"
	"github.com/gridward/gridward/xmpp/stream"
)

// Whatever happens to the link of a device: nothing is delivered to it twice, and of everything that was sent to it the
// sender learns if it was not delivered. Requests get exactly one answer each.
func TestNothingTwiceNothingLostSilently(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{"message", "message", "iq", "iq", "cut", "back", "wait 3 s", "wait 12 s", "wait 70 s"}), 1, 40).Draw(rt, "steps")
		problem := ""
		synctest.Test(t, func(t *testing.T) { problem = runLink(t, steps) })
		if problem != "" {
			rt.Fatalf("%s\nsteps %q", problem, steps)
		}
	})
}

func runLink(t *testing.T, steps []string) string {
	r := startPipe(t, func(c *server.Config) { fast(c); c.Limits.QueueStanzas = 16 })
	ems := r.must("ems", loginOptions{})
	dev := r.must("der1", loginOptions{})
	got, told := map[string]int{}, map[string]int{}
	kind := map[string]string{}
	collect := func(p *peer) {
		for {
			select {
			case st := <-p.in:
				if p == ems && (st.Type == stanza.TypeError || st.Type == stanza.Result) {
					told[st.ID]++
					continue
				}
				got[st.ID]++
				if st.IsRequest() {
					p.send(st.Reply(nil))
				}
			default:
				return
			}
		}
	}
	up := true
	settle := func() {
		for range 3 {
			synctest.Wait()
			if up {
				collect(dev)
			}
			collect(ems)
		}
	}
	back := func() string {
		collect(dev)
		state := dev.state()
		p, err := r.login("der1", loginOptions{resume: &stream.Resume{ID: state.ID, H: state.H}})
		if err != nil {
			return err.Error()
		}
		dev, up = p, true
		return ""
	}
	for i, step := range steps {
		id := fmt.Sprint(i)
		switch step {
		case "message":
			kind[id] = "message"
			ems.send(message("der1", id))
		case "iq":
			kind[id] = "iq"
			ems.send(request("der1", id))
		case "cut":
			if up {
				dev.cut()
				collect(dev)
				up = false
			}
		case "back":
			if !up {
				if problem := back(); problem != "" {
					return problem
				}
			}
		default:
			var s int
			if _, err := fmt.Sscanf(step, "wait %d s", &s); err != nil {
				return err.Error()
			}
			time.Sleep(time.Duration(s) * time.Second)
		}
		settle()
	}
	time.Sleep(3 * time.Minute)
	settle()
	for id, k := range kind {
		switch {
		case got[id] > 1:
			return fmt.Sprintf("%s %s was delivered %d times", k, id, got[id])
		case k == "iq" && told[id] != 1:
			return fmt.Sprintf("iq %s has %d answers", id, told[id])
		case k == "message" && got[id] == 0 && told[id] != 1:
			return fmt.Sprintf("message %s was lost, the sender was told %d times", id, told[id])
		case k == "message" && got[id] == 1 && told[id] > 1:
			return fmt.Sprintf("message %s has %d errors", id, told[id])
		}
	}
	return ""
}
