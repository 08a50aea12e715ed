package api

import (
	"net/http"
	"net/url"
	"time"

	"github.com/gridward/gridward/center/fleet"
)

// derList is the answer of GET /api/v1/ders.
type derList struct {
	Time time.Time       `json:"time"`
	DERs []fleet.Summary `json:"ders"`
}

func (a *API) list(w http.ResponseWriter, r *http.Request) {
	q, ok := query(w, r, "state", "kind")
	if !ok {
		return
	}
	state, kind := fleet.State(q.Get("state")), fleet.Kind(q.Get("kind"))
	if state != "" && !contains(fleet.States(), state) {
		badParameter(w, r, "state", "not a state of a DER")
		return
	}
	if kind != "" && !contains(fleet.Kinds(), kind) {
		badParameter(w, r, "kind", "not a kind of DER")
		return
	}
	out := derList{Time: time.Now().UTC(), DERs: []fleet.Summary{}}
	for _, s := range a.fleet.List() {
		if (state == "" || s.State == state) && (kind == "" || s.Kind == kind) {
			out.DERs = append(out.DERs, s)
		}
	}
	writeJSON(w, http.StatusOK, out)
}

func contains[T comparable](list []T, v T) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}

// query gives the query parameters, of which only the named ones may occur, each once.
func query(w http.ResponseWriter, r *http.Request, names ...string) (url.Values, bool) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		fail(w, r, http.StatusBadRequest, "query", "The query cannot be read", err.Error())
		return nil, false
	}
	for name, values := range q {
		if !contains(names, name) {
			badParameter(w, r, name, "unknown parameter")
			return nil, false
		}
		if len(values) > 1 {
			badParameter(w, r, name, "the parameter is there twice")
			return nil, false
		}
	}
	return q, true
}

func badParameter(w http.ResponseWriter, r *http.Request, name, detail string) {
	fail(w, r, http.StatusBadRequest, "query", "A query parameter is wrong", name+": "+detail, ProblemError{Parameter: name, Detail: detail})
}

// answer writes v, or the problem for err.
func answer[T any](w http.ResponseWriter, r *http.Request, v T, err error) {
	if err != nil {
		refuse(w, r, err, "")
		return
	}
	writeJSON(w, http.StatusOK, v)
}

func (a *API) detail(w http.ResponseWriter, r *http.Request) {
	v, err := a.fleet.Detail(r.PathValue("id"))
	answer(w, r, v, err)
}

func (a *API) model(w http.ResponseWriter, r *http.Request) {
	v, err := a.fleet.Model(r.PathValue("id"))
	answer(w, r, v, err)
}

func (a *API) trend(w http.ResponseWriter, r *http.Request) {
	v, err := a.fleet.Trend(r.PathValue("id"))
	answer(w, r, v, err)
}

func (a *API) totals(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, a.fleet.Totals())
}

func (a *API) totalTrend(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, a.fleet.TotalTrend())
}

func (a *API) hold(w http.ResponseWriter, r *http.Request) {
	var held, given bool
	read := boolean(&held)
	fields := map[string]field{"held": func(raw rawMessage) error { given = true; return read(raw) }}
	if !readBody(w, r, fields) {
		return
	}
	if !given {
		fail(w, r, http.StatusBadRequest, "malformed", "The body is not what this operation takes", "held is missing",
			ProblemError{Pointer: "/held", Detail: "the member is missing"})
		return
	}
	id := r.PathValue("id")
	if err := a.fleet.Hold(id, held); err != nil {
		refuse(w, r, err, "")
		return
	}
	v, err := a.fleet.Get(id)
	answer(w, r, v, err)
}
