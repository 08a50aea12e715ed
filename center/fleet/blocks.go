package fleet

import (
	"slices"

	"github.com/gridward/gridward/model"
)

// reportGroup is the blocks of one data set, the preferred first.
type reportGroup struct {
	dataSet model.Ref // LD/LN.name, without FC
	blocks  []reportBlock
}

type reportBlock struct {
	ref model.Ref // with FC BR or RP
	rc  *model.ReportControl
}

// maxGroups bounds the control blocks in use at one DER.
const maxGroups = 64 // below anySource

// reportGroups sorts the report control blocks of srv by data set. Blocks without one are left out. used are those of
// the association before.
func reportGroups(srv *model.Server, used map[model.Ref]string) []reportGroup {
	var groups []reportGroup
	index := map[model.Ref]int{}
	for _, d := range srv.Devices {
		for _, n := range d.Nodes {
			for _, rc := range n.Reports {
				if rc.DataSet == "" {
					continue
				}
				ds := model.Ref{LDevice: d.Name, LN: n.Name(), Path: rc.DataSet}
				b := reportBlock{ref: model.Ref{LDevice: d.Name, LN: n.Name(), Path: rc.Name, FC: model.RP}, rc: rc}
				if rc.Buffered {
					b.ref.FC = model.BR
				}
				i, ok := index[ds]
				if !ok {
					if len(groups) == maxGroups {
						continue
					}
					i = len(groups)
					index[ds] = i
					groups = append(groups, reportGroup{dataSet: ds})
				}
				groups[i].blocks = append(groups[i].blocks, b)
			}
		}
	}
	for _, g := range groups {
		slices.SortStableFunc(g.blocks, func(a, b reportBlock) int { return rank(a, used) - rank(b, used) })
	}
	return groups
}

func rank(b reportBlock, used map[model.Ref]string) int {
	switch {
	case used[b.ref] != "":
		return 0
	case b.rc.Buffered:
		return 1
	}
	return 2
}

// membersOf gives the members of the data set that prints as name.
func membersOf(srv *model.Server, name string) []model.Ref {
	r, err := model.ParseRef(name)
	if err != nil {
		return nil
	}
	d, ok := srv.Device(r.LDevice)
	if !ok {
		return nil
	}
	n, ok := d.Node(r.LN)
	if !ok {
		return nil
	}
	ds, ok := n.DataSet(r.Path)
	if !ok {
		return nil
	}
	return ds.Members
}
