package der

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gridward/gridward/der/device"
	"github.com/gridward/gridward/model"
)

// ErrMap is wrapped by every error about Config.Map and about objects that a model lacks.
var ErrMap = errors.New("der: mapping")

// DefaultMap says which data object shows which point in the templates. References start with the LD's inst.
func DefaultMap(kind device.Kind) map[string]string {
	m := map[string]string{
		"W": "LD0/MMXU1.TotW", "VAr": "LD0/MMXU1.TotVAr", "VA": "LD0/MMXU1.TotVA", "PF": "LD0/MMXU1.TotPF", "Hz": "LD0/MMXU1.Hz",
		"exportWh": "LD0/MMTR1.SupWh", "importWh": "LD0/MMTR1.DmdWh",
		"voltage": "LD0/DECP1.VRef", pointFailSafe: "LD0/GGIO1.Ind1",
		"limit": "LD0/DWMX1.WMaxSpt",
	}
	for _, ph := range abc {
		m["PhV."+ph], m["A."+ph], m["PhW."+ph] = "LD0/MMXU1.PhV."+ph, "LD0/MMXU1.A."+ph, "LD0/MMXU1.W."+ph
	}
	for _, ph := range ab {
		m["PPV."+ph] = "LD0/MMXU1.PPV." + ph
	}
	node := map[device.Kind]string{device.PV: "DGEN1", device.Battery: "DSTO1", device.Load: "DLOD1", device.ChargePoint: "DESE1"}[kind]
	m["operating"], m["ratedW"] = "LD0/"+node+".DEROpSt", "LD0/"+node+".WMaxRtg"
	if kind != device.Load {
		m["target"] = "LD0/DWGC1.WSpt"
	}
	switch kind {
	case device.PV:
		m["ratedVA"] = "LD0/DGEN1.VAMaxRtg"
		m["irradiance"], m["ambient"] = "LD0/MMET1.HorInsol", "LD0/MMET1.EnvTmp"
	case device.Battery:
		m["soc"], m["capacity"] = "LD0/DSTO1.SocUsePct", "LD0/DSTO1.WhRtg"
	case device.ChargePoint:
		m["vehicle"], m["soc"], m["sessionWh"] = "LD0/DEEV1.ConnSt", "LD0/DEEV1.SocPct", "LD0/DEEV1.SesWh"
	}
	return m
}

// A binding is a point with the attributes that show it. Slots are -1 where the object has no such attribute.
type binding struct {
	point   Point
	object  model.Ref // data object, without FC
	typ     *model.Type
	instant int // instMag.f, instCVal.mag.f: every value
	main    int // mag.f, cVal.mag.f, stVal, actVal, mxVal.f, setMag.f: with dead-band
	mainTyp *model.Type
	q, t    int
	db      int
	dbRef   int
	lowest  int // minVal.f, maxVal.f
	highest int

	dbRefs [2]model.Ref // db and dbRef, when both are there

	shown     float64 // last value at main
	valid     bool    // shown is set
	quality   model.Quality
	qualified bool // quality is set
}

// bind resolves a map of points to references. Those of must have to exist in the model, the others are left out.
func bind(m *model.Server, mapping map[string]string, must map[string]string) ([]*binding, error) {
	var out []*binding
	var errs []error
	for _, name := range PointNames() {
		text, forced := must[name]
		if !forced {
			text = mapping[name]
		}
		if text == "" {
			continue
		}
		b, err := bindPoint(m, name, text)
		switch {
		case err == nil:
			out = append(out, b)
		case forced:
			errs = append(errs, err)
		}
	}
	for name := range must {
		if _, ok := findPoint(name); !ok {
			errs = append(errs, fmt.Errorf("%w: no point %q; there are %s", ErrMap, name, strings.Join(PointNames(), ", ")))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return out, nil
}

func bindPoint(m *model.Server, name, text string) (*binding, error) {
	p, _ := findPoint(name)
	ref, tgt, err := resolve(m, text)
	if err != nil {
		return nil, fmt.Errorf("%w: point %q: %w", ErrMap, name, err)
	}
	b := &binding{point: p, object: ref, typ: tgt.Type, instant: -1, main: -1, q: -1, t: -1, db: -1, dbRef: -1, lowest: -1, highest: -1}
	leaf := func(path string) (int, *model.Type) {
		t := tgt
		for part := range strings.SplitSeq(path, ".") {
			var ok bool
			if t, ok = t.Child(part); !ok {
				return -1, nil
			}
		}
		if t.Type.Basic == model.BasicStruct {
			return -1, nil
		}
		return t.Slot, t.Type
	}
	for _, path := range []string{"mag.f", "cVal.mag.f", "stVal", "actVal", "mxVal.f", "setMag.f", "mag.i", "mxVal.i", "setVal"} {
		if b.main, b.mainTyp = leaf(path); b.main >= 0 {
			break
		}
	}
	if b.main < 0 {
		return nil, fmt.Errorf("%w: point %q: %s (%s) has no value that could show it", ErrMap, name, ref, tgt.Type.CDC)
	}
	if _, ok := valueOf(b.mainTyp, 0); !ok {
		return nil, fmt.Errorf("%w: point %q: %s is a %s", ErrMap, name, ref, b.mainTyp.Basic)
	}
	if e := b.mainTyp.Enum; e != nil && p.kind == ordinal {
		for o := device.Off; o <= device.Fault; o++ {
			if _, ok := e.Names[int32(o)+1]; !ok {
				return nil, fmt.Errorf("%w: point %q: %s has no value %d for %v", ErrMap, name, ref, o+1, o)
			}
		}
	}
	for _, path := range []string{"instMag.f", "instCVal.mag.f"} {
		if slot, t := leaf(path); slot >= 0 && t.Basic == model.BasicFloat32 {
			b.instant = slot
			break
		}
	}
	b.q, _ = leaf("q")
	b.t, _ = leaf("t")
	b.db, _ = leaf("db")
	b.dbRef, _ = leaf("dbRef")
	for i, name := range []string{"db", "dbRef"} {
		b.dbRefs[i] = ref.Child(name)
		b.dbRefs[i].FC = model.CF
	}
	b.lowest, _ = leaf("minVal.f")
	b.highest, _ = leaf("maxVal.f")
	return b, nil
}

// resolve finds a data object. The LD of the reference may be given by its inst or by its whole name.
func resolve(m *model.Server, text string) (model.Ref, model.Target, error) {
	ref, err := model.ParseRef(text)
	if err != nil {
		return ref, model.Target{}, err
	}
	ref.FC = model.FCNone
	for _, d := range m.Devices {
		if d.Inst == ref.LDevice {
			if _, ok := m.Device(ref.LDevice); !ok {
				ref.LDevice = d.Name
			}
		}
	}
	tgt, ok := m.Find(ref)
	if !ok {
		return ref, model.Target{}, fmt.Errorf("%s is not in the model", ref)
	}
	if tgt.Type.Basic != model.BasicStruct || tgt.Count > 0 {
		return ref, model.Target{}, fmt.Errorf("%s is an attribute, want a data object", ref)
	}
	return ref, tgt, nil
}
