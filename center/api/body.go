package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"
)

// maxBody is the largest request body in octets.
const maxBody = 4 << 10

// field reads one member of a request body; its error is shown to the client.
type field func(raw json.RawMessage) error

// readBody reads a flat JSON object strictly: the right content type, UTF-8, exactly the known members, each at most
// once and never null, nothing after the object. It writes the problem and reports false when that fails.
func readBody(w http.ResponseWriter, r *http.Request, fields map[string]field) bool {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" || params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
		w.Header().Set("Accept-Post", "application/json")
		fail(w, r, http.StatusUnsupportedMediaType, "content-type", "The body must be application/json",
			fmt.Sprintf("Content-Type is %q", r.Header.Get("Content-Type")))
		return false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			fail(w, r, http.StatusRequestEntityTooLarge, "too-large", "The body is too large", fmt.Sprintf("more than %d octets", maxBody))
			return false
		}
		fail(w, r, http.StatusBadRequest, "unreadable", "The body cannot be read", err.Error())
		return false
	}
	if errs := parseObject(body, fields); len(errs) > 0 {
		fail(w, r, http.StatusBadRequest, "malformed", "The body is not what this operation takes", errs[0].Detail, errs...)
		return false
	}
	return true
}

// parseObject gives what is wrong with body, nothing when all is well.
func parseObject(body []byte, fields map[string]field) []ProblemError {
	bad := func(pointer, format string, args ...any) []ProblemError {
		return []ProblemError{{Pointer: pointer, Detail: fmt.Sprintf(format, args...)}}
	}
	if !utf8.Valid(body) {
		return bad("", "not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	syntax := func(err error) []ProblemError {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return bad("", "the JSON text ends too early, at octet %d", len(body))
		}
		return bad("", "%v, before octet %d", err, dec.InputOffset()+1)
	}
	t, err := dec.Token()
	if err != nil {
		return syntax(err)
	}
	if t != json.Delim('{') {
		return bad("", "want a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return syntax(err)
		}
		name, ok := t.(string)
		if !ok {
			return bad("", "want a member name before octet %d", dec.InputOffset())
		}
		pointer := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return syntax(err)
		}
		read, known := fields[name]
		switch {
		case !known:
			return bad(pointer, "unknown member")
		case seen[name]:
			return bad(pointer, "the member is there twice")
		}
		seen[name] = true
		if string(raw) == "null" {
			return bad(pointer, "null is no value here")
		}
		if err := read(raw); err != nil {
			return bad(pointer, "%v", err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return syntax(err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return bad("", "something follows the object, at octet %d", dec.InputOffset())
	}
	return nil
}

func number(p **float64) field {
	return func(raw json.RawMessage) error {
		var f float64
		if err := json.Unmarshal(raw, &f); err != nil {
			return fmt.Errorf("want a number, not %s", clip(raw))
		}
		*p = &f
		return nil
	}
}

func boolean(p *bool) field {
	return func(raw json.RawMessage) error {
		if err := json.Unmarshal(raw, p); err != nil {
			return fmt.Errorf("want true or false, not %s", clip(raw))
		}
		return nil
	}
}

// text reads a string of at most n octets without control characters.
func text(p *string, n int) field {
	return func(raw json.RawMessage) error {
		if err := json.Unmarshal(raw, p); err != nil {
			return fmt.Errorf("want a string, not %s", clip(raw))
		}
		if len(*p) > n {
			return fmt.Errorf("longer than %d octets", n)
		}
		for _, c := range *p {
			if c < ' ' || c == 0x7f {
				return errors.New("control characters are not allowed")
			}
		}
		return nil
	}
}

func clip(raw []byte) string {
	if len(raw) > 40 {
		return strings.ToValidUTF8(string(raw[:40]), "") + "..."
	}
	return string(raw)
}
