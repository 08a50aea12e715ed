package client

import (
	"context"
	"fmt"
	"strings"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// A Class is a class of instances in a logical node, IEC 61850-7-2 10.3.2 (ACSIClass).
type Class uint8

// The classes.
const (
	ClassData Class = iota
	ClassDataSet
	ClassBRCB
	ClassURCB
	ClassLCB
	ClassLog
	ClassGoCB
	ClassMSVCB
	ClassUSVCB
	ClassSGCB
	numClass
)

var classNames = [numClass]string{"DATA", "DATA-SET", "BRCB", "URCB", "LCB", "LOG", "GoCB", "MSVCB", "USVCB", "SGCB"}

// String gives the name of IEC 61850-7-2.
func (c Class) String() string {
	if c < numClass {
		return classNames[c]
	}
	return fmt.Sprintf("Class(%d)", uint8(c))
}

// ParseClass reads what String writes, in any case.
func ParseClass(s string) (Class, bool) {
	for c, name := range classNames {
		if strings.EqualFold(name, s) {
			return Class(c), true
		}
	}
	return 0, false
}

// classFC is where the control blocks of a class are.
var classFC = map[Class]model.FC{
	ClassBRCB: model.BR, ClassURCB: model.RP, ClassLCB: model.LG, ClassGoCB: model.GO, ClassMSVCB: model.MS, ClassUSVCB: model.US,
}

// LogicalNodeDirectory lists the instances of a class in a logical node by their names (GetLogicalNodeDirectory, IEC
// 61850-7-2 10.3.2; 8-1 maps it to name lists).
func (c *Client) LogicalNodeDirectory(ctx context.Context, ln model.Ref, class Class) ([]string, error) {
	var list []string
	var err error
	switch class {
	case ClassDataSet:
		list, err = c.names(ctx, mms.GetNameList{Class: mms.ClassNamedVariableList, Scope: mms.DomainSpecific, Domain: ln.LDevice})
	case ClassLog:
		list, err = c.names(ctx, mms.GetNameList{Class: mms.ClassJournal, Scope: mms.DomainSpecific, Domain: ln.LDevice})
	default:
		list, err = c.Variables(ctx, ln.LDevice)
	}
	if err != nil {
		return nil, err
	}
	var names []string
	seen := make(map[string]bool)
	add := func(name string) {
		if name != "" && !seen[name] {
			seen[name] = true
			names = append(names, strings.Clone(name))
		}
	}
	for _, item := range list {
		node, rest, _ := strings.Cut(item, "$")
		if node != ln.LN {
			continue
		}
		if class == ClassDataSet || class == ClassLog {
			add(rest)
			continue
		}
		section, rest, _ := strings.Cut(rest, "$")
		name, _, _ := strings.Cut(rest, "$")
		fc, ok := model.ParseFC(section)
		if !ok {
			continue
		}
		block := fc == model.SP && name == "SGCB"
		switch class {
		case ClassSGCB:
			ok = block
		case ClassData:
			ok = !block && controlFC&(1<<fc) == 0
		default:
			ok = classFC[class] == fc
		}
		if ok {
			add(name)
		}
	}
	return names, nil
}
