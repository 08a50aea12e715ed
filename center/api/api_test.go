package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gridward/gridward/center/api"
	"github.com/gridward/gridward/center/fleet/fleettest"
	"github.com/gridward/gridward/model"
)

// TestEveryRoute walks every route and holds what it answers against openapi.json.
func TestEveryRoute(t *testing.T) {
	run(t, api.Config{}, func(r *rig) {
		var list struct{ DERs []map[string]any }
		r.get("/api/v1/ders", &list)
		if len(list.DERs) != 5 || list.DERs[0]["id"] != one || list.DERs[0]["state"] != "online" || list.DERs[4]["state"] != "offline" {
			t.Errorf("DERs %v", list.DERs)
		}
		if list.DERs[4]["activePower"] != nil || list.DERs[0]["activePower"] == nil {
			t.Errorf("active powers %v, %v", list.DERs[0]["activePower"], list.DERs[4]["activePower"])
		}
		r.get("/api/v1/ders?state=online&kind=battery", &list)
		if len(list.DERs) != 1 || list.DERs[0]["id"] != two {
			t.Errorf("online batteries %v", list.DERs)
		}
		var detail struct {
			Measurements []struct{ Ref, Role, Quality string }
			ReportBlocks []struct{ Ref string }
		}
		r.get("/api/v1/ders/"+one, &detail)
		if len(detail.Measurements) < 8 || len(detail.ReportBlocks) != 2 {
			t.Errorf("detail %+v", detail)
		}
		r.get("/api/v1/ders/"+offline, &detail)
		var tree struct {
			LogicalDevices []struct{ LogicalNodes []struct{ Name string } }
		}
		r.get("/api/v1/ders/"+one+"/model", &tree)
		if len(tree.LogicalDevices) != 1 || tree.LogicalDevices[0].LogicalNodes[0].Name != "LLN0" {
			t.Errorf("model %+v", tree)
		}
		var trend struct{ Time []int64 }
		r.get("/api/v1/ders/"+one+"/trend", &trend)
		r.get("/api/v1/fleet/trend", &trend)
		if len(trend.Time) != 2 {
			t.Errorf("trend %+v", trend)
		}
		var totals struct {
			States   map[string]int
			Abnormal int
		}
		r.get("/api/v1/fleet", &totals)
		if totals.States["online"] != 4 || totals.States["offline"] != 1 || totals.Abnormal != 1 {
			t.Errorf("totals %+v", totals)
		}
		var health struct{ Status, Version string }
		r.get("/healthz", &health)
		if health.Status != "ok" || health.Version != "test" {
			t.Errorf("health %+v", health)
		}
		var doc struct{ OpenAPI string }
		r.get("/api/v1/openapi.json", &doc)
		if doc.OpenAPI != "3.1.0" {
			t.Errorf("document %+v", doc)
		}

		code, b := r.do("POST", "/api/v1/ders/"+one+"/setpoint", `{"activePower": 12000, "operator": "anna"}`)
		var cmd struct {
			ID                         int
			DER, State, Operator, Name string
			Value                      float64
		}
		decode(t, b, &cmd)
		if code != 200 || cmd.State != "terminated" || cmd.DER != one || cmd.Value != 12000 || cmd.Operator != "anna" {
			t.Errorf("set-point: %d %s", code, b)
		}
		r.get(fmt.Sprintf("/api/v1/commands/%d", cmd.ID), &cmd)
		if code, b = r.do("POST", "/api/v1/ders/"+two+"/setpoint", `{"limit": 0, "wait": false}`); code != 202 {
			t.Errorf("limit without waiting: %d %s", code, b)
		}
		if code, b = r.do("POST", "/api/v1/ders/"+two+"/setpoint", `{"limit": 5, "dryRun": true}`); code != 204 {
			t.Errorf("dry run: %d %s", code, b)
		}
		r.pass(time.Second)
		var commands struct {
			Commands []struct{ DER, State, Quantity string }
		}
		r.get("/api/v1/commands?limit=2", &commands)
		if fmt.Sprint(commands.Commands) != "[{"+two+" terminated limit} {"+one+" terminated setpoint}]" {
			t.Errorf("commands %+v", commands)
		}
		if code, b = r.do("POST", "/api/v1/ders/"+one+"/hold", `{"held": true}`); code != 200 {
			t.Errorf("hold: %d %s", code, b)
		}
		r.pass(time.Second)
		if r.get("/api/v1/ders?state=held", &list); len(list.DERs) != 1 {
			t.Errorf("held %v", list.DERs)
		}
		_, b = r.do("GET", "/metrics", "")
		for _, want := range []string{
			`gridward_center_ders{state="online"} 3`, `gridward_center_commands_total{state="terminated"} 2`,
			`gridward_center_http_requests_total{code="200",route="/api/v1/fleet"} 1`, `gridward_center_fleet_events_total{event="association"} 4`,
		} {
			if !strings.Contains(string(b), want) {
				t.Errorf("metrics lack %s", want)
			}
		}
		for _, p := range r.api.Routes() {
			for m := range p.Methods {
				found := false
				for k := range r.doc.seen {
					found = found || strings.HasPrefix(k, m+" "+p.Path+" 2")
				}
				if !found && p.Path != "/api/v1/events" { // a stream: see events_test.go
					t.Errorf("%s %s was not tried", m, p.Path)
				}
			}
		}
	})
}

// TestRefusals is every way a request can be wrong, and how it is told.
func TestRefusals(t *testing.T) {
	sp := "/api/v1/ders/" + one + "/setpoint"
	for _, c := range []struct {
		name, method, path, body string
		header                   []string
		status                   int
		kind                     string // type of the problem
		where                    string // pointer or parameter
	}{
		{"empty body", "POST", sp, "", []string{"Content-Type", "application/json"}, 400, "malformed", ""},
		{"no content type", "POST", sp, "", nil, 415, "content-type", ""},
		{"form", "POST", sp, "activePower=1", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "content-type", ""},
		{"text", "POST", sp, `{"activePower":1}`, []string{"Content-Type", "text/plain"}, 415, "content-type", ""},
		{"other charset", "POST", sp, `{"activePower":1}`, []string{"Content-Type", "application/json; charset=latin1"}, 415, "content-type", ""},
		{"not JSON", "POST", sp, `activePower: 1`, nil, 400, "malformed", ""},
		{"cut", "POST", sp, `{"activePower": 1`, nil, 400, "malformed", ""},
		{"array", "POST", sp, `[1]`, nil, 400, "malformed", ""},
		{"number", "POST", sp, `1`, nil, 400, "malformed", ""},
		{"two objects", "POST", sp, `{"activePower":1}{"limit":1}`, nil, 400, "malformed", ""},
		{"trailing comma", "POST", sp, `{"activePower":1,}`, nil, 400, "malformed", ""},
		{"not UTF-8", "POST", sp, "{\"operator\":\"\xff\"}", nil, 400, "malformed", ""},
		{"nothing in it", "POST", sp, `{}`, nil, 400, "malformed", ""},
		{"both", "POST", sp, `{"activePower":1,"limit":1}`, nil, 400, "malformed", ""},
		{"unknown member", "POST", sp, `{"activePower":1,"setpoint":1}`, nil, 400, "malformed", "/setpoint"},
		{"wrong case", "POST", sp, `{"activepower":1}`, nil, 400, "malformed", "/activepower"},
		{"twice", "POST", sp, `{"activePower":1,"activePower":2}`, nil, 400, "malformed", "/activePower"},
		{"slash in a name", "POST", sp, `{"a/b~":1}`, nil, 400, "malformed", "/a~1b~0"},
		{"null", "POST", sp, `{"limit":null}`, nil, 400, "malformed", "/limit"},
		{"string", "POST", sp, `{"activePower":"5 kW"}`, nil, 400, "malformed", "/activePower"},
		{"boolean", "POST", sp, `{"activePower":true}`, nil, 400, "malformed", "/activePower"},
		{"object", "POST", sp, `{"activePower":{"value":1}}`, nil, 400, "malformed", "/activePower"},
		{"NaN", "POST", sp, `{"activePower":NaN}`, nil, 400, "malformed", ""},
		{"infinite", "POST", sp, `{"activePower":1e999}`, nil, 400, "malformed", "/activePower"},
		{"hexadecimal", "POST", sp, `{"activePower":0x10}`, nil, 400, "malformed", ""},
		{"test is no boolean", "POST", sp, `{"activePower":1,"test":"yes"}`, nil, 400, "malformed", "/test"},
		{"long operator", "POST", sp, `{"activePower":1,"operator":"` + strings.Repeat("x", 65) + `"}`, nil, 400, "malformed", "/operator"},
		{"operator with a line feed", "POST", sp, `{"activePower":1,"operator":"a\nb"}`, nil, 400, "malformed", "/operator"},
		{"huge body", "POST", sp, `{"activePower":1,"operator":"` + strings.Repeat("x", 1<<20) + `"}`, nil, 413, "too-large", ""},
		{"deep body", "POST", sp, strings.Repeat("[", 4000), nil, 400, "malformed", ""},
		{"beyond the rating", "POST", sp, `{"activePower":50001}`, nil, 422, "out-of-bounds", "/activePower"},
		{"negative generation", "POST", sp, `{"activePower":-1}`, nil, 422, "out-of-bounds", "/activePower"},
		{"negative limit", "POST", sp, `{"limit":-1}`, nil, 422, "out-of-bounds", "/limit"},
		{"dry run beyond the rating", "POST", sp, `{"limit":50001,"dryRun":true}`, nil, 422, "out-of-bounds", "/limit"},
		{"no such control", "POST", "/api/v1/ders/" + three + "/setpoint", `{"activePower":-1}`, nil, 422, "no-control", "/activePower"},
		{"unknown DER", "POST", "/api/v1/ders/nobody@plant.example/setpoint", `{"activePower":1}`, nil, 404, "unknown-der", ""},
		{"offline DER", "POST", "/api/v1/ders/" + offline + "/setpoint", `{"activePower":1}`, nil, 409, "der-offline", ""},
		{"unknown DER", "GET", "/api/v1/ders/nobody@plant.example", "", nil, 404, "unknown-der", ""},
		{"full JID", "GET", "/api/v1/ders/" + one + "%2FIEC", "", nil, 404, "unknown-der", ""},
		{"path traversal", "GET", "/api/v1/ders/..%2f..%2fetc%2fpasswd", "", nil, 404, "unknown-der", ""},
		{"unknown DER's model", "GET", "/api/v1/ders/x@y/model", "", nil, 404, "unknown-der", ""},
		{"unknown DER's trend", "GET", "/api/v1/ders/x@y/trend", "", nil, 404, "unknown-der", ""},
		{"no model yet", "GET", "/api/v1/ders/" + offline + "/model", "", nil, 409, "no-model", ""},
		{"unknown state", "GET", "/api/v1/ders?state=asleep", "", nil, 400, "query", "state"},
		{"unknown kind", "GET", "/api/v1/ders?kind=windmill", "", nil, 400, "query", "kind"},
		{"unknown parameter", "GET", "/api/v1/ders?colour=red", "", nil, 400, "query", "colour"},
		{"parameter twice", "GET", "/api/v1/ders?kind=pv&kind=load", "", nil, 400, "query", "kind"},
		{"bad query", "GET", "/api/v1/ders?kind=%zz", "", nil, 400, "query", ""},
		{"bad limit", "GET", "/api/v1/commands?limit=0", "", nil, 400, "query", "limit"},
		{"limit is no number", "GET", "/api/v1/commands?limit=ten", "", nil, 400, "query", "limit"},
		{"unknown command", "GET", "/api/v1/commands/99", "", nil, 404, "unknown-command", ""},
		{"command is no number", "GET", "/api/v1/commands/x", "", nil, 404, "unknown-command", ""},
		{"hold without a value", "POST", "/api/v1/ders/" + one + "/hold", `{}`, nil, 400, "malformed", "/held"},
		{"hold with a wrong value", "POST", "/api/v1/ders/" + one + "/hold", `{"held":1}`, nil, 400, "malformed", "/held"},
		{"hold as a form", "POST", "/api/v1/ders/" + one + "/hold", `held=true`, []string{"Content-Type", "text/plain"}, 415, "content-type", ""},
		{"hold with a huge body", "POST", "/api/v1/ders/" + one + "/hold", `{"held":` + strings.Repeat(" ", 5000) + `true}`, nil, 413, "too-large", ""},
		{"hold of an unknown DER", "POST", "/api/v1/ders/x@y/hold", `{"held":true}`, nil, 404, "unknown-der", ""},
		{"wrong method", "GET", sp, "", nil, 405, "method", ""},
		{"wrong method", "DELETE", "/api/v1/ders/" + one, "", nil, 405, "method", ""},
		{"wrong method", "POST", "/api/v1/events", "{}", nil, 405, "method", ""},
		{"wrong method", "PUT", "/", "", nil, 405, "method", ""},
		{"no such path", "GET", "/api/v2/ders", "", nil, 404, "not-found", ""},
		{"no such file", "GET", "/secret.txt", "", nil, 404, "not-found", ""},
		{"a folder", "GET", "/assets", "", nil, 404, "not-found", ""},
		{"another host", "GET", "/api/v1/ders", "", []string{"Host", "evil.example"}, 421, "host", ""},
		{"another host with our port", "GET", "/api/v1/ders", "", []string{"Host", "evil.example:8080"}, 421, "host", ""},
		{"name that starts like ours", "GET", "/", "", []string{"Host", "localhost.evil.example"}, 421, "host", ""},
		{"address of another machine", "GET", "/", "", []string{"Host", "192.0.2.1"}, 421, "host", ""},
		{"another origin", "POST", sp, `{"activePower":1}`, []string{"Origin", "https://evil.example"}, 403, "cross-origin", ""},
		{"no origin", "POST", sp, `{"activePower":1}`, []string{"Origin", "null"}, 403, "cross-origin", ""},
		{"another site", "POST", sp, `{"activePower":1}`, []string{"Sec-Fetch-Site", "cross-site"}, 403, "cross-origin", ""},
		{"another port of ours", "POST", sp, `{"activePower":1}`, []string{"Sec-Fetch-Site", "same-site"}, 403, "cross-origin", ""},
	} {
		t.Run(c.name+" "+c.method+" "+fmt.Sprintf("%.40s", c.path), func(t *testing.T) {
			run(t, api.Config{}, func(r *rig) {
				code, b := r.do(c.method, c.path, c.body, c.header...)
				var p api.Problem
				decode(t, b, &p)
				if code != c.status || p.Status != c.status || p.Type != "urn:gridward:problem:"+c.kind || p.Title == "" || p.Detail == "" || p.Instance == "" {
					t.Fatalf("%d %s", code, b)
				}
				where := ""
				for _, e := range p.Errors {
					where += e.Pointer + e.Parameter
				}
				if where != c.where {
					t.Errorf("points at %q, want %q: %s", where, c.where, b)
				}
				if n := len(listCommands(r)); n != 0 {
					t.Errorf("%d commands were given", n)
				}
			})
		})
	}
}

func listCommands(r *rig) []struct{ State string } {
	var commands struct{ Commands []struct{ State string } }
	r.get("/api/v1/commands", &commands)
	return commands.Commands
}

func TestBadEndsOfCommands(t *testing.T) {
	for _, c := range []struct {
		name        string
		change      func(*fleettest.Device)
		status      int
		kind, state string
		cause       string
	}{
		{"refused", fleettest.Refuse(model.AddCauseBlockedByMode, false), 409, "refused", "refused", "blocked-by-mode"},
		{"bad termination", fleettest.Refuse(model.AddCauseTimeLimitOver, true), 409, "refused", "refused", "time-limit-over"},
		{"no termination", fleettest.Hang(true), 504, "timeout", "timeout", ""},
		{"association lost", fleettest.Drop(true), 502, "lost", "lost", "abortion-by-communication-loss"},
	} {
		t.Run(c.name, func(t *testing.T) {
			run(t, api.Config{}, func(r *rig) {
				r.plant.Device(one).Set(c.change)
				code, b := r.do("POST", "/api/v1/ders/"+one+"/setpoint", `{"activePower": 1}`)
				var p api.Problem
				decode(t, b, &p)
				if code != c.status || p.Type != "urn:gridward:problem:"+c.kind || p.Command == nil {
					t.Fatalf("%d %s", code, b)
				}
				if string(p.Command.State) != c.state || p.Command.AddCause != c.cause {
					t.Errorf("command %+v", p.Command)
				}
			})
		})
	}
}

func TestBusy(t *testing.T) {
	run(t, api.Config{}, func(r *rig) {
		r.plant.Device(one).Set(fleettest.Hang(true))
		codes := ""
		for range 4 {
			code, _ := r.do("POST", "/api/v1/ders/"+one+"/setpoint", `{"activePower": 1, "wait": false}`)
			codes += fmt.Sprint(code, " ")
			r.pass(0)
		}
		if codes != "202 202 202 429 " {
			t.Errorf("answers %s", codes)
		}
		if code, b := r.do("POST", "/api/v1/ders/"+two+"/setpoint", `{"activePower": 1}`); code != 200 {
			t.Errorf("another DER is held up: %d %s", code, b)
		}
	})
}

func TestOwnPagesAndProgramsMayPost(t *testing.T) {
	for _, header := range [][]string{
		{},
		{"Origin", "http://localhost"},
		{"Sec-Fetch-Site", "same-origin"},
		{"Host", "127.0.0.1:8080"},
		{"Host", "[::1]:8080"},
		{"Host", "center.example"},
	} {
		run(t, api.Config{Hosts: []string{"center.example"}}, func(r *rig) {
			if code, b := r.do("POST", "/api/v1/ders/"+one+"/setpoint", `{"activePower":1}`, header...); code != 200 {
				t.Errorf("%v: %d %s", header, code, b)
			}
		})
	}
}

func TestFilesAndHeaders(t *testing.T) {
	run(t, api.Config{}, func(r *rig) {
		for path, cache := range map[string]string{"/": "no-cache", "/assets/a-1.js": "public, max-age=31536000, immutable", "/api/v1/fleet": "no-store"} {
			res, err := r.client.Head("http://localhost" + path)
			if err != nil {
				t.Fatal(err)
			}
			h := res.Header
			if res.StatusCode != http.StatusOK || h.Get("Cache-Control") != cache || h.Get("X-Content-Type-Options") != "nosniff" ||
				!strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self';") {
				t.Errorf("%s: %d %v", path, res.StatusCode, h)
			}
		}
	})
}
