package ied

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/gridward/gridward/model"
)

// A Line is one line of Config.Lines: one value, or several in Set. An array of Lines is one transaction as well.
type Line struct {
	Ref   string         `json:"ref"`             // LD/LN.DO or LD/LN.DO.DA
	Value any            `json:"value"`           // as in a scenario
	Set   map[string]any `json:"set,omitempty"`   // by reference, instead of Ref and Value
	Q     string         `json:"q,omitempty"`     // quality; "": good
	T     string         `json:"t,omitempty"`     // RFC 3339; "": now
	Fault string         `json:"fault,omitempty"` // of the commands for Ref: see ParseScenario
}

// maxLine bounds a line in octets.
const maxLine = 1 << 20

// ErrLine is wrapped by what is wrong with a line as such.
var ErrLine = errors.New("ied: bad line")

// lines reads values until there are no more. A bad line is told and has no effect.
type lines struct {
	d *IED
	r *bufio.Reader
	n int
}

func newLines(d *IED) *lines { return &lines{d: d, r: bufio.NewReaderSize(d.cfg.Lines, 64<<10)} }

func (l *lines) run(ctx context.Context) {
	for ctx.Err() == nil {
		text, err := l.read()
		if ctx.Err() != nil {
			return
		}
		if len(bytes.TrimSpace(text)) > 0 {
			if err := l.d.setLine(text); err != nil {
				l.d.cfg.Events(LineRefused{Line: l.n, Err: err})
			}
		}
		switch {
		case errors.Is(err, ErrLine):
			l.d.cfg.Events(LineRefused{Line: l.n, Err: err})
		case errors.Is(err, io.EOF):
			l.d.cfg.Events(LinesEnded{})
			return
		case err != nil:
			l.d.cfg.Events(LinesEnded{Err: err})
			return
		}
	}
}

// read gives the next line; one that is too long is skipped.
func (l *lines) read() ([]byte, error) {
	l.n++
	var text []byte
	long := false
	for {
		part, err := l.r.ReadSlice('\n')
		if len(text)+len(part) > maxLine {
			long, text = true, nil
		}
		if !long {
			text = append(text, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case long && err == nil:
			return nil, fmt.Errorf("%w: longer than %d octets", ErrLine, maxLine)
		}
		return text, err
	}
}

// setLine makes the changes of a line in one transaction.
func (d *IED) setLine(text []byte) error {
	var list []Line
	if t := bytes.TrimSpace(text); t[0] == '[' {
		if err := strictJSON(t, &list); err != nil {
			return err
		}
	} else {
		var one Line
		if err := strictJSON(t, &one); err != nil {
			return err
		}
		list = []Line{one}
	}
	var settings []setting
	faults := make(map[model.Ref]Fault)
	for i := range list {
		s, err := d.line(&list[i], faults)
		if err != nil {
			return err
		}
		settings = append(settings, s...)
	}
	if err := d.nodes.apply(d.cfg.Now(), settings); err != nil {
		return err
	}
	for ref, f := range faults {
		d.controls.setFault(ref, f)
	}
	return nil
}

func strictJSON(text []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return fmt.Errorf("%w: %w", ErrLine, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: more than one value", ErrLine)
	}
	return nil
}

func (d *IED) line(l *Line, faults map[model.Ref]Fault) ([]setting, error) {
	s := setting{}
	if l.Q != "" {
		var ok bool
		if s.q, ok = model.ParseQuality(l.Q); !ok {
			return nil, fmt.Errorf("%w: %q is not a quality", ErrLine, l.Q)
		}
	}
	if l.T != "" {
		var err error
		if s.when, err = time.Parse(time.RFC3339Nano, l.T); err != nil {
			return nil, fmt.Errorf("%w: %q is not a time such as 2026-01-31T12:00:00Z", ErrLine, l.T)
		}
	}
	if l.Fault != "" {
		ref, ok := controllable(d.cfg.Model, l.Ref)
		if !ok {
			return nil, &RefError{Ref: l.Ref, Msg: "not a controllable object"}
		}
		f, ok := faultNames[l.Fault]
		if !ok {
			if f.Cause, ok = model.ParseAddCause(l.Fault); !ok {
				return nil, fmt.Errorf("%w: %q is not a fault", ErrLine, l.Fault)
			}
		}
		faults[ref] = f
		if l.Value == nil {
			return nil, nil
		}
	}
	set := l.Set
	switch {
	case l.Set == nil && l.Ref == "":
		return nil, fmt.Errorf("%w: neither ref nor set", ErrLine)
	case l.Set != nil && l.Ref != "":
		return nil, fmt.Errorf("%w: both ref and set", ErrLine)
	case l.Set == nil:
		set = map[string]any{l.Ref: l.Value}
	}
	var out []setting
	for _, text := range sorted(slices.Collect(maps.Keys(set))) {
		p, err := findPoint(d.cfg.Model, text)
		if err != nil {
			return nil, err
		}
		one := s
		one.p = p
		if set[text] != nil || l.Q == "" { // null with a quality: quality alone
			if one.values, err = p.assign(plainNumbers(set[text])); err != nil {
				return nil, err
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// plainNumbers turns the numbers of JSON into those that assign takes.
func plainNumbers(x any) any {
	switch v := x.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, err := v.Float64()
		if err != nil {
			return v.String()
		}
		return f
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = plainNumbers(v[k])
		}
	}
	return x
}
