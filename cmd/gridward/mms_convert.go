package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/asn1/xer"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
)

// maxConvert is the largest input of 'mms convert' in octets.
const maxConvert = 64 << 20

type convertFlags struct {
	from, to, dialect, dialectFile string
	hex                            bool
}

func newMMSConvertCmd() *cobra.Command {
	var fl convertFlags
	cmd := &cobra.Command{
		Use:   "convert --from ber|xer --to ber|xer|json [FILE|-]",
		Short: "Convert MMS PDUs between BER, XER and JSON",
		Long: `Convert MMS PDUs between BER, XER and JSON. The input holds one PDU or several back to back; XER and JSON come out
one PDU a line. "-", or no file, is the standard input.

XER is read in every known dialect and written in the one that --dialect names: gw1 is what Gridward sends over XMPP,
basic is what the converters of ASN.1 compilers write, and --dialect-file adds another. JSON is for reading and has the
identifiers of ISO 9506-2. A PDU that cannot be read is an error that says where: the PDU, the octet in it and the
elements around it.`,
		Example: `  gridward mms convert --from ber --to json capture.ber
  echo 'a1 0e 02 01 01 a4 09 a1 07 87 05 08 42 f6 e9 79' | gridward mms convert --from ber --to xer --hex
  gridward mms convert --from xer --to ber request.xml > request.ber`,
		Args: cobra.MaximumNArgs(1),
	}
	f := cmd.Flags()
	f.StringVar(&fl.from, "from", "", "encoding of the input: ber or xer (required)")
	f.StringVar(&fl.to, "to", "", "encoding of the output: ber, xer or json (required)")
	f.StringVar(&fl.dialect, "dialect", "", "XER dialect of the output: gw1, basic or the one of --dialect-file; default gw1")
	f.StringVar(&fl.dialectFile, "dialect-file", "", "YAML file with the names of a further XER dialect")
	f.BoolVar(&fl.hex, "hex", false, "BER is hex digits, with any white space between them")
	required(cmd, "from", "to")
	for name, values := range map[string][]string{"from": {"ber", "xer"}, "to": {"ber", "xer", "json"}, "dialect": {"gw1", "basic"}} {
		_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := fl.converter()
		if err != nil {
			return err
		}
		in, err := readInput(args, cmd.InOrStdin())
		if err != nil {
			return err
		}
		w := bufio.NewWriter(cmd.OutOrStdout())
		if err := c.all(w, in); err != nil {
			return errors.Join(err, w.Flush())
		}
		return w.Flush()
	}
	return cmd
}

// readInput reads the named file, or the standard input.
func readInput(args []string, stdin io.Reader) ([]byte, error) {
	r := stdin
	if len(args) == 1 && args[0] != "-" {
		f, err := os.Open(args[0])
		if err != nil {
			return nil, cli.Hint(err, "give the name of a file, or - for the standard input")
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, maxConvert+1))
	if err == nil && len(b) > maxConvert {
		err = fmt.Errorf("input of more than %d octets", maxConvert)
	}
	return b, err
}

// converter reads PDUs one by one and writes them.
type converter struct {
	next  func([]byte) (mms.PDU, []byte, error)
	write func([]byte, mms.PDU) ([]byte, error)
	prep  func([]byte) ([]byte, error)
	line  bool // each PDU is a line
	xml   bool
	hex   bool
}

func (fl *convertFlags) converter() (*converter, error) {
	dialects, out, err := fl.dialects()
	if err != nil {
		return nil, err
	}
	c := &converter{line: true, prep: func(b []byte) ([]byte, error) { return b, nil }, hex: fl.hex}
	switch fl.from {
	case "ber":
		c.next = func(b []byte) (mms.PDU, []byte, error) { return mms.NextBER(b, mms.Limits{Borrow: true}) }
		if fl.hex {
			c.prep = fromHex
		}
	case "xer":
		c.xml = true
		c.prep = func(b []byte) ([]byte, error) { return xmlDeclaration.ReplaceAll(b, nil), nil }
		c.next = func(b []byte) (mms.PDU, []byte, error) { return mms.NextXER(b, dialects, mms.Limits{}) }
	default:
		return nil, cli.Usage(fmt.Errorf("cannot convert from %q", fl.from), "--from is ber or xer")
	}
	switch fl.to {
	case "ber":
		c.write, c.line = mms.AppendBER, false
		if fl.hex {
			c.write, c.line = appendHex, true
		}
	case "xer":
		c.write = func(b []byte, p mms.PDU) ([]byte, error) { return mms.AppendXER(b, p, out) }
	case "json":
		c.write = mms.AppendJSON
	default:
		return nil, cli.Usage(fmt.Errorf("cannot convert to %q", fl.to), "--to is ber, xer or json")
	}
	return c, nil
}

// dialects gives those that are read and the one that is written.
func (fl *convertFlags) dialects() (in []*xer.Dialect, out *xer.Dialect, err error) {
	in = []*xer.Dialect{mms.GW1, mms.BasicXER}
	name := fl.dialect
	if fl.dialectFile != "" {
		var file mms.DialectFile
		if err := cli.LoadConfig(fl.dialectFile, &file); err != nil {
			return nil, nil, err
		}
		d, err := mms.LoadDialect(file)
		if err != nil {
			return nil, nil, cli.Usage(fmt.Errorf("%s: %w", fl.dialectFile, err), "names are given as gw1 name: name")
		}
		in = append(in, d)
	}
	if name == "" {
		name = mms.GW1.Name
	}
	for _, d := range in {
		if d.Name == name {
			return in, d, nil
		}
	}
	return nil, nil, cli.Usage(fmt.Errorf("no XER dialect is called %q", name), "known are gw1 and basic, or give --dialect-file")
}

// xmlDeclaration at the start of a document is left out: PDUs on the wire have none.
var xmlDeclaration = regexp.MustCompile(`(?m)^\s*<\?xml version=["']1\.0["'](\s+encoding=["'](UTF|utf)-8["'])?(\s+standalone=["'](yes|no)["'])?\s*\?>`)

func fromHex(b []byte) ([]byte, error) {
	digits := bytes.Join(bytes.Fields(b), nil)
	out := make([]byte, hex.DecodedLen(len(digits)))
	if n, err := hex.Decode(out, digits); err != nil {
		return nil, fmt.Errorf("hex digit %d: %w", 2*n+1, err)
	}
	return out, nil
}

func appendHex(b []byte, p mms.PDU) ([]byte, error) {
	ber, err := mms.AppendBER(nil, p)
	return hex.AppendEncode(b, ber), err
}

func (c *converter) all(w io.Writer, in []byte) error {
	in, err := c.prep(in)
	if err != nil {
		return err
	}
	if len(bytes.TrimSpace(in)) == 0 {
		return cli.Hint(errors.New("the input is empty"), "give a file, or PDUs on the standard input")
	}
	var out []byte
	rest := in
	for n := 1; len(rest) > 0; n++ {
		at := len(in) - len(rest)
		p, next, err := c.next(rest)
		if err == nil {
			out, err = c.write(out[:0], p)
		}
		if err != nil {
			return cli.Hint(fmt.Errorf("PDU %d, which begins at octet %d: %w", n, at, err), c.hint(in))
		}
		if c.line {
			out = append(out, '\n')
		}
		if _, err := w.Write(out); err != nil {
			return err
		}
		rest = next
		if c.xml {
			rest = bytes.TrimLeft(rest, " \t\r\n")
		}
	}
	return nil
}

var looksHex = regexp.MustCompile(`^[\s0-9a-fA-F]+$`)

// hint guesses what the input is instead.
func (c *converter) hint(in []byte) string {
	head := bytes.TrimSpace(in[:min(len(in), 64)])
	switch {
	case !c.xml && !c.hex && looksHex.Match(head):
		return "the input looks like hex digits: give --hex"
	case !c.xml && bytes.HasPrefix(head, []byte("<")):
		return "the input looks like XML: give --from xer"
	case c.xml && !bytes.HasPrefix(head, []byte("<")):
		return "the input does not look like XML: give --from ber"
	}
	return ""
}
