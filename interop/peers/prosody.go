package peers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// prosodyConfig is the configuration that the documentation gives for Prosody 0.12; only paths, ports, names and the
// log are filled in. EXTERNAL by xmppAddr, direct TLS and STARTTLS, stream management, JID-pair policy.
const prosodyConfig = `pidfile = "%[1]s/prosody.pid"; data_path = "%[1]s/data"; log = { info = "*console" }
interfaces = { "127.0.0.1" }; plugin_paths = { "/usr/lib/prosody/modules" }
c2s_ports = { %[2]s }; c2s_direct_tls_ports = { %[3]s }; s2s_ports = {}
c2s_require_encryption = true; allow_registration = false; c2s_stanza_size_limit = 262144
modules_enabled = { "saslauth", "tls", "disco", "ping", "smacks", "presence", "message", "iq", "roster", %[5]s "firewall" }
modules_disabled = { "s2s", "offline", "carbons", "mam" }
smacks_hibernation_time = 60; smacks_max_queue_size = 256
firewall_scripts = { "%[1]s/peers.pfw" }
limits = { c2s = { rate = "512kb/s", burst = "4s" } }
ssl = { key = "%[1]s/server.key", certificate = "%[1]s/server.crt", cafile = "%[1]s/ca.crt", protocol = "tlsv1_2+",
        verify = { "peer", "client_once" }, verifyext = { lsec_ignore_purpose = false } }
VirtualHost "%[4]s"
  authentication = "ccert"; certificate_match = "xmppaddr"
Component "conference.%[4]s" "muc"
  restrict_room_creation = "local"; muc_room_locking = false; muc_room_default_members_only = true; muc_room_default_moderated = true
  muc_room_default_public = false; muc_room_default_persistent = true; muc_room_default_history_length = 0
`

const prosodyPolicy = `%%LIST centres: file:%[1]s/centres.txt
%%LIST devices: file:%[1]s/devices.txt

::deliver
FROM: conference.%[2]s
PASS.

FROM: <*>@conference.%[2]s
PASS.

CHECK LIST: centres contains $<@from|bare>
CHECK LIST: devices contains $<@to|bare>
PASS.

CHECK LIST: devices contains $<@from|bare>
CHECK LIST: centres contains $<@to|bare>
PASS.

TYPE: error
DROP.

KIND: iq
BOUNCE=not-allowed

KIND: message
BOUNCE=not-allowed

KIND: presence
DROP.
`

// StartProsody starts Prosody with a directory of its own below dir and waits until it serves.
func StartProsody(ctx context.Context, dir string, site Site) (*Server, error) {
	if _, err := exec.LookPath("prosody"); err != nil {
		return nil, fmt.Errorf("%w prosody: %w", ErrMissing, err)
	}
	if _, err := os.Stat("/usr/lib/prosody/modules/mod_firewall"); err != nil {
		return nil, fmt.Errorf("%w prosody-modules: %w", ErrMissing, err)
	}
	s, err := newServer("prosody", dir, site)
	if err != nil {
		return nil, err
	}
	limits := `"limits",`
	if site.Unlimited {
		limits = ""
	}
	err = errors.Join(
		s.copies(map[string][]string{"server.key": {site.Key}, "server.crt": {site.Cert}, "ca.crt": {site.CA}}),
		s.file("prosody.cfg.lua", fmt.Appendf(nil, prosodyConfig, s.Dir, port(s.StartTLS), port(s.Direct), site.Domain, limits)),
		s.file("peers.pfw", fmt.Appendf(nil, prosodyPolicy, s.Dir, site.Domain)),
		s.file("centres.txt", lines(site.Centres)),
		s.file("devices.txt", lines(site.Devices)),
		os.Mkdir(filepath.Join(s.Dir, "data"), 0o700),
	)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.Dir))
	}
	if err := s.start(ctx, "prosody", nil, "prosody", "--config", filepath.Join(s.Dir, "prosody.cfg.lua"), "-F"); err != nil {
		return nil, err
	}
	return s, nil
}

func lines(names []string) []byte { return []byte(strings.Join(names, "\n") + "\n") }
