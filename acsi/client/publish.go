package client

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/gridward/gridward/model"
)

// A GoCB is a GOOSE control block, IEC 61850-7-2 18.2. Components that the server does not have are zero.
type GoCB struct {
	Ref              model.Ref // LD/LN.name[GO]
	GoEna            bool
	GoID, DatSet     string // DatSet as the server writes it, "LD/LLN0$ds"
	ConfRev          uint32
	NdsCom           bool
	DstAddress       model.MulticastAddress
	MinTime, MaxTime time.Duration
	FixedOffs        bool
}

// An SVCB is a control block of multicast or unicast sampled values, IEC 61850-7-2 19.2.
type SVCB struct {
	Ref        model.Ref // LD/LN.name[MS] or [US]
	SvEna      bool
	Resv       bool   // unicast only
	ID, DatSet string // MsvID or UsvID
	ConfRev    uint32
	SmpRate    uint32
	OptFlds    uint16 // 10 bits, the first on the wire is bit 9
	SmpMod     int8   // 0 samples per period, 1 per second, 2 seconds per sample
	DstAddress model.MulticastAddress
	NoASDU     uint32
}

// GoCBSettings are what SetGoCB writes; nil leaves an attribute as it is. DatSet is written as DataSetText gives it.
type GoCBSettings struct {
	GoEna        *bool
	GoID, DatSet *string
}

// SVCBSettings are what SetMSVCB and SetUSVCB write; nil leaves an attribute as it is.
type SVCBSettings struct {
	SvEna, Resv *bool
	ID, DatSet  *string
	SmpRate     *uint32
	OptFlds     *uint16
	NoASDU      *uint32
}

// GetGoCB reads a GOOSE control block (GetGoCBValues). Its components are taken by the names that the server gives them.
func (c *Client) GetGoCB(ctx context.Context, ref model.Ref) (*GoCB, error) {
	b, err := c.publisher(ctx, ref, model.GO)
	if err != nil {
		return nil, err
	}
	return &GoCB{
		Ref: b.ref, GoEna: b.on("GoEna"), GoID: strings.Clone(b.text("GoID")), DatSet: strings.Clone(b.text("DatSet")), ConfRev: uint32(b.number("ConfRev")),
		NdsCom: b.on("NdsCom"), DstAddress: b.address(), FixedOffs: b.on("FixedOffs"),
		MinTime: time.Duration(b.number("MinTime")) * time.Millisecond, MaxTime: time.Duration(b.number("MaxTime")) * time.Millisecond,
	}, nil
}

// GetMSVCB reads a control block of multicast sampled values (GetMSVCBValues).
func (c *Client) GetMSVCB(ctx context.Context, ref model.Ref) (*SVCB, error) {
	return c.getSVCB(ctx, ref, model.MS, "MsvID")
}

// GetUSVCB reads a control block of unicast sampled values (GetUSVCBValues).
func (c *Client) GetUSVCB(ctx context.Context, ref model.Ref) (*SVCB, error) {
	return c.getSVCB(ctx, ref, model.US, "UsvID")
}

func (c *Client) getSVCB(ctx context.Context, ref model.Ref, fc model.FC, id string) (*SVCB, error) {
	b, err := c.publisher(ctx, ref, fc)
	if err != nil {
		return nil, err
	}
	mod, _ := b.fields["SmpMod"].AsInt()
	return &SVCB{
		Ref: b.ref, SvEna: b.on("SvEna"), Resv: b.on("Resv"), ID: strings.Clone(b.text(id)), DatSet: strings.Clone(b.text("DatSet")),
		ConfRev: uint32(b.number("ConfRev")), SmpRate: uint32(b.number("SmpRate")), OptFlds: uint16(alignBits(b.fields["OptFlds"], 10)),
		SmpMod: int8(mod), DstAddress: b.address(), NoASDU: uint32(b.number("noASDU")),
	}, nil
}

func (c *Client) publisher(ctx context.Context, ref model.Ref, fc model.FC) (*block, error) {
	ref.FC = fc
	return c.readBlock(ctx, ref)
}

func (b *block) on(name string) bool {
	on, _ := b.fields[name].AsBool()
	return on
}

func (b *block) number(name string) uint64 {
	u, _ := b.fields[name].AsUint()
	return u
}

// address reads DstAddress: Addr, PRIORITY, VID, APPID in this order (IEC 61850-8-1 table 12).
func (b *block) address() (a model.MulticastAddress) {
	v := b.fields["DstAddress"]
	if v.Kind() != model.KindStruct || v.Len() != 4 {
		return a
	}
	mac, _ := v.At(0).AsText()
	prio, _ := v.At(1).AsUint()
	vid, _ := v.At(2).AsUint()
	app, _ := v.At(3).AsUint()
	copy(a.MAC[:], mac)
	a.Priority, a.VLAN, a.AppID = uint8(prio), uint16(vid), uint16(app)
	a.Set = a.MAC != [6]byte{}
	return a
}

// A wish is an attribute to write, if value is one.
type wish struct {
	name  string
	value model.Value
}

// SetGoCB changes a GOOSE control block (SetGoCBValues). GoEna false is written first and true last, for the others can be
// changed only while the block is disabled.
func (c *Client) SetGoCB(ctx context.Context, ref model.Ref, set GoCBSettings) error {
	b, err := c.publisher(ctx, ref, model.GO)
	if err != nil {
		return err
	}
	return b.wish(ctx, "GoEna", set.GoEna, wish{"GoID", visible(set.GoID)}, wish{"DatSet", visible(set.DatSet)})
}

// SetMSVCB changes a control block of multicast sampled values (SetMSVCBValues).
func (c *Client) SetMSVCB(ctx context.Context, ref model.Ref, set SVCBSettings) error {
	return c.setSVCB(ctx, ref, model.MS, "MsvID", set)
}

// SetUSVCB changes a control block of unicast sampled values (SetUSVCBValues). Enabling it reserves it.
func (c *Client) SetUSVCB(ctx context.Context, ref model.Ref, set SVCBSettings) error {
	return c.setSVCB(ctx, ref, model.US, "UsvID", set)
}

func (c *Client) setSVCB(ctx context.Context, ref model.Ref, fc model.FC, id string, set SVCBSettings) error {
	b, err := c.publisher(ctx, ref, fc)
	if err != nil {
		return err
	}
	list := []wish{{"Resv", boolean(set.Resv)}, {id, visible(set.ID)}, {"DatSet", visible(set.DatSet)}, {"SmpRate", unsigned(set.SmpRate)}, {"OptFlds", model.Value{}}, {"noASDU", unsigned(set.NoASDU)}}
	if set.OptFlds != nil {
		list[4].value = model.Bits(uint64(*set.OptFlds), 10)
	}
	if set.Resv != nil && !*set.Resv { // last of all
		list = append(list[1:], list[0])
	}
	return b.wish(ctx, "SvEna", set.SvEna, list...)
}

func (b *block) wish(ctx context.Context, enable string, on *bool, list ...wish) error {
	if on != nil && !*on {
		if err := b.set(ctx, enable, model.Bool(false)); err != nil {
			return err
		}
	}
	for _, w := range list {
		if w.value.IsZero() {
			continue
		}
		if err := b.set(ctx, w.name, w.value); err != nil {
			return err
		}
	}
	if on != nil && *on {
		return b.set(ctx, enable, model.Bool(true))
	}
	return nil
}

func visible(s *string) model.Value {
	if s == nil {
		return model.Value{}
	}
	return model.Visible(*s)
}

func boolean(b *bool) model.Value {
	if b == nil {
		return model.Value{}
	}
	return model.Bool(*b)
}

func unsigned(u *uint32) model.Value {
	if u == nil {
		return model.Value{}
	}
	return model.Uint(uint64(*u))
}

// DataSetText gives the name of a data set as control blocks spell it: "LD/LLN0$name", "" for none.
func DataSetText(ds model.Ref) string {
	if ds == (model.Ref{}) {
		return ""
	}
	return dataSetName(ds)
}

// ErrNoSubstitution is a data object that cannot be substituted or blocked.
var ErrNoSubstitution = errors.New("acsi/client: the data object has no such attributes")
