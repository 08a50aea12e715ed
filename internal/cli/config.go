package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
)

// MaxConfig is the largest configuration file in octets.
const MaxConfig = 1 << 20

// LoadConfig reads one strict YAML file into v, a pointer to a struct with yaml tags. An unknown key, a duplicate key or
// a value of the wrong type is an error with file, line and column, and the exit code BadUsage. v keeps its defaults
// where the file says nothing. If v has a method Validate() error, it is called.
func LoadConfig(path string, v any) error {
	f, err := os.Open(path)
	if err != nil {
		return Usage(err, "give the configuration with --config FILE")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxConfig+1))
	if err != nil {
		return Usage(err, "")
	}
	return ParseConfig(path, data, v)
}

// ParseConfig is LoadConfig of data that is already in memory; path is for messages.
func ParseConfig(path string, data []byte, v any) error {
	if len(data) > MaxConfig {
		return Usage(fmt.Errorf("%s: larger than %d octets", path, MaxConfig), "")
	}
	if nested(data) > maxNesting {
		return Usage(fmt.Errorf("%s: nested deeper than %d", path, maxNesting), "")
	}
	err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict(), yaml.DisallowUnknownField()).Decode(v)
	if err != nil && !errors.Is(err, io.EOF) {
		var ye yaml.Error
		if errors.As(err, &ye) && ye.GetToken() != nil && ye.GetToken().Position != nil {
			p := ye.GetToken().Position
			return Usage(fmt.Errorf("%s:%d:%d: %s", path, p.Line, p.Column, plain(ye.GetMessage())), "")
		}
		if p := position(data, err); p != nil {
			return Usage(fmt.Errorf("%s:%d:%d: %w", path, p.Line, p.Column, err), "")
		}
		return Usage(fmt.Errorf("%s: %w", path, err), "")
	}
	if val, ok := v.(interface{ Validate() error }); ok {
		if err := val.Validate(); err != nil {
			return Usage(fmt.Errorf("%s: %w", path, err), "")
		}
	}
	return nil
}

// maxNesting is far more than a configuration needs and far less than what the YAML parser can stand.
const maxNesting = 1000

// nested gives how deep data may be nested by what costs an octet or two a level: brackets, and dashes and question
// marks on one line. It does not know quotes; what it counts too many does not matter below maxNesting.
func nested(data []byte) int {
	deepest, brackets, marks := 0, 0, 0
	for _, c := range data {
		switch c {
		case '[', '{':
			brackets++
		case ']', '}':
			brackets = max(brackets-1, 0)
		case '-', '?':
			marks++
		case ' ', '\t':
		default:
			marks = 0
		}
		deepest = max(deepest, brackets, marks)
	}
	return deepest
}

// position finds the scalar that an error of a type's own parser quotes, such as a bad duration: such an error does not
// say where.
func position(data []byte, err error) *token.Position {
	text := err.Error()
	i := strings.IndexByte(text, '"')
	if i < 0 {
		return nil
	}
	quoted, e := strconv.QuotedPrefix(text[i:])
	if e != nil {
		return nil
	}
	value, e := strconv.Unquote(quoted)
	if e != nil {
		return nil
	}
	for _, t := range lexer.Tokenize(string(data)) {
		if t.Value == value {
			return t.Position
		}
	}
	return nil
}

var mismatch = regexp.MustCompile(`^cannot unmarshal (\w+) into Go (?:struct field \S+|value) of type (\S+)$`)

// plain says in the words of a configuration what the YAML library says in those of Go.
func plain(msg string) string {
	m := mismatch.FindStringSubmatch(msg)
	if m == nil {
		return msg
	}
	names := map[string]string{
		"time.Duration": "a duration such as 5s", "float64": "a number", "int": "a whole number", "uint64": "a whole number",
		"string": "text", "bool": "true or false",
	}
	want, ok := names[m[2]]
	switch {
	case ok:
	case strings.HasPrefix(m[2], "[]"):
		want = "a list"
	default:
		want = "a section"
	}
	got := map[string]string{"string": "text", "uint64": "a number", "float64": "a number", "bool": "true or false", "[]interface": "a list"}[m[1]]
	if got == "" {
		got = m[1]
	}
	return "want " + want + ", not " + got
}
