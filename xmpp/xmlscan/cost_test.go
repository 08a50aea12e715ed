package xmlscan

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// costly returns stanzas of which every octet costs as much as its sender can make it cost.
func costly(size int) map[string]string {
	fill := func(head, piece, tail string) string {
		return head + strings.Repeat(piece, max(0, (size-len(head)-len(tail))/len(piece))) + tail
	}
	// As many prefixes as one element may use attributes of, with long namespaces that differ at their ends.
	namespaces := func(escape string, n int) (head, tail, attrs string) {
		long := escape + strings.Repeat("n", min(4000, size/2/n))
		head = "<message>"
		for i := range n {
			if i%MaxNamespaces == 0 {
				head += "<a"
			}
			head += fmt.Sprintf(" xmlns:p%d='%s%02d'", i, long, i)
			if i%MaxNamespaces == MaxNamespaces-1 {
				head, tail = head+">", tail+"</a>"
			}
			attrs += fmt.Sprintf(" p%d:x=''", i)
		}
		return head, tail + "</message>", "<b" + attrs + "/>"
	}
	h1, t1, a1 := namespaces("", MaxAttrs)
	h2, t2, a2 := namespaces("&#110;", MaxAttrs)
	half := size / 2
	return map[string]string{
		"attributes of long namespaces":         fill(h1, a1, t1),
		"attributes of long escaped namespaces": fill(h2, a2, t2),
		"children and CDATA":                    "<message>" + strings.Repeat("<a/>", MaxChildren-1) + "<a>" + strings.Repeat("<![CDATA[]]>", half/12) + "</a></message>",
		"children":                              fill("<message><a>", "<a/>", "</a></message>"),
		"references":                            fill("<message><a>", "&lt;", "</a></message>"),
		"white space":                           fill("<message><a>", " ", "</a></message>"),
	}
}

// The time and memory that a stanza takes must be in proportion to its length, whatever it holds.
func TestCostOfTheWorstStanza(t *testing.T) {
	for _, size := range []int{LimitPreAuth, LimitDefault} {
		for name, in := range costly(size) {
			if len(in) > size {
				t.Fatalf("%s: %d octets", name, len(in))
			}
			start := time.Now()
			allocs := testing.AllocsPerRun(1, func() {
				s := NewScanner(NSClient, size)
				s.Feed([]byte("<stream:stream xmlns='jabber:client' xmlns:stream='" + NSStream + "'>" + in))
				for {
					it, err := s.Next()
					if err != nil || it == None {
						t.Fatalf("%s: refused: %v", name, err)
					}
					if it == Child {
						break
					}
				}
				if _, ok := s.Element.Rewrite(nil); !ok && name != "children and CDATA" {
					t.Fatalf("%s: not written again", name)
				}
			})
			per := time.Since(start) / 2
			t.Logf("%6d octets, %-38s %8.0f allocations %10s", size, name, allocs, per.Round(time.Microsecond))
			if most := float64(size) / 16; allocs > most {
				t.Errorf("%s: %.0f allocations for %d octets", name, allocs, size)
			}
			if per > 10*time.Second { // milliseconds, if nobody else uses the machine
				t.Errorf("%s: %s for %d octets", name, per, size)
			}
		}
	}
}
