package xmlscan

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Every rule of the restricted XML, and what it is refused as.
func TestRules(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("<a>", n) + strings.Repeat("</a>", n) }
	attrs := func(n int, f string) (s string) {
		for i := range n {
			s += " " + fmt.Sprintf(f, i)
		}
		return s
	}
	name := func(n int) string { return strings.Repeat("n", n) }
	for _, c := range []struct {
		in   string // behind the header
		rule Rule
	}{
		{"<iq><a>\xff</a></iq>", RuleEncoding},
		{"<iq a='\xc3('/>", RuleEncoding},
		{"<iq>\xed\xa0\x80</iq>", RuleEncoding},
		{"<iq>\xc0\xaf</iq>", RuleEncoding},
		{"<iq a='\xff'/>", RuleEncoding},
		{"<iq>\xf8\x88\x80\x80\x80</iq>", RuleEncoding},
		{"<iq>\ufffe</iq>", RuleChar},
		{"<iq>\uffff</iq>", RuleChar},
		{"<iq a='\uffff'/>", RuleChar},
		{"<iq>\x00</iq>", RuleChar},
		{"<iq>\x0b</iq>", RuleChar},
		{"<iq a='\x01'/>", RuleChar},
		{"<iq>&#0;</iq>", RuleChar},
		{"<iq>&#x1f;</iq>", RuleChar},
		{"<iq a='&#xD800;'/>", RuleChar},
		{"<iq>&#xFFFE;</iq>", RuleChar},
		{"<iq>&#x110000;</iq>", RuleChar},
		{"<iq><![CDATA[\x08]]></iq>", RuleChar},
		{"<iq><![CDATA[\xfe]]></iq>", RuleEncoding},
		{"<!-- x --><iq/>", RuleComment},
		{"<iq><!-- x --></iq>", RuleComment},
		{"<iq><a><!----></a></iq>", RuleComment},
		{"<?php x?>", RulePI},
		{"<iq><?x?></iq>", RulePI},
		{"<?xml version='1.0'?>", RulePI},
		{"<!DOCTYPE x>", RuleDTD},
		{`<iq><!DOCTYPE x [<!ENTITY a "b">]></iq>`, RuleDTD},
		{"<iq><!ENTITY a 'b'></iq>", RuleDTD},
		{"<iq><![INCLUDE[x]]></iq>", RuleDTD},
		{"<iq>&nbsp;</iq>", RuleEntity},
		{"<iq a='&lol9;'/>", RuleEntity},
		{"<iq>&#0000000000065;</iq>", RuleEntity},
		{"<iq>&abcdefghijklmnop</iq>", RuleEntity},
		{"<iq>&;</iq>", RuleSyntax},
		{"<iq>& </iq>", RuleSyntax},
		{"<iq>&#;</iq>", RuleSyntax},
		{"<iq>&#x;</iq>", RuleSyntax},
		{"<iq>&#1a;</iq>", RuleSyntax},
		{"<iq a='&lt'/>", RuleSyntax},
		{"<iq>&#X41;</iq>", RuleSyntax},
		{"<iq a='1' a='2'/>", RuleDuplicate},
		{"<iq xmlns:p='u' xmlns:q='u' p:a='1' q:a='2'/>", RuleDuplicate},
		{"<iq xmlns='a' xmlns='b'/>", RuleDuplicate},
		{"<iq xmlns:p='a' xmlns:p='a'/>", RuleDuplicate},
		{"<p:iq/>", RulePrefix},
		{"<iq p:a=''/>", RulePrefix},
		{"<iq><a xmlns:p='u'/><p:b/></iq>", RulePrefix},
		{"<iq xmlns:xml='u'/>", RulePrefix},
		{"<iq xmlns:xmlns='u'/>", RulePrefix},
		{"<iq xmlns:p='http://www.w3.org/XML/1998/namespace'/>", RulePrefix},
		{"<iq xmlns='http://www.w3.org/2000/xmlns/'/>", RulePrefix},
		{"<iq xmlns:p=''/>", RulePrefix},
		{"<iq xmlns:p='urn:a&amp;b'/>", RulePrefix},
		{"<iq><a xmlns='&#x26;'/></iq>", RulePrefix},
		{"<xmlns:iq/>", RulePrefix},
		{"hello", RuleText},
		{"&amp;", RuleText},
		{"<iq/>x", RuleText},
		{"<![CDATA[ ]]>", RuleText},
		{"<iq></ip>", RuleSyntax},
		{"<iq></iq x>", RuleSyntax},
		{"<iq></i", RuleNone},
		{"<iq><a></iq></a>", RuleSyntax},
		{"</iq>", RuleSyntax},
		{"</stream:stream x>", RuleSyntax},
		{"<iq></iqq>", RuleSyntax},
		{"<iq a=1/>", RuleSyntax},
		{"<iq a/>", RuleSyntax},
		{"<iq a='1'b='2'/>", RuleSyntax},
		{"<iq a='<'/>", RuleSyntax},
		{"<iq / >", RuleSyntax},
		{"<iq <a/>", RuleSyntax},
		{"< iq/>", RuleSyntax},
		{"<iq>]]></iq>", RuleSyntax},
		{"<1q/>", RuleSyntax},
		{"<iq:/>", RuleSyntax},
		{"<:iq/>", RuleSyntax},
		{"<a:b:c/>", RuleSyntax},
		{"<ïq/>", RuleSyntax},
		{"<iq ä='1'/>", RuleSyntax},
		{"<-a/>", RuleSyntax},
		{"<>", RuleSyntax},
		{"<iq '/>'>", RuleSyntax},
		{"<" + name(129) + "/>", RuleName},
		{"<" + name(128) + "/>", RuleNone},
		{"<iq " + name(129) + "='1'/>", RuleName},
		{"<iq></iq" + strings.Repeat(" ", 300) + ">", RuleName},
		{"<iq" + attrs(33, "a%d=''") + "/>", RuleAttrs},
		{"<iq" + attrs(32, "a%d=''") + attrs(16, "xmlns:p%d='u'") + "/>", RuleNone},
		{"<iq a='" + name(4097) + "'/>", RuleValue},
		{"<iq a='" + name(4096) + "'/>", RuleNone},
		{"<iq xmlns:a='" + name(4097) + "'/>", RuleValue},
		{"<iq" + attrs(17, "xmlns:p%d='u'") + "/>", RuleNamespaces},
		{"<iq>" + deep(65) + "</iq>", RuleDepth},
		{"<iq>" + deep(64) + "</iq>", RuleNone},
		{strings.Repeat("<iq>", 10000), RuleDepth},
		{"<iq>" + name(20000) + "</iq>", RuleStanzaSize},
		{"<iq a='" + name(30000), RuleStanzaSize},
		{"<iq><![CDATA[" + name(20000), RuleStanzaSize},
		{"<iq><a>" + strings.Repeat("<a/>", 5000), RuleStanzaSize},
		{"<iq>" + strings.Repeat("<a/>", 257), RuleChildren},
		{"<iq>" + strings.Repeat("<a/>", 256) + "</iq>", RuleNone},
		{"<iq>" + name(16384-9) + "</iq>", RuleNone},
		{"<iq>" + name(16384-8) + "</iq>", RuleStanzaSize},
		{strings.Repeat(" ", 1025), RuleSpace},
		{strings.Repeat(" ", 1024) + "<iq/>" + strings.Repeat("\n", 1024), RuleNone},
		{"</stream:stream>" + "anything", RuleNone},
	} {
		for _, size := range []int{1, 13, 1 << 20} {
			_, err := scan(header+c.in, size, LimitPreAuth)
			var e *Error
			switch {
			case c.rule == RuleNone && err != nil:
				t.Errorf("%.60q in pieces of %d: %v", c.in, size, err)
			case c.rule != RuleNone && !errors.As(err, &e):
				t.Errorf("%.60q in pieces of %d: accepted, want %s", c.in, size, c.rule)
			case c.rule != RuleNone && e.Rule != c.rule:
				t.Errorf("%.60q in pieces of %d: %s (%v), want %s", c.in, size, e.Rule, e, c.rule)
			case c.rule != RuleNone && (e.Offset < int64(len(header)) || e.Offset > int64(len(header)+len(c.in)+1)):
				t.Errorf("%.60q: offset %d", c.in, e.Offset)
			}
		}
	}
}

func TestHeader(t *testing.T) {
	const root = `<s:stream xmlns:s='http://etherx.jabber.org/streams' xmlns='jabber:client'>`
	for _, c := range []struct {
		in   string
		rule Rule
	}{
		{root, RuleNone},
		{"\n " + root, RuleNone},
		{"<?xml version='1.0' encoding='utf-8' standalone='yes' ?>\n" + root, RuleNone},
		{`<?xml version="1.0"  encoding = "UTF-8"?>` + root, RuleNone},
		{"\ufeff" + root, RuleEncoding},
		{"\xff\xfe<\x00", RuleEncoding},
		{"\x00<", RuleEncoding},
		{"<?xml version='1.0' encoding='ISO-8859-1'?>" + root, RuleEncoding},
		{" <?xml version='1.0'?>" + root, RulePI},
		{"<?xml version='1.0'?><?xml version='1.0'?>" + root, RulePI},
		{"<?xmlx version='1.0'?>", RulePI},
		{"<?php?>", RulePI},
		{"<?xml version='1.1'?>" + root, RuleSyntax},
		{"<?xml encoding='UTF-8'?>" + root, RuleSyntax},
		{"<?xml version='1.0'standalone='yes'?>", RuleSyntax},
		{"<?xml version='1.0' standalone='maybe'?>", RuleSyntax},
		{"<?xml version='1.0' standalone='yes' encoding='UTF-8'?>", RuleSyntax},
		{"<?xml ?>", RuleSyntax},
		{"<?xml version='1.0?>", RuleSyntax},
		{"<?xml version=1.0?>", RuleSyntax},
		{"<?xml version='1.0' " + strings.Repeat(" ", 300), RuleSyntax},
		{"<!DOCTYPE stream [<!ENTITY lol 'lol'>]>" + root, RuleDTD},
		{"<!-- hi -->" + root, RuleComment},
		{"hello" + root, RuleSyntax},
		{"</s:stream>", RuleSyntax},
		{"GET / HTTP/1.1\r\n", RuleSyntax},
		{"<s:stream>", RulePrefix},
		{"<![CDATA[x]]>" + root, RuleSyntax},
		{strings.Repeat(" ", 1025) + root, RuleSpace},
		{"<stream a='" + strings.Repeat("b", 20000), RuleStanzaSize},
		{"\x16\x03\x01\x02\x00\x01", RuleSyntax},
	} {
		for _, size := range []int{1, 9, 1 << 20} {
			log, err := scan(c.in, size, LimitPreAuth)
			var e *Error
			errors.As(err, &e)
			switch {
			case c.rule == RuleNone && (err != nil || len(log) != 1):
				t.Errorf("%.60q in pieces of %d: %q, %v", c.in, size, log, err)
			case c.rule != RuleNone && (e == nil || e.Rule != c.rule):
				t.Errorf("%.60q in pieces of %d: %v, want %s", c.in, size, err, c.rule)
			}
		}
	}
}

func TestErrorText(t *testing.T) {
	seen := map[string]bool{}
	for r := RuleSyntax; r < ruleCount; r++ {
		if r.String() == "" || r.Condition() == "" || seen[r.String()] {
			t.Errorf("rule %d: %q %q", r, r, r.Condition())
		}
		seen[r.String()] = true
	}
	err := error(&Error{RuleDTD, 17})
	if !errors.Is(err, ErrRefused) || err.Error() != "xmlscan: document type declaration at offset 17" {
		t.Error(err)
	}
	if Rule(200).String() != "unknown" || Rule(200).Condition() == "" {
		t.Error("unknown rule")
	}
}
