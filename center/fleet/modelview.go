package fleet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gridward/gridward/model"
)

// ErrNoModel: the DER's model has not been read yet.
var ErrNoModel = errors.New("fleet: model was not read yet")

// Model is the tree of a DER for people and programs to read.
type Model struct {
	ID       string        `json:"id"`
	Revision string        `json:"configRev"`
	Devices  []ModelDevice `json:"logicalDevices"`
}

// ModelDevice is a logical device.
type ModelDevice struct {
	Name  string      `json:"name"`
	Nodes []ModelNode `json:"logicalNodes"`
}

// ModelNode is a logical node.
type ModelNode struct {
	Name     string         `json:"name"`
	Class    string         `json:"class"`
	Objects  []ModelObject  `json:"dataObjects"`
	DataSets []ModelDataSet `json:"dataSets"`
	Reports  []ModelReport  `json:"reportControls"`
}

// ModelObject is a data object with its leaf attributes.
type ModelObject struct {
	Name       string           `json:"name"`
	Role       Role             `json:"role"`
	Attributes []ModelAttribute `json:"attributes"`
}

// ModelAttribute is a leaf.
type ModelAttribute struct {
	Path string `json:"path"` // below the data object
	FC   string `json:"fc"`
	Type string `json:"type"` // as MMS tells it
}

// ModelDataSet is a data set.
type ModelDataSet struct {
	Name    string   `json:"name"`
	Members []string `json:"members"`
}

// ModelReport is a report control block.
type ModelReport struct {
	Name     string `json:"name"`
	Buffered bool   `json:"buffered"`
	DataSet  string `json:"dataSet"`
}

// Model gives the model of a DER. The error wraps ErrUnknown or ErrNoModel.
func (f *Fleet) Model(id string) (Model, error) {
	d, err := f.der(id)
	if err != nil {
		return Model{}, err
	}
	d.mu.Lock()
	v := d.values
	m := Model{ID: id, Revision: d.revision, Devices: []ModelDevice{}}
	d.mu.Unlock()
	if v == nil {
		return Model{}, fmt.Errorf("%w: %s", ErrNoModel, id)
	}
	known := roles(v.srv)
	for _, ld := range v.srv.Devices {
		md := ModelDevice{Name: ld.Name, Nodes: []ModelNode{}}
		for _, n := range ld.Nodes {
			md.Nodes = append(md.Nodes, modelNode(ld.Name, n, known))
		}
		m.Devices = append(m.Devices, md)
	}
	return m, nil
}

func modelNode(ld string, n *model.LogicalNode, known map[model.Ref]Role) ModelNode {
	out := ModelNode{Name: n.Name(), Class: n.Class, Objects: []ModelObject{}, DataSets: []ModelDataSet{}, Reports: []ModelReport{}}
	for i := range n.Objects {
		o := &n.Objects[i]
		r := model.Ref{LDevice: ld, LN: n.Name(), Path: o.Name}
		mo := ModelObject{Name: o.Name, Role: known[r], Attributes: []ModelAttribute{}}
		t := model.Target{Object: o, Type: o.Type, Slot: o.Slot}
		for leaf := range t.Leaves(r, model.FCNone) {
			mo.Attributes = append(mo.Attributes, ModelAttribute{
				Path: strings.TrimPrefix(leaf.Ref.Path, o.Name+"."), FC: leaf.Ref.FC.String(), Type: leaf.Type.Basic.String(),
			})
		}
		out.Objects = append(out.Objects, mo)
	}
	for _, ds := range n.DataSets {
		v := ModelDataSet{Name: ds.Name, Members: []string{}}
		for _, m := range ds.Members {
			v.Members = append(v.Members, m.String())
		}
		out.DataSets = append(out.DataSets, v)
	}
	for _, rc := range n.Reports {
		out.Reports = append(out.Reports, ModelReport{Name: rc.Name, Buffered: rc.Buffered, DataSet: rc.DataSet})
	}
	return out
}
