package xmlscan

import (
	"errors"
	"fmt"
)

// A Rule names what a stream broke. Its text (String) is stable and bounded: it serves as a metric label.
type Rule uint8

// The rules. The comment gives the stream error condition.
const (
	RuleNone       Rule = iota
	RuleSyntax          // not-well-formed
	RuleEncoding        // not-well-formed: byte order mark, other encoding, invalid UTF-8
	RuleChar            // not-well-formed: a character that XML 1.0 does not allow, also by reference
	RuleDuplicate       // not-well-formed: an attribute twice, by expanded name
	RuleComment         // restricted-xml
	RulePI              // restricted-xml: processing instruction, or an XML declaration that is not first
	RuleDTD             // restricted-xml: document type, or another declaration
	RuleEntity          // restricted-xml: any reference but lt gt amp apos quot and numeric ones
	RulePrefix          // bad-namespace-prefix
	RuleText            // bad-format: text between stanzas
	RuleName            // policy-violation: a name longer than MaxName
	RuleAttrs           // policy-violation: more than MaxAttrs attributes
	RuleValue           // policy-violation: an attribute value longer than MaxValue
	RuleNamespaces      // policy-violation: more than MaxNamespaces declarations
	RuleDepth           // policy-violation: deeper than MaxDepth
	RuleChildren        // policy-violation: more than MaxChildren elements directly in a stanza
	RuleStanzaSize      // policy-violation with stanza-too-big
	RuleSpace           // policy-violation: more than MaxSpace of white space
	ruleCount
)

var rules = [ruleCount]struct{ name, cond, text string }{
	RuleNone:       {"none", "undefined-condition", ""},
	RuleSyntax:     {"syntax", "not-well-formed", "not well-formed"},
	RuleEncoding:   {"encoding", "not-well-formed", "not UTF-8"},
	RuleChar:       {"character", "not-well-formed", "character not allowed"},
	RuleDuplicate:  {"duplicate-attribute", "not-well-formed", "attribute given twice"},
	RuleComment:    {"comment", "restricted-xml", "comment"},
	RulePI:         {"processing-instruction", "restricted-xml", "processing instruction"},
	RuleDTD:        {"dtd", "restricted-xml", "document type declaration"},
	RuleEntity:     {"entity", "restricted-xml", "entity reference"},
	RulePrefix:     {"prefix", "bad-namespace-prefix", "namespace prefix unbound or forbidden"},
	RuleText:       {"text", "bad-format", "text between stanzas"},
	RuleName:       {"name-size", "policy-violation", "name too long"},
	RuleAttrs:      {"attributes", "policy-violation", "too many attributes"},
	RuleValue:      {"value-size", "policy-violation", "attribute value too long"},
	RuleNamespaces: {"namespaces", "policy-violation", "too many namespace declarations"},
	RuleDepth:      {"depth", "policy-violation", "nested too deep"},
	RuleChildren:   {"children", "policy-violation", "too many child elements"},
	RuleStanzaSize: {"stanza-too-big", "policy-violation", "stanza too big"},
	RuleSpace:      {"white-space", "policy-violation", "too much white space between stanzas"},
}

// String returns the stable name of the rule.
func (r Rule) String() string {
	if r >= ruleCount {
		return "unknown"
	}
	return rules[r].name
}

// Condition returns the stream error condition of RFC 6120 4.9.3 that answers a breach of the rule.
func (r Rule) Condition() string {
	if r >= ruleCount {
		return rules[RuleNone].cond
	}
	return rules[r].cond
}

// ErrRefused is matched (errors.Is) by every *Error of this package.
var ErrRefused = errors.New("xmlscan: input refused")

// Error says which rule the input broke and where.
type Error struct {
	Rule   Rule
	Offset int64 // octets from the start of the stream (Scanner) or of the input (Reader)
}

// Error implements the error interface.
func (e *Error) Error() string {
	return fmt.Sprintf("xmlscan: %s at offset %d", rules[e.Rule].text, e.Offset)
}

// Is reports whether target is ErrRefused.
func (e *Error) Is(target error) bool { return target == ErrRefused }
