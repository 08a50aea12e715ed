package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gridward/gridward/acsi/catalog"
	"github.com/gridward/gridward/acsi/client"
	"github.com/gridward/gridward/internal/cli"
	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/model"
)

// mmsFlags say how to reach a server. Every verb of 'gridward mms' that talks to one has them.
type mmsFlags struct {
	scl, ied, ap       string
	timeout            time.Duration
	pduSize            int
	tls, noVerify      bool
	cert, key, ca      string
	serverName         string
	password, passFile string

	tsel, ssel, psel   string
	apTitle, aeQual    string
	calling            string
	config, jid        string
	hosts              []string
	insecureClear61850 bool
}

const mmsTargetHelp = `TARGET is HOST, HOST:PORT (port 102, with TLS 3782), mms://HOST, mmss://HOST (TLS), or over XMPP the JID of the server,
such as der1@grid.example. With --scl it may be the name of an IED of the file, whose address is taken from there.`

func addMMSFlags(cmd *cobra.Command) *mmsFlags {
	f := &mmsFlags{}
	fs := cmd.Flags()
	fs.StringVar(&f.scl, "scl", "", "SCL `file` of the server: names of enumerations, addresses and selectors")
	fs.StringVar(&f.ied, "ied", "", "IED of the SCL file; default: the only one, or the one at the address")
	fs.StringVar(&f.ap, "ap", "", "access point of the IED; default: the only one with a server")
	fs.DurationVar(&f.timeout, "timeout", 10*time.Second, "to connect, and for the answer to each request")
	fs.IntVar(&f.pduSize, "pdu-size", 0, "largest MMS PDU to propose, in octets; default 65000")

	fs.BoolVar(&f.tls, "tls", false, "TLS (IEC 62351-3), with --cert, --key and --ca")
	fs.StringVar(&f.cert, "cert", "", "own certificate chain, PEM `file`")
	fs.StringVar(&f.key, "key", "", "own key, PEM `file`")
	fs.StringVar(&f.ca, "ca", "", "who may sign the server's certificate, PEM `file`")
	fs.StringVar(&f.serverName, "server-name", "", "name in the server's certificate; default: the host")
	fs.BoolVar(&f.noVerify, "insecure-no-verify", false, "accept any certificate of the server")
	fs.StringVar(&f.password, "password", "", "ACSE password, sent in the clear without TLS; rather use "+cli.Env("password")+" or --password-file")
	fs.StringVar(&f.passFile, "password-file", "", "`file` with the ACSE password")

	fs.StringVar(&f.tsel, "tsel", "", "transport selector of the server in `hex`; default 0001")
	fs.StringVar(&f.ssel, "ssel", "", "session selector of the server in `hex`; default 0001")
	fs.StringVar(&f.psel, "psel", "", "presentation selector of the server in `hex`; default 00000001")
	fs.StringVar(&f.apTitle, "ap-title", "", "AP-title of the server, such as 1.3.9999.23")
	fs.StringVar(&f.aeQual, "ae-qualifier", "", "AE-qualifier of the server, a number")
	fs.StringVar(&f.calling, "calling", "", "own `address`: tsel=HEX,ssel=HEX,psel=HEX,ap-title=OID,ae-qualifier=N")

	fs.StringVar(&f.config, "config", "", "for XMPP: `file` with xmpp: {jid, hosts, tls}, such as a centre's")
	fs.StringVar(&f.jid, "jid", "", "for XMPP: own bare JID")
	fs.StringArrayVar(&f.hosts, "hosts", nil, "for XMPP: host:port/direct or host:port/starttls (repeatable); default: DNS")
	fs.BoolVar(&f.insecureClear61850, "insecure-clear-61850", false, "for XMPP: let the servers on the way read and change what is sent")
	for name, ext := range map[string][]string{
		"scl": {"scd", "icd", "cid", "iid", "ssd", "xml"}, "config": {"yaml", "yml"}, "cert": {"crt", "pem"}, "key": {"key", "pem"}, "ca": {"crt", "pem"},
	} {
		_ = cmd.MarkFlagFilename(name, ext...)
	}
	cmd.ValidArgsFunction = completeRefs(f)
	return f
}

// An mmsSession is an association with a server and what goes with it.
type mmsSession struct {
	*mmsPlace
	ctx     context.Context
	client  *client.Client
	catalog *catalog.Catalog
	end     func() // of what carries the association
}

// An mmsPlace is a target with what SCL says of it.
type mmsPlace struct {
	target  mmsTarget
	scl     *model.Server // nil without --scl
	address mmsAddress    // from SCL
}

// close releases the association, or aborts it when the server does not answer.
func (s *mmsSession) close() {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), 2*time.Second)
	defer cancel()
	_ = s.client.Release(ctx) // whether it answered or not, it is over
	s.client.Close()
	s.end()
}

// dial associates with the server that a target names.
func (f *mmsFlags) dial(cmd *cobra.Command, target string) (*mmsSession, error) {
	place, err := f.place(cmd, target)
	if err != nil {
		return nil, err
	}
	return f.associate(cmd.Context(), place, client.Options{})
}

// associate associates with a server. The zero Timeout of opt is that of the flags.
func (f *mmsFlags) associate(ctx context.Context, place *mmsPlace, opt client.Options) (*mmsSession, error) {
	if f.timeout <= 0 {
		return nil, cli.Usage(errors.New("--timeout: not positive"), "for example --timeout 10s")
	}
	if opt.Timeout == 0 {
		opt.Timeout = f.timeout
	}
	dial := f.dialTCP
	if place.target.overXMPP() {
		dial = f.dialXMPP
	}
	limited, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	a, end, err := dial(limited, place)
	if err != nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%w: %w", mms.ErrTimeout, err)
		}
		return nil, dialError(err, place.target)
	}
	c := client.New(a, opt)
	return &mmsSession{mmsPlace: place, ctx: ctx, client: c, catalog: catalog.New(c), end: end}, nil
}

// secret gives the password, and whether there is one. A file goes over --password, which the environment may give.
func (f *mmsFlags) secret() (string, bool, error) {
	if f.passFile == "" {
		return f.password, f.password != "", nil
	}
	b, err := os.ReadFile(f.passFile)
	if err != nil {
		return "", false, cli.Usage(fmt.Errorf("--password-file: %w", err), "")
	}
	return strings.TrimRight(string(b), "\r\n"), true, nil
}
