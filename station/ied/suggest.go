package ied

import (
	"slices"
	"strings"
)

// didYouMean names what is most like a misspelt name, or everything when there is little.
func didYouMean(name string, among []string) string {
	const few = 12
	type near struct {
		name string
		d    int
	}
	var close []near
	for _, n := range among {
		if len(among) > 5000 || len(name) > 64 || len(n) > 64 {
			break
		}
		if d := distance(strings.ToLower(name), strings.ToLower(n)); d <= max(1, len(name)/3) {
			close = append(close, near{n, d})
		}
	}
	slices.SortStableFunc(close, func(a, b near) int { return a.d - b.d })
	switch {
	case len(close) > 0:
		return "did you mean " + close[0].name + "?"
	case len(among) == 0:
		return ""
	case len(among) <= few:
		return "there are: " + strings.Join(among, ", ")
	}
	return "there are: " + strings.Join(among[:few], ", ") + ", ..."
}

// distance counts the edits from a to b.
func distance(a, b string) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	row := make([]int, len(b)+1)
	for i := range len(a) {
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(prev[j]+cost, prev[j+1]+1, row[j]+1)
		}
		prev, row = row, prev
	}
	return prev[len(b)]
}
