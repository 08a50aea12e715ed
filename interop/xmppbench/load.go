package xmppbench

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pair is a centre that asks and a device that answers.
type pair struct {
	asker, answerer *client
	prefix, suffix  []byte // of a request
	next            int
	failed          chan error
	in              splitter
	buf             []byte
}

// newPair logs two clients in and starts the answering one. payload is the number of octets that a request and its answer
// carry.
func newPair(addr string, asker, answerer account, payload int) (*pair, error) {
	a, err := login(addr, asker.tc, asker.jid)
	if err != nil {
		return nil, err
	}
	b, err := login(addr, answerer.tc, answerer.jid)
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	body := "<q xmlns='urn:gridward:bench'>" + strings.Repeat("0123456789abcdef", payload/16) + "</q></iq>"
	p := &pair{
		asker: a, answerer: b, failed: make(chan error, 1), buf: make([]byte, 32768),
		prefix: []byte("<iq type='get' to='" + b.full.String() + "' id='"), suffix: []byte("'>" + body),
	}
	if err := errors.Join(a.presence(), b.presence()); err != nil {
		return nil, errors.Join(err, p.close())
	}
	go p.answer([]byte("<iq type='result' to='"+a.full.String()+"' id='"), []byte("'>"+body))
	return p, nil
}

func (p *pair) close() error { return errors.Join(p.asker.Close(), p.answerer.Close()) }

// answer answers all requests until the connection ends.
func (p *pair) answer(prefix, suffix []byte) {
	var in splitter
	var out []byte
	buf := make([]byte, 32768)
	for {
		n, err := p.answerer.Read(buf)
		if err != nil {
			return
		}
		out = out[:0]
		err = in.feed(buf[:n], func(iq []byte) error {
			if bytes.Contains(iq, []byte("urn:gridward:bench")) {
				id, err := idOf(iq)
				out = append(append(append(out, prefix...), id...), suffix...)
				return err
			}
			return nil
		})
		if err == nil && len(out) > 0 {
			_, err = p.answerer.Write(out)
		}
		if err != nil {
			p.failed <- err
			return
		}
	}
}

// run keeps window requests open for d and returns the number of answers and the time that it took.
func (p *pair) run(d time.Duration, window int) (rounds int, took time.Duration, err error) {
	begin := time.Now()
	if err := p.asker.SetDeadline(begin.Add(d + 20*time.Second)); err != nil {
		return 0, 0, err
	}
	out := p.requests(nil, window)
	open := window
	for open > 0 {
		if len(out) > 0 {
			if _, err := p.asker.Write(out); err != nil {
				return rounds, 0, err
			}
		}
		n, err := p.asker.Read(p.buf)
		if err != nil {
			select {
			case other := <-p.failed:
				err = errors.Join(err, other)
			default:
			}
			return rounds, 0, err
		}
		got := 0
		err = p.in.feed(p.buf[:n], func(iq []byte) error {
			if !bytes.Contains(iq, []byte("urn:gridward:bench")) {
				return nil
			}
			got++
			if bytes.Contains(iq, []byte("<error")) {
				return fmt.Errorf("refused: %s", iq)
			}
			return nil
		})
		if err != nil {
			return rounds, 0, err
		}
		rounds += got
		open -= got
		out = out[:0]
		if time.Since(begin) < d {
			out = p.requests(out, got)
			open += got
		}
	}
	return rounds, time.Since(begin), nil
}

func (p *pair) requests(b []byte, n int) []byte {
	for range n {
		p.next++
		b = append(b, p.prefix...)
		b = strconv.AppendInt(b, int64(p.next), 10)
		b = append(b, p.suffix...)
	}
	return b
}

// latency returns the median time of n single requests, one after the other.
func (p *pair) latency(n int) (time.Duration, error) {
	all := make([]time.Duration, 0, n)
	for range n {
		_, took, err := p.run(0, 1)
		if err != nil {
			return 0, err
		}
		all = append(all, took)
	}
	slices.Sort(all)
	return all[n/2], nil
}
