package api_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"mime"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/gridward/gridward/center/api"
)

// document is openapi.json, and which of its answers were seen.
type document struct {
	Paths map[string]map[string]json.RawMessage `json:"paths"`

	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema
	seen     map[string]bool
}

type operation struct {
	Responses map[string]struct {
		Content map[string]struct {
			Schema json.RawMessage `json:"schema"`
		} `json:"content"`
	} `json:"responses"`
}

const documentURL = "https://gridward.example/openapi.json"

func readDocument(t *testing.T) *document {
	t.Helper()
	b, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	d := &document{compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}, seen: map[string]bool{}}
	decode(t, b, d)
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if err := d.compiler.AddResource(documentURL, whole); err != nil {
		t.Fatal(err)
	}
	d.compiler.AssertFormat()
	return d
}

// template finds the path of the document that fits.
func (d *document) template(path string) string {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.Split(path, "/")
	for p := range d.Paths {
		want := strings.Split(p, "/")
		if len(want) != len(parts) {
			continue
		}
		fits := true
		for i := range want {
			fits = fits && (want[i] == parts[i] || strings.HasPrefix(want[i], "{") && parts[i] != "")
		}
		if fits {
			return p
		}
	}
	return ""
}

func (d *document) operation(t *testing.T, path, method string) operation {
	t.Helper()
	var op operation
	decode(t, d.Paths[path][strings.ToLower(method)], &op)
	return op
}

// check holds an answer against the document: the status must be described, and the body must be of the schema.
func (d *document) check(t *testing.T, method, path string, res *http.Response, body []byte) {
	t.Helper()
	p := d.template(path)
	if p == "" || d.Paths[p][strings.ToLower(method)] == nil {
		return // 404 and 405 of what is not described
	}
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	status := http.StatusText(res.StatusCode)
	key := statusKey(res.StatusCode)
	r, ok := d.operation(t, p, method).Responses[key]
	if !ok {
		t.Errorf("%s %s: status %s %s is not described", method, p, key, status)
		return
	}
	d.seen[method+" "+p+" "+key] = true
	if len(r.Content) == 0 {
		if len(body) != 0 {
			t.Errorf("%s %s: %s has a body", method, p, key)
		}
		return
	}
	if _, ok := r.Content[media]; !ok {
		t.Errorf("%s %s: content type %q of %s is not described", method, p, media, key)
		return
	}
	if !strings.HasSuffix(media, "json") {
		return
	}
	at := "#/paths/" + strings.ReplaceAll(strings.ReplaceAll(p, "~", "~0"), "/", "~1") + "/" + strings.ToLower(method) + "/responses/" + key +
		"/content/" + strings.ReplaceAll(media, "/", "~1") + "/schema"
	d.validate(t, at, body)
}

func statusKey(code int) string {
	b, _ := json.Marshal(code)
	return string(b)
}

// validate holds a JSON text against the schema at a place in the document.
func (d *document) validate(t *testing.T, at string, body []byte) {
	t.Helper()
	s := d.schemas[at]
	if s == nil {
		var err error
		// Braces of path templates are percent-encoded in a URI fragment.
		if s, err = d.compiler.Compile(documentURL + strings.NewReplacer("{", "%7B", "}", "%7D").Replace(at)); err != nil {
			t.Fatalf("schema %s: %v", at, err)
		}
		d.schemas[at] = s
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		t.Errorf("%s: %v", at, err)
		return
	}
	if err := s.Validate(v); err != nil {
		t.Errorf("%s: %v\n%.600s", at, err, body)
	}
}

func TestDocumentAndRoutesAgree(t *testing.T) {
	d := readDocument(t)
	described, served := map[string]bool{}, map[string]bool{}
	for p, item := range d.Paths {
		for m := range item {
			if m != "parameters" {
				described[strings.ToUpper(m)+" "+p] = true
			}
		}
	}
	for _, r := range api.New(api.Config{}, nil).Routes() {
		for m := range r.Methods {
			served[m+" "+r.Path] = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(described)) {
		if !served[k] {
			t.Errorf("%s is described but not served", k)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(served)) {
		if !described[k] {
			t.Errorf("%s is served but not described", k)
		}
	}
	if len(served) < 14 {
		t.Errorf("only %d operations", len(served))
	}
}

func TestEverySchemaCompiles(t *testing.T) {
	d := readDocument(t)
	var whole struct {
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}
	b, err := os.ReadFile("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	decode(t, b, &whole)
	for name := range whole.Components.Schemas {
		if _, err := d.compiler.Compile(documentURL + "#/components/schemas/" + name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n := strings.Count(string(b), `"#/components/schemas/`+name+`"`); n == 0 && name != "Snapshot" {
			t.Errorf("%s is not used", name)
		}
	}
}
