package cotp

import (
	"fmt"

	"github.com/gridward/gridward/osi/tpkt"
)

// dataHeader is the header of DT in class 0: LI, code, EOT.
const dataHeader = 3

// ParseData reads a DT, X.224 13.7. The data shares the octets of b.
func ParseData(b []byte) (data []byte, eot bool, err error) {
	head, data, err := split(b)
	if err != nil {
		return nil, false, err
	}
	if len(head) != dataHeader || head[1] != codeDT {
		return nil, false, fmt.Errorf("%w: DT with a header of %d octets", ErrTPDU, len(head))
	}
	return data, head[2]&0x80 != 0, nil
}

// AppendTSDU appends a TSDU, given in two parts, as packets with DTs of at most size octets each (header included).
func AppendTSDU(b []byte, size int, head, body []byte) []byte {
	room := size - dataHeader
	for {
		n := min(len(head)+len(body), room)
		eot := byte(0)
		if n == len(head)+len(body) {
			eot = 0x80
		}
		b = tpkt.AppendHeader(b, dataHeader+n)
		b = append(b, dataHeader-1, codeDT, eot)
		k := min(n, len(head))
		b = append(b, head[:k]...)
		b = append(b, body[:n-k]...)
		head, body = head[k:], body[n-k:]
		if eot != 0 {
			return b
		}
	}
}
