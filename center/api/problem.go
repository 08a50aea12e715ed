package api

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gridward/gridward/center/dispatch"
	"github.com/gridward/gridward/center/fleet"
)

// A Problem is a problem details object, RFC 9457.
type Problem struct {
	Type     string            `json:"type"` // urn:gridward:problem:..., stable
	Title    string            `json:"title"`
	Status   int               `json:"status"`
	Detail   string            `json:"detail"`
	Instance string            `json:"instance"`          // path of the request
	Errors   []ProblemError    `json:"errors,omitempty"`  // what is wrong where in the request
	Command  *dispatch.Command `json:"command,omitempty"` // the command that came to a bad end
}

// A ProblemError points into the request body (RFC 6901) or names a parameter.
type ProblemError struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Detail    string `json:"detail"`
}

const problemPrefix = "urn:gridward:problem:"

// fail writes a problem.
func fail(w http.ResponseWriter, r *http.Request, status int, kind, title, detail string, errs ...ProblemError) {
	writeProblem(w, r, Problem{Type: problemPrefix + kind, Title: title, Status: status, Detail: detail, Errors: errs})
}

func writeProblem(w http.ResponseWriter, r *http.Request, p Problem) {
	p.Instance = r.URL.Path
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client has gone if this fails
}

// refuse writes the problem for an error of fleet or dispatch. pointer is where in the body the value was, "" for none.
func refuse(w http.ResponseWriter, r *http.Request, err error, pointer string) {
	var where []ProblemError
	if pointer != "" {
		where = []ProblemError{{Pointer: pointer, Detail: err.Error()}}
	}
	switch {
	case errors.Is(err, fleet.ErrUnknown):
		fail(w, r, http.StatusNotFound, "unknown-der", "There is no such DER", err.Error())
	case errors.Is(err, dispatch.ErrNoCommand):
		fail(w, r, http.StatusNotFound, "unknown-command", "There is no such command", err.Error())
	case errors.Is(err, fleet.ErrNoModel):
		fail(w, r, http.StatusConflict, "no-model", "The DER's model was not read yet", err.Error())
	case errors.Is(err, fleet.ErrOffline):
		fail(w, r, http.StatusConflict, "der-offline", "The DER is not online", err.Error())
	case errors.Is(err, fleet.ErrNoControl):
		fail(w, r, http.StatusUnprocessableEntity, "no-control", "The DER has no such control", err.Error(), where...)
	case errors.Is(err, dispatch.ErrBounds):
		fail(w, r, http.StatusUnprocessableEntity, "out-of-bounds", "The value is beyond what the DER can do", err.Error(), where...)
	case errors.Is(err, dispatch.ErrBusy):
		w.Header().Set("Retry-After", "5")
		fail(w, r, http.StatusTooManyRequests, "busy", "Too many commands wait for this DER", err.Error())
	case errors.Is(err, dispatch.ErrClosed):
		fail(w, r, http.StatusServiceUnavailable, "closing", "The control centre is shutting down", err.Error())
	default:
		fail(w, r, http.StatusInternalServerError, "internal", "Something went wrong here", err.Error())
	}
}

// writeJSON writes v with a status.
func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // a type that cannot be marshalled: a defect
		http.Error(w, "api: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the client has gone if this fails
}
