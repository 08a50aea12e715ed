package stanza

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/gridward/gridward/xmpp/xmlscan"
)

const rewriteHeader = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"

// forward does what a router does with a stanza: it parses it and writes it again. ok is false when it is refused.
func forward(t *testing.T, raw string) (out []byte, ok bool) {
	t.Helper()
	sc := xmlscan.NewScanner(xmlscan.NSClient, xmlscan.LimitDefault)
	sc.Feed([]byte(rewriteHeader + raw))
	for {
		it, err := sc.Next()
		if err != nil || it == xmlscan.None {
			return nil, false
		}
		if it != xmlscan.Child {
			continue
		}
		var p Parser
		var s Stanza
		if err := p.Parse(sc.Element, &s); err != nil {
			return nil, false
		}
		return s.Append(nil), true
	}
}

// What the router writes must be accepted by the rules by which it reads: the receiver would end its own stream otherwise,
// and a sender could so cut off others.
func TestForwardedIsAccepted(t *testing.T) {
	quotes := strings.Repeat("'", 4000)
	var decls strings.Builder
	for i := range xmlscan.MaxNamespaces {
		fmt.Fprintf(&decls, " xmlns:n%d='urn:%d'", i, i)
	}
	tests := []struct {
		name, raw string
		pass      bool // must be forwarded, not refused
	}{
		{"end of CDATA joins text", "<message><body><![CDATA[]]]]>></body></message>", true},
		{"text joins CDATA", "<message><body>]<![CDATA[]]]>></body></message>", true},
		{"two CDATA sections", "<message><body><![CDATA[]]]]><![CDATA[>]]></body></message>", true},
		{"CDATA and a prefix from outside", "<message xmlns:p='urn:p'><p:a><![CDATA[]]]]>></p:a></message>", true},
		{"condition in the namespace of XML", "<message type='error'><error type='cancel'><xml:a/></error></message>", true},
		{"long namespace of a condition", "<message type='error'><error><a xmlns=\"" + quotes + "\"/></error></message>", false},
		{"long by", "<message type='error'><error by=\"a@b.c/" + quotes[:1000] + "\"/></message>", false},
		{"long type", "<message type=\"" + quotes + "\"/>", false},
		{"long language", "<message xml:lang=\"" + quotes + "\"/>", true},
		{"long namespace", "<message xmlns:p=\"" + quotes + "\"><p:a/></message>", false},
		{"more declarations than one element may have", "<message xmlns:p='urn:p'><a" + decls.String() + "><p:a/></a></message>", false},
		{"markup in CDATA", "<message><body><![CDATA[" + strings.Repeat("<", 200000) + "]]></body></message>", false},
		{"declaration for many children", "<message xmlns:p='" + strings.Repeat("u", 4000) + "'>" + strings.Repeat("<p:a/>", 250) + "</message>", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, ok := forward(t, tt.raw)
			if !ok {
				if tt.pass {
					t.Fatal("refused")
				}
				return
			}
			if len(out) > xmlscan.LimitDefault {
				t.Fatalf("%d octets became %d", len(tt.raw), len(out))
			}
			again, ok := forward(t, string(out))
			if !ok {
				t.Fatalf("what was written is refused: %.200s", out)
			}
			if string(again) != string(out) {
				t.Fatalf("written as %.200s, and the next time as %.200s", out, again)
			}
			r := xmlscan.NewReader(out)
			for {
				if _, err := r.Next(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
