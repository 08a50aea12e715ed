package api

import (
	"encoding/json"
	"math"
	"testing"
)

// FuzzBody holds that whatever comes as a body either is a JSON object with a finite number, or is refused and says why.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{"activePower":1}`, `{"activePower":-1.5e3,"operator":"anna","test":true}`, `{"activePower":1e999}`, `{"activePower":null}`, `{}`, `[`,
		`{"activePower":1}x`, `{"a":1,"a":2}`, "{\"operator\":\"\\u0000\"}", "\xff", `{"activePower":1,"activePower":2}`, `{"":{}}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var power *float64
		var test bool
		var operator string
		errs := parseObject(body, map[string]field{"activePower": number(&power), "test": boolean(&test), "operator": text(&operator, maxOrIdent)})
		if len(errs) > 0 {
			if errs[0].Detail == "" {
				t.Errorf("%q: refused without a word", body)
			}
			return
		}
		var loose struct {
			ActivePower *float64 `json:"activePower"`
			Test        bool     `json:"test"`
			Operator    string   `json:"operator"`
		}
		if err := json.Unmarshal(body, &loose); err != nil {
			t.Fatalf("%q was accepted, but: %v", body, err)
		}
		if (power == nil) != (loose.ActivePower == nil) || power != nil && (*power != *loose.ActivePower || math.IsInf(*power, 0)) ||
			test != loose.Test || operator != loose.Operator || len(operator) > maxOrIdent {
			t.Errorf("%q: %v %v %q", body, power, test, operator)
		}
	})
}
