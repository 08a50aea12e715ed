// Package xmlscan reads and writes the restricted XML of XMPP streams (RFC 6120 clause 11): UTF-8 only, no
// comments, processing instructions, document types or entities beyond the five predefined ones, with a bound
// on everything that a peer can make large.
//
// A Scanner takes the bytes of a stream as they arrive and gives the stream header, every complete child element
// with the raw bytes of its payload, and the end of the stream. It does no I/O, keeps no buffer while the stream is
// between elements, and never gives an element of which one byte was not checked: a router may forward the
// payload as it came, and no second parser will read it differently. A Reader walks through such a payload token by token.
//
// What is refused is refused by name: an *Error carries the Rule that was broken, the stream error condition that
// answers it (RFC 6120 4.9.3) and the octet offset in the stream.
package xmlscan

// Limits of one element or stream; the numbers are octets unless said otherwise.
const (
	MaxName       = 128    // of a qualified name
	MaxAttrs      = 32     // attributes of one element, namespace declarations not counted
	MaxValue      = 4096   // of one attribute value as written
	MaxNamespaces = 16     // namespace declarations of one element
	MaxDepth      = 64     // levels of elements below a stanza
	MaxChildren   = 256    // elements directly in a stanza
	MaxSpace      = 1024   // of white space between stanzas
	LimitPreAuth  = 16384  // of one stanza before authentication
	LimitDefault  = 262144 // of one stanza afterwards
	LimitLeast    = 10000  // least stanza limit that may be configured (RFC 6120 13.12)
	LimitMost     = 1 << 20

	maxRef    = 12  // of a character reference, '&' and ';' included
	maxEndTag = 256 // of an end tag with its white space
)

// Namespaces of XML and of XMPP streams.
const (
	NSXML    = "http://www.w3.org/XML/1998/namespace"
	NSXMLNS  = "http://www.w3.org/2000/xmlns/"
	NSStream = "http://etherx.jabber.org/streams"
	NSClient = "jabber:client"
	NSServer = "jabber:server"
)

// A Name is an expanded name: a namespace and a local part. Names are comparable.
type Name struct{ Space, Local string }

// String returns the name in the form {space}local.
func (n Name) String() string {
	if n.Space == "" {
		return n.Local
	}
	return "{" + n.Space + "}" + n.Local
}

// An Attr is an attribute. Space and Local are the expanded name; Value is unescaped and white space in it is
// normalised (XML 1.0 3.3.3). The bytes are borrowed for as long as those of the element or token.
type Attr struct {
	Space string
	Local []byte
	Value []byte
}
