package client

// A sequence watches the sequence numbers of a report control block: unbuffered ones count in 8 bits, buffered ones in
// 16 (IEC 61850-7-2 17.2.3.2.2.5). Servers that count unbuffered reports in 16 bits are understood. The zero value is
// ready and accepts any first number.
type sequence struct {
	last    uint16
	started bool
}

// next takes a number and gives the one that should have come, if another did.
func (s *sequence) next(n uint16) (want uint16, gap bool) {
	defer func() { s.last, s.started = n, true }()
	want = s.last + 1
	if !s.started || n == want || s.last == 255 && n == 0 {
		return want, false
	}
	return want, true
}
