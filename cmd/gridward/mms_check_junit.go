package main

import (
	"encoding/xml"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/google/renameio/v2"

	"github.com/gridward/gridward/acsi/check"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Time     string       `xml:"time,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitMessage `xml:"failure"`
	Skipped *junitMessage `xml:"skipped"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes results as JUnit's XML, one suite a group.
func writeJUnit(file, target string, results []check.Result, took time.Duration) error {
	all := junitSuites{Name: "gridward mms check " + plainText(target), Time: fmt.Sprintf("%.3f", took.Seconds())}
	at := map[string]int{}
	for _, r := range results {
		i, ok := at[r.Group]
		if !ok {
			i = len(all.Suites)
			at[r.Group] = i
			all.Suites = append(all.Suites, junitSuite{Name: r.Group})
		}
		suite := &all.Suites[i]
		c := junitCase{Class: "mms." + r.Group, Name: plainText(strings.TrimSpace(r.Service+" "+r.Object) + ": " + r.Rule)}
		all.Tests++
		suite.Tests++
		switch r.Outcome {
		case check.Fail:
			all.Failures++
			suite.Failures++
			c.Failure = &junitMessage{Message: plainText("got " + r.Got), Text: plainText("expected " + r.Expected + ", got " + r.Got + " [" + r.Clause + "]")}
		case check.Skip:
			all.Skipped++
			suite.Skipped++
			c.Skipped = &junitMessage{Message: plainText(r.Reason)}
		}
		suite.Cases = append(suite.Cases, c)
	}
	b, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return renameio.WriteFile(file, append([]byte(xml.Header), append(b, '\n')...), 0o644)
}

// plainText leaves out what XML cannot hold.
func plainText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || r == unicode.ReplacementChar {
			return '?'
		}
		return r
	}, s)
}
