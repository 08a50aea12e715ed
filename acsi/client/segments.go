package client

// An assembly puts the segments of a report together, IEC 61850-8-1 17.2.3: they share SqNum and are counted by SubSqNum
// from 0. The zero value is ready.
type assembly struct {
	report *Report
	next   uint32
}

// maxSegments bounds what a server can make us collect.
const maxSegments = 4096

// add takes the next part. It gives the report once it is complete, and tells whether an incomplete one was lost.
func (a *assembly) add(p *part) (whole *Report, lost bool) {
	switch {
	case p.subSq == 0:
		lost = a.report != nil
		a.report = nil
		p.Segments = 1
		if !p.more {
			return &p.Report, lost
		}
		a.report, a.next = &p.Report, 1
		return nil, lost
	case a.report == nil || a.next != p.subSq || a.report.SqNum != p.SqNum || p.subSq >= maxSegments:
		a.report = nil
		return nil, true
	}
	a.report.Entries = append(a.report.Entries, p.Entries...)
	a.report.Segments++
	a.report.BufOvfl = a.report.BufOvfl || p.BufOvfl
	a.next++
	if p.more {
		return nil, false
	}
	whole, a.report = a.report, nil
	return whole, false
}
