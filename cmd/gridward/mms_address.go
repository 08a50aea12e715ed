package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/asn1"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/osi"
	"github.com/gridward/gridward/osi/acse"
	"github.com/gridward/gridward/scl"
	"github.com/gridward/gridward/xmpp/jid"
)

// An mmsAddress is what the Communication section of SCL says of an access point: texts by the type of the P element.
type mmsAddress map[string]string

// place finds where a target is, with --scl.
func (f *mmsFlags) place(cmd *cobra.Command, target string) (*mmsPlace, error) {
	p := &mmsPlace{}
	var err error
	if f.scl == "" {
		if f.ied != "" || f.ap != "" {
			return nil, cli.Usage(errors.New("--ied and --ap name something in an SCL file"), "give it with --scl FILE")
		}
		if p.target, err = parseMMSTarget(target); err != nil {
			return nil, err
		}
	} else if err := f.fromSCL(cmd, target, p); err != nil {
		return nil, err
	}
	p.target.tls = p.target.tls || f.tls || f.noVerify && !p.target.overXMPP()
	return p, nil
}

// fromSCL finds the IED that is meant, its model and address.
func (f *mmsFlags) fromSCL(cmd *cobra.Command, target string, p *mmsPlace) error {
	file, err := loadSCL(f.scl, cmd.InOrStdin())
	if err != nil {
		return err
	}
	ied := f.ied
	if _, named := file.IED(target); named {
		if ied != "" && ied != target {
			return cli.Usage(fmt.Errorf("target %q and --ied %q are different IEDs", target, ied), "give one of them")
		}
		ied, target = target, ""
	} else if p.target, err = parseMMSTarget(target); err != nil {
		return err
	}
	if ied == "" {
		ied = owner(file, p.target)
	}
	if p.scl, err = file.Server(ied, f.ap); err != nil {
		return sclError(err, f.scl)
	}
	for _, c := range file.Communication.Find(p.scl.IED, p.scl.AccessPoint) {
		if p.address == nil {
			p.address = make(mmsAddress)
		}
		for _, part := range c.Address {
			if p.address[part.Type] == "" {
				p.address[part.Type] = part.Value
			}
		}
	}
	if target != "" {
		return nil
	}
	return p.fromAddress(f.scl)
}

// fromAddress takes the target from SCL: the IP address, or the JID where there is none.
func (p *mmsPlace) fromAddress(file string) (err error) {
	switch {
	case p.address["IP"] != "":
		p.target, err = parseMMSTarget(p.address["IP"])
		p.target.port = p.address["MMS-Port"]
	case p.address["JID"] != "":
		p.target, err = parseMMSTarget("xmpp:" + p.address["JID"])
	default:
		err = cli.Usage(fmt.Errorf("%s: IED %q has neither an IP address nor a JID at access point %q", file, p.scl.IED, p.scl.AccessPoint),
			"give the address as target and --ied "+p.scl.IED)
	}
	return err
}

// owner finds the IED at an address, "" when the file does not tell.
func owner(file *scl.File, t mmsTarget) string {
	c := file.Communication
	if c == nil {
		return ""
	}
	for _, n := range c.SubNetworks {
		for _, a := range n.AccessPoints {
			j, err := jid.Parse(a.Address.JID())
			if t.host != "" && a.Address.IP() == t.host || err == nil && !t.jid.IsZero() && j == t.jid.Bare() {
				return a.IED
			}
		}
	}
	return ""
}

// addresses fills in who is called and who calls: flags go over SCL.
func (f *mmsFlags) addresses(p *mmsPlace, cfg *osi.Config) error {
	called := map[string]string{
		"tsel": p.address["OSI-TSEL"], "ssel": p.address["OSI-SSEL"], "psel": p.address["OSI-PSEL"],
		"ap-title": p.address["OSI-AP-Title"], "ae-qualifier": p.address["OSI-AE-Qualifier"],
	}
	for name, v := range map[string]string{"tsel": f.tsel, "ssel": f.ssel, "psel": f.psel, "ap-title": f.apTitle, "ae-qualifier": f.aeQual} {
		if v != "" {
			called[name] = v
		}
	}
	for name, v := range called {
		if err := setAddress(&cfg.Remote, name, v); err != nil {
			return cli.Usage(fmt.Errorf("--%s: %w", name, err), "")
		}
	}
	if f.calling == "" {
		return nil
	}
	for pair := range strings.SplitSeq(f.calling, ",") {
		name, v, ok := strings.Cut(pair, "=")
		err := setAddress(&cfg.Local, strings.TrimSpace(name), strings.TrimSpace(v))
		if !ok {
			err = fmt.Errorf("%q has no =", pair)
		}
		if err != nil {
			return cli.Usage(fmt.Errorf("--calling: %w", err), "for example --calling tsel=0001,ap-title=1.3.9999.1,ae-qualifier=12")
		}
	}
	return nil
}

// setAddress sets one part of an address from its text; an empty one leaves it.
func setAddress(a *acse.Address, name, v string) error {
	if v == "" {
		return nil
	}
	selector := func(most int) ([]byte, error) {
		b, err := hex.DecodeString(strings.TrimPrefix(v, "0x"))
		if err != nil || len(b) > most {
			return nil, fmt.Errorf("%s %q is not hexadecimal of at most %d octets", name, v, most)
		}
		return b, nil
	}
	var err error
	switch name {
	case "tsel":
		a.TSEL, err = selector(32)
	case "ssel":
		a.SSEL, err = selector(16)
	case "psel":
		a.PSEL, err = selector(16)
	case "ap-title":
		var oid string
		dotted := strings.Join(strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == '.' || r == ' ' }), ".")
		oid, err = asn1.ParseOID(dotted)
		a.Title.AP = asn1.OID(oid)
	case "ae-qualifier":
		a.Title.AE, err = strconv.ParseInt(v, 10, 32)
		a.Title.HasAE = err == nil
		if err != nil {
			err = fmt.Errorf("ae-qualifier %q is not a number", v)
		}
	default:
		err = fmt.Errorf("unknown part %q of an address", name)
	}
	return err
}
