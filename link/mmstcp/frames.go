package mmstcp

import (
	"errors"
	"fmt"

	"github.com/gridward/gridward/mms"
	"github.com/gridward/gridward/osi"
)

// ErrSyntax is an abstract syntax that was not agreed.
var ErrSyntax = errors.New("mmstcp: abstract syntax was not agreed")

// A Framer is an association that carries other abstract syntaxes beside MMS. Associations of this package are Framers.
type Framer interface {
	mms.Association
	// Agreed reports whether the peer takes the abstract syntax with this index in Config.OSI.Syntaxes.
	Agreed(syntax int) bool
	// SendFrame sends a PDU of that abstract syntax, as Send does those of MMS. Its length is not what was negotiated for
	// MMS, but at most a little more (osi.Limits.Margin) is taken by a peer of this package.
	SendFrame(syntax int, pdu []byte) error
}

// Agreed implements Framer.
func (c *conn) Agreed(syntax int) bool {
	return syntax >= 0 && (syntax == 0 || syntax < len(c.cfg.OSI.Syntaxes)) && c.m.Agreed(syntax)
}

// SendFrame implements Framer.
func (c *conn) SendFrame(syntax int, pdu []byte) error {
	if syntax == 0 || !c.Agreed(syntax) {
		return fmt.Errorf("%w: %d", ErrSyntax, syntax)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.wait(len(pdu)); err != nil {
		return err
	}
	c.put(syntax, pdu)
	c.flush()
	return nil
}

// received takes a PDU of any syntax. It releases mu while somebody else has it.
func (c *conn) received(ev osi.Event) {
	if ev.Syntax == 0 {
		c.pdu(ev.PDU)
		return
	}
	c.mine = false
	c.mu.Unlock()
	err := c.cfg.Frames(c, ev.Syntax, ev.PDU)
	c.mu.Lock()
	c.mine = true
	if err != nil && c.err == nil {
		c.m.Abort()
		c.end(fmt.Errorf("%w: %w", mms.ErrProtocol, err))
	}
}
