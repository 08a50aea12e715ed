package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/scl"
)

func newSCLShowCmd() *cobra.Command {
	var ied, ap string
	cmd := &cobra.Command{
		Use:   "show FILE",
		Short: "Show what an SCL file describes",
		Long: `Show what an SCL file describes: its networks and addresses, its IEDs, and the model of the server of one of them:
logical devices and nodes, data objects with functional constraint, type and initial value, data sets and control blocks.

The server is shown when the file has one IED, or when --ied names one. "-" is the standard input.`,
		Example: "  gridward scl show plant.scd\n  gridward scl show plant.scd --ied DER1 -o json",
		Args:    cobra.ExactArgs(1),
	}
	format := cli.FormatFlag(cmd, cli.Text, cli.JSON)
	cmd.Flags().StringVar(&ied, "ied", "", "show the server of this IED")
	cmd.Flags().StringVar(&ap, "ap", "", "show the server at this access point")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f, err := loadSCL(args[0], cmd.InOrStdin())
		if err != nil {
			return err
		}
		v, err := showSCL(f, ied, ap)
		if err != nil {
			return sclError(err, args[0])
		}
		if *format == cli.JSON {
			return cli.WriteJSON(cmd.OutOrStdout(), v)
		}
		w := bufio.NewWriter(cmd.OutOrStdout())
		v.print(w)
		if len(v.IEDs) > 1 {
			fmt.Fprintln(cmd.ErrOrStderr(), "hint: --ied NAME shows the server of one of them")
		}
		return w.Flush()
	}
	return cmd
}

// showSCL describes a file, and the servers of one IED when it is the only one or was asked for.
func showSCL(f *scl.File, ied, ap string) (*sclView, error) {
	v := newSCLView(f)
	if ied == "" && ap == "" && len(f.IEDs()) != 1 {
		return v, nil
	}
	if ied == "" && len(f.IEDs()) == 1 {
		ied = f.IEDs()[0].Name
	}
	var points []string
	if i, ok := f.IED(ied); ok && ap == "" {
		for _, a := range i.AccessPoints {
			if a.HasServer() {
				points = append(points, a.Name)
			}
		}
		if len(points) == 0 {
			return v.only(ied), nil // a client
		}
	} else {
		points = []string{ap}
	}
	servers := make(map[string][]sclDevice)
	for _, name := range points {
		srv, err := f.Server(ied, name)
		if err != nil {
			return nil, err
		}
		servers[srv.AccessPoint] = viewDevices(srv)
	}
	v = v.only(ied)
	for i := range v.IEDs {
		for k := range v.IEDs[i].AccessPoints {
			a := &v.IEDs[i].AccessPoints[k]
			a.LDevices = servers[a.Name]
		}
	}
	return v, nil
}

// only leaves the other IEDs out.
func (v *sclView) only(ied string) *sclView {
	v.IEDs = slices.DeleteFunc(v.IEDs, func(i sclIED) bool { return i.Name != ied })
	for n := range v.SubNetworks {
		net := &v.SubNetworks[n]
		net.AccessPoints = slices.DeleteFunc(net.AccessPoints, func(a sclConnected) bool { return a.IED != ied })
	}
	return v
}

// print writes the tree, two spaces a level.
func (v *sclView) print(w io.Writer) {
	put(w, "%s  edition %s%s\n", v.File, v.Edition, labelled("id", v.Header.ID, "version", v.Header.Version, "revision", v.Header.Revision))
	for _, n := range v.SubNetworks {
		put(w, "SubNetwork %s%s\n", n.Name, labelled("type", n.Type, "", n.Desc))
		for _, a := range n.AccessPoints {
			put(w, "  %s/%s", a.IED, a.AP)
			for _, typ := range slices.Sorted(maps.Keys(a.Address)) {
				put(w, " %s=%s", typ, a.Address[typ])
			}
			put(w, "\n")
		}
	}
	for _, i := range v.IEDs {
		put(w, "IED %s%s\n", i.Name, labelled("type", i.Type, "manufacturer", i.Manufacturer, "configVersion", i.ConfigVersion, "", i.Desc))
		for _, a := range i.AccessPoints {
			a.print(w)
		}
	}
}

func (a *sclAccessPoint) print(w io.Writer) {
	switch {
	case a.ServerAt != "":
		put(w, "  AccessPoint %s  server of %s\n", a.Name, a.ServerAt)
	case a.Server:
		put(w, "  AccessPoint %s  server\n", a.Name)
	default:
		put(w, "  AccessPoint %s  client\n", a.Name)
	}
	for _, d := range a.LDevices {
		put(w, "    LD %s%s\n", d.Name, labelled("inst", d.Inst, "", d.Desc))
		for _, n := range d.LNs {
			n.print(w)
		}
	}
}

func (n *sclNode) print(w io.Writer) {
	put(w, "      LN %s%s\n", n.Name, labelled("type", n.Type, "", n.Desc))
	for _, o := range n.Objects {
		put(w, "        %s%s\n", o.Name, labelled("cdc", o.CDC, "", o.Desc))
		for _, l := range o.Leaves {
			put(w, "          %-2s %s %s%s = %s\n", l.FC, l.Name, l.BType, labelled("type", l.Enum, "trg", strings.Join(l.Trigger, ","), "sAddr", l.SAddr), l.text)
		}
	}
	for _, s := range n.DataSets {
		put(w, "        DataSet %s\n", s.Name)
		for _, m := range s.Members {
			put(w, "          %s\n", m)
		}
	}
	n.printControls(w)
}

func (n *sclNode) printControls(w io.Writer) {
	for _, r := range n.Reports {
		kind := "unbuffered"
		if r.Buffered {
			kind = "buffered"
		}
		put(w, "        ReportControl %s  %s%s  confRev %d  bufTm %d ms  intgPd %d ms  trgOps %s  optFields %s%s\n", r.Name, kind,
			labelled("rptID", r.RptID, "datSet", r.DataSet), r.ConfRev, r.BufTm, r.IntgPd, list(r.TrgOps), list(r.OptFields), labelled("owner", r.Owner))
	}
	for _, l := range n.Logs {
		put(w, "        LogControl %s%s  logEna %t  intgPd %d ms  trgOps %s\n", l.Name, labelled("logName", l.Log, "datSet", l.DataSet),
			l.Enabled, l.IntgPd, list(l.TrgOps))
	}
	for _, g := range n.Goose {
		put(w, "        GSEControl %s%s  confRev %d%s\n", g.Name, labelled("goID", g.ID, "datSet", g.DataSet), g.ConfRev, g.Address)
	}
	for _, s := range n.Samples {
		put(w, "        SampledValueControl %s%s  confRev %d  smpRate %d %s  noASDU %d%s\n", s.Name, labelled("svID", s.ID, "datSet", s.DataSet),
			s.ConfRev, s.SmpRate, s.SmpMod, s.NoASDU, s.Address)
	}
	if s := n.Settings; s != nil {
		put(w, "        SettingControl  %d groups  actSG %d\n", s.NumOfSG, s.ActSG)
	}
}

// put writes what is not trusted; errors surface at the Flush of the caller.
func put(w io.Writer, format string, args ...any) { _, _ = cli.Fprintf(w, format, args...) }

// String spells the address, or nothing when there is none.
func (a *sclAddress) String() string {
	if a == nil {
		return ""
	}
	return fmt.Sprintf("  mac %s  appid %s  vlan %d  priority %d", a.MAC, a.APPID, a.VLAN, a.Priority)
}

// labelled writes the pairs whose value is not empty, two spaces before each; an empty label gives a quoted text.
func labelled(pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		switch {
		case pairs[i+1] == "":
		case pairs[i] == "":
			fmt.Fprintf(&b, "  %q", pairs[i+1])
		default:
			b.WriteString("  " + pairs[i] + " " + pairs[i+1])
		}
	}
	return b.String()
}

// list joins names, "-" when there are none.
func list(names []string) string {
	if len(names) == 0 {
		return "-"
	}
	return strings.Join(names, ",")
}
