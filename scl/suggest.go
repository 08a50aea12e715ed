package scl

import (
	"strings"

	"github.com/gridward/gridward/model"
)

// nearest finds the key that a typing error or a difference of case would turn into id, "" when there is none.
func nearest(id string, among map[string]*Element) string {
	best, bestName := 3, ""
	if len(id) > 64 || len(among) > 5000 {
		return ""
	}
	for name := range among {
		if d := distance(id, name, best+1); d < best || d == best && d < 3 && name < bestName {
			best, bestName = d, name
		}
	}
	return bestName
}

func nearestBasic(s string) string {
	for b := model.BasicStruct; b < model.NumBasic; b++ {
		if strings.EqualFold(s, b.String()) || distance(s, b.String(), 2) < 2 {
			return b.String()
		}
	}
	return ""
}

// distance counts the edits from a to b, case differences free, giving up at most.
func distance(a, b string, most int) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	if len(a) < 3 || len(b) < 3 || len(a)-len(b) >= most || len(b)-len(a) >= most || len(b) > 64 {
		return most
	}
	var rows [2][65]int
	prev, row := rows[0][:], rows[1][:]
	for j := range len(b) + 1 {
		prev[j] = j
	}
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
	return min(prev[len(b)], most)
}

func article(kind string) string {
	if kind == "EnumType" || kind == "LNodeType" {
		return "an " + kind
	}
	return "a " + kind
}
