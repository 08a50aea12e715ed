package api

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/gridward/gridward/center/dispatch"
	"github.com/gridward/gridward/center/fleet"
)

type rawMessage = json.RawMessage

// maxOrIdent is the longest orIdent in octets, IEC 61850-7-3 6.9.
const maxOrIdent = 64

// setpoint gives a DER a set-point of active power or a limit.
func (a *API) setpoint(w http.ResponseWriter, r *http.Request) {
	var power, limit *float64
	var test, dryRun bool
	wait, operator := true, "dashboard"
	if !readBody(w, r, map[string]field{
		"activePower": number(&power), "limit": number(&limit), "test": boolean(&test), "dryRun": boolean(&dryRun),
		"wait": boolean(&wait), "operator": text(&operator, maxOrIdent),
	}) {
		return
	}
	q := dispatch.Request{DER: r.PathValue("id"), Test: test, Operator: operator}
	pointer := "/activePower"
	switch {
	case power != nil && limit == nil:
		q.Quantity, q.Watts = fleet.Setpoint, *power
	case limit != nil && power == nil:
		q.Quantity, q.Watts, pointer = fleet.Limit, *limit, "/limit"
	default:
		fail(w, r, http.StatusBadRequest, "malformed", "The body is not what this operation takes", "give either activePower or limit",
			ProblemError{Pointer: "", Detail: "exactly one of activePower and limit must be there"})
		return
	}
	if dryRun {
		if err := a.dispatch.Check(q); err != nil {
			refuse(w, r, err, pointer)
			return
		}
		w.WriteHeader(http.StatusNoContent)
		return
	}
	c, done, err := a.dispatch.Submit(q)
	if err != nil {
		refuse(w, r, err, pointer)
		return
	}
	if !wait {
		w.Header().Set("Location", "/api/v1/commands/"+strconv.FormatUint(c.ID, 10))
		writeJSON(w, http.StatusAccepted, c)
		return
	}
	select {
	case <-done:
	case <-r.Context().Done(): // the command goes on without its witness
		return
	}
	a.mayWrite(w)
	c, err = a.dispatch.Get(c.ID)
	if err != nil {
		refuse(w, r, err, "")
		return
	}
	a.outcome(w, r, c)
}

// outcome answers with a command that has come to its end.
func (a *API) outcome(w http.ResponseWriter, r *http.Request, c dispatch.Command) {
	p := Problem{Detail: c.Reason, Command: &c}
	switch c.State {
	case dispatch.Accepted, dispatch.Terminated:
		writeJSON(w, http.StatusOK, c)
		return
	case dispatch.Refused:
		p.Status, p.Type, p.Title = http.StatusConflict, "refused", "The DER refused the command: "+c.AddCause
	case dispatch.Timeout:
		p.Status, p.Type, p.Title = http.StatusGatewayTimeout, "timeout", "The DER did not answer in time"
	case dispatch.Lost:
		p.Status, p.Type, p.Title = http.StatusBadGateway, "lost", "The association with the DER was lost"
	default:
		p.Status, p.Type, p.Title = http.StatusServiceUnavailable, "not-sent", "The command was not sent"
	}
	p.Type = problemPrefix + p.Type
	writeProblem(w, r, p)
}

// commandList is the answer of GET /api/v1/commands.
type commandList struct {
	Commands []dispatch.Command `json:"commands"` // the newest first
}

const defaultCommands, maxCommands = 50, 1000

func (a *API) commands(w http.ResponseWriter, r *http.Request) {
	q, ok := query(w, r, "der", "limit")
	if !ok {
		return
	}
	n := defaultCommands
	if s := q.Get("limit"); s != "" {
		v, err := strconv.Atoi(s)
		if err != nil || v < 1 || v > maxCommands {
			badParameter(w, r, "limit", "want 1 to 1000")
			return
		}
		n = v
	}
	writeJSON(w, http.StatusOK, commandList{a.dispatch.List(q.Get("der"), n)})
}

func (a *API) command(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseUint(r.PathValue("id"), 10, 64)
	if err != nil {
		fail(w, r, http.StatusNotFound, "unknown-command", "There is no such command", r.PathValue("id")+" is not a number")
		return
	}
	c, err := a.dispatch.Get(id)
	answer(w, r, c, err)
}
